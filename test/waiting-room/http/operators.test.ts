/** Accounts over HTTP, and what operators can do. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { type Draw, verifyDraw, verifyNumber } from '../../../src/waiting-room/index.ts'
import { people, roomRig } from './rig.ts'

test('register and login answer as older clients expect, and their token is good', async (t) => {
  const { ask, app } = await roomRig(t)
  const asked = { email: 'loadtest1@test.com', password: 'Test1234!', name: 'Load', phone: '010' }
  const registered = await ask('POST', '/api/auth/register', undefined, asked)
  assert.equal(registered.status, 201)
  const user = { id: 'u-1', userId: 'u-1', email: 'loadtest1@test.com', name: 'Load', role: 'user' }
  assert.deepEqual(registered.body.user, user)
  assert.equal((await ask('POST', '/api/auth/register', undefined, asked)).status, 400)
  const login = await ask('POST', '/api/auth/login', undefined, asked)
  assert.equal(login.status, 200)
  assert.deepEqual(Object.keys(login.body).sort(), ['message', 'token', 'user'])
  const headers = { authorization: `Bearer ${login.body.token}` }
  const check = await app.inject({ method: 'POST', url: '/api/queue/check/1', headers })
  assert.equal(check.statusCode, 200)
  const wrong = await ask('POST', '/api/auth/login', undefined, { ...asked, password: 'wrong-password' })
  assert.deepEqual([wrong.status, typeof wrong.body.error], [401, 'string'])
  for (const body of [{}, { email: 'a@b.c' }, { email: 5, password: [] }, { email: '', password: '' }]) {
    assert.equal((await ask('POST', '/api/auth/login', undefined, body)).status, 400)
  }
  const invalid = await ask('POST', '/api/auth/register', undefined, { email: 'x', password: 'y' })
  assert.deepEqual([invalid.status, (invalid.body.faults as unknown[]).length], [400, 3])
})

test('tries to log in are bounded by address', async (t) => {
  const { ask } = await roomRig(t, { loginsPerAddress: 2 })
  const body = { email: 'a@b.c', password: 'some-password' }
  for (const status of [401, 401, 429]) {
    assert.equal((await ask('POST', '/api/auth/login', undefined, body)).status, status)
  }
})

test('the overview has the five older fields, and what is new', async (t) => {
  const { ask } = await roomRig(t)
  for (const visitor of people(12)) await ask('POST', '/api/queue/check/1', visitor)
  const { status, body } = await ask('GET', '/api/queue/admin/1', '@ops')
  assert.equal(status, 200)
  const { eventId, queueSize, currentUsers, threshold, available } = body
  assert.deepEqual([eventId, queueSize, currentUsers, threshold, available], ['1', 2, 10, 10, 0])
  assert.deepEqual([body.mode, body.limitedBy], ['open', 'cap'])
  assert.equal((await ask('GET', '/api/queue/admin/nowhere', '@ops')).status, 404)
})

test('settings are changed while people wait; what is no setting or out of range is named', async (t) => {
  const { ask, engine } = await roomRig(t)
  for (const visitor of people(12)) await ask('POST', '/api/queue/check/1', visitor)
  const changed = await ask('PATCH', '/api/queue/admin/1', '@ops', { threshold: 11, ratePerMinute: 30 })
  assert.deepEqual([changed.status, changed.body.threshold], [200, 11])
  assert.equal((await engine.line.admit('1', 10)).called.length, 1)
  for (const body of [{ cap: -1 }, { cap: '5' }, { nothing: 1 }, { mode: 'prequeue' }, { constructor: 1 }]) {
    const refused = await ask('PATCH', '/api/queue/admin/1', '@ops', body)
    assert.equal(refused.status, 400, JSON.stringify(body))
  }
  for (const [name, mode] of [
    ['pause', 'paused'],
    ['resume', 'open'],
    ['drain', 'draining'],
    ['close', 'closed'],
  ]) {
    assert.equal((await ask('POST', `/api/queue/admin/${name}/1`, '@ops')).body.mode, mode)
  }
  assert.equal((await ask('POST', '/api/queue/admin/pause/nowhere', '@ops')).status, 404)
  const made = await ask('PUT', '/api/queue/admin/made', '@ops', { cap: 3 })
  assert.deepEqual([made.status, made.body.threshold], [201, 3])
  assert.equal((await ask('PUT', '/api/queue/admin/made', '@ops', { cap: 4 })).body.threshold, 3)
})

test('clearing shows first how many it would hit, then hits them', async (t) => {
  const { ask } = await roomRig(t)
  for (const visitor of people(14)) await ask('POST', '/api/queue/check/1', visitor)
  const dry = await ask('POST', '/api/queue/admin/clear/1', '@ops', { dryRun: true, active: true })
  assert.deepEqual([dry.body.message, dry.body.removed], ['Would remove 14', 14])
  const cleared = await ask('POST', '/api/queue/admin/clear/1', '@ops')
  assert.deepEqual([cleared.body.message, cleared.body.removed], ['Queue cleared: 4 removed', 4])
  assert.equal((await ask('GET', '/api/queue/status/1', 'v14')).body.state, 'none')
  assert.equal((await ask('GET', '/api/queue/status/1', 'v3')).body.state, 'admitted')
})

test('a scheduled opening: registered, drawn, and checked from what is published', async (t) => {
  const { ask, clock } = await roomRig(t)
  await ask('PUT', '/api/queue/admin/1', '@ops', {})
  const opensAt = new Date(clock.now() + 60_000).toISOString()
  const begun = await ask('POST', '/api/queue/admin/schedule/1', '@ops', { opensAt })
  assert.equal(begun.status, 200)
  assert.doesNotMatch(JSON.stringify(begun.body), /abababab/, 'the secret is not told')
  for (const visitor of people(20)) {
    const { body } = await ask('POST', '/api/queue/check/1', visitor)
    assert.deepEqual(
      [body.queued, body.state, body.ticket, body.opensAt],
      [true, 'registered', null, opensAt],
    )
  }
  const again = await ask('POST', '/api/queue/admin/schedule/1', '@ops', { opensAt })
  assert.deepEqual([again.status, again.body.code], [409, 'not_empty'])
  const promised = (await ask('GET', '/api/queue/draw/1')).body.draw as Draw
  assert.deepEqual(
    [promised.commitment, promised.count, promised.revealed],
    [begun.body.commitment, 20, undefined],
  )
  const opened = await ask('POST', '/api/queue/admin/open/1', '@ops', { beacon: 'public value' })
  const draw = opened.body.draw as Draw
  assert.equal(draw.commitment, begun.body.commitment)
  await clock.advance(1_000)
  const published = await ask('GET', '/api/queue/draw/1')
  assert.deepEqual([published.body.eventId, published.body.draw], ['1', draw])
  assert.equal(published.headers['cache-control'], 'public, max-age=1')
  for (const visitor of people(20)) assert.ok(!JSON.stringify(published.body).includes(`"${visitor}"`), 'L6')
  const { entries } = (await ask('GET', '/api/queue/admin/audit?limit=1000', '@ops')).body as {
    entries: { cause: string; visitor: string }[]
  }
  const list = entries.filter(({ cause }) => cause === 'register').map(({ visitor }) => visitor)
  const verdict = verifyDraw(draw, list)
  assert.ok(verdict.ok)
  for (const [i, visitor] of list.entries()) {
    const { body } = await ask('GET', '/api/queue/status/1', visitor)
    assert.equal(body.ticket, verdict.tickets[i])
    assert.deepEqual(verifyNumber(draw, Number(body.number)), { ok: true, ticket: body.ticket })
  }
  assert.equal((await ask('POST', '/api/queue/admin/open/1', '@ops')).status, 409)
  assert.equal((await ask('GET', '/api/queue/draw/nowhere')).status, 404)
  await ask('PUT', '/api/queue/admin/plain', '@ops', {})
  assert.deepEqual((await ask('GET', '/api/queue/draw/plain')).body.draw, null)
  for (const bad of ['soon', -1, {}, true]) {
    const refused = await ask('POST', '/api/queue/admin/schedule/1', '@ops', { opensAt: bad })
    assert.equal(refused.status, 400, JSON.stringify(bad))
  }
  assert.equal((await ask('GET', '/api/queue/admin/audit?after=x', '@ops')).status, 400)
})
