import assert from 'node:assert/strict'
import { once } from 'node:events'
import { createServer, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { describe, it } from 'node:test'
import { idMaker, realClock, realRandom } from '../../../src/app/index.ts'
import { WeirClient } from '../../../src/client/index.ts'
import { lookAt } from '../../../src/lab/index.ts'

const STATUS = JSON.stringify({ queue: 'q', depth: {}, types: {} })

/** One look at a server that answers so. */
async function seen(
  answers: Record<string, (response: ServerResponse) => void>,
  limit: { timeoutMs?: number; signal?: AbortSignal } = {},
) {
  const server = createServer((request, response) => answers[request.url ?? '']?.(response))
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  const baseUrl = `http://127.0.0.1:${(server.address() as AddressInfo).port}`
  const chance = { clock: realClock, random: realRandom, newKey: idMaker(realClock) }
  try {
    const client = new WeirClient({ baseUrl, retries: 0, ...chance })
    return await lookAt({ client, baseUrl, clock: realClock, timeoutMs: 20_000, ...limit })
  } finally {
    server.closeAllConnections()
    server.close()
    await once(server, 'close')
  }
}

const says =
  (text: string, status = 200) =>
  (response: ServerResponse) =>
    response.writeHead(status).end(text)
const STATUS_PATH = '/api/queue/status'

describe('a look at a service', () => {
  it('has status and metrics', async () => {
    const look = await seen({ [STATUS_PATH]: says(STATUS), '/metrics': says('a 1\n') })
    assert.equal(look.status?.queue, 'q')
    assert.deepEqual(
      look.metrics?.map(({ name, value }) => [name, value]),
      [['a', 1]],
    )
    assert.deepEqual([look.away, look.withoutStatus, look.withoutMetrics], [undefined, undefined, undefined])
  })

  it('says which half is missing and why', async () => {
    const broken = await seen({ [STATUS_PATH]: says(STATUS), '/metrics': says('a 1\n<html>\n') })
    assert.ok(broken.status)
    assert.match(broken.withoutMetrics ?? '', /^line 2 of the metrics: /)
    const failing = await seen({ [STATUS_PATH]: says(STATUS), '/metrics': says('', 500) })
    assert.equal(failing.withoutMetrics, '/metrics answered HTTP 500')
    const huge = await seen({ [STATUS_PATH]: says(STATUS), '/metrics': says('#'.repeat(9_000_000)) })
    assert.match(huge.withoutMetrics ?? '', /more than 8000000 bytes/)
    const role = await seen({ [STATUS_PATH]: says('', 404), '/metrics': says('a 1\n') })
    assert.deepEqual([role.withoutStatus, role.metrics?.length, role.away], ['HTTP 404', 1, undefined])
  })

  it('is of a service that is away when nothing answers, also when that takes too long', async () => {
    const silent = () => {}
    const slow = await seen({ [STATUS_PATH]: silent, '/metrics': silent }, { timeoutMs: 50 })
    assert.match(slow.away ?? '', /cannot be reached: no answer in time$/)
    assert.deepEqual(Object.keys(slow).sort(), ['at', 'away'])
    const cut = await seen({ [STATUS_PATH]: silent, '/metrics': silent }, { signal: AbortSignal.abort() })
    assert.ok(cut.away)
  })
})
