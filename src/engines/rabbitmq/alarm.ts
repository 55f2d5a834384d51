/** One timer for everything of the engine that only time will change: leases, retries kept here, times to live. */
import type { Clock } from '../../core/index.ts'

/** Rings are not closer together than this, however many are set. */
const SHORTEST_MS = 1
const LONGEST_MS = 60_000

export class Alarm {
  readonly #clock: Clock
  readonly #ring: (now: number) => number
  #at = Number.POSITIVE_INFINITY
  #cancel: (() => void) | undefined
  #off = false

  /** `ring` answers when it wants to be rung next; infinity = when somebody says so. */
  constructor(clock: Clock, ring: (now: number) => number) {
    this.#clock = clock
    this.#ring = ring
  }

  /** Rings at `at` at the latest. */
  by(at: number): void {
    if (this.#off || at >= this.#at) return
    this.#cancel?.()
    this.#at = at
    const inMs = Math.max(SHORTEST_MS, Math.min(at - this.#clock.now(), LONGEST_MS))
    this.#cancel = this.#clock.after(inMs, () => {
      this.#at = Number.POSITIVE_INFINITY
      this.by(this.#ring(this.#clock.now()))
    })
  }

  stop(): void {
    this.#off = true
    this.#cancel?.()
  }
}
