import assert from 'node:assert/strict'
import { test } from 'node:test'
import { ask, type Rig, rig } from './rig.ts'

const good = { type: 'MNP', content: 'a' }

function limit(r: Rig, seconds: number): void {
  r.types.forEach((type, i) => {
    r.types[i] = { ...type, maxBacklogSeconds: seconds }
  })
}

test('a message whose predicted wait is too long gets 429 and an honest Retry-After, in both languages', async (t) => {
  const r = await rig(t)
  r.state.drainPerSecond = 2
  for (let i = 0; i < 40; i++) await ask(r, 'POST', '/api/message', good)
  limit(r, 10)
  const answer = await ask(r, 'POST', '/api/message', good)
  assert.deepEqual([answer.status, answer.body.code], [429, 'backlog_full'])
  // 40 wait, 20 are allowed at 2 per second: the excess drains in 10 s, and jitter of half a fifth makes it 11.
  assert.equal(answer.headers['retry-after'], '11')
  const korean = await ask(r, 'POST', '/api/message', { 타입: 'MNP', 내용: 'a' })
  assert.deepEqual([korean.status, korean.body.성공, korean.body.세부정보.재시도초], [429, false, 11])
  assert.equal((await ask(r, 'POST', '/api/message', { ...good, type: 'CHANGE' })).status, 202)
})

test('the limit is off by default, and nothing is refused while no rate was measured', async (t) => {
  const r = await rig(t)
  limit(r, 1)
  for (let i = 0; i < 20; i++) assert.equal((await ask(r, 'POST', '/api/message', good)).status, 202)
})

test('a lane that stands still while messages wait takes no more than its limit allows', async (t) => {
  const r = await rig(t)
  limit(r, 1)
  await ask(r, 'POST', '/api/message', good)
  r.state.drainPerSecond = 0
  assert.equal((await ask(r, 'POST', '/api/message', good)).status, 429)
})

test('in a batch the backlog counts the messages before, and refuses the rest one by one', async (t) => {
  const r = await rig(t)
  limit(r, 2)
  r.state.drainPerSecond = 1
  const batch = { messages: [good, good, good, { ...good, type: 'CHANGE' }] }
  const { body } = await ask(r, 'POST', '/api/messages/batch', batch)
  assert.deepEqual(
    body.results.map((i: { code?: string }) => i.code),
    [undefined, undefined, 'backlog_full', undefined],
  )
  assert.ok(body.results[2].retryAfterSeconds >= 1)
  const full = await ask(r, 'POST', '/api/messages/batch', { messages: [good, good] })
  assert.equal(full.status, 429)
  assert.ok(Number(full.headers['retry-after']) >= 1)
})

for (const [code, status] of [
  ['storage_full', 507],
  ['storage_failed', 503],
  ['overloaded', 503],
  ['stopping', 503],
] as const) {
  test(`an engine that says ${code} is believed before any work is done`, async (t) => {
    const r = await rig(t)
    r.engine.refusing = code
    const answer = await ask(r, 'POST', '/api/message', good)
    assert.deepEqual([answer.status, answer.body.code], [status, code])
    assert.ok(Number(answer.headers['retry-after']) >= 1)
    assert.equal(r.engine.published.length, 0)
    r.engine.refusing = undefined
    assert.equal((await ask(r, 'POST', '/api/message', good)).status, 202)
  })
}

test('no more than the cap is on its way to the disk; what is over gets 503, what is under is answered', async (t) => {
  const r = await rig(t, { pendingMessages: 2 })
  const disk = Promise.withResolvers<void>()
  const arrived = Promise.withResolvers<void>()
  r.engine.sync = () => {
    if (r.engine.published.length === 2) arrived.resolve()
    return disk.promise
  }
  const waiting = [ask(r, 'POST', '/api/message', good), ask(r, 'POST', '/api/message', good)]
  await arrived.promise
  const over = await ask(r, 'POST', '/api/message', good)
  assert.deepEqual([over.status, over.body.code], [503, 'overloaded'])
  disk.resolve()
  assert.deepEqual(
    (await Promise.all(waiting)).map((answer) => answer.status),
    [202, 202],
  )
  assert.equal((await ask(r, 'POST', '/api/message', good)).status, 202)
})
