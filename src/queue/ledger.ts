/**
 * The ledger port: what several processes know together of messages that lie in a broker (their state, their keys, how
 * many there are). The broker owns the messages; the ledger is the book beside it, and never the only place of one.
 *
 * Rules:
 * - A move is atomic and takes the message from whatever state the book has (none included) to the one it names, so
 *   the counters are always those of the records, and a book that missed a move is right again with the next.
 * - `round` tells the copies of one message apart: a retry, a dead letter and an operator's requeue each put a new copy
 *   into the broker, one round higher, confirmed before the book hears of it. A copy of an earlier round, or of the
 *   same round after its end, is late: something newer is safe, and the late one may be dropped (Q4).
 */
import type { JsonValue, Message, MessageType } from '../core/index.ts'
import type { EngineHealth, HistoryEntry, MessageRecord, StateCounts } from './port.ts'

/** What a sender's idempotency key stands for. */
export interface Reservation {
  readonly key: string
  readonly fingerprint: string
  /** The id that the message gets if the key is fresh. */
  readonly id: string
}

export type ReservationResult =
  /** Nobody had the key; it is this message's now. */
  | { readonly kind: 'fresh' }
  /**
   * The same request came before. `acceptedAt` is missing while nobody knows whether the broker has that message:
   * publish it again under `id`; the copies are one message.
   */
  | { readonly kind: 'repeated'; readonly id: string; readonly acceptedAt?: number }
  | { readonly kind: 'reused' }

/** What the book keeps of a message beside its state. */
export interface BookedMessage {
  readonly message: Message
  readonly priority: number
  readonly orderingKey?: string
  readonly idempotencyKey?: string
  readonly acceptedAt: number
  readonly availableAt?: number
  readonly expiresAt?: number
}

export type Move =
  /** The broker has confirmed it. Late when a consumer was faster; then nothing changes but what was missing. */
  | {
      readonly kind: 'accepted'
      readonly booked: BookedMessage
      readonly round: number
      readonly state: 'ready' | 'delayed'
    }
  /** Handed to a consumer. `failures`: as the copy's headers tell, for a book that does not know the message. */
  | {
      readonly kind: 'taken'
      readonly booked: BookedMessage
      readonly round: number
      readonly failures: number
      readonly takenAt: number
    }
  /** Finished by the attempt that `taken` gave. Late when that attempt is not the current one. */
  | {
      readonly kind: 'ended'
      readonly id: string
      readonly type: MessageType
      readonly attempt: number
      readonly state: 'done' | 'rejected' | 'expired'
      readonly at: number
      readonly result?: JsonValue
      readonly error?: string
    }
  /** A new copy, of `round`, is in the broker: waiting for its moment (`delayed`) or among the dead letters. */
  | {
      readonly kind: 'moved'
      readonly id: string
      readonly type: MessageType
      readonly attempt: number
      readonly round: number
      readonly state: 'delayed' | 'dead'
      readonly failures: number
      readonly at: number
      readonly availableAt?: number
      readonly entry: HistoryEntry
      readonly error: string
    }
  /** The same copy waits again: given back, or its delay is over. */
  | {
      readonly kind: 'ready'
      readonly id: string
      readonly type: MessageType
      readonly round: number
      readonly entry?: HistoryEntry
    }
  /** An operator's retry of a dead letter; failures start anew. */
  | {
      readonly kind: 'requeued'
      readonly id: string
      readonly type: MessageType
      readonly round: number
      readonly at: number
    }
  /** An operator deleted the dead letter. */
  | { readonly kind: 'deleted'; readonly id: string; readonly type: MessageType }

/** `attempt` and `failures` as they stand after the move; `taken` counts the attempt. */
export type Recorded =
  | {
      readonly kind: 'recorded'
      readonly attempt: number
      readonly failures: number
      /** 1 = next of its type, by sequence numbers (O(1)); only of `accepted` in state ready. */
      readonly position?: number
    }
  | { readonly kind: 'late' }

export interface Ledger {
  start(): Promise<void>
  stop(): Promise<void>
  health(): EngineHealth
  /** One result per reservation, in order; a key that occurs twice is `repeated` at its second place. */
  reserve(reservations: readonly Reservation[]): Promise<ReservationResult[]>
  /** A publish failed for certain: the keys are free again. */
  release(reservations: readonly Reservation[]): Promise<void>
  /** In order, one result per move; all or nothing as far as faults of the store go. Rejects with `storage_failed`. */
  record(moves: readonly Move[]): Promise<Recorded[]>
  find(id: string): Promise<MessageRecord | undefined>
  /** Of all processes, exact after each `record` of this one, otherwise up to a second old. */
  counts(): ReadonlyMap<MessageType, StateCounts>
  /** Called when other processes have changed the counts. Returns the off switch. */
  onCounts(listener: () => void): () => void
}
