/**
 * Messages that the ledger has in flight and nobody holds: their process is gone, or lost its connection, and they wait
 * in the broker again. The ledger learns it only when they are taken once more, which may be never while nobody works;
 * until then they would look like work that is being done. What the processes of the fleet hold tells how many they
 * are.
 *
 * Both sides are up to a second old, so under load they always differ a little; only a difference that lasts counts.
 */
import type { MessageType } from '../../core/index.ts'
import type { StateCounts } from '../../queue/index.ts'
import type { Tally } from './tallies.ts'

/** Reports come once a second, and so do the counts of others. */
const WINDOW_MS = 1_500

/** The least that was seen in a stretch of time, and in the one before it. */
interface Least {
  readonly since: number
  /** When it was looked at last. */
  at: number
  now: number
  readonly before: number
}

export class Strays {
  readonly #least = new Map<MessageType, Least>()

  /** To be told at least once a second. `held`: by all processes; undefined while they are not heard. */
  note(
    now: number,
    counts: ReadonlyMap<MessageType, StateCounts>,
    held: ReadonlyMap<MessageType, Tally> | undefined,
  ): void {
    if (!held) return this.#least.clear()
    for (const [type, { inFlight }] of counts) {
      const seen = Math.max(0, inFlight - (held.get(type)?.inFlight ?? 0))
      const least = this.#least.get(type)
      // Two looks with a standstill of this process between them are no stretch.
      if (!least || now - least.at >= WINDOW_MS)
        this.#least.set(type, { since: now, at: now, now: seen, before: 0 })
      else if (now - least.since < WINDOW_MS)
        Object.assign(least, { at: now, now: Math.min(least.now, seen) })
      else this.#least.set(type, { since: now, at: now, now: seen, before: least.now })
    }
  }

  /** The same messages, these counted as ready. `own`: what this process holds is in flight for certain. */
  asReady(
    counts: ReadonlyMap<MessageType, StateCounts>,
    own: (type: MessageType) => number,
  ): ReadonlyMap<MessageType, StateCounts> {
    const told = new Map(counts)
    for (const [type, { now, before }] of this.#least) {
      const one = counts.get(type)
      const strays = Math.min(now, before, Math.max(0, (one?.inFlight ?? 0) - own(type)))
      if (one && strays > 0) {
        told.set(type, { ...one, ready: one.ready + strays, inFlight: one.inFlight - strays })
      }
    }
    return told
  }
}
