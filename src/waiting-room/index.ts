export { Accounts, type Registered, type Registration } from './accounts/accounts.ts'
export { hashPassword, isPassword, PASSWORD } from './accounts/password.ts'
export {
  type HostAlgorithm,
  type HostKey,
  type HostOptions,
  hostedKeyId,
  type Identity,
  identifyHosted,
  type Role,
  Sessions,
  secretFault,
} from './accounts/session.ts'
export {
  type AdmissionWindow,
  admittedIn,
  DEFAULT_DOOR,
  DOOR_MODES,
  type DoorMode,
  type DoorSettings,
  doorFaults,
  type LimitedBy,
  nextAdmissionAt,
  type Places,
  places,
  rateFreeAt,
  type Tick,
  withAdmitted,
} from './door.ts'
export { ROOM_ERRORS, type RoomErrorCode } from './errors.ts'
export {
  type Eta,
  type EtaContext,
  type EtaReason,
  etaOf,
  etaReason,
  type Flow,
  type FlowSample,
  flowOf,
  withSample,
} from './eta.ts'
export { Flows } from './flows.ts'
export { type FollowSettings, followedRate } from './follow.ts'
export { bucketBounds, FRAME_BUCKETS, type Frame, placeFrom } from './frame.ts'
export type { RoomDeps, RoomOptions, SlowedBy } from './http/deps.ts'
export { FailOpen, type FailOpenOptions } from './http/fail-open.ts'
export { buildRoom } from './http/server.ts'
export {
  isActive,
  isOver,
  isQueued,
  transition,
  VISITOR_STATES,
  type VisitorEvent,
  type VisitorState,
} from './life.ts'
export {
  chained,
  commitmentOf,
  type Draw,
  type DrawVerdict,
  drawnOrder,
  EMPTY_ROOT,
  isDrawn,
  isDrawSecret,
  type Permutation,
  permutation,
  verifyDraw,
} from './lottery.ts'
export {
  expressPass,
  fastifyPass,
  type Guard,
  type GuardedRequest,
  type GuardOptions,
  KeySource,
  type KeySourceOptions,
  keyIdOf,
  newPassKey,
  PASS_COOKIE,
  PASS_HEADER,
  PASS_LIMITS,
  type Pass,
  type PassClaims,
  type PassExpectation,
  type PassJwk,
  type PassKey,
  type PassKeySet,
  type PassRefusal,
  PassSigner,
  type PassVerdict,
  passGuard,
  rotated,
  verifyPass,
} from './pass/index.ts'
export {
  ADMIT_MAX,
  ADMIT_SCAN,
  type Admission,
  type AuditEntry,
  type Called,
  type Cleared,
  type ClearRequest,
  type EnterRefusal,
  type EnterResult,
  isEventId,
  isVisitorId,
  type LineCounts,
  type LineEngine,
  type LineHealth,
  type LineNews,
  NO_LINE,
  type Snapshot,
  unaccountedVisitors,
  type Visit,
} from './port.ts'
export { LineProcessor, type ProcessorOptions } from './processor.ts'
export {
  type Acknowledgement,
  type ClearedMessage,
  type ClientEvents,
  DEFAULT_SOCKETS,
  type EntryMessage,
  type FrameMessage,
  type RestoredMessage,
  RoomSockets,
  type ServerEvents,
  SOCKET_LIMITS,
  type SocketDeps,
  type SocketOptions,
  type SocketRefusal,
  type VisitAnswer,
} from './sockets/index.ts'
