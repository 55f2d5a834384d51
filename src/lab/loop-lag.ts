/**
 * How late this process's event loop comes: a timer of 10 ms that is looked at when it fires. What happens in the
 * process is noted as late as that at most.
 *
 * Owns a timer between `start` and `stop`.
 */
import type { Clock } from '../core/index.ts'
import { Histogram, type LatencySummary } from './histogram.ts'

const TICK_MS = 10

export class LoopLag {
  readonly #clock: Clock
  #lag = new Histogram()
  #worst = 0
  #cancel: (() => void) | undefined

  constructor(clock: Clock) {
    this.#clock = clock
  }

  start(): void {
    const due = this.#clock.now() + TICK_MS
    this.#cancel = this.#clock.after(TICK_MS, () => {
      const lateMs = this.#clock.now() - due
      this.#lag.record(lateMs)
      this.#worst = Math.max(this.#worst, lateMs)
      this.start()
    })
  }

  stop(): void {
    this.#cancel?.()
  }

  reset(): void {
    this.#lag = new Histogram()
  }

  /** The latest since this was asked before, milliseconds. */
  worstSince(): number {
    const worst = this.#worst
    this.#worst = 0
    return worst
  }

  /** Milliseconds. */
  summary(): LatencySummary {
    return this.#lag.summary()
  }
}
