/** Takes that failed: how long to wait before the next one, and what to say about it. */
import type { Random } from '../core/index.ts'

const FIRST_BACK_OFF_MS = 100
const LONGEST_BACK_OFF_MS = 5_000

export class TakeFaults {
  readonly #random: Random
  #failures = 0
  /** Of the last take; undefined when it succeeded. */
  text: string | undefined
  /** No take before this moment. */
  notBefore = 0

  constructor(random: Random) {
    this.#random = random
  }

  succeeded(): void {
    this.#failures = 0
    this.text = undefined
  }

  /** Doubled with each failure in a row, half of it random. */
  failed(error: unknown, now: number): string {
    this.#failures += 1
    const text = error instanceof Error ? error.message : String(error)
    const full = Math.min(LONGEST_BACK_OFF_MS, FIRST_BACK_OFF_MS * 2 ** Math.min(10, this.#failures - 1))
    this.notBefore = now + full / 2 + this.#random() * (full / 2)
    this.text = text
    return text
  }
}
