/**
 * What the lanes in front of one back end share: its circuit breaker and the pause it asked for by
 * `Retry-After`. Two types that are forwarded to the same host therefore stop and probe together.
 */
import type { Clock, Listener, Logger, Outcome, Random } from '../core/index.ts'
import {
  admits,
  BREAKER_RULES,
  type BreakerRules,
  type BreakerState,
  closedBreaker,
  transition,
} from './breaker.ts'
import type { ConsumerEvent } from './events.ts'

export interface BackendDeps {
  readonly clock: Clock
  readonly random: Random
  readonly logger: Logger
  readonly emit: Listener<ConsumerEvent>
  readonly rules?: BreakerRules
}

/** A header is not trusted with more than ten minutes: a wrong date would stop a type for years. */
const LONGEST_PAUSE_MS = 600_000

export class Backend {
  readonly name: string
  readonly #deps: BackendDeps
  readonly #rules: BreakerRules
  readonly #listeners = new Set<() => void>()
  #state: BreakerState
  #pausedUntil = 0

  constructor(name: string, deps: BackendDeps) {
    this.name = name
    this.#deps = deps
    this.#rules = deps.rules ?? BREAKER_RULES
    this.#state = closedBreaker(deps.clock.now())
  }

  get breaker(): BreakerState['kind'] {
    return this.#state.kind
  }

  /** The end of the pause that the back end asked for last; 0 = it never asked. */
  get pausedUntil(): number {
    return this.#pausedUntil
  }

  /** How many attempts may start at `now`. */
  admits(now: number): number {
    if (now < this.#pausedUntil) return 0
    if (this.#state.kind === 'open') this.#apply({ kind: 'tick' }, now)
    return admits(this.#state)
  }

  /** The moment before which nothing may start; in the past when something may. */
  opensAt(): number {
    return this.#state.kind === 'open' ? Math.max(this.#state.until, this.#pausedUntil) : this.#pausedUntil
  }

  /** Notes a start that `admits` allowed; returns the round to hand back with the result. */
  start(now: number): number {
    this.#apply({ kind: 'start' }, now)
    return this.#state.round
  }

  /** The result of an attempt. Everything but a failure shows a back end that answers. */
  report(outcome: Outcome, round: number, now: number): void {
    if (outcome.kind !== 'failed') {
      this.#apply({ kind: 'success', round }, now)
      return
    }
    if (outcome.retryAfterMs !== undefined) {
      this.#pausedUntil = Math.max(this.#pausedUntil, now + Math.min(LONGEST_PAUSE_MS, outcome.retryAfterMs))
    }
    this.#apply({ kind: 'failure', round }, now)
  }

  /** The attempt ended without a result. */
  abandon(round: number, now: number): void {
    this.#apply({ kind: 'abandon', round }, now)
  }

  /**
   * Called when more may start than before, or when it is known that nothing may. Returns the off switch.
   */
  onChange(listener: () => void): () => void {
    this.#listeners.add(listener)
    return () => this.#listeners.delete(listener)
  }

  #apply(event: Parameters<typeof transition>[1], now: number): void {
    const before = this.#state
    const after = transition(before, event, now, this.#rules, this.#deps.random)
    this.#state = after
    if (before.kind === after.kind) {
      if (after.kind === 'half_open' && event.kind !== 'start') this.#tell()
      return
    }
    const fields = { backend: this.name, from: before.kind, to: after.kind }
    if (after.kind === 'open') {
      this.#deps.logger.warn(
        { ...fields, pauseMs: Math.round(after.until - now) },
        'The back end fails; nothing is taken',
      )
    } else {
      this.#deps.logger.info(fields, 'The breaker changed')
    }
    this.#deps.emit({ kind: 'breaker', backend: this.name, state: after.kind })
    this.#tell()
  }

  #tell(): void {
    for (const listener of this.#listeners) listener()
  }
}
