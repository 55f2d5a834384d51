/** Bad input, too much of it, a line that is away, and the end of the service. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { WeirError } from '../../../src/core/index.ts'
import { DEFAULT_SOCKETS, RoomSockets, SOCKET_LIMITS } from '../../../src/waiting-room/index.ts'
import { people } from '../http/rig.ts'
import { socketRig } from './rig.ts'

test('payloads of any shape are refused with a reason, and the connection stays', async (t) => {
  const { connect, asks, until, pass } = await socketRig(t)
  const client = await connect('v1')
  const garbage = [
    undefined,
    null,
    true,
    1.5,
    '',
    'a b',
    '../1',
    [],
    ['1'],
    [{ eventId: '1' }],
    {},
    { eventId: null },
    { eventId: {} },
    { eventId: ['1'] },
    { eventId: 'x'.repeat(65) },
    { eventId: '__proto__ ' },
    { eventId: Buffer.from('1') },
    Buffer.from('1'),
  ]
  for (const name of ['join-queue', 'join-event', 'leave-queue', 'leave-event']) {
    for (const payload of garbage) {
      const answer = await asks(client, name, payload)
      assert.deepEqual([answer.ok, answer.code], [false, 'bad_event'], `${name} ${JSON.stringify(payload)}`)
    }
    // Nothing but the acknowledgement; and then not even that.
    assert.equal((await asks(client, name)).code, 'bad_event')
    client.socket.emit(name)
    await until('the error', () => client.last('queue-error')?.code === 'bad_event')
    client.frames.length = 0
    await pass(10_000)
  }
  client.socket.emit('no such event', 1, 2, 3)
  assert.equal((await asks(client, 'join-queue', { eventId: '1' }, 'more', {})).ok, true)
})

test('a payload of a megabyte ends that connection, and no other', async (t) => {
  const { connect, asks, until } = await socketRig(t)
  const other = await connect('v2')
  for (const payload of [{ eventId: 'x'.repeat(1_000_000) }, Buffer.alloc(1_000_000)]) {
    const client = await connect('v1')
    client.socket.emit('join-queue', payload)
    await until('the end', () => client.reason !== '')
  }
  assert.equal((await asks(other, 'join-queue', { eventId: '1' })).ok, true)
})

test('packets that are no Socket.IO end that connection', async (t) => {
  const { connect, asks, until, pass } = await socketRig(t)
  const other = await connect('v2')
  const broken = ['', '2{', '2["join-queue"', '9', '2[]', '2["connect"]', '2["disconnecting"]', '999-[]', '0']
  for (const packet of broken) {
    const client = await connect('v1')
    // Below the client's own encoding.
    client.socket.io.engine.write(packet)
    await until(`the end after ${packet}`, () => client.reason !== '')
  }
  // An event without a name, and one whose attachment never comes: nothing happens.
  for (const packet of ['2', '51-["join-queue",{"_placeholder":true,"num":0}]']) {
    const client = await connect('v1')
    client.socket.io.engine.write(packet)
    await pass(5_000)
    client.socket.disconnect()
  }
  assert.equal((await asks(other, 'join-queue', { eventId: '1' })).ok, true)
})

test('a socket asks only so often', async (t) => {
  const { connect, asks, until, pass } = await socketRig(t)
  const client = await connect('v1')
  const answers: { ok: boolean; code?: string; retryAfterMs?: number }[] = []
  for (let i = 0; i <= SOCKET_LIMITS.asksPerTenSeconds; i++)
    client.socket.emit('leave-queue', { eventId: '1' }, (answer: { ok: boolean }) => answers.push(answer))
  await until('all answers', () => answers.length > SOCKET_LIMITS.asksPerTenSeconds)
  assert.equal(answers.filter(({ ok }) => ok).length, SOCKET_LIMITS.asksPerTenSeconds)
  assert.ok(
    answers.some(({ code, retryAfterMs }) => code === 'too_many_requests' && Number(retryAfterMs) > 0),
  )
  await pass(10_000)
  assert.equal((await asks(client, 'leave-queue', { eventId: '1' })).ok, true)
  for (let i = 0; i < 400; i++) client.socket.emit('leave-queue', { eventId: '1' })
  await until('the end', () => client.reason === 'io server disconnect')
})

test('a socket listens to so many events', async (t) => {
  const { connect, asks } = await socketRig(t)
  const client = await connect('v1')
  for (let i = 0; i < SOCKET_LIMITS.eventsPerSocket; i++)
    assert.equal((await asks(client, 'join-queue', { eventId: `e${i}` })).ok, true)
  assert.equal((await asks(client, 'join-queue', { eventId: 'one-more' })).code, 'too_many_events')
  await asks(client, 'leave-queue', { eventId: 'e0' })
  assert.equal((await asks(client, 'join-queue', { eventId: 'one-more' })).ok, true)
})

test('unknown events are refused where visitors may not make them', async (t) => {
  const { connect, asks } = await socketRig(t, (deps) => {
    return { ...deps, options: { ...deps.options, autoCreate: false } }
  })
  const client = await connect('v1')
  assert.equal((await asks(client, 'join-queue', { eventId: 'nowhere' })).code, 'unknown_event')
})

test('many sockets of one visitor: the newest stay, the others are told so, and other visitors get in', async (t) => {
  const { open, sockets, until, connect } = await socketRig(t)
  const clients = people(40).map(() => open('v1'))
  await until('all but five are replaced', () => {
    return clients.filter(({ reason }) => reason === 'io server disconnect').length === 35
  })
  assert.equal(sockets.size, DEFAULT_SOCKETS.perVisitor)
  const gone = clients.filter(({ reason }) => reason !== '')
  assert.ok(gone.every((client) => typeof client.last('session-replaced')?.message === 'string'))
  await connect('v2')
})

test('beyond the bound of all sockets a newcomer is told so; who is inside may come anew', async (t) => {
  const { connect } = await socketRig(t, (deps) => {
    return { ...deps, sockets: { ...deps.sockets, sockets: 3, perVisitor: 1 } }
  })
  for (const visitor of people(3)) await connect(visitor)
  await assert.rejects(
    connect('v4'),
    (error: Error & { data?: { code?: string; retryAfterMs?: number } }) => {
      assert.deepEqual([error.message, error.data?.code], ['Too many connections', 'overloaded'])
      return Number(error.data?.retryAfterMs) > 0
    },
  )
  await connect('v2')
})

test("a host's tokens that cannot be checked right now admit nobody, and say so", async (t) => {
  const { connect } = await socketRig(t, (deps) => {
    return { ...deps, identifyHosted: () => Promise.reject(new Error('no keys')) }
  })
  await connect('v1')
  await assert.rejects(connect('v1', { token: 'of another' }), /not possible right now/)
})

test('while the line is away: asks are refused with a reason, sockets stay, and all goes on by itself', async (t) => {
  const away = { is: false }
  const rig = await socketRig(t, (deps) => {
    const line = Object.create(deps.line) as typeof deps.line
    line.follow = (listener) => deps.line.follow(listener)
    const guarded = <A extends unknown[], R>(run: (...args: A) => Promise<R>) => {
      return async (...args: A): Promise<R> => {
        if (away.is) throw new WeirError('storage_failed', 'the store is away', { retryAfterMs: 2_000 })
        return run(...args)
      }
    }
    line.seen = guarded(deps.line.seen.bind(deps.line))
    line.status = guarded(deps.line.status.bind(deps.line))
    line.snapshot = guarded(deps.line.snapshot.bind(deps.line))
    line.events = guarded(deps.line.events.bind(deps.line))
    return { ...deps, line }
  })
  const { ask, connect, asks, until, engine } = rig
  for (const visitor of people(13)) await ask('POST', '/api/queue/check/1', visitor)
  const before = await connect('v11')
  await asks(before, 'join-queue', { eventId: '1' })
  away.is = true
  await until('it is said', () => before.last('queue-error')?.code === 'storage_failed')
  const meanwhile = await connect('v12')
  const { retryAfterMs, ...refused } = await asks(meanwhile, 'join-queue', { eventId: '1' })
  assert.deepEqual(
    [refused, retryAfterMs],
    [{ ok: false, code: 'storage_failed', error: refused.error }, 2_000],
  )
  assert.match(String(refused.error), /the store is away/)
  await rig.pass(20_000)
  assert.equal(before.all('queue-error').length, 1, 'said once')
  assert.deepEqual([...before.all('queue-entry-allowed'), ...meanwhile.all('queue-entry-allowed')], [])
  await ask('POST', '/api/queue/done/1', 'v1')
  await engine.line.admit('1', 10)
  away.is = false
  await until('the call', () => before.last('queue-entry-allowed') !== undefined)
  await until('the place of who came meanwhile', () => meanwhile.last('session-restored')?.ticket === 12)
  await until('frames', () => meanwhile.last('queue-updated')?.serving === 11)
})

test('S1: stop tells every client, closes so that it comes again, and lets nobody new in', async (t) => {
  const rig = await socketRig(t)
  for (const visitor of people(11)) await rig.ask('POST', '/api/queue/check/1', visitor)
  const clients = [await rig.connect('v11'), await rig.connect('v12')]
  let stopped = 0
  for (let i = 0; i < 2; i++) void rig.sockets.stop().then(() => stopped++)
  await rig.until('stopped', () => stopped === 2)
  await rig.until('all ends', () => clients.every(({ reason }) => reason !== ''))
  for (const client of clients) {
    assert.equal(client.reason, 'transport close')
    assert.ok(Number(client.last('server-stopping')?.retryAfterMs) > 0)
  }
  assert.equal(rig.sockets.size, 0)
  const late = rig.open('v13')
  await rig.until('the refusal', () => late.error !== undefined)
  rig.sockets.start(rig.app.server)
  await new RoomSockets({
    ...rig.deps,
    flows: { eta: rig.deps.flows.eta, flow: () => undefined },
    sockets: DEFAULT_SOCKETS,
  }).stop()
  assert.equal((await rig.engine.line.status('1', 'v11')).state, 'waiting')
})
