/** What a lane is given, and what it tells about itself. */
import type { Clock, Listener, Logger, MessageType, Random } from '../core/index.ts'
import type { QueueEngine } from '../queue/index.ts'
import type { BreakerState } from './breaker.ts'
import type { ConsumerEvent } from './events.ts'
import type { Processor } from './processor.ts'

export interface LaneDeps {
  readonly engine: Pick<QueueEngine, 'take' | 'settle' | 'onReady'>
  readonly clock: Clock
  readonly random: Random
  readonly logger: Logger
  /** Must not throw. */
  readonly emit: Listener<ConsumerEvent>
  /**
   * Something waits, pace and breaker would let it start, and only `resize` stands in the way. May call `resize`; must
   * not throw.
   */
  readonly saturated: Listener<MessageType>
}

export interface LaneSettings {
  readonly type: MessageType
  readonly processor: Processor
  readonly ratePerSecond: number
  readonly concurrency: number
  readonly timeoutMs: number
  readonly maxRetries: number
  readonly retryDelayMs: number
  readonly prefetchCount: number
}

/** Live figures of a lane, for status pages. */
export interface LaneFigures {
  /** 1 while it takes messages. */
  readonly consumers: number
  /** Messages in the processor's hands. */
  readonly running: number
  /** The adaptive limit now, at most the type's concurrency. */
  readonly concurrencyLimit: number
  /** The type's concurrency. */
  readonly concurrency: number
  /** Messages that it may have in work at once: the adaptive limit, or what the scaler opened where that is less. */
  readonly slots: number
  /** Mean time of an attempt over the last minute, milliseconds; absent before the first end. */
  readonly serviceMs?: number
  readonly breaker: BreakerState['kind']
  /** Until when its back end asked for a pause (`Retry-After`), the last time it did; 0 = never. */
  readonly pausedUntil: number
  /** When an attempt last ended with a verdict, wall-clock milliseconds; undefined before the first since the start. */
  readonly lastSettledAt?: number
}

/** For readiness: whether the lane gets on, and if not, why. */
export interface LaneProgress extends LaneFigures {
  readonly type: MessageType
  /** Taken and not started. */
  readonly held: number
  /** Verdicts that the store has not taken yet. */
  readonly unsettled: number
  /** When an attempt last ended or the queue was last found empty, wall-clock milliseconds. */
  readonly lastProgressAt?: number
  /** Sentences; empty while all is well. */
  readonly reasons: readonly string[]
}
