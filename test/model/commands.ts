/** Random commands for the queue. Times are multiples of 100 ms, so that every moment is well apart from the next. */
import type { Verdict } from '../../src/core/index.ts'
import type { RetryPolicy } from '../../src/queue/index.ts'
import { fc } from '../fixtures/seed.ts'

export interface PublishSpec {
  readonly type: string
  readonly priority: number
  readonly orderingKey: string | undefined
  readonly delayMs: number | undefined
  readonly ttlMs: number | undefined
  readonly idempotencyKey: string | undefined
  readonly content: string
  /** Use the id of an earlier message (this one, modulo their number). */
  readonly reuse: number | undefined
}

export interface SettleSpec {
  /** Which of all deliveries so far, the latest being 0. */
  readonly pick: number
  /** Added to the attempt: a settle by somebody who never held it. */
  readonly foreign: number
  readonly verdict: Verdict
}

export type DeadQuery =
  | { readonly by: 'all' }
  | { readonly by: 'type'; readonly type: string }
  | { readonly by: 'ids'; readonly picks: readonly number[] }

export type Command =
  | { readonly kind: 'publish'; readonly messages: readonly PublishSpec[] }
  | {
      readonly kind: 'take'
      readonly type: string
      readonly max: number
      readonly leaseMs: number
    }
  | { readonly kind: 'settle'; readonly settles: readonly SettleSpec[] }
  /** Time passes, timers run. */
  | { readonly kind: 'pass'; readonly ms: number }
  /** Time passes, timers are late. */
  | { readonly kind: 'late'; readonly ms: number }
  | { readonly kind: 'requeue'; readonly query: DeadQuery }
  | { readonly kind: 'delete'; readonly query: DeadQuery }
  /** `crash`: nothing is tidied, the next engine opens what lay on the disk. */
  | { readonly kind: 'restart'; readonly crash: boolean }

/** One policy per type, as in the settings: what a take says of it does not change. */
export const POLICIES: Readonly<Record<string, RetryPolicy>> = {
  MNP: { maxRetries: 1, retryDelayMs: 200 },
  CHANGE: { maxRetries: 3, retryDelayMs: 400 },
  TERMINATION: { maxRetries: 0, retryDelayMs: 0 },
}
const type = fc.constantFrom('MNP', 'MNP', 'MNP', 'CHANGE', 'TERMINATION')
/** Every second time; 1 would be never. */
const sometimes = <T>(value: fc.Arbitrary<T>) => fc.option(value, { nil: undefined, freq: 2 })

const publishSpec: fc.Arbitrary<PublishSpec> = fc.record({
  type,
  priority: fc.constantFrom(4, 4, 4, 0, 9),
  orderingKey: sometimes(fc.constantFrom('k1', 'k2')),
  delayMs: fc.constantFrom(undefined, undefined, undefined, 0, 100, 500, 2000),
  ttlMs: fc.constantFrom(undefined, undefined, undefined, 0, 100, 300, 1000, 10_000),
  idempotencyKey: fc.constantFrom(undefined, undefined, undefined, 'i1', 'i2'),
  content: fc.constantFrom('one', 'one', 'other'),
  reuse: fc.constantFrom(undefined, undefined, undefined, undefined, undefined, undefined, 0, 3),
})

const verdict: fc.Arbitrary<Verdict> = fc.oneof(
  { weight: 4, arbitrary: fc.constant<Verdict>({ kind: 'done', result: { ok: true } }) },
  fc.constant<Verdict>({ kind: 'rejected', reason: 'unpaid bill' }),
  {
    weight: 3,
    arbitrary: fc.record({
      kind: fc.constant('retry' as const),
      delayMs: fc.constantFrom(0, 100, 500),
      error: fc.constant('try later'),
      counts: fc.boolean(),
    }),
  },
  { weight: 2, arbitrary: fc.constant<Verdict>({ kind: 'dead', error: 'malformed' }) },
  fc.constant<Verdict>({ kind: 'released' }),
)

const settleSpec: fc.Arbitrary<SettleSpec> = fc.record({
  pick: fc.constantFrom(0, 0, 0, 1, 1, 2, 3, 4, 7),
  foreign: fc.constantFrom(0, 0, 0, 0, 0, 1, -1),
  verdict,
})

const deadQuery: fc.Arbitrary<DeadQuery> = fc.oneof(
  fc.constant<DeadQuery>({ by: 'all' }),
  fc.record({ by: fc.constant('type' as const), type }),
  fc.record({ by: fc.constant('ids' as const), picks: fc.array(fc.nat(12), { maxLength: 4 }) }),
)

const ms = fc.constantFrom(100, 100, 300, 1000, 5000, 60_000, 3_600_000, 86_400_000)

const command: fc.Arbitrary<Command> = fc.oneof(
  {
    weight: 8,
    arbitrary: fc.record({
      kind: fc.constant('publish' as const),
      messages: fc.array(publishSpec, { minLength: 1, maxLength: 4 }),
    }),
  },
  {
    weight: 9,
    arbitrary: fc.record({
      kind: fc.constant('take' as const),
      type,
      max: fc.integer({ min: 1, max: 4 }),
      leaseMs: fc.constantFrom(100, 500, 2000, 300_000),
    }),
  },
  {
    weight: 9,
    arbitrary: fc.record({
      kind: fc.constant('settle' as const),
      settles: fc.array(settleSpec, { minLength: 1, maxLength: 4 }),
    }),
  },
  { weight: 5, arbitrary: fc.record({ kind: fc.constant('pass' as const), ms }) },
  {
    weight: 2,
    arbitrary: fc.record({ kind: fc.constant('late' as const), ms: fc.constantFrom(100, 500, 2000) }),
  },
  { weight: 2, arbitrary: fc.record({ kind: fc.constant('requeue' as const), query: deadQuery }) },
  { weight: 1, arbitrary: fc.record({ kind: fc.constant('delete' as const), query: deadQuery }) },
  { weight: 2, arbitrary: fc.record({ kind: fc.constant('restart' as const), crash: fc.boolean() }) },
)

export const commands: fc.Arbitrary<Command[]> = fc.array(command, { maxLength: 60, size: 'max' })
