/** Making and checking outcomes and verdicts. */
import { type FailureKind, LIMITS, type Outcome, type Verdict } from '../core/index.ts'
import type { Backend } from './backend.ts'

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
      return storable(outcome)
    case 'rejected':
      return storable({ ...outcome, reason: String(outcome.reason) })
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

/** The work is done and stays so; what cannot be written down of its result must not stand in the way of that. */
function storable<O extends Extract<Outcome, { kind: 'done' | 'rejected' }>>(outcome: O): O {
  if (outcome.result === undefined) return outcome
  try {
    // A function or a symbol has no JSON at all: parsing nothing throws, as it should here.
    return { ...outcome, result: JSON.parse(JSON.stringify(outcome.result) ?? '') }
  } catch {
    return { ...outcome, result: 'the processor returned a result that is no JSON' }
  }
}

/** The same verdict with an error text of bounded length. */
export function bounded(verdict: Verdict): Verdict {
  if (!('error' in verdict) || verdict.error.length <= LIMITS.errorLength) return verdict
  return { ...verdict, error: verdict.error.slice(0, LIMITS.errorLength) }
}

/**
 * An attempt that an outage ended is not one of the message's failures: once the breaker has found the back end to be
 * away, what comes back "unavailable" or "overloaded" is retried after the pause without being counted.
 */
export function spared(
  outcome: Outcome,
  backend: Pick<Backend, 'breaker' | 'opensAt'>,
  retryDelayMs: number,
  now: number,
): Outcome {
  if (outcome.kind !== 'failed' || outcome.retryAfterMs !== undefined) return outcome
  if (outcome.failure !== 'unavailable' && outcome.failure !== 'overloaded') return outcome
  if (backend.breaker !== 'open') return outcome
  return { ...outcome, retryAfterMs: Math.max(retryDelayMs, backend.opensAt() - now) }
}
