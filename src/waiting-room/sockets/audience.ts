/**
 * Who listens to one event in this process, and the frame they were told last. It knows when a member is due: the near
 * ones every second, the far ones seldom, and nobody a frame that says nothing new.
 */

import type { Flow } from '../eta.ts'
import { type Frame, placeFrom } from '../frame.ts'
import type { SlowedBy } from '../http/deps.ts'
import { isOver, type VisitorState } from '../life.ts'
import type { Snapshot } from '../port.ts'
import type { FrameMessage, RoomSocket } from './protocol.ts'

export interface Member {
  readonly socket: RoomSocket
  readonly visitor: string
  readonly event: string
  /** Asked for by `join-queue`, or found to have a place. */
  inQueue: boolean
  /** Asked for by `join-event`. */
  onPage: boolean
  ticket: number | undefined
  /** undefined: not looked up yet, or the line was away. */
  state: VisitorState | undefined
  /** Of the place; a later one of the line means that it was cleared. */
  epoch: number | undefined
  /** The end of the claim window that this socket was told of. */
  offered: number | undefined
  lookedAt: number
  /** Of the frame sent last; 0 = none. */
  version: number
  sentAt: number
}

/** Between two frames, by distance. A frame that says nothing new is repeated at `KEEP_ALIVE_MS` only. */
const NEAR_MS = 1_000
const MID_MS = 5_000
const FAR_MS = 15_000
const FAR_SPREAD_MS = 5_000
const KEEP_ALIVE_MS = 15_000
/** Places that are near, or in the middle, whatever the rate. */
const NEAR_PLACES = 100
const MID_PLACES = 1_000
const NEAR_S = 120
const MID_S = 600
/** Nothing told us that the line moved, and time may have moved it. */
const STALE_MS = 5_000
const ROOM_INFO_MS = 5_000
const LOOK_AGAIN_MS = 10_000

export class Audience {
  readonly event: string
  readonly members = new Map<string, Member>()
  readonly #byVisitor = new Map<string, Set<Member>>()
  snapshot: Snapshot | undefined
  message: FrameMessage | undefined
  #version = 0
  #asked = Number.NEGATIVE_INFINITY
  #dirty = true
  #asking: Promise<void> | undefined
  /** Tickets up to these are near, or in the middle. */
  #near = 0
  #mid = 0
  #told = { count: -1, at: Number.NEGATIVE_INFINITY }
  seenAt = Number.NEGATIVE_INFINITY

  constructor(event: string) {
    this.event = event
  }

  add(socket: RoomSocket): Member {
    const { visitor } = socket.data
    const known = this.members.get(socket.id)
    if (known) return known
    const member: Member = {
      socket,
      visitor,
      event: this.event,
      inQueue: false,
      onPage: false,
      ticket: undefined,
      state: undefined,
      epoch: undefined,
      offered: undefined,
      lookedAt: Number.NEGATIVE_INFINITY,
      version: 0,
      sentAt: Number.NEGATIVE_INFINITY,
    }
    this.members.set(socket.id, member)
    const theirs = this.#byVisitor.get(visitor)
    if (theirs) theirs.add(member)
    else this.#byVisitor.set(visitor, new Set([member]))
    return member
  }

  remove(socketId: string): void {
    const member = this.members.get(socketId)
    if (!member) return
    this.members.delete(socketId)
    const theirs = this.#byVisitor.get(member.visitor)
    theirs?.delete(member)
    if (theirs?.size === 0) this.#byVisitor.delete(member.visitor)
  }

  of(visitor: string): Iterable<Member> {
    return this.#byVisitor.get(visitor) ?? []
  }

  visitors(): string[] {
    return [...this.#byVisitor.keys()]
  }

  moved(): void {
    this.#dirty = true
  }

  isStale(now: number): boolean {
    return this.#dirty || !this.snapshot || this.#asking !== undefined || now - this.#asked >= STALE_MS
  }

  /**
   * Asks with `ask`, once for all who want to know at the same time. What moves meanwhile makes the answer stale
   * again. Rejects with the line's refusal.
   */
  ask(now: number, ask: () => Promise<void>): Promise<void> {
    if (this.#asking && !this.#dirty) return this.#asking
    this.#dirty = false
    this.#asked = now
    const asking = ask()
      .catch((error: unknown) => {
        this.#dirty = true
        throw error
      })
      .finally(() => {
        if (this.#asking === asking) this.#asking = undefined
      })
    this.#asking = asking
    return asking
  }

  /** Takes the newest. */
  adopt(snapshot: Snapshot, flow: Flow | undefined, slowedBy?: SlowedBy): void {
    const { frame } = snapshot
    const before = this.snapshot?.frame
    // Two answers may overtake each other.
    if (before && before.at > frame.at) return
    this.snapshot = snapshot
    const wasSlow = (this.message?.slowedBy ?? null) !== null
    if (before && isSame(before, frame) && wasSlow === (slowedBy !== undefined)) return
    this.#version++
    this.message = messageOf(frame, flow, slowedBy)
    const perSecond = flow?.perSecond ?? 0
    this.#near = ticketAt(frame, Math.max(NEAR_PLACES, perSecond * NEAR_S))
    this.#mid = ticketAt(frame, Math.max(MID_PLACES, perSecond * MID_S))
    const isTurn = before?.epoch !== frame.epoch || before.mode !== frame.mode
    // A door that opens or a line that was cleared is for everybody at once.
    if (isTurn) for (const member of this.members.values()) member.sentAt = Number.NEGATIVE_INFINITY
  }

  /** Those who get the frame now; `random` spreads the far ones. Marks them as told. */
  due(now: number, random: () => number): RoomSocket[] {
    const due: RoomSocket[] = []
    for (const member of this.members.values()) {
      const isNew = member.version < this.#version
      const ms = isNew ? this.#interval(member, random) : KEEP_ALIVE_MS
      if (now - member.sentAt < ms) continue
      // What it was sent before is not out yet: a slow one gets the next frame, and nothing piles up.
      if (!member.socket.conn.transport.writable) continue
      this.told(member, now)
      due.push(member.socket)
    }
    return due
  }

  told(member: Member, now: number): void {
    member.version = this.#version
    member.sentAt = now
  }

  /** Those whose own state may be another one than they know, though no news of it came. */
  doubtful(now: number): Member[] {
    const { frame } = this.snapshot ?? {}
    if (!frame) return []
    const doubtful: Member[] = []
    for (const member of this.members.values()) {
      if (!mayHaveMoved(member, frame) || now - member.lookedAt < LOOK_AGAIN_MS) continue
      member.lookedAt = now
      doubtful.push(member)
    }
    return doubtful
  }

  pageCount(): number {
    let count = 0
    for (const theirs of this.#byVisitor.values()) {
      for (const { onPage } of theirs) {
        if (!onPage) continue
        count++
        break
      }
    }
    return count
  }

  /** Those on the page, when their number is another one than they know. */
  pageNews(now: number): { readonly sockets: RoomSocket[]; readonly userCount: number } | undefined {
    if (now - this.#told.at < ROOM_INFO_MS) return undefined
    const userCount = this.pageCount()
    if (userCount === this.#told.count) return undefined
    this.#told = { count: userCount, at: now }
    const onPage = Array.from(this.members.values()).filter((member) => member.onPage)
    return { sockets: onPage.map(({ socket }) => socket), userCount }
  }

  #interval({ ticket, state }: Member, random: () => number): number {
    if (state === 'ready' || state === 'admitted') return MID_MS
    if (ticket === undefined) return MID_MS
    if (ticket <= this.#near) return NEAR_MS
    return ticket <= this.#mid ? MID_MS : FAR_MS + FAR_SPREAD_MS * random()
  }
}

function mayHaveMoved({ state, ticket, inQueue, epoch }: Member, frame: Frame): boolean {
  if (state === undefined || state === 'ready' || epoch !== frame.epoch) return true
  // Listened first and entered then, or entered again.
  if (isOver(state)) return inQueue
  if (state === 'registered') return frame.mode !== 'prequeue'
  return (state === 'waiting' || state === 'parked') && ticket !== undefined && ticket <= frame.serving
}

function messageOf(frame: Frame, flow: Flow | undefined, slowedBy: SlowedBy | undefined): FrameMessage {
  return {
    eventId: frame.event,
    queueSize: frame.waiting,
    currentUsers: frame.active,
    threshold: frame.cap,
    timestamp: new Date(frame.at).toISOString(),
    perSecond: flow ? Math.round(flow.perSecond * 1000) / 1000 : null,
    slowedBy: slowedBy ?? null,
    ...frame,
  }
}

function isSame(one: Frame, other: Frame): boolean {
  return JSON.stringify({ ...one, at: 0 }) === JSON.stringify({ ...other, at: 0 })
}

/** The last ticket whose place is at most `place`; places grow with tickets. */
function ticketAt(frame: Frame, place: number): number {
  let [low, high] = [frame.serving, frame.next]
  while (low < high) {
    const middle = Math.ceil((low + high) / 2)
    if (placeFrom(frame, middle) <= place) low = middle
    else high = middle - 1
  }
  return low
}
