/** One running attempt: what the processor is given as its context, and what the lane keeps about it. */
import type { Delivery } from '../queue/index.ts'
import type { ProcessingContext } from './processor.ts'

export class Attempt implements ProcessingContext {
  readonly delivery: Delivery
  readonly startedAt: number
  readonly deadline: number
  /** The breaker's round in which it started. */
  readonly round: number
  /** False once its verdict is given; whatever the processor returns after that is ignored (Q4). */
  open = true
  /**
   * Most processors that are quick never look at the signal, and making one costs as much as the rest of a
   * no-op.
   */
  #controller: AbortController | undefined
  #abortedFor: Error | undefined

  constructor(delivery: Delivery, startedAt: number, timeoutMs: number, round: number) {
    this.delivery = delivery
    this.startedAt = startedAt
    this.deadline = startedAt + timeoutMs
    this.round = round
  }

  get attempt(): number {
    return this.delivery.lease.attempt
  }

  get signal(): AbortSignal {
    if (!this.#controller) {
      this.#controller = new AbortController()
      if (this.#abortedFor) this.#controller.abort(this.#abortedFor)
    }
    return this.#controller.signal
  }

  abort(reason: Error): void {
    this.#abortedFor ??= reason
    this.#controller?.abort(this.#abortedFor)
  }
}
