/** Making and checking outcomes and verdicts. */
import { type FailureKind, LIMITS, type Outcome, type Verdict } from '../core/index.ts'

export function failed(failure: FailureKind, error: string): Extract<Outcome, { kind: 'failed' }> {
  return { kind: 'failed', failure, error }
}

/** What a throw means: a failed attempt. */
export function thrown(error: unknown): Outcome {
  return failed('error', error instanceof Error ? error.message : String(error))
}

/** Processors are written by others, also in plain JavaScript: what they report is given its shape here. */
export function checked(outcome: Outcome): Outcome {
  switch (outcome?.kind) {
    case 'done':
      return outcome
    case 'rejected':
      return typeof outcome.reason === 'string' ? outcome : { ...outcome, reason: String(outcome.reason) }
    case 'dead':
      return typeof outcome.error === 'string' ? outcome : { ...outcome, error: String(outcome.error) }
    case 'failed': {
      const { failure, retryAfterMs } = outcome
      const failedSo = failed(failure, String(outcome.error))
      return retryAfterMs !== undefined && retryAfterMs >= 0 ? { ...failedSo, retryAfterMs } : failedSo
    }
    default:
      return failed('error', 'the processor returned no outcome')
  }
}

/** The same verdict with an error text of bounded length. */
export function bounded(verdict: Verdict): Verdict {
  if (!('error' in verdict) || verdict.error.length <= LIMITS.errorLength) return verdict
  return { ...verdict, error: verdict.error.slice(0, LIMITS.errorLength) }
}
