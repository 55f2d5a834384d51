/**
 * How an attempt at a message can end. Closed unions, not exceptions: the compiler shows who forgot a case.
 */
import type { JsonValue } from './message.ts'

/** Why an attempt failed; what the breaker and the adaptive limit listen to. */
export type FailureKind =
  /** The processor or the back end said no, for a reason that may pass. */
  | 'error'
  /** No answer within the processing timeout. */
  | 'timeout'
  /** The back end said 429: too much. */
  | 'overloaded'
  /** The back end said 503 or could not be reached. */
  | 'unavailable'

/** What a processor reports. */
export type Outcome =
  | { readonly kind: 'done'; readonly result?: JsonValue }
  /** A business refusal: final, not an error (unpaid bill, duplicate order). */
  | { readonly kind: 'rejected'; readonly reason: string; readonly result?: JsonValue }
  /** May work later. `retryAfterMs`: the back end asked for this pause; the attempt then does not count. */
  | {
      readonly kind: 'failed'
      readonly failure: FailureKind
      readonly error: string
      readonly retryAfterMs?: number
    }
  /** Will never work (malformed for this processor): straight to the dead letters. */
  | { readonly kind: 'dead'; readonly error: string }

/** What the consumer tells the queue: the outcome after the retry policy has spoken. */
export type Verdict =
  | { readonly kind: 'done'; readonly result?: JsonValue }
  | { readonly kind: 'rejected'; readonly reason: string; readonly result?: JsonValue }
  /** Ready again after `delayMs`. `counts`: whether it is one of the message's failures. */
  | { readonly kind: 'retry'; readonly delayMs: number; readonly error: string; readonly counts: boolean }
  | { readonly kind: 'dead'; readonly error: string }
  /** Given back untouched (the consumer is stopping): ready at once, in its old place. */
  | { readonly kind: 'released' }
