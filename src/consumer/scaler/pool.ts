/**
 * Workers within one process: a type's `concurrency` slots, divided into at most `maxReplicas` workers. They cost
 * nothing to start, so the pool begins full, grows in the turn in which all its slots are busy, and shrinks only after
 * the scaler's window: nobody waits for it. Owns nothing but the numbers it gave to the lanes.
 */
import type { MessageType } from '../../core/index.ts'
import type { LaneFigures } from '../lane-types.ts'
import type { WorkerSignals } from './scaler.ts'
import type { Actuator, ScalingRules, WorkerCounts } from './types.ts'

/** The part of `Consumer` that the pool needs. */
export interface PooledLanes {
  lane(type: MessageType): Pick<LaneFigures, Needed> | undefined
  resize(type: MessageType, slots: number): void
}

type Needed =
  | 'concurrency'
  | 'concurrencyLimit'
  | 'slots'
  | 'running'
  | 'serviceMs'
  | 'breaker'
  | 'pausedUntil'

export interface PoolLimits {
  /** Workers per type: `MIN_REPLICAS`, `MAX_REPLICAS`. */
  readonly minReplicas: number
  readonly maxReplicas: number
  readonly targetDrainMs: number
  readonly windowMs?: number
  /** false: always the whole pool. */
  readonly enabled: boolean
}

export class WorkerPool implements Actuator {
  readonly #lanes: PooledLanes
  readonly #limits: PoolLimits
  readonly #workers = new Map<MessageType, number>()

  constructor(lanes: PooledLanes, limits: PoolLimits) {
    this.#lanes = lanes
    this.#limits = limits
  }

  /**
   * Of a type with this pace; undefined when it is not served here. Its concurrency is the pool's size, so it needs no
   * other cap; CPU says nothing, because all workers share one core.
   */
  rules(type: MessageType, ratePerSecond: number): ScalingRules | undefined {
    const lane = this.#lanes.lane(type)
    if (!lane) return undefined
    const { minReplicas, targetDrainMs, windowMs, enabled } = this.#limits
    const { slotsPerWorker, size } = this.#division(lane.concurrency)
    return {
      min: Math.min(minReplicas, size),
      max: size,
      slotsPerWorker,
      targetDrainMs,
      ratePerSecond,
      instant: true,
      ...(windowMs !== undefined && { windowMs }),
      ...(enabled ? {} : { fixed: size }),
    }
  }

  signals(type: MessageType, now: number): WorkerSignals | undefined {
    const lane = this.#lanes.lane(type)
    if (!lane) return undefined
    return {
      breaker: lane.pausedUntil > now ? 'open' : lane.breaker,
      congested: lane.concurrencyLimit < lane.concurrency,
      ...(lane.serviceMs === undefined ? {} : { serviceMs: lane.serviceMs }),
    }
  }

  current(type: MessageType): WorkerCounts | undefined {
    const lane = this.#lanes.lane(type)
    if (!lane) return undefined
    const { slotsPerWorker, size } = this.#division(lane.concurrency)
    const ready = Math.min(size, this.#workers.get(type) ?? size)
    const beyond = Math.max(0, lane.running - ready * slotsPerWorker)
    return { ready, starting: 0, draining: Math.ceil(beyond / slotsPerWorker) }
  }

  resize(type: MessageType, wanted: number): void {
    const lane = this.#lanes.lane(type)
    if (!lane) return
    const { slotsPerWorker, size } = this.#division(lane.concurrency)
    // The whole pool stays whole when the concurrency is raised.
    if (wanted >= size) this.#workers.delete(type)
    else this.#workers.set(type, wanted)
    this.#lanes.resize(type, wanted >= size ? Number.POSITIVE_INFINITY : wanted * slotsPerWorker)
  }

  #division(concurrency: number): { readonly slotsPerWorker: number; readonly size: number } {
    const slotsPerWorker = Math.ceil(concurrency / this.#limits.maxReplicas)
    return { slotsPerWorker, size: Math.ceil(concurrency / slotsPerWorker) }
  }
}
