/** What crosses between the engine's front (event loop) and its store (worker thread): plain data only. */
import type { ApplyResult, Effect, MessageType, StoredDocument } from '../../core/index.ts'
import type {
  DeadLetterPage,
  MessageRecord,
  Receipt,
  Settlement,
  SettleResult,
  StateCounts,
  TakeRequest,
} from '../../queue/index.ts'

/** A message ready to be stored: its body already JSON. */
export interface PublishRow {
  readonly id: string
  readonly type: MessageType
  readonly body: string
  readonly priority: number
  readonly orderingKey: string | null
  readonly availableAt: number | null
  readonly expiresAt: number | null
  readonly idempotencyKey: string | null
  readonly fingerprint: string | null
}

/** A taken message as it crosses threads: flat, its body still JSON, because cloning a tree costs more than parsing. */
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
export interface Operations {
  publish: { ask: readonly PublishRow[]; answer: Receipt[] }
  take: { ask: TakeRequest; answer: Taken }
  settle: { ask: readonly Settlement[]; answer: SettleResult[] }
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
export type Operation = {
  [N in OperationName]: { readonly name: N; readonly ask: Operations[N]['ask'] }
}[OperationName]

export interface Batch {
  readonly now: number
  readonly operations: readonly Operation[]
}

export type FaultCode = 'storage_full' | 'storage_failed' | 'internal'

export type OperationReply =
  | { readonly ok: true; readonly answer: unknown }
  | { readonly ok: false; readonly code: FaultCode; readonly detail: string }

export interface BatchReply {
  readonly replies: readonly OperationReply[]
  /** The types whose counts changed. */
  readonly counts: ReadonlyArray<readonly [MessageType, StateCounts]>
  /** When the next timer is due; null = none. */
  readonly nextDueAt: number | null
  /** Free bytes where the data is, when it was looked at. */
  readonly freeBytes: number | null
}
