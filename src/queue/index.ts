export { fingerprint } from './fingerprint.ts'
export type { Fleet, Member, MemberDetails, MemberLane } from './fleet.ts'
export { FlowMeter, type Rates } from './flow.ts'
export type {
  BookedMessage,
  Ledger,
  Move,
  Recorded,
  Reservation,
  ReservationResult,
} from './ledger.ts'
export { isTerminal, type MessageEvent, type MessageState, transition } from './life.ts'
export {
  type Abilities,
  type ClosedCode,
  type DeadLetterPage,
  type Delivery,
  type EngineHealth,
  type HistoryEntry,
  type Lease,
  type MessageRecord,
  NO_COUNTS,
  type QueueEngine,
  type Receipt,
  type Settlement,
  type SettleResult,
  type StateCounts,
  type TakeRequest,
  type TypeDepth,
  unaccounted,
} from './port.ts'
export { type RetryPolicy, retryDelayMs, verdictFor } from './retry.ts'
