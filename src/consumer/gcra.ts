/**
 * The pace of a type (Q6): GCRA, the generic cell rate algorithm (ITU-T I.371, "virtual scheduling"). One
 * number, the theoretical time of the next start (`tat`), instead of a window: there is no edge at which
 * two windows' worth of messages may leave together.
 *
 * A start is allowed at `now` when tat ≤ now + τ, and moves tat to max(now, tat) + 1/r. Hence in every
 * window W
 *
 *     N(W) ≤ r·(W + τ) + 1
 *
 * τ absorbs the lateness of timers: a start that comes up to τ late moves nothing, so the rate over a long
 * time is r exactly. A timer that is later than τ costs the excess; the pace never catches up by a burst.
 */

/**
 * τ in milliseconds: timers of an unloaded event loop are 1 to 2 ms late, and pauses of its garbage
 * collector a few.
 */
export const PACE_TOLERANCE_MS = 5

export class Pace {
  /**
   * Moments are kept relative to this one: near 1.7e12 a double resolves 0.0002 ms, too coarse for
   * 100,000/s.
   */
  readonly #origin: number
  /** Milliseconds per start; 0 = no limit. */
  #interval: number
  #tat = 0

  /**
   * `ratePerSecond`: starts per second, 0 = no limit; `now`: milliseconds of the same clock as every later
   * call.
   */
  constructor(ratePerSecond: number, now: number) {
    this.#origin = now
    this.#interval = intervalOf(ratePerSecond)
  }

  /**
   * Starts one when it may start at `now`, and returns 0; otherwise the milliseconds to wait, and nothing
   * changed.
   */
  take(now: number): number {
    if (this.#interval === 0) return 0
    const wait = this.waitMs(now)
    if (wait > 0) return wait
    this.#tat = Math.max(now - this.#origin, this.#tat) + this.#interval
    return 0
  }

  /** Milliseconds until one may start; 0 = now. */
  waitMs(now: number): number {
    if (this.#interval === 0) return 0
    return Math.max(0, this.#tat - (now - this.#origin) - PACE_TOLERANCE_MS)
  }

  /** How many may start by `now + aheadMs`, all taken together; Infinity without a limit. */
  startsWithin(now: number, aheadMs: number): number {
    if (this.#interval === 0) return Number.POSITIVE_INFINITY
    const at = now - this.#origin
    const room = at + aheadMs + PACE_TOLERANCE_MS - Math.max(at, this.#tat)
    return room < 0 ? 0 : Math.floor(room / this.#interval) + 1
  }

  /**
   * Another rate from now on. What is left of the wait for the next start keeps its share of an interval,
   * so that neither a burst nor a long stop follows, however often the rate is changed. Coming from no
   * limit there is no credit: the starts just made without a pace have used it up.
   */
  change(ratePerSecond: number, now: number): void {
    const interval = intervalOf(ratePerSecond)
    const at = now - this.#origin
    if (this.#interval === 0) {
      this.#tat = at + PACE_TOLERANCE_MS
    } else if (interval !== 0) {
      const debt = Math.max(0, this.#tat - at)
      const wait = Math.max(0, debt - PACE_TOLERANCE_MS)
      this.#tat = at + Math.min(debt, PACE_TOLERANCE_MS) + wait * (interval / this.#interval)
    }
    this.#interval = interval
  }
}

function intervalOf(ratePerSecond: number): number {
  if (!Number.isFinite(ratePerSecond) || ratePerSecond < 0) {
    throw new RangeError(`a pace is a number of messages per second, not ${ratePerSecond}`)
  }
  return ratePerSecond === 0 ? 0 : 1000 / ratePerSecond
}
