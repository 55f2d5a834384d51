/** The words of scaling: what is measured, what is allowed, what is decided. "Worker" is what is counted out. */
import type { MessageType } from '../../core/index.ts'

/**
 * Why the number is what it is. The first eight are answers of the queue's arithmetic:
 *
 * - `minimum`: no work asks for any worker; so many are kept because so many are set (`MIN_REPLICAS`).
 * - `drain_target`: so many clear the backlog within the target time.
 * - `arrival_rate`: so many keep up with what arrives; the backlog asks for no more.
 * - `at_backend_cap`: the backlog asks for more, and more would not get anything out of the back end.
 * - `warming`: more are wanted; those asked for before have not started yet.
 * - `stabilising`: fewer (or hardly more) would do; held until that has been so for the whole window.
 * - `stalled`: something waits and nothing goes out. Nobody knows when it ends, so nothing is changed.
 * - `breaker_open`: the back end fails or asked for a pause; more workers would only wait for it.
 * - `cpu_target`: the second signal asks for more workers than the queue does.
 * - `no_consumer`: something waits, and no worker that takes it has been heard of. Nothing is changed.
 * - `no_signal`: something waits or arrives, and a figure that is needed is missing; or the workers' reports do not
 *   come through, and nobody knows what there is. Nothing is changed.
 * - `fixed`: scaling is off.
 */
export type ScalingReason =
  | 'minimum'
  | 'drain_target'
  | 'arrival_rate'
  | 'at_backend_cap'
  | 'warming'
  | 'stabilising'
  | 'stalled'
  | 'breaker_open'
  | 'cpu_target'
  | 'no_consumer'
  | 'no_signal'
  | 'fixed'

/** Workers of one type as they are, not as they were asked for. */
export interface WorkerCounts {
  /** Taking messages. */
  readonly ready: number
  /** Asked for and not taking yet. */
  readonly starting: number
  /** Finishing what they have, taking nothing more. */
  readonly draining: number
}

/** What makes workers more or fewer: a pool in this process, a supervisor of processes, or nobody but a gauge. */
export interface Actuator {
  /** It starts and stops nobody: what it is told is advice for somebody outside. */
  readonly advises?: true
  /** undefined: not known yet, and nothing is decided until it is. Must be cheap, and must not throw. */
  current(type: MessageType): WorkerCounts | undefined
  /**
   * From now on there should be `wanted` workers. Called when the number changes, and again each second after it threw
   * or rejected. Replacing workers that die is the actuator's own work.
   */
  resize(type: MessageType, wanted: number): void | Promise<void>
}

/** What may be decided for one type; all of it may differ from one look to the next. */
export interface ScalingRules {
  /** Fewest and most workers; integers, 1 ≤ min ≤ max. */
  readonly min: number
  readonly max: number
  /** undefined = follow the load. A number = that many, whatever the load (`AUTO_SCALING_ENABLED=false`). */
  readonly fixed?: number
  /** Messages that one worker has in work at once. */
  readonly slotsPerWorker: number
  /** A backlog should be gone after this long. */
  readonly targetDrainMs: number
  /** The stabilisation window; `WINDOW_MS` when absent. Steps down come every twentieth of it. */
  readonly windowMs?: number
  /** The pace of the type, messages per second from all workers together; 0 = none. */
  readonly ratePerSecond: number
  /** Messages that the back end holds at once, from all workers together; undefined = not known. */
  readonly backendSlots?: number
  /** Per cent of one core that a worker should use; undefined = CPU says nothing. */
  readonly targetCpuPercent?: number
  /**
   * A worker costs nothing to start, as in a pool within the process: no doubling step by step, no waiting for the
   * start.
   */
  readonly instant?: boolean
}

/** What the queue and the workers of one type show. A figure that is missing or not finite was not measured. */
export interface ScalingSignals {
  /** Messages per second that became ready, over about ten seconds and over about a minute. */
  readonly arrivalFast?: number
  readonly arrivalSlow?: number
  /** Ready and not handed out. */
  readonly backlog?: number
  /** Handed out and not settled. */
  readonly inFlight: number
  /** Handed out per second; 0 = nothing for as long as would be remarkable (several times the service time). */
  readonly outPerSecond?: number
  /** Mean time of an attempt, milliseconds. */
  readonly serviceMs?: number
  /** `open`: or the back end asked for a pause that is not over. */
  readonly breaker: 'closed' | 'open' | 'half_open'
  /** The back end has shown that it has too much: the adaptive limits are below the slots. */
  readonly congested: boolean
  /** Mean over the ready workers, 1 = one core. */
  readonly cpu?: number
  /** Every slot is busy at this moment, and pace and breaker would let more start. */
  readonly saturated?: boolean
}

/** What `decide` hands to its next call. Bounded: one entry per five seconds of the window. */
export interface ScalingMemory {
  readonly wanted: number
  /** When the number was last made smaller. */
  readonly loweredAt: number
  /** The largest need in each stretch of the window, oldest first; see `decide`. */
  readonly needs: readonly { readonly from: number; readonly need: number }[]
}

export interface ScalingInput {
  /** Milliseconds on any clock that does not run backwards. */
  readonly now: number
  readonly rules: ScalingRules
  readonly signals: ScalingSignals
  readonly workers: WorkerCounts
  /** undefined at the first look. */
  readonly memory: ScalingMemory | undefined
}

export type ScalingLimit = 'min' | 'max' | 'backend_rate' | 'backend_slots' | 'congestion' | 'doubling'

export interface ScalingDecision {
  /** An integer, at least 1. */
  readonly wanted: number
  readonly reason: ScalingReason
  /**
   * Until what waits now has been handed out, at the present rate: 0 with nothing waiting, Infinity when nothing goes
   * out, undefined when it is not known what waits or goes out.
   */
  readonly etaMs: number | undefined
  /** Workers, as a fraction, that the signals ask for; undefined when they could not be read. */
  readonly need: number | undefined
  /** The most that the back end can use; undefined = no bound is known. */
  readonly cap: number | undefined
  /** Which limits changed the answer. */
  readonly limits: readonly ScalingLimit[]
  readonly memory: ScalingMemory
}
