/**
 * The pace of a type is one for all processes (Q6): each consumer lets out its share, the pace divided by the number of
 * processes that the fleet shows at work on the type.
 *
 * A share becomes smaller at once and larger only after it could have been for a while: a process that others have not
 * heard of yet takes nothing of a paced type, one that hears nobody any more does not take over, and a broker that
 * comes back does not find everybody at the full pace.
 */
import type { Clock, MessageType, TypeSettings } from '../core/index.ts'
import type { Fleet, QueueEngine } from '../queue/index.ts'

export interface PaceShareDeps {
  readonly fleet: Pick<Fleet, 'members' | 'speaks' | 'hears'>
  readonly health: QueueEngine['health']
  /** The types that this process works on, as they are now. */
  readonly types: () => readonly Pick<TypeSettings, 'name' | 'ratePerSecond'>[]
  /** Sets the pace of this process's lane. */
  readonly apply: (type: MessageType, ratePerSecond: number) => void
  readonly clock: Clock
}

/** Reports go out once a second. After two of them every other process has made room for this one. */
export const JOIN_MS = 2_500
/** A process that was not heard of for five seconds is gone; the fleet says so. */
export const RAISE_AFTER_MS = 5_000
const TICK_MS = 250

interface Share {
  /** The pace it is a share of; a changed one is obeyed at once. */
  readonly of: number
  members: number
  /** Since when fewer members would do, without interruption. */
  fewerSince: number | undefined
}

/** Owns a timer between `start` and `stop`; both are idempotent (S1). */
export class PaceShare {
  readonly #deps: PaceShareDeps
  readonly #shares = new Map<MessageType, Share>()
  #cancel: (() => void) | undefined
  /** Since when this process takes messages and can tell the others of itself. */
  #knownSince: number | undefined
  /** Since when those who are missing are known to be gone. */
  #hearsSince: number | undefined
  #joined = false

  constructor(deps: PaceShareDeps) {
    this.#deps = deps
  }

  start(): void {
    if (!this.#cancel) this.#tick()
  }

  stop(): void {
    this.#cancel?.()
    this.#cancel = undefined
  }

  /**
   * Whether messages of a type may be taken: without a pace at once, with one when the others know of this process.
   * From then on always: a broker that takes nothing in must not keep anybody from working off what it has.
   */
  mayTake(type: MessageType): boolean {
    if (this.#joined) return true
    const since = this.#knownSince
    this.#joined = since !== undefined && this.#deps.clock.now() - since >= JOIN_MS
    return this.#joined || (this.#deps.types().find(({ name }) => name === type)?.ratePerSecond ?? 0) === 0
  }

  /** Messages per second that this process lets out; 0 = no limit. */
  share(type: MessageType): number {
    const share = this.#shares.get(type)
    return share ? share.of / share.members : 0
  }

  #tick(): void {
    const { health, fleet, types, clock } = this.#deps
    const now = clock.now()
    const isHealthy = health().ok
    this.#knownSince = isHealthy && fleet.speaks() ? (this.#knownSince ?? now) : undefined
    // A broker short of memory passes no reports on, and tells that only to those who send.
    this.#hearsSince = isHealthy && fleet.hears() ? (this.#hearsSince ?? now) : undefined
    for (const { name, ratePerSecond } of types()) this.#adjust(name, ratePerSecond, now)
    this.#cancel = clock.after(TICK_MS, () => this.#tick())
  }

  #adjust(type: MessageType, pace: number, now: number): void {
    const counted = this.#atWork(type)
    const before = this.#shares.get(type)
    if (before === undefined || before.of !== pace) {
      this.#set(type, { of: pace, members: Math.max(counted, before?.members ?? 1), fewerSince: undefined })
    } else if (counted > before.members) {
      this.#set(type, { of: pace, members: counted, fewerSince: undefined })
    } else if (counted === before.members || this.#hearsSince === undefined) {
      before.fewerSince = undefined
    } else {
      before.fewerSince ??= now
      const long = now - Math.max(before.fewerSince, this.#hearsSince) >= RAISE_AFTER_MS
      if (long) this.#set(type, { of: pace, members: counted, fewerSince: undefined })
    }
  }

  #set(type: MessageType, share: Share): void {
    this.#shares.set(type, share)
    if (share.of > 0) this.#deps.apply(type, share.of / share.members)
    else this.#deps.apply(type, 0)
  }

  #atWork(type: MessageType): number {
    let count = 0
    for (const { draining, lanes } of this.#deps.fleet.members()) {
      if (!draining && lanes.some((lane) => lane.type === type)) count += 1
    }
    return Math.max(1, count)
  }
}
