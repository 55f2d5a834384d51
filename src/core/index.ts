export { hashOf } from './chance.ts'
export type { ApplyResult, DocumentWrite, Effect, EffectStore, StoredDocument } from './effects.ts'
export { ERRORS, type ErrorCode, type FieldFault, WeirError } from './errors.ts'
export { LIMITS } from './limits.ts'
export {
  DEFAULT_PRIORITY,
  type JsonObject,
  type JsonValue,
  type Message,
  type MessageType,
  type NewMessage,
  PRIORITIES,
} from './message.ts'
export type { TypeChange, TypeSettings } from './message-type.ts'
export type { FailureKind, Outcome, Verdict } from './outcome.ts'
export { type Clock, type Listener, type Logger, pause, type Random, silentLogger } from './ports.ts'
export type { SwitchState, SwitchStore } from './switch.ts'
