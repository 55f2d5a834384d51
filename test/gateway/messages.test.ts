import assert from 'node:assert/strict'
import { test } from 'node:test'
import { FakeEngine } from './fake-engine.ts'
import { ask, KO, rig } from './rig.ts'

test('an English message is answered 202 with its id, place and Location, after it was published (Q1)', async (t) => {
  const r = await rig(t)
  r.state.drainPerSecond = 2
  const body = {
    type: ' mnp ',
    content: 'move',
    attributes: { phone: '010' },
    priority: 9,
    orderingKey: 'line-1',
    ttlMs: 5000,
  }
  const answer = await ask(r, 'POST', '/api/message', body)
  assert.equal(answer.status, 202)
  assert.equal(answer.headers.location, `/api/messages/${answer.body.id}`)
  assert.deepEqual(
    { ...answer.body, acceptedAt: '' },
    { id: 'id-000001', type: 'MNP', queue: 'bss_single_queue', acceptedAt: '', position: 1, etaMs: 500 },
  )
  const [message] = r.engine.published[0] ?? []
  assert.equal(message?.priority, 9)
  assert.equal(message?.orderingKey, 'line-1')
  assert.deepEqual(message?.attributes, { phone: '010' })
  assert.equal((message?.expiresAt ?? 0) - (message?.createdAt ?? 0), 5000)
  assert.deepEqual(r.events, [{ kind: 'accepted', type: 'MNP', count: 1 }])
})

test('a Korean message is answered exactly as older clients know it', async (t) => {
  const r = await rig(t)
  const answer = await ask(r, 'POST', '/api/message', { 타입: '번호이동', 내용: '이동', 속성들: null })
  assert.equal(answer.status, 200)
  assert.deepEqual(Object.keys(answer.body), ['성공', '메시지', '타임스탬프', '세부정보'])
  assert.deepEqual(Object.keys(answer.body.세부정보), ['메시지아이디', '메시지타입', '큐이름', '전송시간'])
  assert.equal(answer.body.성공, true)
  assert.equal(answer.body.세부정보.메시지타입, 'MNP')
  assert.equal(r.engine.published[0]?.[0]?.content, '이동')
})

test('in a batch each message has its own fate, in order, and the queue is asked once', async (t) => {
  const r = await rig(t)
  const messages = [
    { type: 'MNP', content: 'a' },
    { type: 'NOPE', content: 'b' },
    { type: 'change', content: ' ' },
    { 타입: '해지', 내용: 3 },
    'text',
    { type: '가입', content: 'c' },
  ]
  const answer = await ask(r, 'POST', '/api/messages/batch', { messages })
  assert.equal(answer.status, 202)
  const fates = answer.body.results.map((item: { index: number; code?: string; status: string }) => [
    item.index,
    item.code ?? item.status,
  ])
  assert.deepEqual(fates, [
    [0, 'accepted'],
    [1, 'unknown_type'],
    [2, 'invalid_body'],
    [3, 'invalid_body'],
    [4, 'invalid_body'],
    [5, 'accepted'],
  ])
  assert.equal(answer.body.results[3].errors[0].field, '내용')
  assert.equal(r.engine.published.length, 1)
  assert.deepEqual(
    r.engine.published[0]?.map((message) => message.content),
    ['a', 'c'],
  )
})

test('a Korean batch counts what was checked and what was sent', async (t) => {
  const r = await rig(t)
  const good = { 타입: '번호이동', 내용: '이동' }
  const all = await ask(r, 'POST', '/api/messages/batch', { 메시지목록: [good, good, good] })
  assert.equal(all.status, 200)
  assert.equal(all.body.메시지, '배치 전송 완료: 3/3 성공')
  assert.deepEqual(all.body.세부정보, {
    원본메시지개수: 3,
    검증성공개수: 3,
    검증실패개수: 0,
    전송성공개수: 3,
    전송실패개수: 0,
    최종성공률: '100.0%',
  })
  const some = await ask(r, 'POST', '/api/messages/batch', { 메시지목록: [good, { 타입: '번호이동' }, good] })
  assert.equal(some.body.세부정보.검증실패개수, 1)
  assert.equal(some.body.세부정보.최종성공률, '66.6%')
  assert.equal(some.body.세부정보.결과목록[1].오류목록[0].항목, '내용')
})

test('an idempotency key makes a second message the first one, from the header or the body', async (t) => {
  const r = await rig(t)
  const body = { type: 'MNP', content: 'a' }
  const first = await ask(r, 'POST', '/api/message', body, { 'idempotency-key': '"k1"' })
  const again = await ask(r, 'POST', '/api/message', { ...body, idempotencyKey: 'k1' })
  assert.equal(again.status, 202)
  assert.equal(again.body.id, first.body.id)
  assert.equal(again.body.repeated, true)
  const other = await ask(r, 'POST', '/api/message', { ...body, content: 'b' }, { 'idempotency-key': 'k1' })
  assert.equal(other.status, 409)
  assert.equal(other.body.code, 'idempotency_key_reused')
  assert.equal(r.events.filter((event) => event.kind === 'accepted').length, 1)
})

test('a key given twice within a batch is the same message, or a conflict of that item alone', async (t) => {
  const r = await rig(t)
  const key = { type: 'MNP', idempotencyKey: 'k' }
  const answer = await ask(r, 'POST', '/api/messages/batch', {
    messages: [
      { ...key, content: 'a', attributes: { x: 1, y: 2 } },
      { ...key, content: 'a', attributes: { y: 2, x: 1 } },
      { ...key, content: 'b' },
    ],
  })
  const [first, same, other] = answer.body.results
  assert.equal(same.id, first.id)
  assert.equal(same.repeated, true)
  assert.equal(other.code, 'idempotency_key_reused')
  assert.equal(r.engine.records.size, 1)
})

test('a batch sent again with the same Idempotency-Key adds nothing', async (t) => {
  const r = await rig(t)
  const batch = {
    messages: [
      { type: 'MNP', content: 'a' },
      { type: 'MNP', content: 'b' },
    ],
  }
  const first = await ask(r, 'POST', '/api/messages/batch', batch, { 'idempotency-key': 'k' })
  const again = await ask(r, 'POST', '/api/messages/batch', batch, { 'idempotency-key': 'k' })
  assert.deepEqual(
    again.body.results.map((i: { id: string }) => i.id),
    first.body.results.map((i: { id: string }) => i.id),
  )
  assert.equal(r.engine.records.size, 2)
})

test('a failed sync is a refusal, is logged with id and type, and the next message goes through (Q1)', async (t) => {
  const r = await rig(t)
  r.engine.sync = () => Promise.reject(new Error('EIO'))
  const failed = await ask(r, 'POST', '/api/message', { type: 'MNP', content: 'a' })
  assert.equal(failed.status, 500)
  assert.deepEqual(
    r.logged.map((l) => [(l as { messageId: string }).messageId, (l as { messageType: string }).messageType]),
    [['id-000001', 'MNP']],
  )
  r.engine.sync = async () => {}
  assert.equal((await ask(r, 'POST', '/api/message', { type: 'MNP', content: 'a' })).status, 202)
})

test("a message's life is told in both languages, its own data untouched", async (t) => {
  const r = await rig(t)
  const { body } = await ask(r, 'POST', '/api/message', {
    type: 'MNP',
    content: 'a',
    attributes: { type: 'x' },
  })
  r.engine.finish(body.id)
  const english = await ask(r, 'GET', `/api/messages/${body.id}`)
  assert.equal(english.body.state, 'done')
  assert.deepEqual(english.body.result, { outcome: '이동완료' })
  const korean = await ask(r, 'GET', `/api/messages/${body.id}`, undefined, KO)
  assert.equal(korean.body.상태, 'done')
  assert.deepEqual(korean.body.속성들, { type: 'x' })
  assert.deepEqual(korean.body.결과, { outcome: '이동완료' })
})

test('an option the engine cannot keep is refused, not ignored', async (t) => {
  const engine = new FakeEngine({ now: () => 0, after: () => () => {} })
  engine.abilities = { ...engine.abilities, orderingKey: false }
  const weak = await rig(t, {}, { engine })
  const answer = await ask(weak, 'POST', '/api/message', { type: 'MNP', content: 'a', orderingKey: 'k' })
  assert.equal(answer.status, 501)
  assert.equal(answer.body.code, 'not_available')
})
