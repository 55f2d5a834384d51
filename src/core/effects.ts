/**
 * The port through which a processor changes state exactly once per message (invariant Q7): documents with versions,
 * and a mark per effect id, both in one atomic step. The embedded engine keeps it beside the queue.
 */
import type { JsonValue } from './message.ts'

export interface StoredDocument {
  readonly key: string
  /** Counts the writes of this key, from 1. */
  readonly version: number
  readonly value: JsonValue
}

export interface DocumentWrite {
  readonly key: string
  /** The version that was read; 0 = must not exist yet. */
  readonly expectedVersion: number
  /** null deletes. */
  readonly value: JsonValue
}

export interface Effect {
  /** The message's id: a second apply with the same id changes nothing. */
  readonly id: string
  /** Kept with the mark and handed back to a repeated attempt. */
  readonly result: JsonValue
  readonly writes: readonly DocumentWrite[]
}

export type ApplyResult =
  | { readonly kind: 'applied' }
  /** An earlier attempt has done it; `result` is what that attempt stored. */
  | { readonly kind: 'already'; readonly result: JsonValue }
  /** Somebody changed `key` since it was read: read again and decide again. */
  | { readonly kind: 'conflict'; readonly key: string }

export interface EffectStore {
  /** In the order of `keys`; undefined where there is none. */
  read(keys: readonly string[]): Promise<(StoredDocument | undefined)[]>
  /** The result stored by an earlier apply of this effect, if any. */
  applied(effectId: string): Promise<{ readonly result: JsonValue } | undefined>
  /** Durable when it resolves. Rejects with `storage_full` or `storage_failed` and has then done nothing. */
  apply(effect: Effect): Promise<ApplyResult>
}
