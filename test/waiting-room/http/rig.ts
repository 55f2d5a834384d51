/** The room's service over a real embedded line, asked without a network. */
import type { TestContext } from 'node:test'
import { silentLogger } from '../../../src/core/index.ts'
import type { EmbeddedEngine } from '../../../src/engines/embedded/index.ts'
import {
  Accounts,
  buildRoom,
  DEFAULT_DOOR,
  Flows,
  type Identity,
  newPassKey,
  PassSigner,
  type RoomDeps,
  type RoomOptions,
  Sessions,
} from '../../../src/waiting-room/index.ts'
import { embeddedEngine, newDataDir, removeDataDir } from '../../fixtures/embedded.ts'
import { FakeClock } from '../../fixtures/fake-clock.ts'

export interface Answer {
  readonly status: number
  readonly headers: Readonly<Record<string, unknown>>
  // Tests look into answers field by field.
  readonly body: Record<string, unknown>
}

export interface RoomRig {
  readonly clock: FakeClock
  readonly engine: EmbeddedEngine
  readonly deps: RoomDeps
  readonly app: ReturnType<typeof buildRoom>
  tokenOf(visitor: string, role?: Identity['role']): string
  /** `as`: a visitor, whose token goes along; `@ops` is an admin. */
  ask(method: 'GET' | 'POST' | 'PUT' | 'PATCH', url: string, as?: string, body?: unknown): Promise<Answer>
}

export async function roomRig(t: TestContext, options: Partial<RoomOptions> = {}): Promise<RoomRig> {
  const clock = new FakeClock()
  const dataDir = newDataDir()
  const engine = embeddedEngine(dataDir, clock)
  await engine.start()
  let made = 0
  const sessions = new Sessions('kT9#vQ2!mZ7@pL4$xR8%nB3^wY6&cD1*', 3_600_000)
  const deps: RoomDeps = {
    line: engine.line,
    flows: new Flows(),
    passes: new PassSigner('https://room.example', [newPassKey(clock.now())], () => `p-${++made}`),
    sessions,
    accounts: new Accounts(engine.effects, () => `u-${++made}`),
    clock,
    random: () => 0.5,
    logger: silentLogger,
    newSecret: () => 'ab'.repeat(32),
    options: {
      autoCreate: true,
      door: { ...DEFAULT_DOOR, cap: 10 },
      ticketsPerAddress: 0,
      loginsPerAddress: 0,
      trustProxy: [],
      ...options,
    },
  }
  const app = buildRoom(deps)
  t.after(async () => {
    await app.close()
    await engine.stop()
    removeDataDir(dataDir)
  })
  const tokenOf: RoomRig['tokenOf'] = (visitor, role = 'user') =>
    sessions.issue({ visitor, email: `${visitor}@b.c`, name: visitor, role }, clock.now())
  return {
    clock,
    engine,
    deps,
    app,
    tokenOf,
    async ask(method, url, as, body) {
      const token = as === undefined ? undefined : tokenOf(as, as === '@ops' ? 'admin' : 'user')
      const response = await app.inject({
        method,
        url,
        ...(token !== undefined && { headers: { authorization: `Bearer ${token}` } }),
        ...(body !== undefined && { payload: body as object }),
      })
      const json = response.body === '' ? {} : (response.json() as Record<string, unknown>)
      return { status: response.statusCode, headers: response.headers, body: json }
    },
  }
}

export const people = (count: number): string[] => Array.from({ length: count }, (_, i) => `v${i + 1}`)
