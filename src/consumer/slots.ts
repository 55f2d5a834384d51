/**
 * How many messages of a type may be in work at once: the concurrency, below it what the back end bears (see `aimd.ts`)
 * and what the scaler opened.
 */
import { AdaptiveLimit } from './aimd.ts'

/** Verdicts the store may owe us before nothing new is started. */
const UNSETTLED_FLOOR = 1_000

export class Slots {
  readonly adaptive: AdaptiveLimit
  #concurrency: number
  #opened = Number.POSITIVE_INFINITY

  constructor(concurrency: number) {
    this.#concurrency = concurrency
    this.adaptive = new AdaptiveLimit(concurrency)
  }

  get concurrency(): number {
    return this.#concurrency
  }

  /** The least of all three. */
  get count(): number {
    return Math.min(this.adaptive.limit, this.#opened)
  }

  change(concurrency: number): void {
    this.adaptive.change(concurrency)
    this.#concurrency = concurrency
  }

  /** At least 1. Infinity, as at the start, leaves the other two, also a concurrency that is set later. */
  open(slots: number): void {
    this.#opened = Math.max(1, slots)
  }

  /**
   * How many may start; negative while a lowered limit is waited for. `running`: with a verdict to come; `unsettled`:
   * verdicts that the store has not taken.
   */
  free(occupied: number, running: number, unsettled: number): number {
    const unsettledBound = Math.max(UNSETTLED_FLOOR, 4 * this.#concurrency)
    return Math.min(this.count - occupied, unsettledBound - unsettled - running)
  }

  /** Nothing but what the scaler opened stands in the way of one more. */
  exhausted(occupied: number): boolean {
    return this.#opened < this.adaptive.limit && occupied >= this.#opened
  }
}
