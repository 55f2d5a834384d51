/** The shapes of the HTTP answers that the client hands out (English wire; times are ISO 8601). */
import type { ErrorCode, FieldFault, JsonObject, JsonValue } from '../core/index.ts'

/** What a producer hands in. */
export interface MessageInput {
  readonly type: string
  readonly content: string
  readonly attributes?: JsonObject
  /** The same key within 24 h is the same message; the client makes one when it is missing. */
  readonly idempotencyKey?: string
  /** Messages of one type and key are handled one after the other, in order. */
  readonly orderingKey?: string
  /** 0 (last) to 9 (first). */
  readonly priority?: number
  readonly delayMs?: number
  readonly ttlMs?: number
}

export interface AcceptedMessage {
  readonly id: string
  readonly type: string
  readonly queue: string
  readonly acceptedAt: string
  /** 1 = next of its type; absent while delayed. */
  readonly position?: number
  readonly etaMs?: number
  /** The idempotency key was seen before: this is the first message. */
  readonly repeated?: boolean
}

/** The fate of one message of a batch, in the order sent. */
export interface BatchItem {
  readonly index: number
  readonly status: 'accepted' | 'refused'
  readonly id?: string
  readonly type?: string
  readonly code?: ErrorCode
  readonly detail?: string
  readonly errors?: readonly FieldFault[]
  readonly retryAfterSeconds?: number
}

export interface BatchAnswer {
  readonly queue: string
  readonly accepted: number
  readonly refused: number
  readonly results: readonly BatchItem[]
}

export interface MessageLife {
  readonly id: string
  readonly type: string
  readonly state: 'ready' | 'held' | 'delayed' | 'in_flight' | 'done' | 'rejected' | 'dead' | 'expired'
  readonly content: string
  readonly attributes?: JsonObject
  readonly attempts: number
  readonly failures: number
  readonly acceptedAt: string
  readonly finishedAt?: string
  readonly result?: JsonValue
  readonly error?: string
  readonly position?: number
  readonly etaMs?: number
  readonly history: readonly {
    readonly attempt: number
    readonly takenAt: string
    readonly endedAt: string
    readonly outcome: string
    readonly error?: string
  }[]
}

export interface Depth {
  readonly ready: number
  readonly inFlight: number
  readonly delayed: number
  readonly dead: number
}

export interface TypeStatus extends Depth {
  readonly oldestAgeMs?: number
  readonly consumers?: number
  readonly inPerSecond: number
  readonly outPerSecond: number
  readonly drainEtaMs?: number
  /** Handed to consumers and not settled yet; absent from older services, as all that is optional here may be. */
  readonly unacknowledged?: number
  readonly running?: number
  readonly concurrencyLimit?: number
  readonly breaker?: 'closed' | 'open' | 'half_open'
  readonly scaling?: ScalingStatus
}

/** Consumer processes of a type, or shares of the slots of one process. */
export interface ScalingStatus {
  readonly wanted: number
  readonly ready: number
  readonly starting: number
  readonly draining: number
  readonly reason: string
}

/** A process that works on the queue. */
export interface MemberStatus {
  readonly id: string
  readonly role: 'all' | 'gateway' | 'consumer'
  readonly host: string
  readonly pid: number
  readonly types: readonly string[]
  readonly running: number
  readonly draining: boolean
  /** 1 = one core busy. */
  readonly cpu?: number
  readonly memoryBytes?: number
  readonly startedAt: string
}

export interface QueueStatus extends Omit<TypeStatus, keyof Depth | 'scaling'> {
  readonly queue: string
  readonly engine?: string
  readonly depth: Depth
  /** Messages of unknown types, kept apart; absent where there is no such place. */
  readonly unrouted?: number
  /** Types that have messages waiting and no consumer. */
  readonly unserved?: readonly string[]
  readonly members?: readonly MemberStatus[]
  readonly types: Readonly<Record<string, TypeStatus>>
}

export interface Outcomes {
  readonly accepted: number
  readonly done: number
  readonly rejected: number
  readonly failed: number
  readonly expired: number
  readonly waiting: number
}

export interface Stats extends Outcomes {
  readonly refused: number
  readonly refusedByCode: Readonly<Record<string, number>>
  readonly types: Readonly<Record<string, Outcomes>>
  readonly startedAt: string
  readonly monitoring: boolean
  readonly queue: string
}

export interface DeadLetterPage {
  readonly items: readonly MessageLife[]
  /** Pass as `after` for the next page; absent on the last. */
  readonly next?: string
}

export interface MonitoringStatus {
  readonly monitoring_status: { readonly monitoring_enabled: boolean; readonly status_text: string }
  readonly system_info: {
    readonly total_messages_processed: number
    readonly messages_by_type: Readonly<Record<string, number>>
    readonly last_processed: string | null
  }
}

export interface MonitoringChange {
  readonly success: boolean
  readonly previous_state: boolean
  readonly current_state: boolean
}

export interface TypeInfo {
  readonly name: string
  readonly aliases: readonly string[]
  readonly handler: string
  readonly ratePerSecond: number
  readonly concurrency: number
  readonly timeoutMs: number
  readonly maxRetries: number
  readonly retryDelayMs: number
  readonly maxBacklogSeconds: number
}
