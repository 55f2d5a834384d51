/**
 * What the visitors of a load test saw, in the order in which they saw it. One JSON value a line, the first of them the
 * header; the auditor reads nothing else. Moments are of the generator's own clock, milliseconds since the epoch with
 * fractions: one process makes them all, so they can be compared.
 *
 *   {"kind":"room-history","version":1}
 *   {"kind":"visitor","at":…,"visitor":"u-1","email":"loadtest1@test.com"}
 *   {"kind":"asked","at":…,"visitor":"u-1","fresh":true}            check is sent; fresh: had no place before
 *   {"kind":"placed","at":…,"visitor":"u-1","sentAt":…,"state":"waiting","ticket":12,"position":2,"epoch":1,…}
 *   {"kind":"pass","at":…,"visitor":"u-1","until":…}                called, or let in: a place is held from here on
 *   {"kind":"gone","at":…,"visitor":"u-1"}                          done or leave is sent: the place may be another's
 */
import { LinesFile } from '../lines-file.ts'

export const ROOM_HISTORY_VERSION = 1

/** Something in a frame or an answer that tells who somebody is. */
export interface Named {
  readonly what: 'id' | 'email' | 'pass'
  /** For a pass the visitor whom it is for. */
  readonly value: string
}

interface Seen {
  readonly at: number
  /** The id that the server gave. */
  readonly visitor: string
}

export interface VisitorKnown extends Seen {
  readonly kind: 'visitor'
  readonly email: string
}

export interface Asked extends Seen {
  readonly kind: 'asked'
  /** The server said before that this visitor has no place: the ticket is a new one. */
  readonly fresh: boolean
}

/** What the server says of the visitor's own place. */
export interface Placed extends Seen {
  readonly kind: 'placed'
  /** When the question was sent; null for what was told unasked, which may be older than an answer before it. */
  readonly sentAt: number | null
  readonly via: 'check' | 'status' | 'claim' | 'join' | 'restored'
  readonly state: string
  readonly ticket: number | null
  /** From 1; 0 = not waiting. */
  readonly position: number
  readonly epoch: number
}

export interface PassSeen extends Seen {
  readonly kind: 'pass'
  /** The earliest moment at which it may have ended; null = not told. */
  readonly until: number | null
  /** Of a call: the end of the claim window by the server's clock, which orders the calls. */
  readonly claimBy: number | null
}

export interface Gone extends Seen {
  readonly kind: 'gone'
}

/** Listening, and so present; or no longer. */
export interface Presence extends Seen {
  readonly kind: 'present' | 'absent'
}

/** A frame or an answer that names somebody. */
export interface NamedIn extends Seen {
  readonly kind: 'named'
  readonly frame: string
  readonly names: readonly Named[]
}

/** The line as the frame for everybody has it. */
export interface LineSeen {
  readonly kind: 'line'
  readonly at: number
  readonly epoch: number
  readonly waiting: number
  readonly active: number
  readonly cap: number
  readonly returned: number
  readonly mode: string
  readonly limitedBy: string
}

export type RoomEvent = VisitorKnown | Asked | Placed | PassSeen | Gone | Presence | NamedIn | LineSeen

/** Writes a room's history while it happens. Owns the file between construction and `close`. */
export class RoomRecorder {
  readonly #file: LinesFile

  /** Begins a new file; throws the file's error when it cannot be written. */
  constructor(path: string) {
    this.#file = new LinesFile(path)
    this.#file.write(`${JSON.stringify({ kind: 'room-history', version: ROOM_HISTORY_VERSION })}\n`)
  }

  record(event: RoomEvent): void {
    this.#file.write(`${JSON.stringify(event)}\n`)
  }

  close(): void {
    this.#file.close()
  }
}
