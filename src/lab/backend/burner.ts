/**
 * Burns processor time for calls, in turn and in slices, so that the event loop still answers between them; like any
 * single-threaded server, all calls together get at most one core.
 *
 * Owns one pending `setImmediate` while there is something to burn.
 */
import { createHash } from 'node:crypto'
import type { Clock } from '../../core/index.ts'

const SLICE_MS = 1
const BLOCK = Buffer.alloc(16 * 1024, 7)

interface Burning {
  leftMs: number
  readonly done: () => void
}

export class Burner {
  readonly #clock: Clock
  #queue: Burning[] = []
  #scheduled: NodeJS.Immediate | undefined

  constructor(clock: Clock) {
    this.#clock = clock
  }

  /** Calls `done` when `ms` of processor time have been spent for it; at once when that is none. */
  burn(ms: number, done: () => void): void {
    if (ms <= 0) return done()
    this.#queue.push({ leftMs: ms, done })
    this.#schedule()
  }

  /** Forgets everyone; nobody's `done` is called any more. */
  clear(): void {
    if (this.#scheduled) clearImmediate(this.#scheduled)
    this.#scheduled = undefined
    this.#queue = []
  }

  #schedule(): void {
    this.#scheduled ??= setImmediate(() => {
      this.#scheduled = undefined
      const burning = this.#queue.shift()
      if (!burning) return
      burning.leftMs -= this.#slice(Math.min(SLICE_MS, burning.leftMs))
      if (burning.leftMs > 0) this.#queue.push(burning)
      if (this.#queue.length > 0) this.#schedule()
      if (burning.leftMs <= 0) burning.done()
    })
  }

  /** Hashes until the time is up; gives the time it took. */
  #slice(ms: number): number {
    const began = this.#clock.now()
    let spent = 0
    while (spent < ms) {
      createHash('sha256').update(BLOCK).digest()
      spent = this.#clock.now() - began
    }
    return spent
  }
}
