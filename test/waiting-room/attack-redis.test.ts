/** The room over a Redis that goes away and comes back: fails closed, goes on by itself, nobody lost, nobody twice. */
import assert from 'node:assert/strict'
import type { AddressInfo } from 'node:net'
import { test } from 'node:test'
import { io, type Socket } from 'socket.io-client'
import { realClock } from '../../src/app/index.ts'
import { silentLogger } from '../../src/core/index.ts'
import { RedisLine } from '../../src/engines/redis/index.ts'
import {
  buildRoom,
  DEFAULT_DOOR,
  DEFAULT_SOCKETS,
  LineProcessor,
  newPassKey,
  PassSigner,
  RoomSockets,
  Sessions,
  unaccountedVisitors,
} from '../../src/waiting-room/index.ts'
import { eventually } from '../fixtures/process.ts'
import { noRedis, startRedis, type TestRedis } from '../fixtures/redis.ts'

const EVENT = 'e'
const CAP = 10
const VISITORS = 60
/** Between two admissions. */
const INTERVAL_MS = 150
/** Nothing here waits for it: a server that is killed hangs up, and at its port nobody answers. */
const CALL_LIMIT_MS = 30_000

interface Answer {
  readonly status: number
  readonly body: Record<string, unknown>
}

async function startRoom(redis: TestRedis) {
  const sessions = new Sessions('kT9#vQ2!mZ7@pL4$xR8%nB3^wY6&cD1*', 3_600_000)
  const line = new RedisLine({
    url: redis.url,
    clock: realClock,
    random: Math.random,
    logger: silentLogger,
    callLimitMs: CALL_LIMIT_MS,
  })
  const processor = new LineProcessor({
    line,
    clock: realClock,
    logger: silentLogger,
    intervalMs: INTERVAL_MS,
    admitEarly: true,
  })
  let made = 0
  const deps = {
    line,
    flows: processor.flows,
    passes: new PassSigner('https://room.example', [newPassKey(realClock.now())], () => `p-${++made}`),
    sessions,
    clock: realClock,
    random: Math.random,
    logger: silentLogger,
    newSecret: () => 'ab'.repeat(32),
    options: {
      autoCreate: false,
      door: DEFAULT_DOOR,
      ticketsPerAddress: 0,
      loginsPerAddress: 0,
      trustProxy: [],
    },
  }
  const app = buildRoom(deps)
  const sockets = new RoomSockets({ ...deps, sockets: DEFAULT_SOCKETS })
  await line.start()
  await line.define(EVENT, { ...DEFAULT_DOOR, cap: CAP })
  await app.listen({ port: 0, host: '127.0.0.1' })
  sockets.start(app.server)
  processor.start()
  const stop = async (): Promise<void> => {
    await sockets.stop()
    await processor.stop()
    await app.close()
    await line.stop()
  }
  const { port } = app.server.address() as AddressInfo
  const tokenOf = (visitor: string): string =>
    sessions.issue({ visitor, email: `${visitor}@b.c`, name: visitor, role: 'user' }, realClock.now())
  const ask = async (visitor: string, path: string): Promise<Answer> => {
    const response = await fetch(`http://127.0.0.1:${port}/api/queue/${path}/${EVENT}`, {
      method: path === 'status' ? 'GET' : 'POST',
      headers: { authorization: `Bearer ${tokenOf(visitor)}` },
    })
    return { status: response.status, body: (await response.json()) as Record<string, unknown> }
  }
  return { line, app, port, tokenOf, ask, stop }
}

type Room = Awaited<ReturnType<typeof startRoom>>

/** Waits at a socket as a page does, claims when it is called, uses the place and is done. */
class Visitor {
  readonly name: string
  readonly ticket: number
  readonly socket: Socket
  /** Of the place, as answered: once. */
  claims = 0
  wasAway = false
  readonly #room: Room
  readonly #finished: () => void
  #isGoing = false

  constructor(room: Room, name: string, ticket: number, finished: () => void) {
    this.name = name
    this.ticket = ticket
    this.#room = room
    this.#finished = finished
    this.socket = io(`http://127.0.0.1:${room.port}`, {
      auth: { token: room.tokenOf(name), eventId: EVENT },
      transports: ['websocket'],
      forceNew: true,
    })
    this.socket.on('connect', () => this.socket.emit('join-queue', { eventId: EVENT }))
    this.socket.on('queue-error', () => {
      this.wasAway = true
    })
    this.socket.on('queue-entry-allowed', () => void this.#goIn())
  }

  /** What is refused while the line is away is asked again: a step that happened all the same is found done. */
  async #goIn(): Promise<void> {
    if (this.#isGoing) return
    this.#isGoing = true
    if (await this.#until('claim', 'admitted')) this.claims++
    if (await this.#until('done', 'done')) this.#finished()
  }

  async #until(step: string, state: string): Promise<boolean> {
    while (this.socket.active) {
      const { status, body } = await this.#room.ask(this.name, step)
      if (status === 200) return body.state === state
      await new Promise((resolve) => setTimeout(resolve, INTERVAL_MS))
    }
    return false
  }
}

const skip = noRedis({ controlled: true })

test('L1, L3, L4: Redis is killed while people go in, is away, and comes back', { skip }, async (t) => {
  const redis = await startRedis({
    cleanup: (run) => t.after(run),
    controlled: true,
    durable: true,
    args: ['--appendfsync', 'always'],
  })
  const room = await startRoom(redis)
  const visitors: Visitor[] = []
  let isStopped = false
  const stop = async (): Promise<void> => {
    if (isStopped) return
    isStopped = true
    for (const { socket } of visitors) socket.disconnect()
    await room.stop()
  }
  t.after(stop)
  // Ten take the places and keep them: the others wait.
  const holders = Array.from({ length: CAP }, (_, i) => `holder-${i}`)
  for (const holder of holders) assert.equal((await room.ask(holder, 'check')).body.admitted, true)
  let finished = 0
  for (let i = 1; i <= VISITORS; i++) {
    const { body } = await room.ask(`v${i}`, 'check')
    assert.equal(body.position, i)
    visitors.push(new Visitor(room, `v${i}`, Number(body.ticket), () => finished++))
  }
  // Observed from beside: whatever happens, no more are inside than may be.
  let most = 0
  const look = async (): Promise<void> => {
    const snapshot = await room.line.snapshot(EVENT).catch(() => undefined)
    if (snapshot) most = Math.max(most, snapshot.counts.ready + snapshot.counts.admitted)
  }
  for (const holder of holders.slice(0, 5)) assert.equal((await room.ask(holder, 'done')).body.state, 'done')
  await eventually(
    () => finished >= 10 || undefined,
    () => 'some have gone through',
  )
  await redis.kill()
  await eventually(
    async () => (await room.ask('v60', 'status')).status === 503 || undefined,
    () => 'it is refused',
  )
  const refused = await room.ask('stranger', 'check')
  assert.deepEqual([refused.status, refused.body.code], [503, 'storage_failed'])
  assert.equal(refused.body.admitted, undefined, 'nobody is let in while nobody can count')
  assert.equal((await fetch(`http://127.0.0.1:${room.port}/ready`)).status, 503)
  assert.equal(
    (await fetch(`http://127.0.0.1:${room.port}/health`)).status,
    200,
    'the process itself is well',
  )
  await eventually(
    () => visitors.every(({ wasAway, claims }) => wasAway || claims > 0) || undefined,
    () => 'everybody who waits is told',
  )
  const before = finished
  await redis.restart()
  await eventually(
    async () => {
      await look()
      return finished === VISITORS || undefined
    },
    () => `all have gone through: ${finished} of ${VISITORS}, ${before} before the outage`,
  )
  await look()
  assert.ok(most <= CAP, `${most} were inside at once`)
  assert.deepEqual([...new Set(visitors.map(({ claims }) => claims))], [1], 'each went in once')
  const { counts } = (await room.line.snapshot(EVENT)) ?? {}
  assert.ok(counts)
  assert.equal(unaccountedVisitors(counts), 0)
  assert.deepEqual([counts.entered, counts.done, counts.admitted], [CAP + VISITORS, VISITORS + 5, 5])
  // The trail tells the rest: one ticket each, and called in the order of tickets.
  const called: number[] = []
  const tickets = new Map<string, Set<number>>()
  for (let after = 0; ; ) {
    const entries = await room.line.audit(after, 100)
    for (const { cause, ticket = 0, visitor = '', seq } of entries) {
      after = seq
      if (cause === 'call') called.push(ticket)
      if (visitor !== '') tickets.set(visitor, (tickets.get(visitor) ?? new Set()).add(ticket))
    }
    if (entries.length === 0) break
  }
  assert.deepEqual(
    called,
    called.toSorted((a, b) => a - b),
  )
  assert.equal(called.length, VISITORS, 'nobody was called twice')
  assert.ok([...tickets.values()].every(({ size }) => size === 1))
  assert.deepEqual(
    visitors.map(({ name }) => [...(tickets.get(name) ?? [])][0]),
    visitors.map(({ ticket }) => ticket),
  )
  await stop()
  await eventually(
    () =>
      process.getActiveResourcesInfo().filter((name) => name === 'TCPSocketWrap').length <= 1 || undefined,
    () => `no connection is left: ${process.getActiveResourcesInfo()}`,
  )
})
