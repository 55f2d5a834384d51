/** Any sequence of calls, passing times, crashes and restarts: the embedded line does what the reference model does. */
import { test } from 'node:test'
import type { EmbeddedEngine } from '../../../../src/engines/embedded/index.ts'
import { crashImage, embeddedEngine, newDataDir, removeDataDir } from '../../../fixtures/embedded.ts'
import { chances, fc } from '../../../fixtures/seed.ts'
import { type LineCommand, lineCommands } from '../../../model/line-commands.ts'
import { LineComparison } from '../../../model/line-compare.ts'
import { StepClock } from '../../../model/step-clock.ts'

async function compared(commands: readonly LineCommand[], everywhere: boolean): Promise<void> {
  const clock = new StepClock()
  let dir = newDataDir()
  let engine: EmbeddedEngine = embeddedEngine(dir, clock)
  const next = async (from: string): Promise<EmbeddedEngine> => {
    await engine.stop()
    if (from !== dir) removeDataDir(dir)
    dir = from
    clock.clear()
    engine = embeddedEngine(dir, clock)
    await engine.start()
    return engine
  }
  try {
    await engine.start()
    const comparison = new LineComparison({
      engine: engine.line,
      now: () => clock.now(),
      advance: (ms) => clock.jump(ms),
      restart: async () => (await next(dir)).line,
      crash: async () => (await next(crashImage(dir))).line,
    })
    await comparison.run(commands, everywhere)
  } finally {
    await engine.stop()
    removeDataDir(dir)
  }
}

test('L1–L5: whatever is done in whatever order, the line and the reference model agree', async () => {
  await fc.assert(
    fc.asyncProperty(lineCommands, (commands) => compared(commands, false)),
    chances(200),
  )
})

test('L4: a crash after every single step, and the line goes on as if nothing had happened', async () => {
  await fc.assert(
    fc.asyncProperty(lineCommands, (commands) => compared(commands.slice(0, 30), true)),
    chances(25),
  )
})
