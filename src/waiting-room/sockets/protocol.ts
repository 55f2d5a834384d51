/**
 * What goes over the sockets: the names that older clients know, with more fields, and a few newer ones. Everything a
 * client sends is of any shape until it was looked at; a refusal is an answer, never a crash.
 */
import type { Server, Socket } from 'socket.io'
import { WeirError } from '../../core/index.ts'
import type { RoomErrorCode } from '../errors.ts'
import type { Frame } from '../frame.ts'
import type { visitAnswer } from '../http/answers.ts'
import type { SlowedBy } from '../http/deps.ts'
import { isEventId } from '../port.ts'

export type VisitAnswer = ReturnType<typeof visitAnswer>

export interface SocketRefusal {
  readonly ok: false
  readonly code: RoomErrorCode
  readonly error: string
  /** When trying again makes sense. */
  readonly retryAfterMs?: number
}

export type Acknowledgement = { readonly ok: true; readonly eventId: string } | SocketRefusal

/** The same for everybody in an event's line; it names no visitor (L6). `timestamp` is ISO 8601. */
export interface FrameMessage extends Frame {
  readonly eventId: string
  readonly queueSize: number
  readonly currentUsers: number
  readonly threshold: number
  readonly timestamp: string
  /** Admissions per second as measured; null until there is enough to tell. */
  readonly perSecond: number | null
  /** Why the door lets fewer in than it may at most; null = it does not. */
  readonly slowedBy: SlowedBy | null
}

/** To the visitor alone, again at every connection until the place is claimed. Times are ISO 8601. */
export interface EntryMessage {
  readonly userId: string
  readonly message: string
  readonly eventId: string
  /** Valid until `claimBy`; claiming gives one that is as long as the lease. */
  readonly pass: string
  readonly passExpiresAt: string
  readonly claimBy: string
}

/** To the visitor alone: the place as the line has it, when a socket joins and when the place became another one. */
export interface RestoredMessage extends VisitAnswer {
  readonly userId: string
  /** The event in whose line the visitor is; null for who is inside. */
  readonly queueEventId: string | null
  readonly timestamp: string
}

export interface ClearedMessage {
  readonly message: string
  readonly eventId: string
  readonly epoch: number
  readonly action: 'rejoin' | 'closed'
}

export interface ServerEvents {
  'queue-updated': (message: FrameMessage) => void
  'queue-entry-allowed': (message: EntryMessage) => void
  'queue-cleared': (message: ClearedMessage) => void
  'session-restored': (message: RestoredMessage) => void
  'room-info': (message: { eventId: string; userCount: number }) => void
  /** For clients that ask for no acknowledgement, and for what befell without being asked. */
  'queue-error': (message: SocketRefusal & { readonly eventId?: string }) => void
  /** Another socket of the same visitor took this one's place. */
  'session-replaced': (message: { message: string }) => void
  'server-stopping': (message: { message: string; retryAfterMs: number }) => void
}

type Asked = (payload?: unknown, ack?: unknown) => void

export interface ClientEvents {
  'join-queue': Asked
  'join-event': Asked
  /** Stops listening. The ticket is kept: a page that unmounts must not lose its place (L4). */
  'leave-queue': Asked
  'leave-event': Asked
}

export interface SocketData {
  visitor: string
  /** That the socket listens to. */
  events: Set<string>
}

type NoEvents = Record<string, never>
export type RoomServer = Server<ClientEvents, ServerEvents, NoEvents, SocketData>
export type RoomSocket = Socket<ClientEvents, ServerEvents, NoEvents, SocketData>

/** Of `{ eventId }`, or the id alone; older clients send numbers, too. undefined = neither. */
export function eventIn(payload: unknown): string | undefined {
  const bare = typeof payload === 'string' || typeof payload === 'number'
  const named = typeof payload === 'object' && payload !== null && !Array.isArray(payload)
  const id: unknown = bare ? payload : named ? (payload as { eventId?: unknown }).eventId : undefined
  const text = typeof id === 'number' && Number.isSafeInteger(id) ? String(id) : id
  return isEventId(text) ? text : undefined
}

export function refusal(code: RoomErrorCode, error: string, retryAfterMs?: number): SocketRefusal {
  return { ok: false, code, error, ...(retryAfterMs !== undefined && { retryAfterMs }) }
}

/** Whatever was thrown. What is no refusal is a fault of ours, and its words are not told. */
export function refusalFor(error: unknown): SocketRefusal {
  if (!(error instanceof WeirError) || error.code === 'internal')
    return refusal('internal', 'A fault of ours')
  return refusal(error.code, error.message, error.retryAfterMs ?? 1_000)
}
