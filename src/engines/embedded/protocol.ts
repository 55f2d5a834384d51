/** What crosses between the engine's front (event loop) and its store (worker thread): plain data only. */
import type { ApplyResult, Effect, MessageType, StoredDocument, Verdict } from '../../core/index.ts'
import type {
  DeadLetterPage,
  MessageRecord,
  Receipt,
  SettleResult,
  StateCounts,
  TakeRequest,
} from '../../queue/index.ts'
import type { LineOperations } from './line/rows.ts'

/**
 * The three hot operations cross as tuples of primitives: measured, an object per message costs five times as much to
 * clone, and cloning was half of the cost of a publish.
 */
export type PublishRow = readonly [
  id: string,
  type: MessageType,
  /** The message as JSON. */
  body: string,
  priority: number,
  orderingKey: string | null,
  availableAt: number | null,
  expiresAt: number | null,
  idempotencyKey: string | null,
  fingerprint: string | null,
]

export interface Published {
  readonly acceptedAt: number
  /** A number for a message newly accepted: its position, 0 = none yet. Anything else is spelled out. */
  readonly receipts: readonly (number | Receipt)[]
}

export type SettleRow = readonly [id: string, attempt: number, kind: Verdict['kind'], verdict: Verdict | null]

export type TakenRow = readonly [
  id: string,
  attempt: number,
  failures: number,
  acceptedAt: number,
  expiresAt: number | null,
  body: string,
]

export interface Taken {
  readonly takenAt: number
  readonly leaseUntil: number
  readonly rows: readonly TakenRow[]
}

export interface DeadLetterQuery {
  readonly type: MessageType | null
  readonly ids: readonly string[] | null
  /** Only letters that died before this moment: what dies again meanwhile is not swept along. */
  readonly diedBefore: number
  readonly limit: number
}

/** Each operation of a batch and what it answers; one batch is one transaction and one sync. */
export interface Operations extends LineOperations {
  publish: { ask: readonly PublishRow[]; answer: Published }
  take: { ask: TakeRequest; answer: Taken }
  settle: { ask: readonly SettleRow[]; answer: SettleResult[] }
  /** Runs every timer that is due; answers whether more are due already. */
  sweep: { ask: null; answer: boolean }
  find: { ask: string; answer: MessageRecord | null }
  oldest: { ask: null; answer: Record<MessageType, number> }
  deadLetters: { ask: { type: MessageType | null; limit: number; after: number }; answer: DeadLetterPage }
  requeue: { ask: DeadLetterQuery; answer: number }
  deleteDead: { ask: DeadLetterQuery; answer: number }
  readDocuments: { ask: readonly string[]; answer: (StoredDocument | null)[] }
  appliedEffect: { ask: string; answer: { result: StoredDocument['value'] } | null }
  applyEffect: { ask: Effect; answer: ApplyResult }
  /** Writes and syncs: whether the store works. */
  probe: { ask: null; answer: null }
  /** Counts every row afresh, to hold the tallies against. */
  recount: { ask: null; answer: Record<MessageType, StateCounts> }
}

export type OperationName = keyof Operations
export type Operation = { [N in OperationName]: readonly [name: N, ask: Operations[N]['ask']] }[OperationName]

export interface Batch {
  readonly now: number
  readonly operations: readonly Operation[]
}

export type FaultCode = 'storage_full' | 'storage_failed' | 'internal'

export interface Fault {
  readonly code: FaultCode
  readonly detail: string
}

export interface BatchReply {
  /** One per operation, in order; undefined where `faults` names the operation. */
  readonly answers: readonly unknown[]
  readonly faults: ReadonlyArray<readonly [operation: number, fault: Fault]>
  /** The types whose counts changed. */
  readonly counts: ReadonlyArray<readonly [MessageType, StateCounts]>
  /** When the next timer is due; null = none. */
  readonly nextDueAt: number | null
  /** Free bytes where the data is, when it was looked at. */
  readonly freeBytes: number | null
}
