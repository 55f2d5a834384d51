/** Any sequence of calls, jumps in time, crashes and restarts: the engine does what the reference model does. */
import { test } from 'node:test'
import { chances, fc } from '../../fixtures/seed.ts'
import { commands } from '../../model/commands.ts'
import { Comparison } from '../../model/compare.ts'

test('Q1–Q5: whatever is done in whatever order, the engine and the reference model agree', async () => {
  await fc.assert(
    fc.asyncProperty(commands, (sequence) => new Comparison().run(sequence)),
    chances(300),
  )
})
