import assert from 'node:assert/strict'
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import { type AddressInfo, createServer as createTcpServer, type Server } from 'node:net'
import { after, test } from 'node:test'
import { createHttpTarget } from '../../src/consumer/index.ts'
import type { Message, Outcome } from '../../src/core/index.ts'
import { FakeClock } from '../fixtures/fake-clock.ts'
import { freePort } from '../fixtures/ports.ts'

interface Seen {
  readonly method: string | undefined
  readonly url: string | undefined
  readonly headers: IncomingMessage['headers']
  readonly body: string
}

const seen: Seen[] = []
let answer: (request: Seen, response: ServerResponse) => void = (_, response) => response.end()

const server = createServer((request, response) => {
  const chunks: Buffer[] = []
  request.on('data', (chunk: Buffer) => chunks.push(chunk))
  request.on('end', () => {
    const { method, url, headers } = request
    const it = { method, url, headers, body: Buffer.concat(chunks).toString() }
    seen.push(it)
    answer(it, response)
  })
})

async function listen(what: Server): Promise<string> {
  await new Promise<void>((resolve) => what.listen(0, '127.0.0.1', resolve))
  return `127.0.0.1:${(what.address() as AddressInfo).port}`
}

// Clients go by what the server tells them; by themselves both give an idle connection up after some seconds.
server.keepAliveTimeout = 600_000
const host = await listen(server)
const clock = new FakeClock()
after(() => {
  server.close()
  server.closeAllConnections()
})

const message: Message = {
  id: 'm-1',
  type: 'MNP',
  content: '번호이동',
  attributes: { phone: '010' },
  createdAt: 1_700_000_000_000,
}
const never = new AbortController().signal

function send(url = `http://${host}/work`, signal = never, it = message): Promise<Outcome> {
  return createHttpTarget({ url, clock }).process(it, { attempt: 2, signal })
}

/** What the target makes of this answer of the back end. */
function answered(status: number, body = '', headers: Record<string, string> = {}): Promise<Outcome> {
  answer = (_, response) => response.writeHead(status, headers).end(body)
  return send()
}

test('the message goes out as JSON with its id as idempotency key', async () => {
  seen.length = 0
  assert.deepEqual(await answered(200), { kind: 'done' })
  const [request] = seen
  assert.ok(request)
  assert.equal(request.method, 'POST')
  assert.equal(request.url, '/work')
  assert.partialDeepStrictEqual(request.headers, {
    'content-type': 'application/json',
    'idempotency-key': 'm-1',
    'weir-message-id': 'm-1',
    'weir-message-type': 'MNP',
    'weir-attempt': '2',
  })
  const createdAt = '2023-11-14T22:13:20.000Z'
  assert.deepEqual(JSON.parse(request.body), { ...message, createdAt })
})

const REASON = JSON.stringify({ reason: 'unpaid bill' })
const TABLE: readonly [number, string, Outcome][] = [
  [200, '{"outcome":"ok"}', { kind: 'done', result: { outcome: 'ok' } }],
  [201, 'not json {', { kind: 'done' }],
  [204, '', { kind: 'done' }],
  [302, '', { kind: 'failed', failure: 'error', error: 'HTTP 302' }],
  [400, 'bad', { kind: 'dead', error: 'HTTP 400: bad' }],
  [401, '', { kind: 'dead', error: 'HTTP 401' }],
  [404, '', { kind: 'dead', error: 'HTTP 404' }],
  [408, '', { kind: 'failed', failure: 'timeout', error: 'HTTP 408' }],
  [409, REASON, { kind: 'rejected', reason: 'unpaid bill', result: { reason: 'unpaid bill' } }],
  [422, 'no such line', { kind: 'rejected', reason: 'no such line' }],
  [422, '', { kind: 'rejected', reason: 'HTTP 422' }],
  [425, '', { kind: 'failed', failure: 'error', error: 'HTTP 425' }],
  [429, '', { kind: 'failed', failure: 'overloaded', error: 'HTTP 429' }],
  [500, REASON, { kind: 'failed', failure: 'error', error: 'HTTP 500: unpaid bill' }],
  [502, '', { kind: 'failed', failure: 'error', error: 'HTTP 502' }],
  [503, '', { kind: 'failed', failure: 'unavailable', error: 'HTTP 503' }],
  [504, '', { kind: 'failed', failure: 'timeout', error: 'HTTP 504' }],
]
for (const [status, body, outcome] of TABLE) {
  test(`an answer of ${status} ${body} is ${outcome.kind}`, async () => {
    assert.deepEqual(await answered(status, body, status === 302 ? { location: '/elsewhere' } : {}), outcome)
  })
}

test('Retry-After is understood in seconds and as a date; anything else is as if it were not there', async () => {
  const retryAfter = async (status: number, value: string) => {
    const outcome = await answered(status, '', { 'retry-after': value })
    return outcome.kind === 'failed' ? outcome.retryAfterMs : 'not failed'
  }
  assert.equal(await retryAfter(429, '7'), 7_000)
  assert.equal(await retryAfter(503, '0'), 0)
  assert.equal(await retryAfter(503, new Date(clock.now() + 90_000).toUTCString()), 90_000)
  assert.equal(await retryAfter(503, new Date(clock.now() - 90_000).toUTCString()), 0)
  for (const garbage of ['soon', '-1', '1.5', '1e9', 'NaN', '99999999999999']) {
    assert.equal(await retryAfter(429, garbage), undefined, garbage)
  }
  assert.equal(await retryAfter(500, '7'), undefined, 'only of 429 and 503')
})

test('a huge answer is not read to its end and not kept, and still means what its status says', async () => {
  let closed: () => void = () => {}
  const gone = new Promise<void>((resolve) => {
    closed = resolve
  })
  answer = (_, response) => {
    response.writeHead(200, { 'content-type': 'application/json' })
    response.on('close', closed)
    const more = () => {
      while (!response.destroyed && response.write('x'.repeat(65_536)));
      if (!response.destroyed) response.once('drain', more)
    }
    more()
  }
  assert.deepEqual(await send(), { kind: 'done' })
  await gone
})

test('a result that is large or deep is not kept', async () => {
  assert.deepEqual(await answered(200, JSON.stringify('x'.repeat(20_000))), { kind: 'done' })
  assert.deepEqual(await answered(200, `${'['.repeat(5_000)}${']'.repeat(5_000)}`), { kind: 'done' })
})

test('a hung back end ends with the signal, before and after its headers', async () => {
  for (const headers of [false, true]) {
    const abort = new AbortController()
    answer = (_, response) => {
      if (headers) response.writeHead(200).write('{"half":')
      setImmediate(() => abort.abort())
    }
    const outcome = await send(undefined, abort.signal)
    assert.partialDeepStrictEqual(outcome, { kind: 'failed', failure: 'timeout' })
  }
})

test('a connection that is refused, cut, or speaks no HTTP is "unavailable"', async () => {
  const spoken = ['', 'garbage\r\n\r\n', 'HTTP/1.1 200 OK\r\ncontent-length: 100\r\n\r\nhalf']
  for (const text of spoken) {
    const rude = createTcpServer((socket) => {
      socket.on('error', () => {})
      socket.once('data', () => socket.end(text))
    })
    const outcome = await send(`http://${await listen(rude)}/`)
    assert.partialDeepStrictEqual(outcome, { kind: 'failed', failure: 'unavailable' }, text)
    rude.close()
  }
  const outcome = await send(`http://127.0.0.1:${await freePort()}/`)
  assert.ok(outcome.kind === 'failed' && /ECONNREFUSED/.test(outcome.error))
})

test('connections are kept alive', async () => {
  // Those that a client opens for its first calls, one of them before the other has become idle.
  for (let i = 0; i < 3; i++) await answered(200)
  let connections = 0
  const count = () => {
    connections += 1
  }
  server.on('connection', count)
  for (let i = 0; i < 10; i++) await answered(200)
  server.off('connection', count)
  assert.ok(connections <= 1, `${connections}`)
})

test('credentials in the URL become a header; a type in any script makes a valid one', async () => {
  seen.length = 0
  answer = (_, response) => response.end()
  const outcome = await send(`http://user:p%40ss@${host}/x`, never, { ...message, type: '번호이동' })
  assert.equal(outcome.kind, 'done')
  assert.equal(seen[0]?.headers.authorization, `Basic ${Buffer.from('user:p@ss').toString('base64')}`)
  assert.equal(seen[0]?.headers['weir-message-type'], encodeURIComponent('번호이동'))
})

test('a URL that is none stops the start, not the first message', () => {
  assert.throws(() => createHttpTarget({ url: 'ftp://x/', clock }), TypeError)
  assert.throws(() => createHttpTarget({ url: 'nonsense', clock }), TypeError)
})
