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
export { reach } from './load/connection.ts'
export type { Mix, Target } from './load/messages.ts'
export {
  type LoadPlan,
  LoadPlanError,
  type LoadWishes,
  MOST_REQUESTS,
  PRESETS,
  planLoad,
  presetOf,
} from './load/plan.ts'
export { HistoryRecorder } from './load/recorder.ts'
export type { LoadProgress, LoadReport } from './load/report.ts'
export { type LoadOptions, peerOf, runLoad } from './load/run.ts'
export type { GeneratorReport } from './load/self.ts'
export { ARRIVAL_PROCESSES, type ArrivalProcess, TEST_TYPES, type TestType } from './load/shape.ts'
export type { Accounts, Interval, SeriesRow } from './load/tally.ts'
export type { Gap } from './metrics/absences.ts'
export {
  COLLECTION_VERSION,
  type Collection,
  type CollectionEnd,
  CollectionError,
  type CollectionHeader,
  type CollectionLine,
  type EndLine,
  lineOf,
  readCollection,
} from './metrics/collection.ts'
export {
  CollectionFile,
  type CollectionFileOptions,
  type CollectionFormat,
} from './metrics/collection-file.ts'
export { type Collected, type CollectOptions, collect } from './metrics/collector.ts'
export { CsvTable } from './metrics/csv.ts'
export {
  type Exposition,
  ExpositionError,
  type MetricSample,
  type MetricType,
  parseExposition,
  processStart,
  seriesName,
  sumOf,
} from './metrics/exposition.ts'
export { COUNTERS, type FigureName, type Figures, figuresOf, GAUGES } from './metrics/figures.ts'
export type { CounterRow, MeanRow } from './metrics/growth.ts'
export { type Look, type LookOptions, lookAt } from './metrics/look.ts'
export { type CollectionSummary, type GaugeRow, summarise } from './metrics/summary.ts'
export { type ChartLabels, drawCurve } from './planner/chart.ts'
export { type LiveInput, liveInput } from './planner/live.ts'
export { type BurstPlan, type CurvePoint, outputOf, type PlanInput, planBurst } from './planner/plan.ts'
export { type StoragePlan, storageOf } from './planner/storage.ts'
export { type ProcessSample, sampleProcess } from './processes/sample.ts'
export {
  type ProcessPoint,
  ProcessSampler,
  type ProcessSamplerOptions,
  type ProcessSeries,
  type ProcessSummary,
  summaryOf,
} from './processes/sampler.ts'
export {
  type ComparedCriterion,
  type ComparisonReport,
  chartPairs,
  compareReports,
} from './report/compare.ts'
export { renderComparisonHtml } from './report/comparison-html.ts'
export { type ComparisonRows, comparisonRows } from './report/comparison-rows.ts'
export type { Experiment, ValidationReport } from './report/document.ts'
export { renderLoadHtml, renderLoadMarkdown } from './report/load-html.ts'
export { renderComparisonMarkdown, renderMarkdown } from './report/markdown.ts'
export { ReportError, readAnyReport, readReport } from './report/read.ts'
export { renderHtml } from './report/validation-html.ts'
export { LANGUAGES, type Language } from './report/words.ts'
export { RoomCallError } from './room/api.ts'
export { type RoomAuditOptions, RoomAuditor, type RoomVerdict } from './room/auditor.ts'
export { CostMeter, usedIn } from './room/cost.ts'
export { ROOM_FINDINGS, type RoomFinding, type RoomFindingKind } from './room/findings.ts'
export { type Named, type RoomEvent, RoomRecorder } from './room/history.ts'
export { namesIn } from './room/names.ts'
export {
  type CostReport,
  ROOM_MODES,
  type RoomLoadReport,
  type RoomMode,
  type RoomProgress,
} from './room/report.ts'
export { type RoomLoadOptions, runRoomLoad } from './room/run.ts'
export { prepareRoom, SCENARIOS, type Scenario } from './room/scenarios.ts'
export type { Brokers } from './validate/experiment.ts'
export { experimentNames, runValidation, type ValidationOptions } from './validate/run.ts'
export { conclusionText, experimentText } from './validate/text.ts'
export { type AskOptions, endsOf, workDone } from './what-came-out.ts'
