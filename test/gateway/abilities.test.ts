/** What a queue as it is set up cannot do is said with what to set for it, and nothing else breaks. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { ask, KO, member, rig } from './rig.ts'

const good = { type: 'MNP', content: 'a' }

test('without a shared book keys and single lives are refused with what to set, the rest works', async (t) => {
  const r = await rig(t)
  r.engine.abilities = { ...r.engine.abilities, browse: false, idempotency: false, exactCounts: false }
  const sent = await ask(r, 'POST', '/api/message', good)
  assert.equal(sent.status, 202)
  assert.equal(sent.headers.location, undefined, 'it would lead to a 501')
  const keyed = await ask(r, 'POST', '/api/message', { ...good, idempotencyKey: 'k' })
  assert.deepEqual([keyed.status, keyed.body.code], [501, 'not_available'])
  assert.match(keyed.body.detail, /idempotency keys; set REDIS_URL$/)
  assert.deepEqual(keyed.body.errors, [{ field: 'idempotencyKey', problem: 'is not available here' }])
  const header = await ask(r, 'POST', '/api/message', good, { 'idempotency-key': 'k' })
  assert.equal(header.status, 501)
  const life = await ask(r, 'GET', `/api/messages/${sent.body.id}`)
  assert.deepEqual([life.status, life.body.code], [501, 'not_available'])
  assert.match(life.body.detail, /looking up one message; set REDIS_URL$/)
  const korean = await ask(r, 'GET', `/api/messages/${sent.body.id}`, undefined, KO)
  assert.deepEqual(
    [korean.status, korean.body.성공, korean.body.세부정보.코드],
    [501, false, 'not_available'],
  )
  assert.match(korean.body.세부정보.설명, /set REDIS_URL$/)
  const batch = await ask(r, 'POST', '/api/messages/batch', {
    messages: [good, { ...good, idempotencyKey: 'k' }],
  })
  assert.deepEqual(
    batch.body.results.map((item: { code?: string }) => item.code),
    [undefined, 'not_available'],
  )
})

test('dead letters are there without a shared book; one that is none is not found', async (t) => {
  const r = await rig(t)
  const { id } = (await ask(r, 'POST', '/api/message', good)).body
  const other = (await ask(r, 'POST', '/api/message', good)).body.id
  r.engine.kill(id)
  r.engine.abilities = { ...r.engine.abilities, browse: false }
  assert.equal((await ask(r, 'GET', '/api/dead-letters')).body.items[0].id, id)
  const none = await ask(r, 'POST', `/api/dead-letters/${other}/retry`)
  assert.deepEqual([none.status, none.body.code], [404, 'message_not_found'])
  assert.deepEqual((await ask(r, 'POST', `/api/dead-letters/${id}/retry`)).body, { retried: 1 })
})

test('the manifest tells what there is, what is missing and where effects are kept', async (t) => {
  const r = await rig(t, {}, { effects: 'memory' })
  r.engine.abilities = { ...r.engine.abilities, browse: false }
  const { body } = await ask(r, 'GET', '/api/router/info')
  assert.equal(body.engine, 'fake')
  assert.deepEqual([body.abilities.priority, body.abilities.browse], [true, false])
  assert.deepEqual(Object.keys(body.notAvailable), ['browse'])
  assert.match(body.notAvailable.browse, /set REDIS_URL/)
  assert.equal(body.effects, 'memory')
})

test('consumers, limits and breakers are those of all processes; those that drain count no more', async (t) => {
  const r = await rig(t)
  const lane = { type: 'MNP', slots: 5, running: 3, breaker: 'closed' } as const
  r.state.members = [
    member('gateway', { role: 'gateway', lanes: [] }),
    member('a', { lanes: [lane], cpu: 0.12345, memoryBytes: 1000 }),
    member('b', { lanes: [{ ...lane, breaker: 'half_open' }] }),
    member('c', { lanes: [lane], draining: true }),
  ]
  r.state.unrouted = 4
  const { body } = await ask(r, 'GET', '/api/queue/status')
  const { consumers, running, concurrencyLimit, breaker } = body.types.MNP
  assert.deepEqual([consumers, running, concurrencyLimit, breaker], [2, 9, 10, 'half_open'])
  assert.deepEqual([body.engine, body.consumers, body.unrouted, body.unacknowledged], ['fake', 2, 4, 0])
  assert.equal(body.types.CHANGE.consumers, 0)
  const shown = body.members.map(({ role, types, draining }: Record<string, unknown>) => [
    role,
    types,
    draining,
  ])
  assert.deepEqual(shown[0], ['gateway', [], false])
  assert.deepEqual(shown[3], ['consumer', ['MNP'], true])
  assert.deepEqual([body.members[1].cpu, body.members[1].memoryBytes], [0.123, 1000])
  const korean = await ask(r, 'GET', '/api/queue/status', undefined, KO)
  const details = korean.body.세부정보
  assert.deepEqual(
    [details.소비자개수, details.미확인개수, details.미분류개수, details.엔진],
    [2, 0, 4, 'fake'],
  )
})

test('a gateway that hears nobody because the broker is away does not claim that there are no consumers', async (t) => {
  const r = await rig(t)
  r.state.members = [member('gateway', { role: 'gateway', lanes: [] })]
  assert.equal((await ask(r, 'GET', '/api/queue/status')).body.consumers, 0)
  r.engine.fault = 'away'
  assert.equal((await ask(r, 'GET', '/api/queue/status')).body.consumers, undefined)
  const korean = await ask(r, 'GET', '/api/queue/status', undefined, KO)
  assert.equal(korean.body.세부정보.소비자개수, null)
})

test('a type with messages and no consumer is named, but not while nobody is heard', async (t) => {
  const r = await rig(t)
  const lane = { type: 'CHANGE', slots: 5, running: 0, breaker: 'closed' } as const
  r.state.members = [member('gateway', { role: 'gateway', lanes: [] }), member('a', { lanes: [lane] })]
  await ask(r, 'POST', '/api/message', good)
  await ask(r, 'POST', '/api/message', { ...good, type: 'CHANGE' })
  const { body } = await ask(r, 'GET', '/api/queue/status')
  assert.deepEqual(body.unserved, ['MNP'])
  assert.deepEqual([body.types.MNP.consumers, body.types.CHANGE.consumers], [0, 1])
  r.state.hears = false
  const deaf = (await ask(r, 'GET', '/api/queue/status')).body
  assert.deepEqual([deaf.unserved, deaf.types.MNP.consumers, deaf.consumers], [[], undefined, 1])
})

test('what is handed out and not settled is unacknowledged', async (t) => {
  const r = await rig(t)
  for (let i = 0; i < 3; i++) {
    const { id } = (await ask(r, 'POST', '/api/message', good)).body
    if (i > 0) r.engine.handOut(id)
  }
  const { body } = await ask(r, 'GET', '/api/queue/status')
  assert.deepEqual([body.unacknowledged, body.types.MNP.unacknowledged, body.types.MNP.ready], [2, 2, 1])
})
