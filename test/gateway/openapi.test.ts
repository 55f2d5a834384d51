import assert from 'node:assert/strict'
import { test } from 'node:test'
import { Validator } from '@seriousme/openapi-schema-validator'
import { Ajv2020 } from 'ajv/dist/2020.js'
import formats from 'ajv-formats'
import { type Answer, ask, KO, type Rig, rig } from './rig.ts'

interface Operation {
  readonly responses: Record<string, { content: Record<string, { schema: object }> }>
}
interface Document {
  readonly openapi: string
  readonly paths: Record<string, Record<string, Operation>>
}

async function document(r: Rig): Promise<Document> {
  return (await ask(r, 'GET', '/openapi.json')).body
}

test('the document is valid OpenAPI 3.1', async (t) => {
  const r = await rig(t)
  const api = await document(r)
  assert.match(api.openapi, /^3\.1/)
  const result = await new Validator().validate(structuredClone(api) as unknown as Record<string, unknown>)
  assert.deepEqual(result.valid ? [] : result.errors, [])
})

test('every route of the contract is in it', async (t) => {
  const r = await rig(t)
  const { paths } = await document(r)
  const calls = Object.entries(paths).flatMap(([path, methods]) =>
    Object.keys(methods).map((m) => `${m} ${path}`),
  )
  assert.deepEqual(calls.filter((call) => !call.startsWith('head ')).sort(), [
    'delete /api/dead-letters',
    'delete /api/dead-letters/{id}',
    'get /',
    'get /api/config',
    'get /api/dead-letters',
    'get /api/messages/{id}',
    'get /api/monitoring/status',
    'get /api/queue/status',
    'get /api/router/info',
    'get /api/stats',
    'get /api/types',
    'get /health',
    'get /metrics',
    'get /ready',
    'patch /api/types/{type}',
    'post /api/dead-letters/retry',
    'post /api/dead-letters/{id}/retry',
    'post /api/message',
    'post /api/messages/batch',
    'post /api/monitoring/disable',
    'post /api/monitoring/enable',
    'post /api/monitoring/toggle',
  ])
})

const good = { type: 'MNP', content: 'a', attributes: { a: [1] } }
const twin = { 타입: '번호이동', 내용: 'a' }

/** Every call once with success and, where it has any, with a refusal of its own. */
const CALLS: [method: string, path: string, url: string, body?: unknown][] = [
  ['post', '/api/message', '/api/message', good],
  ['post', '/api/message', '/api/message', twin],
  ['post', '/api/message', '/api/message', {}],
  ['post', '/api/message', '/api/message', { 타입: 'x', 내용: ' ' }],
  ['post', '/api/messages/batch', '/api/messages/batch', { messages: [good, {}, good] }],
  ['post', '/api/messages/batch', '/api/messages/batch', { 메시지목록: [twin, {}] }],
  ['post', '/api/messages/batch', '/api/messages/batch', { messages: 5 }],
  ['get', '/api/messages/{id}', '/api/messages/id-000001'],
  ['get', '/api/messages/{id}', '/api/messages/none'],
  ['get', '/api/queue/status', '/api/queue/status'],
  ['get', '/api/stats', '/api/stats'],
  ['get', '/api/router/info', '/api/router/info'],
  ['get', '/api/config', '/api/config'],
  ['get', '/api/types', '/api/types'],
  ['patch', '/api/types/{type}', '/api/types/mnp', { concurrency: 3 }],
  ['patch', '/api/types/{type}', '/api/types/none', { concurrency: 3 }],
  ['patch', '/api/types/{type}', '/api/types/mnp', { 동시처리수: 0 }],
  ['get', '/api/dead-letters', '/api/dead-letters'],
  ['get', '/api/dead-letters', '/api/dead-letters?limit=x'],
  ['post', '/api/dead-letters/{id}/retry', '/api/dead-letters/id-000001/retry'],
  ['post', '/api/dead-letters/{id}/retry', '/api/dead-letters/none/retry'],
  ['post', '/api/dead-letters/retry', '/api/dead-letters/retry'],
  ['delete', '/api/dead-letters/{id}', '/api/dead-letters/none'],
  ['delete', '/api/dead-letters', '/api/dead-letters'],
  ['get', '/api/monitoring/status', '/api/monitoring/status'],
  ['post', '/api/monitoring/toggle', '/api/monitoring/toggle'],
  ['post', '/api/monitoring/enable', '/api/monitoring/enable'],
  ['post', '/api/monitoring/disable', '/api/monitoring/disable'],
  ['get', '/health', '/health'],
  ['get', '/ready', '/ready'],
  ['get', '/', '/'],
]

test('the answers in both languages are as the document says', async (t) => {
  const r = await rig(t)
  const { paths } = await document(r)
  const ajv = new Ajv2020({ strict: false, allErrors: true })
  formats.default(ajv)
  const check = (operation: Operation | undefined, answer: Answer, what: string) => {
    const media = String(answer.headers['content-type']).split(';')[0] ?? ''
    const schema = operation?.responses[answer.status]?.content[media]?.schema
    assert.ok(schema, `${what}: ${answer.status} ${media} is not documented`)
    const valid = ajv.compile(schema)
    assert.ok(valid(answer.body), `${what}: ${JSON.stringify(valid.errors)} in ${answer.text}`)
  }
  const first = await ask(r, 'POST', '/api/message', good)
  r.engine.kill(first.body.id)
  r.state.drainPerSecond = 3
  for (const [method, path, url, body] of CALLS) {
    for (const headers of [{}, KO]) {
      const answer = await ask(r, method.toUpperCase(), url, body, headers)
      check(paths[path]?.[method], answer, `${method} ${url}`)
    }
  }
  const covered = new Set(CALLS.map(([method, path]) => `${method} ${path}`))
  const all = Object.entries(paths).flatMap(([path, methods]) =>
    Object.keys(methods).map((m) => `${m} ${path}`),
  )
  const uncovered = all.filter(
    (call) => !covered.has(call) && !call.startsWith('head ') && call !== 'get /metrics',
  )
  assert.deepEqual(uncovered, [])
})

test('a body that the document allows is accepted by the very schema that is documented', async (t) => {
  const r = await rig(t)
  const operation = (await document(r)).paths['/api/message']?.post as unknown as {
    requestBody: { content: Record<string, { schema: object }> }
  }
  const ajv = new Ajv2020({ strict: false })
  const valid = ajv.compile(operation.requestBody.content['application/json']?.schema ?? {})
  const bodies: unknown[] = [
    good,
    twin,
    {},
    { type: 'MNP' },
    { ...good, priority: 10 },
    { 타입: 'MNP', 내용: ' ' },
  ]
  for (const body of bodies) {
    const accepted = (await ask(r, 'POST', '/api/message', body)).status < 300
    assert.equal(accepted, valid(body), JSON.stringify(body))
  }
})
