/** What may be set for one message type. Resolved once at start (settings file, environment, default). */
import type { MessageType } from './message.ts'

export interface TypeSettings {
  readonly name: MessageType
  /** Other spellings accepted on the wire, for example 번호이동 for MNP. */
  readonly aliases: readonly string[]
  /** A built-in processor (`bss:mnp`), or the URL that messages of this type are forwarded to. */
  readonly handler:
    | { readonly kind: 'builtin'; readonly name: string }
    | { readonly kind: 'target'; readonly url: string }
  /** Output pace, messages per second; 0 = no limit. */
  readonly ratePerSecond: number
  /** Messages in the processor's hands at once. */
  readonly concurrency: number
  readonly timeoutMs: number
  /** Failed attempts after the first before a message is a dead letter. */
  readonly maxRetries: number
  /** Pause before the first retry; doubled for each further one, with jitter. */
  readonly retryDelayMs: number
  /** New messages are refused with 429 while the predicted wait is longer; 0 = never. */
  readonly maxBacklogSeconds: number
}

/** What `PATCH /api/types/{type}` may change while running. */
export type TypeChange = Partial<Pick<TypeSettings, 'ratePerSecond' | 'concurrency' | 'maxBacklogSeconds'>>
