/** Any sequence of calls, passing times, crashes and restarts: the embedded line does what the reference model does. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { EmbeddedEngine } from '../../../../src/engines/embedded/index.ts'
import type { VisitorEvent } from '../../../../src/waiting-room/index.ts'
import { crashImage, embeddedEngine, newDataDir, removeDataDir } from '../../../fixtures/embedded.ts'
import { chances, fc } from '../../../fixtures/seed.ts'
import { type LineCommand, lineCommands } from '../../../model/line-commands.ts'
import { LineComparison } from '../../../model/line-compare.ts'
import { StepClock } from '../../../model/step-clock.ts'

/** Every event that the audit trail names; the type forbids gaps. */
const CAUSES: Readonly<Record<Exclude<VisitorEvent, 'draw' | 'clear' | 'renew' | 'forget'>, true>> = {
  register: true,
  enter: true,
  enter_directly: true,
  call: true,
  miss: true,
  back: true,
  claim: true,
  claim_over: true,
  claim_over_for_good: true,
  lease_over: true,
  finish: true,
  leave: true,
  undo: true,
  undo_early: true,
  parked_over: true,
}
const reached = new Set<string>()

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
    for (const cause of comparison.causes) reached.add(cause)
  } finally {
    await engine.stop()
    removeDataDir(dir)
  }
}

test('L1–L5: traces that reach every transition: the line and the reference model agree', async () => {
  // Always the same traces: whether drawn ones reach everything would be a matter of luck.
  await fc.assert(
    fc.asyncProperty(lineCommands, (commands) => compared(commands, false)),
    { seed: 1, numRuns: 100 },
  )
  const missing = Object.keys(CAUSES).filter((cause) => !reached.has(cause))
  assert.deepEqual(missing, [], 'never happened')
})

test('L1–L5: whatever is done in whatever order, the line and the reference model agree', async () => {
  await fc.assert(
    fc.asyncProperty(lineCommands, (commands) => compared(commands, false)),
    chances(100),
  )
})

test('L4: a crash after every single step, and the line goes on as if nothing had happened', async () => {
  await fc.assert(
    fc.asyncProperty(lineCommands, (commands) => compared(commands.slice(0, 30), true)),
    chances(25),
  )
})
