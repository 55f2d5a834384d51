/** A real waiting room on the loopback: embedded line, HTTP, sockets and processor by the real clock; only small. */
import type { AddressInfo } from 'node:net'
import type { TestContext } from 'node:test'
import { idMaker, realClock, realRandom } from '../../../src/app/index.ts'
import { fineClock } from '../../../src/cli/proof.ts'
import { silentLogger } from '../../../src/core/index.ts'
import { type RoomLoadOptions, type RoomLoadReport, runRoomLoad } from '../../../src/lab/index.ts'
import {
  Accounts,
  buildRoom,
  DEFAULT_DOOR,
  DEFAULT_SOCKETS,
  type DoorSettings,
  Flows,
  type Identity,
  type LineEngine,
  LineProcessor,
  newPassKey,
  PassSigner,
  type Registered,
  type RoomDeps,
  RoomSockets,
  Sessions,
} from '../../../src/waiting-room/index.ts'
import { embeddedEngine, newDataDir, removeDataDir } from '../../fixtures/embedded.ts'

export const ADMIN = { email: 'ops@room.example', password: 'Operator-4711' }

/** Accounts whose passwords are not hashed: a hundred hashes take longer than the test that they are not of. */
class QuickAccounts extends Accounts {
  readonly #known = new Map<string, Identity>()

  override async register({ email }: { email?: unknown }): Promise<Registered> {
    const identity = {
      visitor: `visitor-${this.#known.size + 1}`,
      email: `${email}`,
      name: 'x',
      role: 'user',
    } as const
    this.#known.set(identity.email, identity)
    return { kind: 'registered', identity }
  }

  override async login(email: unknown): Promise<Identity | undefined> {
    return this.#known.get(`${email}`)
  }
}

export interface LiveRoom {
  readonly url: string
  /** The true one, whatever the room was made to say. */
  readonly line: LineEngine
  readonly processor: LineProcessor
  readonly sockets: RoomSockets
}

export interface LiveRoomOptions {
  readonly door?: Partial<DoorSettings>
  readonly intervalMs?: number
  readonly loginsPerAddress?: number
  /** Passwords are hashed, as in earnest; otherwise logging in costs nothing. */
  readonly hashing?: boolean
  /** What the room's service is given in place of the line, to make it lie. */
  readonly line?: (line: LineEngine) => LineEngine
}

export async function liveRoom(t: TestContext, options: LiveRoomOptions = {}): Promise<LiveRoom> {
  const { door = {}, intervalMs = 300, loginsPerAddress = 0, hashing = false } = options
  const cleanups: (() => unknown)[] = []
  t.after(async () => {
    for (const run of cleanups.reverse()) await run()
  })
  const dataDir = newDataDir()
  cleanups.push(() => removeDataDir(dataDir))
  const engine = embeddedEngine(dataDir, realClock, { host: 'worker' })
  await engine.start()
  cleanups.push(() => engine.stop())
  const clock = realClock
  const newId = idMaker(clock)
  const flows = new Flows()
  const deps: RoomDeps = {
    ...{ flows, clock, random: realRandom, logger: silentLogger },
    line: options.line?.(engine.line) ?? engine.line,
    passes: new PassSigner('https://room.example', [newPassKey(clock.now())], newId),
    sessions: new Sessions('kT9#vQ2!mZ7@pL4$xR8%nB3^wY6&cD1*', 3_600_000),
    accounts: new (hashing ? Accounts : QuickAccounts)(engine.effects, newId),
    newSecret: () => 'ab'.repeat(32),
    options: {
      autoCreate: true,
      door: { ...DEFAULT_DOOR, ...door },
      ...{ ticketsPerAddress: 0, loginsPerAddress, trustProxy: [] },
    },
  }
  if (hashing) await deps.accounts?.ensureAdmin(ADMIN.email, ADMIN.password)
  const app = buildRoom(deps)
  const sockets = new RoomSockets({ ...deps, flows, sockets: DEFAULT_SOCKETS })
  await app.listen({ port: 0, host: '127.0.0.1' })
  cleanups.push(() => app.close())
  sockets.start(app.server)
  cleanups.push(() => sockets.stop())
  const { logger } = deps
  const processor = new LineProcessor({ line: engine.line, clock, logger, intervalMs, admitEarly: false })
  processor.start()
  cleanups.push(() => processor.stop())
  const { port } = app.server.address() as AddressInfo
  return { url: `http://127.0.0.1:${port}`, line: engine.line, processor, sockets }
}

/** A load that begins at once and goes on for as long as it takes; `more` says what of it is another. */
export function loadRoom(
  room: Pick<LiveRoom, 'url'>,
  more: Partial<RoomLoadOptions> = {},
): Promise<RoomLoadReport> {
  return runRoomLoad({
    ...{ url: room.url, event: '1', users: 15, mode: 'join', delayMs: 0, holdMs: 300, durationMs: 120_000 },
    ...{ windowMs: 1_000, share: 0.5, seed: 1, patienceMs: 20_000, checkInvariants: true, keep: false },
    ...{ metricsUrl: `${room.url}/metrics`, clock: fineClock, signal: new AbortController().signal },
    onProgress: () => {},
    ...more,
  })
}

/** The line with some answers changed; everything else is the true one's. */
export function lying(line: LineEngine, lies: Partial<LineEngine>): LineEngine {
  return new Proxy(line, {
    get(target, name) {
      const lie = lies[name as keyof LineEngine]
      if (lie !== undefined) return lie
      const own: unknown = Reflect.get(target, name, target)
      return typeof own === 'function' ? own.bind(target) : own
    },
  })
}
