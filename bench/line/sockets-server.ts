/**
 * Child: the room with its sockets over the embedded line, and visitors who wait. At every interval 500 are let in.
 * `naive`: the same line and HTTP service under a plain Socket.IO server that tells everybody his own place at once,
 * as most waiting rooms do it.
 */
import { writeFileSync } from 'node:fs'
import type { AddressInfo } from 'node:net'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { Server } from 'socket.io'
import { idMaker, realClock, realRandom } from '../../src/app/real.ts'
import { silentLogger } from '../../src/core/index.ts'
import {
  buildRoom,
  DEFAULT_SOCKETS,
  LineProcessor,
  newPassKey,
  PassSigner,
  RoomSockets,
  Sessions,
} from '../../src/waiting-room/index.ts'
import { embedded } from '../core/embedded.ts'
import { watchLag } from '../core/lag.ts'
import { answer, childConfig } from '../harness/child.ts'
import { EVENT, PATIENT, visitorId } from './event.ts'

interface Config {
  readonly dataDir: string
  readonly visitors: number
  readonly batch: number
  readonly intervalMs: number
  readonly naive: boolean
}

const { dataDir, visitors, batch, intervalMs, naive } = childConfig<Config>()
const engine = embedded(dataDir, 'worker')
await engine.start()
const { line } = engine
// Nobody goes in before the measuring begins; who was called keeps the place.
const door = { ...PATIENT, mode: 'paused' as const, cap: 1_000_000, claimMs: 3_600_000 }
await line.define(EVENT, door)
const sessions = new Sessions('kT9#vQ2!mZ7@pL4$xR8%nB3^wY6&cD1*', 3_600_000)
const processor = new LineProcessor({
  line,
  clock: realClock,
  logger: silentLogger,
  intervalMs: 3_600_000,
  admitEarly: false,
})
const deps = {
  line,
  flows: processor.flows,
  passes: new PassSigner('https://room.example', [newPassKey(realClock.now())], idMaker(realClock)),
  sessions,
  clock: realClock,
  random: realRandom,
  logger: silentLogger,
  newSecret: () => '00'.repeat(32),
  options: { autoCreate: false, door, ticketsPerAddress: 0, loginsPerAddress: 0, trustProxy: [] },
}
const tokens = Array.from({ length: visitors }, (_, i) =>
  sessions.issue({ visitor: visitorId(i), email: `${i}@b.c`, name: `${i}`, role: 'user' }, realClock.now()),
)
writeFileSync(join(dataDir, 'tokens'), `${tokens.join('\n')}\n`)
for (let i = 0; i < visitors; i++) await line.enter(EVENT, visitorId(i))

/** One for each, with its own place: asked from the line and sent in one go. */
function naiveSockets() {
  const io = new Server({ serveClient: false })
  const visitorOf = new Map<string, string>()
  io.on('connection', (socket) => {
    const { token } = socket.handshake.auth as { token: string }
    visitorOf.set(socket.id, sessions.identify(token, realClock.now())?.visitor ?? '')
    socket.on('join-queue', (_, ack) => ack({ ok: true }))
  })
  let running = true
  const tell = async (): Promise<void> => {
    while (running) {
      await sleep(1_000)
      const ids = [...visitorOf]
      const visits = await Promise.all(ids.map(([, visitor]) => line.status(EVENT, visitor)))
      const queueSize = (await line.snapshot(EVENT))?.frame.waiting ?? 0
      const timestamp = new Date().toISOString()
      for (const [i, [id]] of ids.entries()) {
        const { state, position } = visits[i] ?? { state: 'none', position: 0 }
        if (state === 'ready') io.to(id).emit('queue-entry-allowed', { message: 'Your turn' })
        else io.to(id).emit('queue-updated', { queueSize, position, timestamp })
      }
    }
  }
  let telling = Promise.resolve()
  return {
    start: (server: typeof app.server) => {
      io.attach(server)
      telling = tell()
    },
    stop: async () => {
      running = false
      await telling
      io.disconnectSockets(true)
      io.engine.close()
    },
  }
}

const app = buildRoom(deps)
const sockets = naive ? naiveSockets() : new RoomSockets({ ...deps, sockets: DEFAULT_SOCKETS })
let lag: ReturnType<typeof watchLag> | undefined
let admissions = 0
let admitted = 0
let running = false
let admitting = Promise.resolve()
let cpu = process.cpuUsage()
let began = 0

/** As many at a time, whatever the cap: the processor with the cap as its measure would stop after the first. */
async function admitAll(): Promise<void> {
  while (running) {
    const { called } = await line.admit(EVENT, batch)
    admissions++
    admitted += called.length
    await sleep(intervalMs)
  }
}

app.post('/bench/begin', async () => {
  await line.change(EVENT, { mode: 'open' })
  cpu = process.cpuUsage()
  began = performance.now()
  lag = watchLag()
  running = true
  admitting = admitAll()
  return {}
})
app.post('/bench/end', async () => {
  running = false
  const { maxMs = Number.NaN, p99Ms = Number.NaN } = lag?.stop() ?? {}
  const { user, system } = process.cpuUsage(cpu)
  const cores = (user + system) / 1000 / (performance.now() - began)
  await admitting
  return { maxMs, p99Ms, admissions, admitted, cores, residentMb: process.memoryUsage().rss / 2 ** 20 }
})
await app.listen({ port: 0, host: '127.0.0.1' })
sockets.start(app.server)
processor.start()
answer({ port: (app.server.address() as AddressInfo).port, tokens: join(dataDir, 'tokens') })
process.once('SIGTERM', async () => {
  await processor.stop()
  await sockets.stop()
  await app.close()
  await engine.stop()
  process.exit(0)
})
