/** What a lane says about its attempts: an event for each, a log line only for those that failed. */
import type { Listener, Logger, MessageType, Outcome, Verdict } from '../core/index.ts'
import type { Settlement } from '../queue/index.ts'
import type { Attempt } from './attempt.ts'
import type { ConsumerEvent } from './events.ts'

/**
 * Business outcomes become labels of metrics; a back end that answers with ever new ones must not grow
 * them.
 */
const LABELS = 32
const LABEL_LENGTH = 64

export class Reporter {
  readonly #type: MessageType
  readonly #processor: string
  readonly #emit: Listener<ConsumerEvent>
  readonly #logger: Logger
  readonly #labels = new Set<string>()

  constructor(type: MessageType, processor: string, emit: Listener<ConsumerEvent>, logger: Logger) {
    this.#type = type
    this.#processor = processor
    this.#emit = emit
    this.#logger = logger
  }

  /** `waitMs` counts from the acceptance, earlier attempts and their pauses included. */
  started(waitMs: number): void {
    this.#emit({ kind: 'started', type: this.#type, waitMs: Math.max(0, waitMs) })
  }

  finished(attempt: Attempt, outcome: Outcome, verdict: Verdict, now: number): void {
    if (verdict.kind === 'released') return
    const label = this.#label(outcome)
    this.#emit({
      kind: 'finished',
      type: this.#type,
      processor: this.#processor,
      status: verdict.kind,
      ...(label === undefined ? {} : { outcome: label }),
      durationMs: now - attempt.startedAt,
    })
    if (outcome.kind !== 'failed' && outcome.kind !== 'dead') return
    const failure = outcome.kind === 'failed' ? outcome.failure : 'dead'
    const fields = { ...this.#fields(attempt), failure, error: outcome.error, verdict: verdict.kind }
    this.#logger.warn(fields, 'An attempt failed')
  }

  hung(attempt: Attempt): void {
    this.#logger.warn(
      this.#fields(attempt),
      'A processor ignores its abort; its slot goes to another message',
    )
  }

  stale({ lease, verdict }: Settlement): void {
    this.#emit({ kind: 'stale_settle', type: this.#type })
    const fields = { messageId: lease.id, type: this.#type, attempt: lease.attempt, verdict: verdict.kind }
    this.#logger.warn(fields, 'The lease was lost before the result came; the result is not used')
  }

  #fields(attempt: Attempt): object {
    return { messageId: attempt.delivery.message.id, type: this.#type, attempt: attempt.attempt }
  }

  /** `result.outcome`, where the processor's result has one. */
  #label(outcome: Outcome): string | undefined {
    if (outcome.kind !== 'done' && outcome.kind !== 'rejected') return undefined
    const { result } = outcome
    if (typeof result !== 'object' || result === null || Array.isArray(result)) return undefined
    const label = result.outcome
    if (typeof label !== 'string' || label.length > LABEL_LENGTH) return undefined
    if (this.#labels.has(label)) return label
    if (this.#labels.size >= LABELS) return undefined
    this.#labels.add(label)
    return label
  }
}
