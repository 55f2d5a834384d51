/** The routes of visitors, as older clients know them and with what is new. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { type PassKeySet, placeFrom, verifyPass } from '../../../src/waiting-room/index.ts'
import { people, roomRig } from './rig.ts'

test('threshold 10, 15 users: ten are in, five wait, each with its place', async (t) => {
  const { ask } = await roomRig(t)
  const answers = []
  for (const visitor of people(15)) answers.push((await ask('POST', '/api/queue/check/1', visitor)).body)
  assert.deepEqual(
    answers.map(({ queued }) => queued),
    [...Array(10).fill(false), ...Array(5).fill(true)],
  )
  assert.deepEqual(
    answers.slice(10).map(({ position }) => position),
    [1, 2, 3, 4, 5],
  )
  const last = answers[14] ?? {}
  assert.deepEqual([last.threshold, last.currentUsers, last.queueSize], [10, 10, 5])
  assert.deepEqual([last.state, last.ticket, last.limitedBy, last.epoch], ['waiting', 15, 'cap', 1])
  assert.ok('estimatedWait' in last && Number(last.nextPollMs) >= 1_000)
  assert.equal(last.pass, undefined, 'no pass for those who wait')
})

test('L4: asking again, by check or by status, keeps the place', async (t) => {
  const { ask } = await roomRig(t)
  for (const visitor of people(13)) await ask('POST', '/api/queue/check/1', visitor)
  for (let i = 0; i < 3; i++) {
    const checked = (await ask('POST', '/api/queue/check/1', 'v12')).body
    const status = (await ask('GET', '/api/queue/status/1', 'v12')).body
    assert.deepEqual([checked.position, status.position, status.queued, status.ticket], [2, 2, true, 12])
    assert.deepEqual([status.queueSize, status.currentUsers, status.threshold], [3, 10, 10])
  }
})

test('who never entered is told so, and asking makes no event', async (t) => {
  const { ask, engine } = await roomRig(t)
  const { status, body } = await ask('GET', '/api/queue/status/new', 'v1')
  assert.deepEqual(
    [status, body.queued, body.admitted, body.state, body.position],
    [200, false, false, 'none', 0],
  )
  assert.deepEqual(await engine.line.events(), [])
})

test('inside, a visitor gets a pass that a shop verifies with the published keys, as long as the lease', async (t) => {
  const { ask, clock } = await roomRig(t)
  const { body } = await ask('POST', '/api/queue/check/concert', 'v1')
  const keys = (await ask('GET', '/.well-known/jwks.json')).body as unknown as PassKeySet
  const expected = { keys, issuer: 'https://room.example', event: 'concert', visitor: 'v1', now: clock.now() }
  const verdict = verifyPass(String(body.pass), expected)
  assert.ok(verdict.ok)
  assert.equal(verdict.pass.ticket, body.ticket)
  assert.equal(new Date(String(body.passExpiresAt)).getTime(), verdict.pass.expiresAt * 1000)
  const late = { ...expected, now: verdict.pass.expiresAt * 1000 + 30_000 }
  assert.equal(verifyPass(String(body.pass), late).ok, false)
  await clock.advance(400_000)
  const renewed = (await ask('POST', '/api/queue/renew/concert', 'v1')).body
  assert.ok(verifyPass(String(renewed.pass), { ...expected, now: late.now }).ok)
})

test('called, claimed, done: the place goes to the next one', async (t) => {
  const { ask, engine } = await roomRig(t)
  for (const visitor of people(12)) await ask('POST', '/api/queue/check/1', visitor)
  assert.equal((await ask('POST', '/api/queue/done/1', 'v1')).body.state, 'done')
  await engine.line.admit('1', 10)
  const called = (await ask('GET', '/api/queue/status/1', 'v11')).body
  assert.deepEqual([called.state, called.queued, called.pass], ['ready', false, undefined])
  const claimed = (await ask('POST', '/api/queue/claim/1', 'v11')).body
  assert.deepEqual([claimed.state, claimed.admitted, typeof claimed.pass], ['admitted', true, 'string'])
  assert.equal((await ask('POST', '/api/queue/claim/1', 'v12')).body.state, 'waiting', 'not the turn yet')
})

test('leaving is told and can be undone for ten seconds', async (t) => {
  const { ask, clock } = await roomRig(t)
  for (const visitor of people(13)) await ask('POST', '/api/queue/check/1', visitor)
  const left = (await ask('POST', '/api/queue/leave/1', 'v11')).body
  assert.deepEqual([left.message, left.queued, left.state], ['Left the queue', false, 'left'])
  assert.equal((await ask('GET', '/api/queue/status/1', 'v12')).body.position, 1)
  const undone = (await ask('POST', '/api/queue/undo/1', 'v11')).body
  assert.deepEqual([undone.state, undone.position, undone.ticket], ['waiting', 1, 11])
  await ask('POST', '/api/queue/leave/1', 'v11')
  await clock.advance(10_500)
  assert.equal((await ask('POST', '/api/queue/undo/1', 'v11')).body.state, 'left')
  assert.equal((await ask('POST', '/api/queue/leave/1', 'stranger')).body.message, 'Not in the queue')
})

test('L6: the frame for everybody is cacheable, names nobody and gives each its place', async (t) => {
  const { ask, app, clock } = await roomRig(t)
  const named = people(30).map((name) => `secretname-${name}`)
  for (const visitor of named) await ask('POST', '/api/queue/check/1', visitor)
  const { status, headers, body } = await ask('GET', '/api/queue/serving/1')
  assert.deepEqual([status, headers['cache-control']], [200, 'public, max-age=1'])
  assert.doesNotMatch(JSON.stringify(body), /secretname/)
  assert.equal(placeFrom(body as unknown as Parameters<typeof placeFrom>[0], 25), 15)
  const known = { 'if-none-match': String(headers.etag) }
  assert.equal((await app.inject({ url: '/api/queue/serving/1', headers: known })).statusCode, 304)
  await ask('POST', '/api/queue/check/1', 'one more')
  await clock.advance(1_000)
  const later = await app.inject({ url: '/api/queue/serving/1', headers: known })
  assert.deepEqual([later.statusCode, later.json().next], [200, 31])
  assert.equal((await ask('GET', '/api/queue/serving/nowhere')).status, 404)
})

test('unknown events are refused when nobody may make them by entering', async (t) => {
  const { ask, engine } = await roomRig(t, { autoCreate: false })
  for (const [method, route] of [
    ['POST', 'check'],
    ['GET', 'status'],
    ['POST', 'leave'],
  ] as const) {
    const { status, body } = await ask(method, `/api/queue/${route}/1`, 'v1')
    assert.deepEqual([status, body.code], [404, 'unknown_event'], route)
  }
  assert.deepEqual(await engine.line.events(), [])
})

test('an address takes so many new tickets a minute; whoever is in may ask as often as he likes', async (t) => {
  const { ask, clock } = await roomRig(t, { ticketsPerAddress: 3 })
  for (const visitor of people(3))
    assert.equal((await ask('POST', '/api/queue/check/1', visitor)).status, 200)
  for (let i = 0; i < 10; i++) assert.equal((await ask('POST', '/api/queue/check/1', 'v2')).status, 200)
  const refused = await ask('POST', '/api/queue/check/1', 'v4')
  assert.deepEqual(
    [refused.status, refused.body.code, refused.headers['retry-after']],
    [429, 'too_many_tickets', '20'],
  )
  await clock.advance(20_000)
  assert.equal((await ask('POST', '/api/queue/check/1', 'v4')).status, 200)
})

test('a full, closed or draining line refuses with its reason', async (t) => {
  const { ask, engine } = await roomRig(t)
  await ask('POST', '/api/queue/check/1', 'v1')
  const refusals = [
    [{ mode: 'closed' }, 409, 'closed'],
    [{ mode: 'draining' }, 409, 'draining'],
    [{ mode: 'paused', maxQueued: 0 }, 503, 'full'],
  ] as const
  for (const [change, status, code] of refusals) {
    await engine.line.change('1', change)
    const refused = await ask('POST', '/api/queue/check/1', 'new')
    assert.deepEqual([refused.status, refused.body.code], [status, code])
    assert.equal(typeof refused.body.error, 'string')
  }
})
