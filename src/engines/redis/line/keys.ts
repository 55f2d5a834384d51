/**
 * The names of the line's keys. Operators look at two of them: `queue:<event>` is a sorted set (who waits, by ticket)
 * and `active:<event>` a set (who has a place). The others begin with `weir:line`.
 *
 * With a hash tag all names begin with `weir:{tag}:`, so that a cluster keeps all of them on one node: a script touches
 * those of its event and those of all events in one atomic step, and every one of them is declared.
 */

/** Of one event, in the order in which scripts know them. */
export const EVENT_KEYS = [
  /** Hash: `door` and `state`, words with spaces between. */
  'meta',
  /** Sorted set: who waits, by ticket. */
  'queue',
  /** Set: who is called or inside. */
  'active',
  /** Hash: visitor → the visit, words with spaces between. */
  'visits',
  /** Sorted set: visitor → when the state ends by itself, or the record is forgotten. */
  'due',
  /** Hash: second → admissions, of the last minute. */
  'window',
  /** Hash: the pre-queue's lottery. */
  'draw',
  /** List: who registered, in the order of numbers; gone after the draw. */
  'roster',
] as const

/** Of all events, in the order in which scripts know them, behind those of the event. */
export const SHARED_KEYS = [
  /** Stream: the audit trail, its ids are `<seq>-0`. */
  'audit',
  /** String: the last `seq`. */
  'seq',
  /** Sorted sets: event → `seq` of its last change, and of the last place that came free. */
  'moves',
  'freed',
  /** Stream: calls and clearings, for the other processes to tell their visitors. */
  'calls',
  /** String: nobody counts as absent since before this moment. */
  'present',
  /** Sorted set: event → `seq` of its making. */
  'events',
] as const

type EventKey = (typeof EVENT_KEYS)[number]
type SharedKey = (typeof SHARED_KEYS)[number]

export interface LineKeys {
  shared(key: SharedKey): string
  of(event: string, key: EventKey): string
  /** Everything that a script about one event may touch. */
  all(event: string): string[]
}

/** `hashTag`: '' = the names as operators know them. */
export function lineKeys(hashTag: string): LineKeys {
  // A brace in the name would end the tag early.
  const tag = hashTag.replaceAll('{', '%7B').replaceAll('}', '%7D')
  const before = tag === '' ? '' : `weir:{${tag}}:`
  const own = tag === '' ? 'weir:line' : `${before}line`
  const shared = (key: SharedKey): string => `${own}:${key}`
  const of = (event: string, key: EventKey): string =>
    key === 'queue' || key === 'active' ? `${before}${key}:${event}` : `${own}:${key}:${event}`
  const rest = SHARED_KEYS.map(shared)
  return { shared, of, all: (event) => [...EVENT_KEYS.map((key) => of(event, key)), ...rest] }
}
