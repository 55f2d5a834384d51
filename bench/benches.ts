/** Every bench, in the order a full run takes. */
import { queueCore } from './core/bench.ts'
import type { Bench } from './harness/figures.ts'

export const BENCHES: readonly Bench[] = [queueCore]
