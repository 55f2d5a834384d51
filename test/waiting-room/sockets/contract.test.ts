/** The names and shapes that clients know, over a real connection. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { type PassKeySet, placeFrom, verifyPass } from '../../../src/waiting-room/index.ts'
import { people } from '../http/rig.ts'
import { socketRig } from './rig.ts'

test('the handshake wants a valid token, and says what is wrong', async (t) => {
  const { open, until, tokenOf } = await socketRig(t)
  const cases = [
    [{}, 'Authentication required', 'no_token'],
    [{ token: '' }, 'Authentication required', 'no_token'],
    [{ token: 'not a token' }, 'Invalid authentication token', 'bad_token'],
    [{ token: { $ne: 1 } }, 'Invalid authentication token', 'bad_token'],
    [{ token: ['a'] }, 'Invalid authentication token', 'bad_token'],
    [{ token: `${tokenOf('v1').slice(0, -4)}AAAA` }, 'Invalid authentication token', 'bad_token'],
  ] as const
  for (const [auth, message, code] of cases) {
    const client = open('v1', auth)
    await until('an error', () => client.error !== undefined)
    assert.deepEqual([client.error?.message, client.error?.data?.code], [message, code])
    assert.equal(client.socket.connected, false)
  }
})

test('join-queue: the place in the acknowledgement, session-restored and a first frame', async (t) => {
  const { ask, connect, asks, until } = await socketRig(t)
  for (const visitor of people(13)) await ask('POST', '/api/queue/check/1', visitor)
  const client = await connect('v12')
  const answer = await asks(client, 'join-queue', { eventId: '1' })
  assert.deepEqual(
    [answer.ok, answer.queued, answer.position, answer.ticket, answer.state],
    [true, true, 2, 12, 'waiting'],
  )
  await until('the frame', () => client.last('queue-updated') !== undefined)
  const restored = client.last('session-restored')
  assert.deepEqual(
    [restored?.eventId, restored?.queueEventId, restored?.userId, restored?.ticket, restored?.position],
    ['1', '1', 'v12', 12, 2],
  )
  const frame = client.last('queue-updated')
  assert.deepEqual(
    [frame?.queueSize, frame?.eventId, frame?.threshold, frame?.currentUsers],
    [3, '1', 10, 10],
  )
  assert.ok(!Number.isNaN(Date.parse(String(frame?.timestamp))))
  assert.equal(placeFrom(frame as unknown as Parameters<typeof placeFrom>[0], 12), 2)
})

test('whose turn has come is told so alone, with a pass until the place has to be claimed', async (t) => {
  const { ask, connect, asks, until, engine, clock } = await socketRig(t)
  for (const visitor of people(13)) await ask('POST', '/api/queue/check/1', visitor)
  const clients = []
  for (const visitor of ['v11', 'v12', 'v13']) clients.push(await connect(visitor))
  for (const client of clients) await asks(client, 'join-queue', { eventId: '1' })
  await ask('POST', '/api/queue/done/1', 'v1')
  await engine.line.admit('1', 10)
  const [first, ...others] = clients
  await until('the call', () => first?.last('queue-entry-allowed') !== undefined)
  await until('the frame of it', () => others.every((client) => client.last('queue-updated')?.serving === 11))
  const entry = first?.last('queue-entry-allowed') ?? {}
  assert.deepEqual([entry.userId, entry.eventId, typeof entry.message], ['v11', '1', 'string'])
  const keys = (await ask('GET', '/.well-known/jwks.json')).body as unknown as PassKeySet
  const expected = { keys, issuer: 'https://room.example', event: '1', visitor: 'v11', now: clock.now() }
  const verdict = verifyPass(String(entry.pass), expected)
  assert.ok(verdict.ok)
  assert.equal(Date.parse(String(entry.claimBy)), (await engine.line.status('1', 'v11')).until)
  assert.ok(verdict.pass.expiresAt * 1000 <= Date.parse(String(entry.claimBy)))
  for (const client of others) assert.deepEqual(client.all('queue-entry-allowed'), [])
})

test('join-event tells how many are there; leave-event and leave-queue end listening and keep the place', async (t) => {
  const { ask, connect, asks, until, engine } = await socketRig(t)
  for (const visitor of people(12)) await ask('POST', '/api/queue/check/1', visitor)
  const one = await connect('v11')
  const other = await connect('v12')
  assert.equal((await asks(one, 'join-event', { eventId: 1 })).ok, true)
  assert.deepEqual(one.last('room-info'), { eventId: '1', userCount: 1 })
  await asks(other, 'join-event', { eventId: '1' })
  await until('the other one is counted', () => one.last('room-info')?.userCount === 2)
  await asks(other, 'leave-event', { eventId: '1' })
  await until('the other one is gone', () => one.last('room-info')?.userCount === 1)
  assert.deepEqual(await asks(other, 'leave-queue', { eventId: '1' }), { ok: true, eventId: '1' })
  assert.equal((await engine.line.status('1', 'v12')).state, 'waiting')
})

test('queue-cleared goes to those who lost a place, and not to those inside', async (t) => {
  const { ask, connect, asks, until } = await socketRig(t)
  for (const visitor of people(12)) await ask('POST', '/api/queue/check/1', visitor)
  const inside = await connect('v1')
  const waiting = await connect('v12')
  for (const client of [inside, waiting]) await asks(client, 'join-queue', { eventId: '1' })
  await ask('POST', '/api/queue/admin/clear/1', '@ops')
  await until('the news', () => waiting.last('queue-cleared') !== undefined)
  const { message, ...rest } = waiting.last('queue-cleared') ?? {}
  assert.equal(typeof message, 'string')
  assert.deepEqual(rest, { eventId: '1', epoch: 2, action: 'rejoin' })
  await until('the new frame', () => inside.last('queue-updated')?.epoch === 2)
  assert.deepEqual(inside.all('queue-cleared'), [])
})

test('over long-polling, too', async (t) => {
  const { ask, open, asks, until } = await socketRig(t)
  for (const visitor of people(11)) await ask('POST', '/api/queue/check/1', visitor)
  const client = open('v11', undefined, { transports: ['polling'] })
  await until('connected', () => client.socket.connected)
  assert.equal((await asks(client, 'join-queue', { eventId: '1' })).position, 1)
  await ask('POST', '/api/queue/check/1', 'v99')
  await until('a frame of the newcomer', () => client.last('queue-updated')?.queueSize === 2)
})
