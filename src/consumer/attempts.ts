/**
 * The running attempts of a lane and their deadlines. As the timeout is one per lane, attempts end their
 * time in the order of their starts: one timer for the oldest serves them all, and starting one costs no
 * timer.
 */
import type { Clock } from '../core/index.ts'
import type { Attempt } from './attempt.ts'

/**
 * A processor that ignores its abort keeps its slot this long, and is then taken for hung, or the lane
 * would stop.
 */
export const OVERDUE_MS = 5_000
const SHORTEST_TIMER_MS = 1

export interface AttemptsListener {
  /** The attempt has run out of time and is not counted as running any more; `inFlight` counts it. */
  timedOut(attempt: Attempt, inFlight: number): void
  /** The attempt ignored its abort; its slot is free from now on. */
  hung(attempt: Attempt): void
  /** After any of these. */
  freed(): void
}

export class Attempts {
  readonly #clock: Clock
  readonly #listener: AttemptsListener
  readonly #running = new Set<Attempt>()
  /**
   * Past their deadline, verdict given, and the processor has not returned: the back end still has them.
   */
  readonly #overdue = new Set<Attempt>()
  #cancel: (() => void) | undefined

  constructor(clock: Clock, listener: AttemptsListener) {
    this.#clock = clock
    this.#listener = listener
  }

  /** With a verdict still to come. */
  get running(): number {
    return this.#running.size
  }

  /** In the processor's hands. */
  get occupied(): number {
    return this.#running.size + this.#overdue.size
  }

  add(attempt: Attempt, now: number): void {
    this.#running.add(attempt)
    if (!this.#cancel) this.#arm(attempt.deadline - now)
  }

  /**
   * The processor returned. True when its result is the attempt's verdict, false when it comes too late
   * (Q4).
   */
  returned(attempt: Attempt): boolean {
    if (!attempt.open) {
      this.#overdue.delete(attempt)
      return false
    }
    attempt.open = false
    this.#running.delete(attempt)
    return true
  }

  /** Closes and forgets every running attempt, and aborts it after `each`. Stops the timer. */
  giveUp(each: (attempt: Attempt) => void, reason: Error): void {
    const all = [...this.#running]
    this.#running.clear()
    this.forget()
    for (const attempt of all) {
      attempt.open = false
      each(attempt)
      attempt.abort(reason)
    }
  }

  /** Stops the timer and forgets those whose verdict is given. */
  forget(): void {
    this.#cancel?.()
    this.#cancel = undefined
    this.#overdue.clear()
  }

  #arm(delayMs: number): void {
    this.#cancel = this.#clock.after(Math.max(SHORTEST_TIMER_MS, delayMs), () => this.#check())
  }

  #check(): void {
    this.#cancel = undefined
    const now = this.#clock.now()
    const next = Math.min(this.#expire(now), this.#abandon(now))
    if (next !== Number.POSITIVE_INFINITY && !this.#cancel) this.#arm(next - now)
    this.#listener.freed()
  }

  /** Returns when to look again. */
  #expire(now: number): number {
    for (const attempt of this.#running) {
      if (attempt.deadline > now) return attempt.deadline
      const inFlight = this.#running.size
      attempt.open = false
      this.#running.delete(attempt)
      this.#overdue.add(attempt)
      this.#listener.timedOut(attempt, inFlight)
      attempt.abort(new Error('the processing timeout has passed'))
    }
    return Number.POSITIVE_INFINITY
  }

  #abandon(now: number): number {
    for (const attempt of this.#overdue) {
      if (attempt.deadline + OVERDUE_MS > now) return attempt.deadline + OVERDUE_MS
      this.#overdue.delete(attempt)
      this.#listener.hung(attempt)
    }
    return Number.POSITIVE_INFINITY
  }
}
