export { decide, STEP_DOWN_MS, TOLERANCE, UTILISATION, WINDOW_MS } from './decide.ts'
export { fleetSignals, GaugeActuator } from './fleet-workers.ts'
export { type PooledLanes, type PoolLimits, WorkerPool } from './pool.ts'
export {
  Scaler,
  type ScalerOptions,
  type ScalingEvent,
  type ScalingStatus,
  type WorkerSignals,
} from './scaler.ts'
export type {
  Actuator,
  ScalingDecision,
  ScalingInput,
  ScalingLimit,
  ScalingMemory,
  ScalingReason,
  ScalingRules,
  ScalingSignals,
  WorkerCounts,
} from './types.ts'
