/** Any sequence of calls, passing times, stops and starts: the line in Redis does what the reference model does. */
import assert from 'node:assert/strict'
import { after, before, describe, test } from 'node:test'
import type { VisitorEvent } from '../../../src/waiting-room/index.ts'
import { noRedis, startRedis, type TestRedis } from '../../fixtures/redis.ts'
import { chances, fc, seed } from '../../fixtures/seed.ts'
import { lineCommands } from '../../model/line-commands.ts'
import { LineComparison } from '../../model/line-compare.ts'
import { movableLine } from './line-rig.ts'

const skip = noRedis()
const cleanups: (() => unknown)[] = []
let redis: TestRedis
before(async () => {
  if (!skip) redis = await startRedis({ cleanup: (run) => cleanups.push(run) })
})
after(async () => {
  for (const run of cleanups.reverse()) await run()
})

async function compared<T>(run: (comparison: LineComparison) => Promise<T>): Promise<T> {
  const ends: (() => unknown)[] = []
  try {
    return await run(new LineComparison(await movableLine(redis, { cleanup: (end) => ends.push(end) })))
  } finally {
    for (const end of ends.reverse()) await end()
  }
}

describe('the line in Redis and its model', { skip }, () => {
  test(`random commands, and a new process every now and then (seed ${seed})`, async () => {
    const causes = new Set<string>()
    const property = fc.asyncProperty(lineCommands, async (commands) => {
      await compared(async (comparison) => {
        await comparison.run(commands)
        for (const cause of comparison.causes) causes.add(cause)
      })
    })
    await fc.assert(property, chances(100))
    // The last try of a claim takes a long trace: the conformance suite has it for certain.
    const all: (VisitorEvent | 'open' | 'clear_all')[] = [
      ...(['register', 'enter', 'enter_directly', 'call', 'miss', 'back', 'claim', 'claim_over'] as const),
      ...(['lease_over', 'finish', 'leave', 'undo', 'parked_over', 'open', 'clear_all'] as const),
    ]
    // A single repeated case, or a few, reach what they reach.
    if (process.env.WEIR_TEST_PATH || process.env.WEIR_TEST_RUNS) return
    assert.deepEqual(
      all.filter((cause) => !causes.has(cause)),
      [],
      'the commands reach everything',
    )
  })

  test('a new process after every single command', async () => {
    const property = fc.asyncProperty(lineCommands, (commands) =>
      compared((comparison) => comparison.run(commands, true)),
    )
    await fc.assert(property, chances(25))
  })
})
