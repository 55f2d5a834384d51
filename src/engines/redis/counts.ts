/** The counters of all types as this process knows them: from the answers to its moves, and from a look a second. */
import type { MessageType } from '../../core/index.ts'
import { NO_COUNTS, type StateCounts } from '../../queue/index.ts'
import { COUNTERS } from './record-script.ts'

const NAMES: Record<(typeof COUNTERS)[number], keyof StateCounts> = {
  accepted: 'accepted',
  ready: 'ready',
  in_flight: 'inFlight',
  delayed: 'delayed',
  done: 'done',
  rejected: 'rejected',
  dead: 'dead',
  expired: 'expired',
  deleted: 'deleted',
  departed: 'departed',
}

export class Counts {
  #byType = new Map<MessageType, StateCounts>()

  all(): ReadonlyMap<MessageType, StateCounts> {
    return this.#byType
  }

  /** The second half of the record script's answer: a type and its counters, one after the other. */
  told(reply: readonly unknown[]): void {
    const step = COUNTERS.length + 1
    for (let at = 0; at < reply.length; at += step) {
      const values = COUNTERS.map((name, i) => [NAMES[name], Number(reply[at + 1 + i])])
      this.#byType.set(String(reply[at]), { ...NO_COUNTS, ...Object.fromEntries(values) })
    }
  }

  /** The whole hash, field after value; true when it differs from what was known. */
  seen(hash: readonly unknown[]): boolean {
    const found = new Map<MessageType, { -readonly [K in keyof StateCounts]: number }>()
    for (let at = 0; at < hash.length; at += 2) {
      const field = String(hash[at])
      const colon = field.indexOf(':')
      const name = NAMES[field.slice(0, colon) as (typeof COUNTERS)[number]]
      // Places in line are kept in the same hash.
      if (name === undefined) continue
      const type = field.slice(colon + 1)
      const counts = found.get(type) ?? { ...NO_COUNTS }
      counts[name] = Number(hash[at + 1])
      found.set(type, counts)
    }
    const differs = !same(this.#byType, found)
    this.#byType = found
    return differs
  }
}

function same(a: ReadonlyMap<MessageType, StateCounts>, b: ReadonlyMap<MessageType, StateCounts>): boolean {
  if (a.size !== b.size) return false
  return [...a].every(([type, counts]) => {
    const other = b.get(type)
    return other !== undefined && Object.values(NAMES).every((name) => counts[name] === other[name])
  })
}
