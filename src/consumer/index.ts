export { BREAKER_RULES, type BreakerRules } from './breaker.ts'
export {
  Consumer,
  type ConsumerOptions,
  type ConsumerProgress,
  type ServedType,
} from './consumer.ts'
export type { ConsumerEvent } from './events.ts'
export { PACE_TOLERANCE_MS } from './gcra.ts'
export { createHttpTarget, type HttpTargetOptions } from './http-target.ts'
export type { LaneFigures, LaneProgress } from './lane-types.ts'
export type { ProcessingContext, Processor } from './processor.ts'
export {
  type Actuator,
  decide,
  fleetSignals,
  GaugeActuator,
  type PooledLanes,
  type PoolLimits,
  Scaler,
  type ScalerOptions,
  type ScalingDecision,
  type ScalingEvent,
  type ScalingInput,
  type ScalingLimit,
  type ScalingMemory,
  type ScalingReason,
  type ScalingRules,
  type ScalingSignals,
  type ScalingStatus,
  STEP_DOWN_MS,
  TOLERANCE,
  UTILISATION,
  WINDOW_MS,
  type WorkerCounts,
  WorkerPool,
  type WorkerSignals,
} from './scaler/index.ts'
