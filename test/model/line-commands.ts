/** Random commands for the line. Times are those of the door, where the ends of things fall, and odd ones between. */

import type { DoorSettings } from '../../src/waiting-room/index.ts'
import { fc } from '../fixtures/seed.ts'

export type LineStep = 'claim' | 'renew' | 'done' | 'leave' | 'undo'

export type LineCommand =
  | { readonly kind: 'enter'; readonly visitors: readonly number[] }
  | { readonly kind: 'admit'; readonly max: number }
  | { readonly kind: 'step'; readonly step: LineStep; readonly visitor: number }
  | { readonly kind: 'seen'; readonly visitors: readonly number[] }
  | { readonly kind: 'pass'; readonly ms: number }
  | { readonly kind: 'change'; readonly change: Partial<DoorSettings> }
  | { readonly kind: 'prequeue' }
  | { readonly kind: 'open'; readonly beacon: string }
  | { readonly kind: 'clear'; readonly active: boolean }
  | { readonly kind: 'restart' }
  | { readonly kind: 'crash' }

export const VISITORS = 7

const visitor = fc.nat(VISITORS - 1)
const some = fc.uniqueArray(visitor, { minLength: 1, maxLength: 5 })

const change: fc.Arbitrary<Partial<DoorSettings>> = fc.oneof(
  fc.record({ cap: fc.constantFrom(0, 1, 2, 3, 5, 20) }),
  fc.record({ ratePerMinute: fc.constantFrom(0, 0, 1, 2, 4) }),
  fc.record({ mode: fc.constantFrom('open' as const, 'open' as const, 'paused' as const) }),
  fc.record({ mode: fc.constantFrom('open' as const, 'draining' as const, 'closed' as const) }),
  fc.record({ claimTries: fc.constantFrom(2, 3), retentionMs: fc.constantFrom(0, 1_100, 40_300) }),
  fc.record({ maxQueued: fc.constantFrom(3, 100) }),
)

const step = fc.record({
  kind: fc.constant('step' as const),
  step: fc.constantFrom<LineStep>('claim', 'claim', 'renew', 'done', 'done', 'leave', 'undo'),
  visitor,
})

const command: fc.Arbitrary<LineCommand> = fc.oneof(
  { weight: 9, arbitrary: fc.record({ kind: fc.constant('enter' as const), visitors: some }) },
  {
    weight: 7,
    arbitrary: fc.record({ kind: fc.constant('admit' as const), max: fc.constantFrom(1, 2, 500) }),
  },
  { weight: 9, arbitrary: step },
  { weight: 7, arbitrary: fc.record({ kind: fc.constant('seen' as const), visitors: some }) },
  {
    weight: 6,
    arbitrary: fc.record({
      kind: fc.constant('pass' as const),
      ms: fc.constantFrom(701, 3_003, 5_000, 11_013, 20_000, 20_001, 30_000, 40_000, 60_000, 200_029),
    }),
  },
  { weight: 4, arbitrary: fc.record({ kind: fc.constant('change' as const), change }) },
  { weight: 1, arbitrary: fc.constant<LineCommand>({ kind: 'prequeue' }) },
  {
    weight: 2,
    arbitrary: fc.record({ kind: fc.constant('open' as const), beacon: fc.constantFrom('', 'b') }),
  },
  { weight: 1, arbitrary: fc.record({ kind: fc.constant('clear' as const), active: fc.boolean() }) },
  { weight: 1, arbitrary: fc.constant<LineCommand>({ kind: 'restart' }) },
  { weight: 1, arbitrary: fc.constant<LineCommand>({ kind: 'crash' }) },
)

export const lineCommands: fc.Arbitrary<LineCommand[]> = fc.array(command, { maxLength: 60, size: 'max' })
