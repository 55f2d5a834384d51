/** Random moves, grouped at random, from two processes: the book is the model's, and its counters its records'. */
import assert from 'node:assert/strict'
import { after, before, describe, test } from 'node:test'
import { type Move, unaccounted } from '../../../src/queue/index.ts'
import { AT, booked, entry } from '../../conformance/ledger/subject.ts'
import { noRedis, startRedis, type TestRedis } from '../../fixtures/redis.ts'
import { chances, fc, seed } from '../../fixtures/seed.ts'
import { LedgerModel } from '../../model/ledger-model.ts'
import { ledgerSubject } from './rig.ts'

const skip = noRedis()
const cleanups: (() => unknown)[] = []
let redis: TestRedis
before(async () => {
  if (!skip) redis = await startRedis({ cleanup: (run) => cleanups.push(run) })
})
after(async () => {
  for (const run of cleanups.reverse()) await run()
})

const types: Readonly<Record<string, string>> = { a: 'MNP', b: 'MNP', c: 'CHANGE' }
const id = fc.constantFrom(...Object.keys(types))
const round = fc.integer({ min: 0, max: 3 })
const attempt = fc.integer({ min: 0, max: 4 })
const kind = fc.constantFrom(
  // Weighted towards what a life is made of, so that lives go on.
  ...([
    'accepted',
    'taken',
    'taken',
    'taken',
    'ended',
    'moved',
    'moved',
    'ready',
    'requeued',
    'deleted',
  ] as const),
)

const drawn = fc.record({
  kind,
  id,
  round,
  attempt,
  failures: attempt,
  choice: fc.integer({ min: 0, max: 5 }),
})
type Drawn = typeof drawn extends fc.Arbitrary<infer Value> ? Value : never

/** Any move, possible or not; the far-off ones come late, as they do. */
const anyMove = drawn.map(made)

function made({ kind, id, round, attempt, failures, choice }: Drawn): Move {
  const type = types[id] ?? ''
  const at = AT + 20
  switch (kind) {
    case 'accepted':
      return { kind, booked: booked(id, {}, type), round: 0, state: choice < 4 ? 'ready' : 'delayed' }
    case 'taken':
      return { kind, booked: booked(id, {}, type), round, failures, takenAt: AT + 10 }
    case 'ended': {
      const state = (['done', 'rejected', 'expired'] as const)[choice % 3] ?? 'done'
      return { kind, id, type, attempt, state, at }
    }
    case 'moved': {
      const state = choice < 4 ? 'delayed' : 'dead'
      return { kind, id, type, attempt, round, state, failures, at, entry: entry(attempt), error: 'e' }
    }
    case 'ready':
      return { kind, id, type, round, ...(choice < 4 && { entry: entry(attempt, 'released') }) }
    case 'requeued':
      return { kind, id, type, round, at }
    case 'deleted':
      return { kind, id, type }
  }
}

const plan = fc.array(
  fc.record({ moves: fc.array(anyMove, { minLength: 1, maxLength: 6 }), byTheOther: fc.boolean() }),
  { minLength: 1, maxLength: 25 },
)

describe('the ledger in Redis and its model', { skip }, () => {
  test(`random moves, one batch after the other, from two processes (seed ${seed})`, async () => {
    const property = fc.asyncProperty(plan, async (batches) => {
      const ends: (() => unknown)[] = []
      try {
        const subject = await ledgerSubject(redis, { cleanup: (run) => ends.push(run) })
        const other = await subject.rival()
        const model = new LedgerModel()
        for (const { moves, byTheOther } of batches) {
          const told = await (byTheOther ? other : subject.ledger).record(moves)
          const bare = told.map((one) => {
            if (one.kind === 'late') return one
            const { position: _, ...rest } = one
            return rest
          })
          assert.deepEqual(bare, model.record(moves))
        }
        await compare(subject, model)
      } finally {
        for (const run of ends.reverse()) await run()
      }
    })
    await fc.assert(property, chances(60))
  })

  test('the same moves at once, in groups as they come, give the same as one by one', async () => {
    const ends: (() => unknown)[] = []
    try {
      const subject = await ledgerSubject(redis, { cleanup: (run) => ends.push(run) })
      const model = new LedgerModel()
      const sample = fc.sample(fc.array(anyMove, { minLength: 1, maxLength: 4 }), { numRuns: 400, seed })
      // Receipts go their own way and may be late; all else keeps its order however it is grouped.
      const calls = sample.filter((moves) => moves.every((move) => move.kind !== 'accepted'))
      const told = await Promise.all(calls.map((moves) => subject.ledger.record(moves)))
      const wanted = calls.map((moves) => model.record(moves))
      assert.deepEqual(told, wanted)
      await compare(subject, model)
    } finally {
      for (const run of ends.reverse()) await run()
    }
  })
})

async function compare(
  { ledger, advance, recount }: Awaited<ReturnType<typeof ledgerSubject>>,
  model: LedgerModel,
): Promise<void> {
  // Until a process has looked it knows of the other's work only what its own has touched since.
  await advance(1_000)
  const counts = Object.fromEntries(ledger.counts())
  assert.deepEqual(counts, Object.fromEntries(model.counts()))
  for (const [type, counted] of Object.entries(await recount())) {
    const told = counts[type]
    assert.ok(told)
    assert.equal(unaccounted(told), 0)
    assert.deepEqual({ ...told, departed: 0 }, counted)
  }
  for (const [id, record] of model.records) {
    const found = await ledger.find(id)
    if (!record.booked || record.state === 'deleted') {
      assert.equal(found, undefined)
      continue
    }
    const { state, attempt, failures, error, history } = record
    const said = found?.history.map(({ attempt, outcome }) => [attempt, outcome])
    assert.deepEqual(
      [found?.state, found?.attempt, found?.failures, found?.error, said],
      [state, attempt, failures, error, history.map(({ attempt, outcome }) => [attempt, outcome])],
    )
  }
}
