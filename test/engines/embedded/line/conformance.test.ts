/** The embedded line keeps every promise of the port, in line on a fake clock and in the store's thread. */
import type { EmbeddedEngine } from '../../../../src/engines/embedded/index.ts'
import type { LineEngine } from '../../../../src/waiting-room/index.ts'
import { type LineContext, type LineSubject, lineConformance } from '../../../conformance/line.ts'
import { crashImage, embeddedEngine, newDataDir, removeDataDir } from '../../../fixtures/embedded.ts'
import { FakeClock } from '../../../fixtures/fake-clock.ts'

async function subject({ cleanup }: LineContext, host: 'inline' | 'worker'): Promise<LineSubject> {
  const clock = new FakeClock()
  const started = async (dir: string): Promise<EmbeddedEngine> => {
    const engine = embeddedEngine(dir, clock, { host })
    cleanup(() => engine.stop())
    await engine.start()
    return engine
  }
  const directory = (dir: string): string => {
    cleanup(() => removeDataDir(dir))
    return dir
  }
  const dir = directory(newDataDir())
  let current = await started(dir)
  return {
    engine: current.line,
    now: () => clock.now(),
    advance: (ms) => clock.advance(ms),
    async restart(): Promise<LineEngine> {
      await current.stop()
      current = await started(dir)
      return current.line
    },
    crash: async () => (await started(directory(crashImage(dir)))).line,
    processors: async () => [current.line],
  }
}

lineConformance('embedded, in line', (context) => subject(context, 'inline'))
lineConformance('embedded, in its thread', (context) => subject(context, 'worker'))
