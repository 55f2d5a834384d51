/**
 * What crosses between the line in memory (event loop) and its rows (the store's thread): tuples of primitives, which
 * cost a fifth of objects to copy. Every row is an after-image, so that writing one twice changes nothing.
 */
import type { AdmissionWindow, AuditEntry, DoorSettings } from '../../../waiting-room/index.ts'

/** What is kept of an event beside its visitors and its settings. */
export interface EventState {
  /** The last ticket, or number of a registration, given out. */
  next: number
  serving: number
  epoch: number
  /** Rows of earlier epochs up to this number are void and being deleted. */
  clearedTo: number
  entered: number
  left: number
  done: number
  expired: number
  cleared: number
  departed: number
  missed: number
  window: AdmissionWindow
  draw: StoredDraw | null
}

/** The numbers as they are named above, then window and draw as JSON, null where they are as before. */
export type EventRow = readonly [
  next: number,
  serving: number,
  epoch: number,
  clearedTo: number,
  entered: number,
  left: number,
  done: number,
  expired: number,
  cleared: number,
  departed: number,
  missed: number,
  window: string | null,
  draw: string | null,
]

export function eventRow(
  state: EventState,
  window: EventState['window'] | undefined,
  draw: EventState['draw'] | undefined,
): EventRow {
  return [
    state.next,
    state.serving,
    state.epoch,
    state.clearedTo,
    state.entered,
    state.left,
    state.done,
    state.expired,
    state.cleared,
    state.departed,
    state.missed,
    state.window === window ? null : JSON.stringify(state.window),
    state.draw === draw ? null : JSON.stringify(state.draw),
  ]
}

export interface StoredDraw {
  readonly commitment: string
  readonly secret: string
  readonly first: number
  readonly count: number
  readonly root: string
  /** null until drawn. */
  readonly beacon: string | null
}

export type VisitRow = readonly [
  no: number,
  visitor: string,
  /** 0 = registered and not drawn. */
  ticket: number,
  state: number,
  enteredAt: number,
  until: number,
  hardEnd: number,
  misses: number,
  epoch: number,
]

export type AuditRow = readonly [
  at: number,
  visitor: string | null,
  ticket: number | null,
  from: number | null,
  to: number | null,
  cause: AuditEntry['cause'],
  detail: string | null,
]

/** One step of one event. `chain` counts the writes: one applies only right after the one before it. */
export interface LineWrite {
  readonly chain: number
  readonly event: string
  /** JSON; null = as before. */
  readonly door: string | null
  readonly state: EventRow
  readonly rows: readonly VisitRow[]
  /** Numbers of rows to delete. */
  readonly forgotten: readonly number[]
  readonly audit: readonly AuditRow[]
}

export interface LoadAsk {
  /** Of the event's rows, those after this number. */
  readonly event: string
  readonly after: number
  readonly limit: number
}

/** Columns, because a million rows cross at a start. */
export interface LoadedRows {
  readonly visitors: readonly string[]
  /** Eight numbers a visitor, in the order of `VisitRow` without the name. */
  readonly numbers: Float64Array
}
export const NUMBERS_PER_ROW = 8

export interface LoadedEvent {
  readonly event: string
  readonly door: DoorSettings
  readonly state: EventState
}

/** The operations of the line among those of the store. */
export interface LineOperations {
  /** false: a write before it failed, so this one was not done either. */
  lineWrite: { ask: LineWrite; answer: boolean }
  /** Void chain numbers of before; the next write carries `chain` + 1. */
  lineEvents: { ask: null; answer: { readonly chain: number; readonly events: readonly LoadedEvent[] } }
  lineRows: { ask: LoadAsk; answer: LoadedRows }
  /** Deletes a chunk of what was cleared; answers whether there is more. */
  linePurge: {
    ask: { readonly event: string; readonly epoch: number; readonly upTo: number }
    answer: boolean
  }
  lineAudit: { ask: { readonly after: number; readonly limit: number }; answer: readonly AuditEntry[] }
  /** Deletes a chunk of the audit trail older than `before`; answers whether there is more. */
  lineForget: { ask: { readonly before: number }; answer: boolean }
}

export type LineOperation = {
  [N in keyof LineOperations]: readonly [name: N, ask: LineOperations[N]['ask']]
}[keyof LineOperations]
