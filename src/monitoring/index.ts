export { DocumentSwitchStore, SWITCH_KEY } from './document-switch.ts'
export { DURATION_BUCKETS, Metrics, type MetricsDeps, type ServiceHealth } from './metrics.ts'
export { type ProcessFigures, type ProcessProbe, RuntimeProbe } from './probe.ts'
export {
  type LaneInput,
  type LaneNow,
  type ProgressDeps,
  ProgressWatch,
  type Readiness,
  type ReadinessInputs,
  readiness,
  STALLED_AFTER_MS,
} from './progress.ts'
export { EVENT_LABELS, type RoomEventNow, RoomMetrics, type RoomMetricsDeps } from './room-metrics.ts'
export { initialState, MonitoringSwitch, type SwitchChange, type SwitchDeps } from './switch.ts'
