/**
 * How many messages of a type may be in the processor's hands at once: additive increase, multiplicative
 * decrease on the back end's explicit signs of too much (no answer in time, 429, 503). Latency is not
 * listened to: a queue's consumer has nobody waiting for the answer, so a slow back end is to be used, not
 * avoided.
 *
 * Increase: +1 after as many successes as the limit, and only while at least half of the limit is in use,
 * because a limit that was not reached proves nothing (Netflix concurrency-limits, AIMDLimit).
 *
 * Decrease: ×0.7 (the factor of CUBIC, RFC 9438), once per cool-down: a hundred attempts that fail together are one
 * sign, not a hundred.
 */

const DECREASE = 0.7
const COOL_DOWN_MS = 1_000

export class AdaptiveLimit {
  #max: number
  #limit: number
  #successes = 0
  #deafUntil = Number.NEGATIVE_INFINITY

  /** `max`: the configured concurrency; the limit begins there, since overload is the exception. */
  constructor(max: number) {
    this.#max = checked(max)
    this.#limit = this.#max
  }

  /** Messages at once, an integer from 1 to the configured concurrency. */
  get limit(): number {
    return this.#limit
  }

  /** `inFlight`: attempts that were running when this one ended, itself included. */
  succeeded(inFlight: number): void {
    if (this.#limit >= this.#max || inFlight * 2 < this.#limit) return
    this.#successes += 1
    if (this.#successes < this.#limit) return
    this.#successes = 0
    this.#limit += 1
  }

  /** The back end showed that it has too much. */
  congested(now: number): void {
    if (now < this.#deafUntil) return
    this.#deafUntil = now + COOL_DOWN_MS
    this.#successes = 0
    this.#limit = Math.max(1, Math.floor(this.#limit * DECREASE))
  }

  /** Another concurrency. A limit that was not lowered by the back end follows upwards at once. */
  change(max: number): void {
    const unhindered = this.#limit === this.#max
    this.#max = checked(max)
    this.#limit = unhindered ? this.#max : Math.min(this.#limit, this.#max)
  }
}

function checked(max: number): number {
  if (!Number.isInteger(max) || max < 1)
    throw new RangeError(`a concurrency is an integer from 1, not ${max}`)
  return max
}
