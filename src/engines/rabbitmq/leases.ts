/**
 * Who holds what: every message handed out by this process and not yet settled.
 *
 * - Q3: an id is out at most once here; between processes the broker sees to that, which never delivers an
 *   unanswered copy to a second one while the first is connected.
 * - Q4: a settle counts only with the attempt that is current, and takes the lease with it.
 * - A lease ends with the connection its message came on: the broker gives that message to somebody else.
 */
import type { MessageType } from '../../core/index.ts'
import type { Lease, TakeRequest } from '../../queue/index.ts'
import type { Parcel } from './source.ts'

export interface Leased {
  readonly parcel: Parcel
  readonly lease: Lease
  readonly type: MessageType
  readonly takenAt: number
  readonly leaseUntil: number
  /** What follows when nobody settles it. */
  readonly policy: Pick<TakeRequest, 'maxRetries' | 'retryDelayMs'>
  /** Further copies of the same message that came meanwhile; they end with it. */
  readonly twins: Parcel[]
}

/** Attempts of lost leases that are remembered, so that a number never comes twice. */
const REMEMBERED = 10_000

export class Leases {
  readonly #byId = new Map<string, Leased>()
  /** Ids whose settle is being carried out: not free yet, and not to be settled again. */
  readonly #settling = new Map<string, Leased>()
  readonly #lastAttempts = new Map<string, number>()

  get size(): number {
    return this.#byId.size + this.#settling.size
  }

  holder(id: string): Leased | undefined {
    return this.#byId.get(id) ?? this.#settling.get(id)
  }

  /** The number of the next attempt, when the copy itself tells that there were so many before. */
  attemptAfter(id: string, before: number): number {
    return Math.max(before, this.#lastAttempts.get(id) ?? 0) + 1
  }

  add(leased: Leased): void {
    this.#byId.set(leased.lease.id, leased)
    this.#lastAttempts.delete(leased.lease.id)
  }

  /** Q4: the lease, for the one who may settle it, once. Then `settled` or `restore`. */
  claim({ id, attempt }: Lease): Leased | undefined {
    const leased = this.#byId.get(id)
    if (leased?.lease.attempt !== attempt) return undefined
    this.#byId.delete(id)
    this.#settling.set(id, leased)
    return leased
  }

  settled(leased: Leased): void {
    if (this.#settling.get(leased.lease.id) === leased) this.#settling.delete(leased.lease.id)
  }

  /** Its settle could not be carried out. False when the lease has been lost meanwhile. */
  restore(leased: Leased): boolean {
    const { id } = leased.lease
    if (this.#settling.get(id) !== leased) return false
    this.#settling.delete(id)
    this.#byId.set(id, leased)
    return true
  }

  /** Claims those that have run out. */
  runOut(now: number): Leased[] {
    const over = [...this.#byId.values()].filter(({ leaseUntil }) => leaseUntil <= now)
    for (const { lease } of over) this.claim(lease)
    return over
  }

  nextEndAt(): number {
    let at = Number.POSITIVE_INFINITY
    for (const { leaseUntil } of this.#byId.values()) if (leaseUntil < at) at = leaseUntil
    return at
  }

  /** The connection is gone: all of them are void, and their numbers are used up. Answers those that were out. */
  void(): Leased[] {
    const lost = [...this.#byId.values()]
    for (const { lease } of [...lost, ...this.#settling.values()]) this.#remember(lease)
    this.#byId.clear()
    this.#settling.clear()
    return lost
  }

  #remember({ id, attempt }: Lease): void {
    this.#lastAttempts.delete(id)
    this.#lastAttempts.set(id, attempt)
    const [oldest] = this.#lastAttempts.keys()
    if (this.#lastAttempts.size > REMEMBERED && oldest !== undefined) this.#lastAttempts.delete(oldest)
  }
}
