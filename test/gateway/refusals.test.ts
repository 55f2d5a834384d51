import assert from 'node:assert/strict'
import { test } from 'node:test'
import { ERRORS, type ErrorCode, LIMITS } from '../../src/core/index.ts'
import { ask, KO, rig } from './rig.ts'

interface Case {
  readonly what: string
  readonly code: ErrorCode
  readonly call?: [method: string, url: string]
  readonly body?: unknown
  readonly headers?: Record<string, string>
  /** The field at fault, in English and in Korean. */
  readonly field?: [string, string]
}

const good = { type: 'MNP', content: 'a' }
const deep = (levels: number) => `${'{"a":'.repeat(levels)}1${'}'.repeat(levels)}`

/** Bodies without a language word, or none at all: the header decides. */
const CASES: Case[] = [
  { what: 'not JSON', code: 'not_json', body: '{"type":' },
  { what: 'an empty body', code: 'not_json', body: '' },
  { what: 'no body', code: 'not_json' },
  { what: 'bytes that are not UTF-8', code: 'not_json', body: Buffer.from([0x22, 0xff, 0x22]) },
  { what: 'an empty object', code: 'invalid_body', body: {}, field: ['type', '타입'] },
  { what: 'a list', code: 'invalid_body', body: [] },
  { what: 'a number', code: 'invalid_body', body: '5' },
  {
    what: 'an array nested 100,000 deep',
    code: 'invalid_body',
    body: `${'['.repeat(1e5)}${']'.repeat(1e5)}`,
  },
  {
    what: 'a key __proto__',
    code: 'invalid_body',
    body: '{"__proto__":{"a":1}}',
    field: ['__proto__', '__proto__'],
  },
  { what: 'a 2 MiB body', code: 'body_too_large', body: `{"content":"${'x'.repeat(2 ** 21)}"}` },
  {
    what: 'a form',
    code: 'unsupported_media_type',
    body: 'type=MNP',
    headers: { 'content-type': 'application/x-www-form-urlencoded' },
  },
  { what: 'an unknown id', code: 'message_not_found', call: ['GET', '/api/messages/none'] },
  {
    what: 'an unknown dead letter',
    code: 'message_not_found',
    call: ['POST', '/api/dead-letters/none/retry'],
  },
  { what: 'an unknown route', code: 'not_found', call: ['GET', '/api/none'] },
  {
    what: 'an unknown route with a body',
    code: 'not_found',
    call: ['POST', '/none'],
    body: 'x',
    headers: { 'content-type': 'text/plain' },
  },
  { what: 'a wrong method', code: 'method_not_allowed', call: ['DELETE', '/api/message'] },
  { what: 'broken percent-encoding', code: 'malformed_request', call: ['GET', '/api/messages/%zz'] },
  { what: 'an endless id', code: 'not_found', call: ['GET', `/api/messages/${'x'.repeat(600)}`] },
  {
    what: 'a limit that is no number',
    code: 'invalid_query',
    call: ['GET', '/api/dead-letters?limit=many'],
    field: ['limit', 'limit'],
  },
  {
    what: 'a limit of 0',
    code: 'invalid_query',
    call: ['GET', '/api/dead-letters?limit=0'],
    field: ['limit', 'limit'],
  },
  {
    what: 'an unknown type in a query',
    code: 'invalid_query',
    call: ['GET', '/api/dead-letters?type=FOO'],
    field: ['type', 'type'],
  },
  {
    what: 'a misspelt filter of a purge',
    code: 'invalid_query',
    call: ['DELETE', '/api/dead-letters?typ=MNP'],
    field: ['typ', 'typ'],
  },
  {
    what: 'an unknown type to change',
    code: 'type_not_found',
    call: ['PATCH', '/api/types/FOO'],
    body: { concurrency: 1 },
    headers: {},
  },
]

for (const one of CASES) {
  test(`${one.what} is refused as ${one.code}, in English and in Korean`, async (t) => {
    const r = await rig(t)
    const [method, url] = one.call ?? ['POST', '/api/message']
    const english = await ask(r, method, url, one.body, one.headers)
    assert.equal(english.status, ERRORS[one.code].status)
    assert.match(String(english.headers['content-type']), /^application\/problem\+json/)
    assert.equal(english.body.code, one.code)
    assert.equal(english.body.type, `/docs/errors#${one.code}`)
    assert.equal(english.body.status, english.status)
    if (one.field) assert.equal(english.body.errors[0].field, one.field[0])
    if (one.code === 'type_not_found') return
    const korean = await ask(r, method, url, one.body, { ...one.headers, ...KO })
    assert.equal(korean.status, english.status)
    assert.equal(korean.body.성공, false)
    assert.equal(korean.body.세부정보.코드, one.code)
    assert.match(korean.body.메시지, /[가-힣]/)
    if (one.field) assert.equal(korean.body.세부정보.오류목록[0].항목, one.field[1])
    assert.equal(r.engine.records.size, 0)
  })
}

const FIELDS: [
  what: string,
  change: Record<string, unknown>,
  code: ErrorCode,
  field: string,
  korean: string,
][] = [
  ['a type that is no text', { type: 5 }, 'invalid_body', 'type', '타입'],
  ['an unknown type', { type: 'FOO' }, 'unknown_type', 'type', '타입'],
  ['blank content', { content: ' \t\n' }, 'invalid_body', 'content', '내용'],
  ['content that is no text', { content: {} }, 'invalid_body', 'content', '내용'],
  [
    'content that is too long',
    { content: 'x'.repeat(LIMITS.contentLength + 1) },
    'invalid_body',
    'content',
    '내용',
  ],
  ['half a surrogate pair', { content: 'a\ud800' }, 'invalid_body', 'content', '내용'],
  [
    'half a surrogate pair in an idempotency key',
    { idempotencyKey: 'k\ud800' },
    'invalid_body',
    'idempotencyKey',
    'idempotencyKey',
  ],
  [
    'half a surrogate pair in an ordering key',
    { orderingKey: 'k\ud800' },
    'invalid_body',
    'orderingKey',
    'orderingKey',
  ],
  ['attributes that are a list', { attributes: [] }, 'invalid_body', 'attributes', '속성들'],
  [
    'attributes too deep',
    { attributes: JSON.parse(deep(LIMITS.jsonDepth + 1)) },
    'too_deep',
    'attributes',
    '속성들',
  ],
  [
    'a prototype key inside',
    { attributes: JSON.parse('{"a":[{"__proto__":1}]}') },
    'invalid_body',
    'attributes',
    '속성들',
  ],
  ['a priority of 10', { priority: 10 }, 'invalid_body', 'priority', 'priority'],
  ['a priority of 1.5', { priority: 1.5 }, 'invalid_body', 'priority', 'priority'],
  ['a negative delay', { delayMs: -1 }, 'invalid_body', 'delayMs', 'delayMs'],
  ['an end before the start', { delayMs: 10, ttlMs: 10 }, 'invalid_body', 'ttlMs', 'ttlMs'],
  ['an empty idempotency key', { idempotencyKey: '' }, 'invalid_body', 'idempotencyKey', 'idempotencyKey'],
]

for (const [what, change, code, field, korean] of FIELDS) {
  test(`${what} is refused alone or in a batch, and the field is named in the sender's words`, async (t) => {
    const r = await rig(t)
    const body: Record<string, unknown> = { ...good, ...change }
    const english = await ask(r, 'POST', '/api/message', body)
    assert.equal(english.body.code, code)
    assert.equal(english.body.errors[0].field, field)
    const { type: 타입, content: 내용, attributes: 속성들, ...rest } = body
    const twin = { 타입, 내용, ...(속성들 === undefined ? {} : { 속성들 }), ...rest }
    const inKorean = await ask(r, 'POST', '/api/message', twin)
    assert.equal(inKorean.status, english.status)
    assert.equal(inKorean.body.세부정보.오류목록[0].항목, korean)
    const batch = await ask(r, 'POST', '/api/messages/batch', { messages: [body, good] })
    assert.deepEqual([batch.body.results[0].code, batch.body.results[1].status], [code, 'accepted'])
  })
}

test('nesting as deep as allowed is accepted', async (t) => {
  const r = await rig(t)
  const answer = await ask(r, 'POST', '/api/message', {
    ...good,
    attributes: JSON.parse(deep(LIMITS.jsonDepth)),
  })
  assert.equal(answer.status, 202)
})

test('1,000 messages are a batch, 1,001 and none are not', async (t) => {
  const r = await rig(t)
  const batch = (n: number) => ask(r, 'POST', '/api/messages/batch', { messages: new Array(n).fill(good) })
  assert.equal((await batch(1000)).body.accepted, 1000)
  const over = await batch(1001)
  assert.deepEqual([over.status, over.body.code], [413, 'batch_too_large'])
  assert.equal((await batch(0)).body.code, 'invalid_body')
  const korean = await ask(r, 'POST', '/api/messages/batch', { 메시지목록: 5 })
  assert.deepEqual([korean.status, korean.body.세부정보.오류목록[0].항목], [400, '메시지목록'])
  assert.equal(r.engine.records.size, 1000)
})

test('a bad idempotency header, and one that contradicts the body, are refused', async (t) => {
  const r = await rig(t)
  for (const key of ['', 'two words', 'a,b', 'x'.repeat(300)]) {
    const answer = await ask(r, 'POST', '/api/message', good, { 'idempotency-key': key })
    assert.equal(answer.body.code, 'invalid_header', key)
  }
  const other = await ask(
    r,
    'POST',
    '/api/message',
    { ...good, idempotencyKey: 'a' },
    { 'idempotency-key': 'b' },
  )
  assert.deepEqual([other.status, other.body.code], [400, 'invalid_header'])
})

test('a word given in both languages is refused: one of them would be lost', async (t) => {
  const r = await rig(t)
  const answer = await ask(r, 'POST', '/api/message', { 타입: 'MNP', type: 'CHANGE', 내용: 'a' })
  assert.equal(answer.status, 400)
  assert.equal(answer.body.세부정보.오류목록[0].항목, '타입')
})

test('a wrong method is told the right ones, also for methods few know', async (t) => {
  const r = await rig(t)
  assert.equal((await ask(r, 'PUT', '/api/message')).headers.allow, 'POST')
  assert.equal((await ask(r, 'POST', '/health')).headers.allow, 'GET, HEAD')
  assert.equal((await ask(r, 'PUT', '/api/dead-letters/x')).headers.allow, 'DELETE')
  assert.equal((await ask(r, 'OPTIONS', '/api/types/MNP')).headers.allow, 'PATCH')
})

test('refusals of messages are counted and told to listeners', async (t) => {
  const r = await rig(t)
  await ask(r, 'POST', '/api/message', { type: 'FOO', content: 'a' })
  await ask(r, 'POST', '/api/messages/batch', { messages: [good, {}] })
  const { body } = await ask(r, 'GET', '/api/stats')
  assert.deepEqual([body.refused, body.refusedByCode], [2, { unknown_type: 1, invalid_body: 1 }])
  assert.equal(r.events.filter((event) => event.kind === 'refused').length, 2)
})
