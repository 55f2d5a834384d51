/**
 * What the room's service says, as far as the page reads it. Written down here because the service's own types come
 * with types of its server; `test/web/wire.test.ts` holds the two together.
 */
import type { DoorMode, LimitedBy } from '../../src/waiting-room/door.ts'
import type { Eta } from '../../src/waiting-room/eta.ts'
import type { Frame } from '../../src/waiting-room/frame.ts'
import type { VisitorState } from '../../src/waiting-room/life.ts'

/** The answer to every step of a visitor, and `session-restored`. Times are ISO 8601, by the server's clock. */
export interface VisitAnswer {
  readonly eventId: string
  readonly state: VisitorState
  /** From 1; 0 = not waiting. */
  readonly position: number
  /** Of the entry; in a pre-queue what the lot is drawn for. */
  readonly number: number | null
  readonly ticket: number | null
  readonly epoch: number
  readonly queueSize: number
  readonly currentUsers: number
  readonly threshold: number
  readonly ratePerMinute: number
  readonly mode: DoorMode
  readonly limitedBy: LimitedBy
  /** The door follows the work that visitors cause, and that is piling up. */
  readonly slowedBy: object | null
  readonly opensAt: string | null
  readonly until: string | null
  readonly hardEnd: string | null
  readonly eta: Eta
  readonly nextPollMs: number
  readonly passExpiresAt?: string
}

/** What was promised of a pre-queue's lot and, once drawn, what it follows from; hashes and secret in hex. */
export interface Draw {
  readonly commitment: string
  readonly first: number
  readonly count: number
  readonly root: string
  readonly revealed?: { readonly secret: string; readonly beacon: string }
}

/** `queue-updated`: the same for everybody in the line. */
export type FrameMessage = Frame & { readonly slowedBy: object | null }

/** `queue-cleared`. */
export interface ClearedMessage {
  readonly eventId: string
  readonly epoch: number
  readonly action: 'rejoin' | 'closed'
}

/** `queue-entry-allowed`. */
export interface EntryMessage {
  readonly eventId: string
  readonly claimBy: string
}

export interface User {
  readonly userId: string
  readonly email: string
  readonly name: string
  readonly role: 'user' | 'admin'
}

/** Of the operators' answers, what their page shows. */
export interface LineCounts {
  readonly waiting: number
  readonly registered: number
  readonly parked: number
  readonly ready: number
  readonly admitted: number
  readonly done: number
  /** Admissions in all. */
  readonly departed: number
}
