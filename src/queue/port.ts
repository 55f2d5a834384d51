/**
 * The queue port: what every engine gives, and nothing else is known of engines. Rooms hold this type; tests run one
 * conformance suite over each engine. Invariants: Q1–Q5 of ARCHITECTURE.md.
 */
import type { JsonValue, Message, MessageType, NewMessage, Verdict } from '../core/index.ts'
import type { MessageState } from './life.ts'

/** What an engine can do beyond the minimum; asked by code and tests, never `instanceof`. */
export interface Abilities {
  readonly priority: boolean
  readonly orderingKey: boolean
  readonly delay: boolean
  readonly idempotency: boolean
  /** `find`, dead-letter listing. */
  readonly browse: boolean
  readonly position: boolean
  /** An id that was accepted before is refused; otherwise ids are as unique as their maker's. */
  readonly uniqueIds: boolean
  /**
   * `counts` is exact after each call and obeys the conservation law. Otherwise it is what the processes of the fleet
   * have told each other up to a second ago, since this process has been listening.
   */
  readonly exactCounts: boolean
}

/** Why a publish would not be taken now. */
export type ClosedCode =
  | 'storage_full'
  | 'storage_failed'
  | 'overloaded'
  | 'broker_unavailable'
  | 'broker_blocked'
  | 'stopping'

export type Receipt =
  | {
      readonly kind: 'accepted'
      readonly id: string
      readonly acceptedAt: number
      /** 1 = next of its type; undefined where the engine cannot tell, or while delayed. */
      readonly position?: number
      /** True when an idempotency key made this the answer to an earlier publish. */
      readonly repeated: boolean
    }
  | { readonly kind: 'refused'; readonly code: 'idempotency_key_reused' | 'duplicate_id' }

/** Names one attempt: a settle counts only while `attempt` is the current one (Q4). */
export interface Lease {
  readonly id: string
  readonly attempt: number
}

export interface Delivery {
  readonly message: Message
  readonly lease: Lease
  /** Counted failures before this attempt. */
  readonly failures: number
  readonly acceptedAt: number
  readonly takenAt: number
  readonly leaseUntil: number
  readonly expiresAt?: number
}

export interface TakeRequest {
  readonly type: MessageType
  readonly max: number
  readonly leaseMs: number
  /** Applied by the engine when the lease runs out unsettled: one more failure, then retry or dead. */
  readonly maxRetries: number
  readonly retryDelayMs: number
}

export interface Settlement {
  readonly lease: Lease
  readonly verdict: Verdict
}

/** `stale`: the lease was lost before; nothing was changed. */
export type SettleResult = 'settled' | 'stale'

export interface StateCounts {
  readonly accepted: number
  /** Waiting for a consumer, those held behind an ordering key included. */
  readonly ready: number
  readonly inFlight: number
  readonly delayed: number
  readonly done: number
  readonly rejected: number
  readonly dead: number
  readonly expired: number
  /** Dead letters that an operator deleted. */
  readonly deleted: number
  /** Hand-outs in all, repeated ones included: a backlog of retries that is worked off is flow as well. */
  readonly departed: number
}

/** Of a type that the queue has never seen. */
export const NO_COUNTS: StateCounts = {
  accepted: 0,
  ready: 0,
  inFlight: 0,
  delayed: 0,
  done: 0,
  rejected: 0,
  dead: 0,
  expired: 0,
  deleted: 0,
  departed: 0,
}

export interface TypeDepth {
  readonly counts: StateCounts
  /** When the oldest ready message was accepted. */
  readonly oldestReadyAt?: number
}

export interface HistoryEntry {
  readonly attempt: number
  readonly takenAt: number
  readonly endedAt: number
  readonly outcome: 'retry' | 'rejected' | 'dead' | 'lease_lost' | 'crashed' | 'released' | 'requeued'
  readonly error?: string
}

/** The life of one message as far as it is known; kept for `RETENTION` after it ends. */
export interface MessageRecord {
  readonly message: Message
  readonly state: MessageState
  readonly priority: number
  readonly orderingKey?: string
  readonly attempt: number
  readonly failures: number
  readonly acceptedAt: number
  readonly availableAt?: number
  readonly expiresAt?: number
  /** First hand-out of the current or last attempt. */
  readonly takenAt?: number
  readonly finishedAt?: number
  readonly result?: JsonValue
  readonly error?: string
  readonly position?: number
  readonly history: readonly HistoryEntry[]
}

export interface DeadLetterPage {
  readonly items: readonly MessageRecord[]
  /** Pass as `after` for the next page; undefined on the last. */
  readonly next?: string
}

export type EngineHealth = { readonly ok: true } | { readonly ok: false; readonly reason: string }

export interface QueueEngine {
  readonly name: string
  readonly abilities: Abilities
  /** Opens the store. Rejects with `data_dir_in_use` and the like. Idempotent. */
  start(): Promise<void>
  /** Waits for what is under way, then closes. Idempotent; a call in flight ends durable or refused. */
  stop(): Promise<void>
  /**
   * One receipt per message, in order, only when all of them are durable (Q1). All or nothing for faults of the store:
   * rejects with a `ClosedCode`.
   */
  publish(messages: readonly NewMessage[]): Promise<Receipt[]>
  /** Up to `max` ready messages of one type, each under a lease (Q3); empty when there is none. */
  take(request: TakeRequest): Promise<Delivery[]>
  /** In the order given; durable when resolved. Rejects as `publish` does, and then nothing was settled. */
  settle(settlements: readonly Settlement[]): Promise<SettleResult[]>
  /** Called with the types that have ready messages, whenever some may have become ready. Returns the off switch. */
  onReady(listener: (types: ReadonlySet<MessageType>) => void): () => void
  /** Counts by type from memory: cheap enough for every request. */
  counts(): ReadonlyMap<MessageType, StateCounts>
  depth(): Promise<ReadonlyMap<MessageType, TypeDepth>>
  find(id: string): Promise<MessageRecord | undefined>
  /** Oldest first. */
  deadLetters(query: { type?: MessageType; limit: number; after?: string }): Promise<DeadLetterPage>
  /** Ready again with a fresh count of failures; `ids` undefined = all (of `type`). Returns how many. */
  retryDeadLetters(query: { ids?: readonly string[]; type?: MessageType }): Promise<number>
  deleteDeadLetters(query: { ids?: readonly string[]; type?: MessageType }): Promise<number>
  health(): EngineHealth
  /** Whether a publish would be taken now; the code is what the caller would get otherwise. */
  accepting(): { readonly ok: true } | { readonly ok: false; readonly code: ClosedCode }
}

/** The conservation law: what came in is somewhere. 0 when it holds. */
export function unaccounted(counts: StateCounts): number {
  const known =
    counts.ready +
    counts.inFlight +
    counts.delayed +
    counts.done +
    counts.rejected +
    counts.dead +
    counts.expired +
    counts.deleted
  return counts.accepted - known
}
