/**
 * L3, judged from outside: who surely held a place at the same time. A place is held from the moment its visitor heard
 * of it until the visitor gave it back or the pass ended; what happened on the way to or from the visitor is not
 * counted, so a room that keeps its promise is never accused.
 *
 * When the n-th of those who hold a place now was let in, the other n − 1 held theirs already. So n may not be over the
 * highest threshold in force between the moment when that visitor was last known to wait and now. A raised threshold
 * may be heard of after the first one let in by it: a suspicion is judged only some seconds later.
 */

import type { RoomFindings } from './findings.ts'
import type { LineSeen } from './history.ts'

/** Frames come every second; a slow room sends them later. */
export const HEARSAY_MS = 10_000
/** Changes of the threshold that are remembered; what is older concerns nobody any more. */
const CAPS = 1_000
export const SUSPICIONS = 1_000

interface Suspicion {
  readonly at: number
  /** The visitor was waiting at this moment. */
  readonly since: number
  readonly visitor: string
  readonly count: number
}

export class HeldPlaces {
  readonly #findings: RoomFindings
  /** What the operator says that it is; what the room says is then not believed. */
  readonly #fixed: number | undefined
  /** Visitor to the earliest moment at which the place may have ended. */
  readonly #held = new Map<string, number>()
  readonly #caps: { readonly at: number; readonly cap: number }[] = []
  readonly #suspicions: Suspicion[] = []
  #most = 0

  constructor(findings: RoomFindings, fixed: number | undefined) {
    this.#findings = findings
    this.#fixed = fixed
  }

  /** The most visitors who held a place at once, as far as they know. */
  get most(): number {
    return this.#most
  }

  has(visitor: string): boolean {
    return this.#held.has(visitor)
  }

  line({ at, cap }: LineSeen): void {
    if (this.#caps.at(-1)?.cap !== cap) this.#caps.push({ at, cap })
    if (this.#caps.length > CAPS) this.#caps.shift()
    this.#judge(at)
  }

  /** `since`: when the visitor was last known to wait. */
  take(visitor: string, at: number, since: number, until: number | null): void {
    const isNew = !this.#held.has(visitor)
    this.#held.set(visitor, until ?? Number.POSITIVE_INFINITY)
    if (!isNew) return
    const cap = this.#highest(since, at)
    if (this.#held.size > Math.min(this.#most, cap)) this.#expire(at)
    const count = this.#held.size
    this.#most = Math.max(this.#most, count)
    if (count <= cap) return
    if (this.#suspicions.length < SUSPICIONS) this.#suspicions.push({ at, since, visitor, count })
  }

  release(visitor: string): void {
    this.#held.delete(visitor)
  }

  /** Nothing more will be heard. */
  finish(): void {
    this.#judge(Number.POSITIVE_INFINITY)
  }

  #expire(at: number): void {
    for (const [visitor, until] of this.#held) if (until <= at) this.#held.delete(visitor)
  }

  #judge(now: number): void {
    while (this.#suspicions[0] && this.#suspicions[0].at + HEARSAY_MS < now) {
      const one = this.#suspicions.shift()
      if (!one) return
      const cap = this.#highest(one.since, one.at + HEARSAY_MS)
      // No threshold was ever told: there is nothing to judge by.
      if (cap === Number.NEGATIVE_INFINITY || one.count <= cap) continue
      const says = `${one.visitor} is number ${one.count} inside at once, and the threshold is ${cap}`
      this.#findings.add('over_admission', one.at, says)
    }
  }

  /** In force at any moment from `from` to `to`; −∞ when none is known. */
  #highest(from: number, to: number): number {
    if (this.#fixed !== undefined) return this.#fixed
    let highest = Number.NEGATIVE_INFINITY
    for (const [i, { at, cap }] of this.#caps.entries()) {
      const end = this.#caps[i + 1]?.at ?? Number.POSITIVE_INFINITY
      if (at <= to && end >= from) highest = Math.max(highest, cap)
    }
    // Heard of for the first time only afterwards.
    return highest === Number.NEGATIVE_INFINITY ? (this.#caps[0]?.cap ?? highest) : highest
  }
}
