export { DEFAULT_SOCKETS, SOCKET_LIMITS, type SocketDeps, type SocketOptions } from './deps.ts'
export type {
  Acknowledgement,
  ClearedMessage,
  ClientEvents,
  EntryMessage,
  FrameMessage,
  RestoredMessage,
  ServerEvents,
  SocketRefusal,
  VisitAnswer,
} from './protocol.ts'
export { RoomSockets } from './server.ts'
