/** What the socket server is given, and its bounds; `app/` puts it together. */

import type { Flows } from '../flows.ts'
import type { RoomDeps, RoomOptions } from '../http/deps.ts'

export interface SocketDeps
  extends Pick<
    RoomDeps,
    'line' | 'passes' | 'sessions' | 'identifyHosted' | 'slowedBy' | 'clock' | 'random' | 'logger'
  > {
  readonly flows: Pick<Flows, 'eta' | 'flow'>
  readonly options: Pick<RoomOptions, 'autoCreate' | 'door'>
  readonly sockets: SocketOptions
}

export interface SocketOptions {
  /** Open ones in this process; who comes beyond it is told to try again later. */
  readonly sockets: number
  /** Of one visitor: tabs and devices. The newest wins. */
  readonly perVisitor: number
  /** Pages of other origins that may connect; none unless set. */
  readonly origins: readonly string[]
}

export const DEFAULT_SOCKETS: SocketOptions = { sockets: 20_000, perVisitor: 5, origins: [] }

export const SOCKET_LIMITS = {
  /** A token of 8 KiB and its envelope; everything else is some hundred bytes. */
  messageBytes: 16_384,
  /** Events that one socket listens to. */
  eventsPerSocket: 8,
  /** What one socket may ask in ten seconds; beyond it is refused, and beyond ten times that ends the connection. */
  asksPerTenSeconds: 30,
  /** Sent, or looked up, before others get their turn of the event loop. */
  chunk: 200,
  /** A pass is signed for each: about a tenth of a millisecond. */
  passChunk: 50,
  /** A visitor whose event is not named is looked for in all of them, when there are no more than this. */
  searchedEvents: 16,
} as const
