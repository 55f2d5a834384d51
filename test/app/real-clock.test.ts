/** The real clock after a standstill: what has come in meanwhile is read before anybody's limit is over. */
import assert from 'node:assert/strict'
import { once } from 'node:events'
import { type AddressInfo, connect, createServer, type Socket } from 'node:net'
import { type TestContext, test } from 'node:test'
import { setImmediate as turn } from 'node:timers/promises'
import { realClock } from '../../src/app/index.ts'

function standStill(ms: number): void {
  const end = performance.now() + ms
  while (performance.now() < end);
}

/** Two ends of one connection. */
async function connected(t: TestContext): Promise<[Socket, Socket]> {
  const server = createServer().listen(0, '127.0.0.1')
  await once(server, 'listening')
  const one = connect((server.address() as AddressInfo).port, '127.0.0.1')
  const [[other]] = (await Promise.all([once(server, 'connection'), once(one, 'connect')])) as [
    [Socket],
    unknown,
  ]
  t.after(() => {
    one.destroy()
    other.destroy()
    server.close()
  })
  return [one, other]
}

test('an answer that is there is read before a limit that has passed meanwhile', async (t) => {
  const [one, other] = await connected(t)
  const order: string[] = []
  const read = once(one, 'data').then(() => order.push('answer'))
  // From the end of a turn on: the next thing the loop does is to run its timers.
  await turn()
  const over = new Promise<void>((resolve) => {
    realClock.after(20, () => {
      order.push('limit')
      resolve()
    })
  })
  other.write('x')
  standStill(200)
  await Promise.all([read, over])
  assert.deepEqual(order, ['answer', 'limit'])
})

test('an answer that cancels the limit keeps it from passing, also in the turn in which it is late', async (t) => {
  const [one, other] = await connected(t)
  let passed = false
  await turn()
  const cancel = realClock.after(20, () => {
    passed = true
  })
  const read = once(one, 'data').then(cancel)
  other.write('x')
  standStill(200)
  await read
  await turn()
  await turn()
  assert.equal(passed, false)
})

test('never before its time, and a cancelled one not at all', async () => {
  const began = performance.now()
  let cancelled = false
  const cancel = realClock.after(10, () => {
    cancelled = true
  })
  cancel()
  await new Promise<void>((resolve) => realClock.after(30, resolve))
  assert.ok(performance.now() - began >= 30)
  assert.equal(cancelled, false)
})
