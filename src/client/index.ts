export { WeirClient, type WeirClientOptions } from './client.ts'
export { type ClientErrorCode, WeirClientError } from './errors.ts'
export type {
  AcceptedMessage,
  BatchAnswer,
  BatchItem,
  DeadLetterPage,
  Depth,
  MessageInput,
  MessageLife,
  MonitoringChange,
  MonitoringStatus,
  Outcomes,
  QueueStatus,
  Stats,
  TypeInfo,
  TypeStatus,
} from './wire.ts'
