export {
  Auditor,
  type AuditVerdict,
  audit,
  describeVerdict,
  type Finding,
  type FindingKind,
} from './auditor.ts'
export { type FragileOptions, type RunningBackend, startBackend } from './backend/backend.ts'
export {
  CallLogError,
  type CallOutcome,
  type LoggedCall,
  readCallLog,
} from './backend/call-log.ts'
export type { BackendStats } from './backend/call-stats.ts'
export { Histogram, type LatencySummary } from './histogram.ts'
export {
  type Acknowledged,
  type Attempted,
  type EffectSeen,
  type Ended,
  type FinalState,
  HISTORY_VERSION,
  HistoryError,
  type HistoryEvent,
  type HistoryHeader,
  historyLine,
  parseHistory,
  type RecordedHistory,
  type Refused,
  readHistory,
  type Unknown,
  type Waiting,
} from './history.ts'
