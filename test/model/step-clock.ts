/**
 * A clock for comparing with the model: time moves first, then everything due runs at that very moment. The engine
 * may put off a sweep by some milliseconds (`slackMs`); timers due within those run now, so that the model need not
 * know about them. Moments of the test must lie further apart than that.
 */
import type { Clock } from '../../src/core/index.ts'

export class StepClock implements Clock {
  readonly #timers = new Set<{ readonly at: number; readonly run: () => void }>()
  #now = 1_700_000_000_000

  now(): number {
    return this.#now
  }

  after(delayMs: number, run: () => void): () => void {
    const timer = { at: this.#now + delayMs, run }
    this.#timers.add(timer)
    return () => this.#timers.delete(timer)
  }

  /** Time passes and no timer runs: the process was suspended, or is late. */
  jump(ms: number): void {
    this.#now += ms
  }

  /** Runs what is due, and what that makes due; `settle` waits for the work a timer began. */
  async ring(slackMs: number, settle: () => Promise<unknown>): Promise<void> {
    for (;;) {
      const due = [...this.#timers].filter(({ at }) => at <= this.#now + slackMs)
      if (due.length === 0) return
      for (const timer of due) if (this.#timers.delete(timer)) timer.run()
      await settle()
    }
  }

  /** As at the end of a process: nobody is woken any more. */
  clear(): void {
    this.#timers.clear()
  }
}
