/**
 * Takes that failed: how long to wait before the next one, and what to say about it. An outage is told when it begins
 * and when it is over, not at every try.
 */
import { type Logger, type MessageType, type Random, WeirError } from '../core/index.ts'

const FIRST_BACK_OFF_MS = 100
const LONGEST_BACK_OFF_MS = 5_000

export class TakeFaults {
  readonly #type: MessageType
  readonly #random: Random
  readonly #logger: Logger
  #failures = 0
  /** Something was told that must be taken back. */
  #isTold = false
  /** Of the last take; undefined when it succeeded. */
  text: string | undefined
  /** No take before this moment. */
  notBefore = 0

  constructor(type: MessageType, random: Random, logger: Logger) {
    this.#type = type
    this.#random = random
    this.#logger = logger
  }

  succeeded(): void {
    if (this.#isTold) this.#logger.info({ type: this.#type }, 'The queue can be read again')
    this.#isTold = false
    this.#failures = 0
    this.text = undefined
  }

  /** Doubled with each failure in a row, half of it random. */
  failed(error: unknown, now: number): void {
    this.#failures += 1
    this.text = error instanceof Error ? error.message : String(error)
    const full = Math.min(LONGEST_BACK_OFF_MS, FIRST_BACK_OFF_MS * 2 ** Math.min(10, this.#failures - 1))
    this.notBefore = now + full / 2 + this.#random() * (full / 2)
    const fields = { type: this.#type, error: this.text }
    if (this.#isTold || isToldElsewhere(error)) {
      this.#logger.debug(fields, 'The queue could not be read; trying again')
    } else {
      this.#isTold = true
      this.#logger.error(fields, 'The queue could not be read; trying until it can')
    }
  }
}

/** Whoever owns the connection says that it is lost, once for all lanes. */
function isToldElsewhere(error: unknown): boolean {
  return error instanceof WeirError && error.code === 'broker_unavailable'
}
