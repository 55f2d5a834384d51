/** What a verdict asks of the broker and of the book. Pure. */
import type { JsonValue, Verdict } from '../../core/index.ts'
import type { HistoryEntry, Move } from '../../queue/index.ts'
import type { Leased } from './leases.ts'
import type { Copy } from './wire.ts'

export type Order =
  /** Finished: acknowledge. */
  | {
      readonly kind: 'end'
      readonly state: 'done' | 'rejected' | 'expired'
      readonly result?: JsonValue
      readonly error?: string
    }
  /** A new copy, then acknowledge the old one. */
  | {
      readonly kind: 'copy'
      readonly to: 'delayed' | 'dead'
      readonly copy: Copy
      readonly delayMs: number
      readonly entry: HistoryEntry
      readonly error: string
    }
  /** Kept in this process until its moment, because it keeps the turn of its ordering key (Q5). */
  | {
      readonly kind: 'hold'
      readonly dueAt: number
      readonly failures: number
      readonly entry: HistoryEntry
      readonly error: string
    }
  | { readonly kind: 'release'; readonly entry: HistoryEntry }

export type CopyOrder = Extract<Order, { kind: 'copy' }>

const EXPIRED = 'its time to live ended before it could be tried again'

/** `lost`: the verdict is what follows from a lease that ran out. */
export function orderFor(leased: Leased, verdict: Verdict, now: number, lost: boolean): Order {
  switch (verdict.kind) {
    case 'done':
      return { kind: 'end', state: 'done', ...(verdict.result !== undefined && { result: verdict.result }) }
    case 'rejected':
      return {
        kind: 'end',
        state: 'rejected',
        error: verdict.reason,
        ...(verdict.result !== undefined && { result: verdict.result }),
      }
    case 'released':
      return { kind: 'release', entry: entryOf(leased, now, 'released') }
    case 'dead': {
      const entry = entryOf(leased, now, lost ? 'lease_lost' : 'dead', verdict.error)
      const failures = leased.parcel.failures + 1
      const copy = { ...next(leased, failures, entry), error: verdict.error, diedAt: now }
      return { kind: 'copy', to: 'dead', copy, delayMs: 0, entry, error: verdict.error }
    }
    case 'retry':
      return retry(leased, verdict, now, lost)
  }
}

function retry(
  leased: Leased,
  verdict: Extract<Verdict, { kind: 'retry' }>,
  now: number,
  lost: boolean,
): Order {
  const { delayMs, error, counts } = verdict
  const { parcel } = leased
  const dueAt = now + delayMs
  if (parcel.copy.expiresAt !== undefined && dueAt >= parcel.copy.expiresAt) {
    return { kind: 'end', state: 'expired', error: EXPIRED }
  }
  const failures = parcel.failures + (counts ? 1 : 0)
  const entry = entryOf(leased, now, lost ? 'lease_lost' : 'retry', error)
  if (parcel.source.queue.keyed && parcel.copy.orderingKey !== undefined) {
    return { kind: 'hold', dueAt, failures, entry, error }
  }
  return {
    kind: 'copy',
    to: 'delayed',
    copy: { ...next(leased, failures, entry), dueAt },
    delayMs,
    entry,
    error,
  }
}

function next({ parcel, lease }: Leased, failures: number, entry: HistoryEntry): Copy {
  const { copy } = parcel
  return {
    ...copy,
    round: copy.round + 1,
    attempts: lease.attempt,
    failures,
    history: [...parcel.history, entry],
  }
}

function entryOf(
  { lease, takenAt }: Leased,
  now: number,
  outcome: HistoryEntry['outcome'],
  error?: string,
): HistoryEntry {
  const entry = { attempt: lease.attempt, takenAt, endedAt: now, outcome }
  return error === undefined ? entry : { ...entry, error }
}

/** The same for the book. */
export function moveFor({ lease, type, parcel }: Leased, order: Order, now: number): Move {
  const { id, attempt } = lease
  const about = { id, type }
  switch (order.kind) {
    case 'end': {
      const { state, result, error } = order
      return {
        kind: 'ended',
        ...about,
        attempt,
        state,
        at: now,
        ...(result !== undefined && { result }),
        ...(error !== undefined && { error }),
      }
    }
    case 'copy': {
      const { to, copy, entry, error } = order
      const availableAt = to === 'delayed' && { availableAt: copy.dueAt ?? now }
      const { round, failures } = copy
      return {
        kind: 'moved',
        ...about,
        attempt,
        round,
        state: to,
        failures,
        at: now,
        ...availableAt,
        entry,
        error,
      }
    }
    case 'hold': {
      const { dueAt, failures, entry, error } = order
      const { round } = parcel.copy
      const state = 'delayed'
      return {
        kind: 'moved',
        ...about,
        attempt,
        round,
        state,
        failures,
        at: now,
        availableAt: dueAt,
        entry,
        error,
      }
    }
    case 'release':
      return { kind: 'ready', ...about, round: parcel.copy.round, entry: order.entry }
  }
}
