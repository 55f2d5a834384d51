/**
 * What this process has done, by type, for the time when there is no ledger: the processes tell each other their
 * tallies, and the sum is what `counts` shows. Counters only grow; gauges are read when asked.
 */
import { LIMITS, type MessageType } from '../../core/index.ts'
import { NO_COUNTS, type StateCounts } from '../../queue/index.ts'

/** Of one type in one process, since its start. All but the last two only grow. */
export interface Tally {
  readonly accepted: number
  readonly done: number
  readonly rejected: number
  readonly expired: number
  /** Put among the dead letters, taken from there to be retried, and deleted there. */
  readonly died: number
  readonly retried: number
  readonly deleted: number
  readonly departed: number
  /** Sent into a delay, and come out of one. */
  readonly delayedIn: number
  readonly delayedOut: number
  readonly inFlight: number
  /** Delivered by the broker and not handed out. */
  readonly buffered: number
}

export type Tallies = Readonly<Record<MessageType, Tally>>

type Counter = Exclude<keyof Tally, 'buffered'>

const ZERO: Tally = {
  accepted: 0,
  done: 0,
  rejected: 0,
  expired: 0,
  died: 0,
  retried: 0,
  deleted: 0,
  departed: 0,
  delayedIn: 0,
  delayedOut: 0,
  inFlight: 0,
  buffered: 0,
}

export class OwnTallies {
  readonly #byType = new Map<MessageType, Record<Counter, number>>()

  constructor(types: readonly MessageType[]) {
    for (const type of types) this.#byType.set(type, { ...ZERO })
  }

  count(type: MessageType, counter: Counter, by = 1): void {
    let tally = this.#byType.get(type)
    if (!tally) {
      // Dead letters may be of types that were abolished; there are few of them, and a bound all the same.
      if (this.#byType.size >= LIMITS.pageSize) return
      tally = { ...ZERO }
      this.#byType.set(type, tally)
    }
    tally[counter] += by
  }

  /** `buffered`: how many lie in this process, by type. */
  read(buffered: (type: MessageType) => number): Tallies {
    const read: Record<MessageType, Tally> = {}
    for (const [type, tally] of this.#byType) read[type] = { ...tally, buffered: buffered(type) }
    return read
  }
}

/** Adds up what processes have told. */
export function sum(all: readonly Tallies[]): Map<MessageType, Tally> {
  const total = new Map<MessageType, Tally>()
  for (const tallies of all) {
    for (const [type, tally] of Object.entries(tallies)) total.set(type, plus(total.get(type) ?? ZERO, tally))
  }
  return total
}

function plus(a: Tally, b: Tally): Tally {
  const keys = Object.keys(ZERO) as (keyof Tally)[]
  return Object.fromEntries(keys.map((key) => [key, a[key] + (b[key] ?? 0)])) as unknown as Tally
}

/** What must be waiting in the broker if every message was counted. */
export function expectedWaiting(tally: Tally): number {
  const { accepted, retried, done, rejected, expired, died, delayedIn, delayedOut, inFlight, buffered } =
    tally
  const elsewhere =
    done + rejected + expired + died + Math.max(0, delayedIn - delayedOut) + inFlight + buffered
  return Math.max(0, accepted + retried - elsewhere)
}

/** `waiting`: messages in the broker's queues of the type that nobody has. */
export function countsFrom(tally: Tally, waiting: number): StateCounts {
  // Processes whose tallies are not known any more can make a difference negative; less than none there is not.
  const left = (came: number, gone: number) => Math.max(0, came - gone)
  return {
    ...NO_COUNTS,
    accepted: tally.accepted,
    ready: waiting + tally.buffered,
    inFlight: tally.inFlight,
    delayed: left(tally.delayedIn, tally.delayedOut),
    done: tally.done,
    rejected: tally.rejected,
    dead: left(tally.died, tally.retried + tally.deleted),
    expired: tally.expired,
    deleted: tally.deleted,
    departed: tally.departed,
  }
}
