/** The embedded engine keeps every promise of the port, in line on a fake clock and in its thread on the real one. */
import { setImmediate as turn } from 'node:timers/promises'
import type { Clock } from '../../../src/core/index.ts'
import type { EmbeddedEngine } from '../../../src/engines/embedded/index.ts'
import type { QueueEngine } from '../../../src/queue/index.ts'
import { queueConformance, type Subject, type SubjectContext } from '../../conformance/queue.ts'
import { crashImage, embeddedEngine, newDataDir, removeDataDir } from '../../fixtures/embedded.ts'
import { FakeClock } from '../../fixtures/fake-clock.ts'

const RETENTION_MS = 3_600_000

const realClock: Clock = {
  now: () => performance.timeOrigin + performance.now(),
  after(delayMs, run) {
    const timer = setTimeout(run, delayMs)
    return () => clearTimeout(timer)
  },
}

interface Setting {
  readonly host: 'inline' | 'worker'
  readonly clock: Clock
  readonly tick: () => Promise<void>
  readonly advance?: (ms: number) => Promise<void>
}

async function subject({ cleanup }: SubjectContext, setting: Setting): Promise<Subject> {
  const { host, clock, tick, advance } = setting
  const make = (dir: string): EmbeddedEngine => {
    const engine = embeddedEngine(dir, clock, { host, retentionMs: RETENTION_MS })
    cleanup(() => engine.stop())
    return engine
  }
  const directory = (dir: string): string => {
    cleanup(() => removeDataDir(dir))
    return dir
  }
  const started = async (dir: string): Promise<EmbeddedEngine> => {
    const engine = make(dir)
    await engine.start()
    return engine
  }
  const dir = directory(newDataDir())
  const engine = await started(dir)
  let current = engine
  return {
    engine,
    now: () => clock.now(),
    tick,
    ...(advance && { advance }),
    async restart(): Promise<QueueEngine> {
      await current.stop()
      current = await started(dir)
      return current
    },
    crash: () => started(directory(crashImage(dir))),
    rival: () => make(dir),
    fresh: () => make(directory(newDataDir())),
    effects: engine.effects,
    recount: () => engine.recount(),
    unattended: true,
    heldRecords: true,
    retentionMs: RETENTION_MS,
  }
}

queueConformance('embedded, in line, fake clock', (context) => {
  const clock = new FakeClock()
  const tick = async () => {
    if (clock.nextAt !== undefined) await clock.advance(Math.max(0, clock.nextAt - clock.now()))
  }
  return subject(context, { host: 'inline', clock, tick, advance: (ms) => clock.advance(ms) })
})

queueConformance('embedded, in its thread, real clock', (context) =>
  subject(context, { host: 'worker', clock: realClock, tick: () => turn() }),
)
