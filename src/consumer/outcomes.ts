/** Making and checking outcomes and verdicts. */
import { type FailureKind, LIMITS, type Outcome, type Verdict } from '../core/index.ts'

export function failed(failure: FailureKind, error: string): Outcome {
  return { kind: 'failed', failure, error }
}

/** What a throw means: a failed attempt. */
export function thrown(error: unknown): Outcome {
  return failed('error', error instanceof Error ? error.message : String(error))
}

/** Processors are written by others, also in plain JavaScript. */
export function checked(outcome: Outcome): Outcome {
  switch (outcome?.kind) {
    case 'done':
    case 'rejected':
    case 'failed':
    case 'dead':
      return outcome
    default:
      return failed('error', 'the processor returned no outcome')
  }
}

/** The same verdict with an error text of bounded length. */
export function bounded(verdict: Verdict): Verdict {
  if (!('error' in verdict) || verdict.error.length <= LIMITS.errorLength) return verdict
  return { ...verdict, error: verdict.error.slice(0, LIMITS.errorLength) }
}
