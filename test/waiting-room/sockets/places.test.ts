/** Nobody loses a place or a call, and nobody sees another visitor's. */
import assert from 'node:assert/strict'
import { type TestContext, test } from 'node:test'
import { ADMIT_MAX, LineProcessor, SOCKET_LIMITS } from '../../../src/waiting-room/index.ts'
import { people } from '../http/rig.ts'
import { type Client, type SocketRig, socketRig } from './rig.ts'

async function waiters(rig: SocketRig, visitors: readonly string[], event = '1'): Promise<Client[]> {
  const clients = visitors.map((visitor) => rig.open(visitor))
  await rig.until('all are connected', () => clients.every(({ socket }) => socket.connected))
  const joined = await Promise.all(
    clients.map(({ socket }) => {
      return new Promise<{ ok: boolean }>((resolve) => socket.emit('join-queue', { eventId: event }, resolve))
    }),
  )
  assert.ok(joined.every(({ ok }) => ok))
  return clients
}

const placeOf = (client: Client) => {
  const { position, ticket, state } = client.last('session-restored') ?? {}
  return { visitor: client.visitor, position, ticket, state }
}

test('500 admissions with some hundred sockets are told completely; L6: no frame names another', async (t) => {
  const rig = await socketRig(t)
  const { engine, until } = rig
  const named = people(620).map((name) => `secretname-${name}-x`)
  await engine.line.define('1', { ...rig.deps.options.door, cap: 10 })
  await Promise.all(named.map((visitor) => engine.line.enter('1', visitor)))
  // The first ten are inside; all who wait listen, and some who will wait on.
  const waiting = named.slice(10)
  const clients = await waiters(rig, waiting)
  await engine.line.change('1', { cap: 10 + ADMIT_MAX })
  const { called } = await engine.line.admit('1', ADMIT_MAX)
  assert.equal(called.length, ADMIT_MAX)
  const last = ADMIT_MAX + 10
  await until('every call and every frame', () =>
    clients.every((client, i) => {
      const isTold = i >= ADMIT_MAX || client.last('queue-entry-allowed') !== undefined
      return isTold && client.last('queue-updated')?.serving === last
    }),
  )
  for (const [i, client] of clients.entries()) {
    assert.equal(client.all('queue-entry-allowed').length, i < ADMIT_MAX ? 1 : 0, client.visitor)
    for (const { name, payload } of client.frames) {
      const names = JSON.stringify(payload).match(/secretname-v\d+-x/g) ?? []
      assert.deepEqual(
        [...new Set(names)].filter((one) => one !== client.visitor),
        [],
        name,
      )
      const pass = /"pass":"[^.]+\.([^.]+)\./.exec(JSON.stringify(payload))?.[1]
      if (pass) assert.equal(JSON.parse(Buffer.from(pass, 'base64url').toString()).sub, client.visitor)
    }
    assert.ok(client.all('queue-updated').every((frame) => !JSON.stringify(frame).includes('secretname')))
  }
})

test('a call that was lost is repeated at every connection until it is claimed', async (t) => {
  const rig = await socketRig(t)
  const { ask, engine, connect, asks, until } = rig
  for (const visitor of people(12)) await ask('POST', '/api/queue/check/1', visitor)
  const [client] = await waiters(rig, ['v11'])
  assert.ok(client)
  client.socket.disconnect()
  await until('it is gone', () => rig.sockets.size === 0)
  await ask('POST', '/api/queue/done/1', 'v1')
  await engine.line.admit('1', 10)
  for (let i = 0; i < 2; i++) {
    const back = await connect('v11')
    await until('the call', () => back.last('queue-entry-allowed') !== undefined)
    await asks(back, 'join-queue', { eventId: '1' })
    assert.equal(back.all('queue-entry-allowed').length, 1, 'once a connection')
    back.socket.disconnect()
  }
  assert.equal((await ask('POST', '/api/queue/claim/1', 'v11')).body.state, 'admitted')
  const inside = await connect('v11')
  const answer = await asks(inside, 'join-queue', { eventId: '1' })
  assert.deepEqual([answer.state, typeof answer.pass], ['admitted', 'string'])
  assert.equal(inside.last('session-restored')?.queueEventId, null)
  assert.deepEqual(inside.all('queue-entry-allowed'), [])
})

/** A room that hears no news of the line from `mute` on, as when they are lost between processes. */
async function mutedRig(t: TestContext) {
  let muted = false
  const rig = await socketRig(t, (deps) => {
    const line = Object.create(deps.line) as typeof deps.line
    line.follow = (listener) => deps.line.follow((news) => void (muted || listener(news)))
    for (const name of ['seen', 'status', 'snapshot', 'events'] as const)
      Object.assign(line, { [name]: deps.line[name].bind(deps.line) })
    return { ...deps, line }
  })
  const mute = (): void => {
    muted = true
  }
  return { rig, mute }
}

test('a call of which no news came is found by looking', async (t) => {
  const { rig, mute } = await mutedRig(t)
  for (const visitor of people(12)) await rig.ask('POST', '/api/queue/check/1', visitor)
  const [client] = await waiters(rig, ['v11'])
  mute()
  await rig.ask('POST', '/api/queue/done/1', 'v1')
  await rig.engine.line.admit('1', 10)
  await rig.until('the call', () => client?.last('queue-entry-allowed') !== undefined)
})

test('who listens first and enters then is told the place, and the turn', async (t) => {
  const rig = await socketRig(t)
  for (const visitor of people(10)) await rig.ask('POST', '/api/queue/check/1', visitor)
  const client = await rig.connect('v11')
  assert.equal((await rig.asks(client, 'join-queue', { eventId: '1' })).state, 'none')
  assert.equal(client.last('session-restored'), undefined)
  await rig.ask('POST', '/api/queue/check/1', 'v11')
  await rig.until('the place', () => client.last('session-restored')?.position === 1)
  await rig.ask('POST', '/api/queue/done/1', 'v1')
  await rig.engine.line.admit('1', 10)
  await rig.until('the call', () => client.last('queue-entry-allowed') !== undefined)
})

test('L4: refresh keeps the place, and is told it without asking', async (t) => {
  const rig = await socketRig(t)
  for (const visitor of people(15)) await rig.ask('POST', '/api/queue/check/1', visitor)
  const [client] = await waiters(rig, ['v13'])
  assert.ok(client)
  const before = placeOf(client)
  for (let i = 0; i < 3; i++) {
    client.socket.disconnect()
    const back = await rig.connect('v13')
    await rig.until('the place', () => back.last('session-restored') !== undefined)
    assert.deepEqual(placeOf(back), before)
    back.socket.disconnect()
  }
})

test('among many events the handshake says which one it is; without that, nobody is looked for', async (t) => {
  const rig = await socketRig(t)
  for (let i = 1; i <= SOCKET_LIMITS.searchedEvents; i++)
    await rig.ask('POST', `/api/queue/check/e${i}`, 'v1')
  const few = await rig.connect('v1')
  const events = SOCKET_LIMITS.eventsPerSocket
  await rig.until('all it may listen to', () => few.all('session-restored').length === events)
  await rig.ask('POST', '/api/queue/check/one-more', 'v1')
  await rig.pass(2_000)
  const silent = await rig.connect('v1')
  const hinting = await rig.connect('v1', { token: rig.tokenOf('v1'), eventId: 'one-more' })
  await rig.until('the place', () => hinting.last('session-restored')?.eventId === 'one-more')
  await rig.pass(2_000)
  assert.deepEqual(silent.all('session-restored'), [])
})

test('L4: all sockets dropped and back within 30 s: identical places', async (t) => {
  const rig = await socketRig(t)
  const { engine, until, pass } = rig
  for (const visitor of people(210)) await rig.ask('POST', '/api/queue/check/1', visitor)
  const clients = await waiters(rig, people(210).slice(10))
  const before = clients.map(placeOf)
  assert.deepEqual(
    before.map(({ position }) => position),
    before.map((_, i) => i + 1),
  )
  for (const { socket } of clients) socket.io.engine.close()
  await until('all are gone', () => rig.sockets.size === 0)
  await pass(20_000)
  // Backwards, so that an order of arrival would show.
  for (const { socket, frames } of clients.toReversed()) {
    frames.length = 0
    socket.connect()
  }
  await until('all are told', () => clients.every((client) => client.last('session-restored') !== undefined))
  assert.deepEqual(clients.map(placeOf), before)
  await engine.line.admit('1', 10)
  assert.equal((await engine.line.snapshot('1'))?.counts.parked, 0)
})

test('an open socket is presence; without one a visitor is parked, and is back with the next', async (t) => {
  const rig = await socketRig(t)
  const { engine, ask, pass, connect, until } = rig
  for (const visitor of people(13)) await ask('POST', '/api/queue/check/1', visitor)
  await engine.line.change('1', { leaseMs: 3_600_000, hardMs: 3_600_000, graceMs: 30_000 })
  const [present] = await waiters(rig, ['v12'])
  await pass(100_000)
  await ask('POST', '/api/queue/done/1', 'v1')
  const { called, parked } = await engine.line.admit('1', 10)
  assert.deepEqual([called.map(({ visitor }) => visitor), parked], [['v12'], 1])
  await until('the call', () => present?.last('queue-entry-allowed') !== undefined)
  const back = await connect('v11')
  await until('the place', () => back.last('session-restored') !== undefined)
  assert.deepEqual(placeOf(back), { visitor: 'v11', position: 1, ticket: 11, state: 'waiting' })
})

test('a clearing of which no news came is found by looking, and told once', async (t) => {
  const { rig, mute } = await mutedRig(t)
  for (const visitor of people(12)) await rig.ask('POST', '/api/queue/check/1', visitor)
  const [client] = await waiters(rig, ['v11'])
  mute()
  await rig.engine.line.clear('1', { active: false, dryRun: false })
  await rig.until('the news', () => client?.last('queue-cleared')?.epoch === 2)
  await rig.pass(30_000)
  assert.equal(client?.all('queue-cleared').length, 1)
})

test('two tabs share the place, and both are told the turn', async (t) => {
  const rig = await socketRig(t)
  for (const visitor of people(11)) await rig.ask('POST', '/api/queue/check/1', visitor)
  const tabs = await waiters(rig, ['v11', 'v11'])
  assert.deepEqual(tabs.map(placeOf)[0], tabs.map(placeOf)[1])
  await rig.ask('POST', '/api/queue/done/1', 'v1')
  await rig.engine.line.admit('1', 10)
  await rig.until('both', () => tabs.every((tab) => tab.last('queue-entry-allowed') !== undefined))
})

test('a pre-queue: everybody is told the drawn ticket, and the first ones their turn', async (t) => {
  const rig = await socketRig(t)
  const { engine, clock, until } = rig
  await engine.line.define('1', { ...rig.deps.options.door, cap: 5 })
  await engine.line.prequeue('1', 'ab'.repeat(32), clock.now() + 60_000)
  for (const visitor of people(30)) await engine.line.enter('1', visitor)
  const clients = await waiters(rig, people(30))
  assert.ok(clients.every((client) => placeOf(client).state === 'registered'))
  const { line } = engine
  const { logger } = rig.deps
  const processor = new LineProcessor({ line, clock, logger, intervalMs: 10_000, admitEarly: false })
  t.after(() => processor.stop())
  processor.start()
  await until('every ticket', () => clients.every((client) => Number(placeOf(client).ticket) > 0))
  await until('five turns', () => {
    return clients.filter((client) => client.last('queue-entry-allowed') !== undefined).length === 5
  })
  assert.equal(new Set(clients.map((client) => placeOf(client).ticket)).size, 30)
})
