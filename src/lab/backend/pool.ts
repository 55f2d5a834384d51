/**
 * Calls that share one back end: each gets slower the moment another comes, and faster the moment one leaves
 * (egalitarian processor sharing, L. Kleinrock, "Queueing Systems" vol. 2, 1976, with the speed of the curve).
 *
 * Because all calls progress at the same speed, one running total of progress is enough: a call is through when the
 * total has grown by its service time. A heap gives the next one; one timer waits for it.
 *
 * Owns that timer. Bounded by whoever lets calls in.
 */
import type { Clock } from '../../core/index.ts'

interface Call {
  /** The total progress at which it is through. */
  readonly at: number
  readonly done: () => void
}

/** Rounding of the division below must not leave a call a hair short of its end. */
const HAIR = 1e-6

export class SharingPool {
  readonly #clock: Clock
  readonly #speedAt: (calls: number) => number
  readonly #heap: Call[] = []
  #idlers = 0
  #progress = 0
  #updatedAt: number
  #cancel: (() => void) | undefined

  constructor(clock: Clock, speedAt: (calls: number) => number) {
    this.#clock = clock
    this.#speedAt = speedAt
    this.#updatedAt = clock.now()
  }

  /** Calls inside, those that hang included. */
  get size(): number {
    return this.#heap.length + this.#idlers
  }

  /** Calls `done` when `workMs` of unhindered service have been given. */
  enter(workMs: number, done: () => void): void {
    this.#advance()
    this.#push({ at: this.#progress + workMs, done })
    this.#arm()
  }

  /** Takes a place without ever being through, until the function returned is called. */
  occupy(): () => void {
    this.#advance()
    this.#idlers++
    this.#arm()
    let left = false
    return () => {
      if (left) return
      left = true
      this.#advance()
      this.#idlers--
      this.#arm()
    }
  }

  /** Forgets everyone; nobody's `done` is called any more. */
  clear(): void {
    this.#cancel?.()
    this.#cancel = undefined
    this.#heap.length = 0
  }

  #advance(): void {
    const now = this.#clock.now()
    this.#progress += (now - this.#updatedAt) * this.#speedAt(this.size)
    this.#updatedAt = now
  }

  #arm(): void {
    this.#cancel?.()
    this.#cancel = undefined
    const next = this.#heap[0]
    if (!next) return
    const delayMs = Math.max(0, next.at - this.#progress) / this.#speedAt(this.size)
    this.#cancel = this.#clock.after(delayMs, () => this.#finish())
  }

  #finish(): void {
    this.#cancel = undefined
    this.#advance()
    const through: Call[] = []
    for (let next = this.#heap[0]; next && next.at <= this.#progress + HAIR; next = this.#heap[0]) {
      through.push(next)
      this.#pop()
    }
    this.#arm()
    for (const { done } of through) done()
  }

  #push(call: Call): void {
    const heap = this.#heap
    let index = heap.push(call) - 1
    while (index > 0) {
      const parent = (index - 1) >> 1
      const above = heap[parent]
      if (!above || above.at <= call.at) break
      heap[index] = above
      index = parent
    }
    heap[index] = call
  }

  #pop(): void {
    const heap = this.#heap
    const last = heap.pop()
    if (!last || heap.length === 0) return
    let index = 0
    for (;;) {
      const left = 2 * index + 1
      const right = heap[left + 1]
      const child = right && right.at < (heap[left]?.at ?? Number.POSITIVE_INFINITY) ? left + 1 : left
      const below = heap[child]
      if (!below || below.at >= last.at) break
      heap[index] = below
      index = child
    }
    heap[index] = last
  }
}
