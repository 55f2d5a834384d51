/** What follows a failed attempt. Pure; the consumer asks it, and an engine when a lease runs out. */
import type { Outcome, Random, Verdict } from '../core/index.ts'

export interface RetryPolicy {
  readonly maxRetries: number
  readonly retryDelayMs: number
}

/** Doubling stops here: ten minutes is long enough for a back end to be mended, short enough to notice that it was. */
const LONGEST_DELAY_MS = 600_000

/**
 * Milliseconds before retry number `retry` (1 = first): exponential with "equal jitter", half fixed and half random, so
 * that messages that failed together do not come back together, and none comes back at once.
 * Source: M. Brooker, "Exponential Backoff And Jitter", AWS Architecture Blog, 2015.
 */
export function retryDelayMs(policy: RetryPolicy, retry: number, random: Random): number {
  const full = Math.min(LONGEST_DELAY_MS, policy.retryDelayMs * 2 ** (retry - 1))
  return Math.round(full / 2 + random() * (full / 2))
}

/** The verdict for an outcome, given the counted failures before this attempt. */
export function verdictFor(
  outcome: Outcome,
  failuresBefore: number,
  policy: RetryPolicy,
  random: Random,
): Verdict {
  switch (outcome.kind) {
    case 'done':
    case 'rejected':
    case 'dead':
      return outcome
    case 'failed': {
      if (outcome.retryAfterMs !== undefined && outcome.retryAfterMs > 0) {
        // The back end asked for time (0 is none, and would come back at once for ever). That says nothing about
        // the message, so it costs the message nothing.
        const jitter = 1 + random() * 0.2
        const delayMs = Math.min(LONGEST_DELAY_MS, Math.round(outcome.retryAfterMs * jitter))
        return { kind: 'retry', delayMs, error: outcome.error, counts: false }
      }
      const failures = failuresBefore + 1
      if (failures > policy.maxRetries) return { kind: 'dead', error: outcome.error }
      return {
        kind: 'retry',
        delayMs: retryDelayMs(policy, failures, random),
        error: outcome.error,
        counts: true,
      }
    }
  }
}
