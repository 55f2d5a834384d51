/** What bad input gets: a clear refusal, never a crash, never an admission. */
import assert from 'node:assert/strict'
import { createHmac } from 'node:crypto'
import { test } from 'node:test'
import { WeirError } from '../../../src/core/index.ts'
import { buildRoom } from '../../../src/waiting-room/index.ts'
import { chances, fc } from '../../fixtures/seed.ts'
import { roomRig } from './rig.ts'

const ROUTES: readonly (readonly ['GET' | 'POST' | 'PUT' | 'PATCH', string])[] = [
  ['POST', '/api/queue/check/1'],
  ['GET', '/api/queue/status/1'],
  ['POST', '/api/queue/leave/1'],
  ['POST', '/api/queue/claim/1'],
  ['POST', '/api/queue/renew/1'],
  ['POST', '/api/queue/done/1'],
  ['POST', '/api/queue/undo/1'],
]
const ADMIN: typeof ROUTES = [
  ['GET', '/api/queue/admin'],
  ['GET', '/api/queue/admin/1'],
  ['GET', '/api/queue/admin/audit'],
  ['PUT', '/api/queue/admin/1'],
  ['PATCH', '/api/queue/admin/1'],
  ...['pause', 'resume', 'drain', 'close', 'clear', 'schedule', 'open'].map(
    (name) => ['POST', `/api/queue/admin/${name}/1`] as const,
  ),
]

test('every route wants a valid token: none, a foreign one, alg none and an expired one get 401', async (t) => {
  const { app, tokenOf, clock, engine } = await roomRig(t)
  const good = tokenOf('v1', 'admin')
  const [, payload] = good.split('.')
  const none = Buffer.from('{"alg":"none","typ":"JWT"}').toString('base64url')
  const head = Buffer.from('{"alg":"HS256","typ":"JWT"}').toString('base64url')
  const mac = createHmac('sha256', 'your-secret-key').update(`${head}.${payload}`).digest('base64url')
  const headers: Record<string, string>[] = [
    {},
    { authorization: good },
    { authorization: 'Bearer ' },
    { authorization: `Basic ${good}` },
    { authorization: `Bearer ${none}.${payload}.` },
    { authorization: `Bearer ${head}.${payload}.${mac}` },
    { authorization: `Bearer ${good}x` },
  ]
  for (const [method, url] of [...ROUTES, ...ADMIN]) {
    for (const one of headers) {
      const response = await app.inject({ method, url, headers: one })
      assert.equal(response.statusCode, 401, `${method} ${url} ${JSON.stringify(one)}`)
      assert.equal(typeof response.json().error, 'string')
    }
  }
  await clock.advance(3_600_000)
  const expired = await app.inject({
    method: 'POST',
    url: '/api/queue/check/1',
    headers: { authorization: `Bearer ${good}` },
  })
  assert.deepEqual([expired.statusCode, expired.json().error], [401, 'Invalid authentication token'])
  assert.deepEqual(await engine.line.events(), [])
})

test('every admin route wants the role: 403 for everybody else', async (t) => {
  const { ask, engine } = await roomRig(t)
  await ask('POST', '/api/queue/check/1', 'v1')
  const before = await engine.line.snapshot('1')
  for (const [method, url] of ADMIN) {
    const { status, body } = await ask(method, url, 'v1')
    assert.deepEqual([status, body.code], [403, 'not_an_admin'], `${method} ${url}`)
  }
  assert.deepEqual(await engine.line.snapshot('1'), before)
})

test('an event id of any shape is refused or taken, never a fault', async (t) => {
  const { ask, engine } = await roomRig(t)
  const bad = ['a b', 'a%2Fb', '%00', '%ff', 'x'.repeat(65), '..', 'a.b', '{1}', '%F0%9F%98%80', "'--"]
  for (const id of bad) {
    const { status } = await ask('POST', `/api/queue/check/${id}`, 'v1')
    assert.ok(status === 400 || status === 404 || status === 414, `${id}: ${status}`)
  }
  assert.deepEqual(await engine.line.events(), [])
  await fc.assert(
    fc.asyncProperty(fc.string({ unit: 'grapheme', maxLength: 100 }), async (id) => {
      const { status } = await ask('GET', `/api/queue/status/${encodeURIComponent(id)}`, 'v1')
      assert.ok([200, 400, 404, 414].includes(status), `${id}: ${status}`)
    }),
    chances(100),
  )
})

test('a body that is no JSON, too large, of another kind or shape is refused; an empty one is none', async (t) => {
  const { app, tokenOf } = await roomRig(t)
  const send = (contentType: string, payload: string, url = '/api/auth/login') =>
    app.inject({
      method: 'POST',
      url,
      headers: { 'content-type': contentType, authorization: `Bearer ${tokenOf('v1')}` },
      payload,
    })
  const json = 'application/json'
  assert.equal((await send(json, '{')).statusCode, 400)
  assert.equal((await send(json, '[1]')).statusCode, 400)
  assert.equal((await send(json, '"text"')).statusCode, 400)
  assert.equal((await send(json, `{"email":"${'x'.repeat(20_000)}"}`)).statusCode, 413)
  assert.equal((await send(json, '{"__proto__":{"role":"admin"}}')).statusCode, 400)
  assert.equal((await send('text/plain', 'x')).statusCode, 415)
  assert.equal((await send('application/x-www-form-urlencoded', 'a=b')).statusCode, 415)
  for (const kind of [json, 'application/x-www-form-urlencoded'])
    assert.equal((await send(kind, '', '/api/queue/check/1')).statusCode, 200, kind)
})

test('a store that is away: 503 with Retry-After, not ready, and nobody is admitted', async (t) => {
  const { deps } = await roomRig(t)
  const away = async () => {
    throw new WeirError('storage_failed', 'the disk is gone', { retryAfterMs: 1_000 })
  }
  const line = Object.create(deps.line, {
    status: { value: away },
    enter: { value: away },
    snapshot: { value: away },
    seen: { value: away },
    health: { value: () => ({ ok: false, reason: 'the disk is gone' }) },
  })
  const app = buildRoom({ ...deps, line })
  t.after(() => app.close())
  const token = deps.sessions.issue(
    { visitor: 'v1', email: 'a@b.c', name: 'a', role: 'user' },
    deps.clock.now(),
  )
  const headers = { authorization: `Bearer ${token}` }
  for (const [method, url] of ROUTES.slice(0, 2)) {
    const response = await app.inject({ method, url, headers })
    assert.deepEqual([response.statusCode, response.headers['retry-after']], [503, '1'])
    assert.deepEqual(response.json(), { error: 'the disk is gone', code: 'storage_failed' })
  }
  assert.equal((await app.inject('/ready')).statusCode, 503)
  assert.equal((await app.inject('/health')).statusCode, 200)
})

test('a fault of ours is 500, logged, and tells nothing of itself', async (t) => {
  const { deps } = await roomRig(t)
  const logged: object[] = []
  const broken = async () => {
    throw new TypeError('secret detail')
  }
  const line = Object.create(deps.line, { status: { value: broken }, seen: { value: async () => {} } })
  const app = buildRoom({
    ...deps,
    line,
    logger: { ...deps.logger, error: (fields) => logged.push(fields) },
  })
  t.after(() => app.close())
  const token = deps.sessions.issue(
    { visitor: 'v1', email: 'a@b.c', name: 'a', role: 'user' },
    deps.clock.now(),
  )
  const response = await app.inject({
    url: '/api/queue/status/1',
    headers: { authorization: `Bearer ${token}` },
  })
  assert.equal(response.statusCode, 500)
  assert.doesNotMatch(response.body, /secret detail/)
  assert.equal(logged.length, 1)
})
