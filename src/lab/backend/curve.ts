/**
 * How the fragile back end bears load. Pure formulas; `calls` are those inside, `capacity` (C) and `limit` (L > C) are
 * settings.
 *
 *   speed of each call   v = 1                for calls ≤ C
 *                        v = (C ÷ calls)²     beyond
 *   answered at once     with 503             for calls > L
 *   fails in the end     share (calls − C) ÷ (L − C) × 0.5 of those that enter beyond C, after their time, with 500
 *   never answers        share (calls − C) ÷ (L − C) × 0.1 of them
 *
 * A call of unhindered time s among n therefore takes s × (n ÷ C)² while n stays, and what all n get done in a second
 * falls from C ÷ s at capacity to C² ÷ (n × s): half of it at n = 2 C. Throughput that falls while more is let in is
 * the "retrograde" region of the Universal Scalability Law (N. Gunther, "Guerrilla Capacity Planning", 2007). The
 * exponent and the shares are ours and describe no particular system.
 */

export interface Curve {
  /** Calls at once that it bears unhindered. */
  readonly capacity: number
  /** Calls at once beyond which a further one is refused; more than `capacity`. */
  readonly limit: number
}

const FAILING_AT_LIMIT = 0.5
const HANGING_AT_LIMIT = 0.1

/** Progress of each call per unit of time, 1 = unhindered. */
export const speedAt = (calls: number, { capacity }: Curve): number =>
  calls <= capacity ? 1 : (capacity / calls) ** 2

export type Fate = 'serve' | 'fail' | 'hang' | 'refuse'

/** What becomes of a call that finds `calls` inside, itself included; `luck` is uniform in [0, 1). */
export function fateOf(calls: number, { capacity, limit }: Curve, luck: number): Fate {
  if (calls > limit) return 'refuse'
  if (calls <= capacity) return 'serve'
  const strain = (calls - capacity) / (limit - capacity)
  if (luck < strain * FAILING_AT_LIMIT) return 'fail'
  return luck < strain * (FAILING_AT_LIMIT + HANGING_AT_LIMIT) ? 'hang' : 'serve'
}

/** Unhindered service time of a call, ms: uniform from mean × (1 − spread) to mean × (1 + spread). */
export const serviceTimeMs = (meanMs: number, spread: number, luck: number): number =>
  meanMs * (1 + spread * (2 * luck - 1))
