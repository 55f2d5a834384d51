/**
 * The line port: what every engine gives, and nothing else is known of engines. One conformance suite runs over each.
 *
 *   L1  one record per visitor and event: entering again gives the same ticket back
 *   L2  calls go in the order of tickets among those present
 *   L3  ready and admitted together never exceed the cap by a call or an entry
 *   L4  everything that was answered is there again after a restart or a crash
 *   L5  whoever is absent when called is parked and costs no place
 *   L6  a frame names nobody
 *
 * Tickets come from a counter that is taken in the same atomic step as the entry and never goes back. Every call is
 * atomic, every change durable when it resolves, and correct when several processes do the same at once. Due times
 * (claims, leases, parked tickets) are applied by the next call, as of the moment they were due.
 * Rejects with a `WeirError` (`storage_failed`, `storage_full`, `stopping`) only, and has then admitted nobody.
 */
import type { DoorSettings, LimitedBy } from './door.ts'
import type { Frame, Standing } from './frame.ts'
import type { VisitorEvent, VisitorState } from './life.ts'
import type { Draw } from './lottery.ts'

/** Calls in one `admit`: bounds how long one step may hold up the others. */
export const ADMIT_MAX = 500
/** Absent visitors passed over in one `admit`. */
export const ADMIT_SCAN = 5_000

/** What is known of one visitor; times are milliseconds since the epoch. */
export interface Visit {
  readonly event: string
  readonly visitor: string
  readonly state: VisitorState
  readonly epoch: number
  /** Given at the entry, from one counter. In a pre-queue it is what the lot is drawn for; else it is the ticket. */
  readonly number?: number
  /** undefined: none yet (registered), or never entered. */
  readonly ticket?: number
  /** From 1; 0 = not waiting. For a parked visitor the place on coming back. */
  readonly position: number
  readonly enteredAt?: number
  /** End of the claim window (ready), of the lease (admitted), of the kept ticket (parked), of the undo (left). */
  readonly until?: number
  /** However much the lease is renewed. */
  readonly hardEnd?: number
}

export type EnterRefusal = 'unknown_event' | 'draining' | 'closed' | 'full'

export type EnterResult = Entered | { readonly kind: 'refused'; readonly code: EnterRefusal }

export interface Entered {
  readonly kind: 'in'
  readonly visit: Visit
  /** False when the visitor was in already and only asked again. */
  readonly changed: boolean
  /** After it, and durable with it: whoever asked for it afterwards would wait for the entries of others, too. */
  readonly look: Look
}

/** An event at one moment. */
export interface Look {
  readonly frame: Standing
  readonly door: DoorSettings
}

/** Somebody whose turn has come. */
export interface Called {
  readonly visitor: string
  readonly ticket: number
  readonly claimBy: number
  readonly enteredAt: number
}

export interface Admission {
  /** In the order of tickets. */
  readonly called: readonly Called[]
  /** How many absent ones were passed over. */
  readonly parked: number
  /** It stopped at its bound, not for want of places or visitors: go on at once. */
  readonly more: boolean
  readonly limitedBy: LimitedBy
}

/** Everybody who ever entered is in exactly one of these. */
export interface LineCounts {
  readonly entered: number
  readonly registered: number
  readonly waiting: number
  readonly parked: number
  readonly ready: number
  readonly admitted: number
  readonly left: number
  readonly done: number
  readonly expired: number
  /** Removed by an operator. */
  readonly cleared: number
  /** Admissions in all, to measure the flow by; not a place. */
  readonly departed: number
  /** Passed over because they were absent, in all; not a place either. */
  readonly missed: number
}

export const NO_LINE: LineCounts = {
  entered: 0,
  registered: 0,
  waiting: 0,
  parked: 0,
  ready: 0,
  admitted: 0,
  left: 0,
  done: 0,
  expired: 0,
  cleared: 0,
  departed: 0,
  missed: 0,
}

/** The conservation law of the line: who came in is somewhere. 0 when it holds. */
export function unaccountedVisitors(counts: LineCounts): number {
  const { entered, registered, waiting, parked, ready, admitted, left, done, expired, cleared } = counts
  return entered - (registered + waiting + parked + ready + admitted + left + done + expired + cleared)
}

export interface Snapshot extends Look {
  readonly frame: Frame
  readonly counts: LineCounts
  /** While registering and after: what was promised of the draw, and once drawn everything to check it by. */
  readonly draw?: Draw
}

export interface ClearRequest {
  /** Those inside and those called lose their places, too. */
  readonly active: boolean
  /** Counts and changes nothing. */
  readonly dryRun: boolean
}

export interface Cleared {
  readonly waiting: number
  readonly registered: number
  readonly parked: number
  readonly active: number
  /** After it. */
  readonly epoch: number
}

/** One transition, in the order they happened. `visitor` is undefined for what befell many at once. */
export interface AuditEntry {
  readonly seq: number
  readonly at: number
  readonly event: string
  readonly visitor?: string
  /** Of a `register`: the number in the pre-queue, from which a draw is checked. */
  readonly ticket?: number
  readonly from?: VisitorState
  readonly to?: VisitorState
  readonly cause: VisitorEvent | 'define' | 'change' | 'open' | 'clear_all'
  /** For what befell many: how many, or what was set. */
  readonly detail?: string
}

/** What other parts, and other processes, have to hear at once; told only when durable. */
export type LineNews =
  | { readonly kind: 'called'; readonly event: string; readonly called: readonly Called[] }
  | { readonly kind: 'cleared'; readonly event: string; readonly epoch: number; readonly active: boolean }
  /** The frame would be another one now; `freed`: a place came free. */
  | { readonly kind: 'moved'; readonly event: string; readonly freed: boolean }

export type LineHealth = { readonly ok: true } | { readonly ok: false; readonly reason: string }

export interface LineEngine {
  readonly name: string
  /** Makes the event with these settings; false = it exists and was left as it is. Throws `invalid_setting`. */
  define(event: string, door: DoorSettings): Promise<boolean>
  /**
   * Changes some settings; undefined = no such event. `mode` cannot become `prequeue` here, nor leave it: `prequeue`
   * begins one and `open` ends it. Throws `invalid_setting`.
   */
  change(event: string, change: Partial<DoorSettings>): Promise<DoorSettings | undefined>
  /**
   * Begins a pre-queue on an event in which nobody is waiting or registered; answers its commitment, or false when
   * there is no such event or it is busy. `secret`: 32 random bytes in hex, told to nobody before the opening.
   */
  prequeue(event: string, secret: string, opensAt: number | null): Promise<{ commitment: string } | false>
  /**
   * Ends the pre-queue: draws the order from the secret and `beacon` (a public value that nobody knew before, or '')
   * and opens the door. undefined = there is no pre-queue.
   */
  open(event: string, beacon: string): Promise<Draw | undefined>
  /** All events, with what a processor needs to know. */
  events(): Promise<{ readonly event: string; readonly counts: LineCounts; readonly door: DoorSettings }[]>

  /**
   * One atomic step: a lease is renewed, a call claimed, a waiting or parked visitor finds the old ticket, a leave that
   * can be undone is undone; everybody else gets a ticket, and goes straight in if nobody waits and a place is free.
   */
  enter(event: string, visitor: string): Promise<EnterResult>
  /** Calls up to `max` (at most 500) of those waiting, as the door allows. */
  admit(event: string, max: number): Promise<Admission>
  /** The visitor's state afterwards; where the step does not apply it changes nothing. */
  claim(event: string, visitor: string): Promise<Visit>
  renew(event: string, visitor: string): Promise<Visit>
  done(event: string, visitor: string): Promise<Visit>
  /** An admitted visitor who leaves is done. */
  leave(event: string, visitor: string): Promise<Visit>
  undo(event: string, visitor: string): Promise<Visit>
  /** These were seen just now (open socket, poll). Brings parked ones back. Unknown ones are ignored. */
  seen(event: string, visitors: readonly string[]): Promise<void>
  /** For a silence that was ours: everybody in any line counts as seen just now. Brings no parked one back. */
  present(): Promise<void>
  status(event: string, visitor: string): Promise<Visit>
  /** undefined = no such event. */
  snapshot(event: string): Promise<Snapshot | undefined>
  /** Removes everybody in and before the line; with `active` also those inside. undefined = no such event. */
  clear(event: string, request: ClearRequest): Promise<Cleared | undefined>
  /** Oldest first, over all events; `after`: the last `seq` seen, 0 = from the start. */
  audit(after: number, limit: number): Promise<readonly AuditEntry[]>

  /** Called after the change is durable. Returns the off switch. */
  follow(listener: (news: LineNews) => void): () => void
  health(): LineHealth
}

const EVENT_ID = /^[A-Za-z0-9_-]{1,64}$/

/** UUIDs and names; what may stand in a key, a path and a room's name. */
export function isEventId(id: unknown): id is string {
  return typeof id === 'string' && EVENT_ID.test(id)
}

/** Whatever a token's subject may be, within a bound. Half a surrogate pair would be another one once it is stored. */
export function isVisitorId(id: unknown): id is string {
  return typeof id === 'string' && id.length > 0 && id.length <= 255 && id.isWellFormed()
}
