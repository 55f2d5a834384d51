/**
 * What happens at the line of one event: each call is one step, decided here and booked in `book.ts`.
 *
 * L2: the lowest ticket that waits is called first, and nobody enters past somebody waiting. L3: `places` is asked
 * before every call and every direct entry. L5: an absent one is parked and not counted.
 */
import {
  ADMIT_SCAN,
  type Admission,
  bucketBounds,
  type Called,
  type Cleared,
  type ClearRequest,
  type DoorSettings,
  type Draw,
  type EnterResult,
  type Frame,
  type Snapshot,
  type Standing,
  type Visit,
} from '../../../waiting-room/index.ts'
import { Book } from './book.ts'
import { drawOf, join, newDraw } from './draw.ts'
import type { TicketOrder } from './order.ts'
import type { EventState, LoadedEvent } from './rows.ts'

/** A renewal that gains less than this part of the lease is none: a lease in use is not written at every request. */
const RENEW_STEP = 0.1

const NEW_STATE: EventState = {
  next: 0,
  serving: 0,
  epoch: 1,
  clearedTo: 0,
  entered: 0,
  left: 0,
  done: 0,
  expired: 0,
  cleared: 0,
  departed: 0,
  missed: 0,
  window: [],
  draw: null,
}

/** The part of a frame that takes 33 look-ups, and what it was computed from. */
interface Departures extends Pick<Frame, 'serving' | 'next' | 'returned' | 'departed'> {
  readonly of: TicketOrder | undefined
  readonly version: number
}

export class Line {
  readonly book: Book
  #departed: Departures = { of: undefined, version: 0, serving: 0, next: 0, returned: 0, departed: [] }

  /** `seed`: any random number. */
  constructor(loaded: LoadedEvent, seed: number) {
    this.book = new Book(loaded, seed)
  }

  static define(event: string, door: DoorSettings, seed: number, now: number): Line {
    const line = new Line({ event, door, state: NEW_STATE }, seed)
    line.book.defined(now)
    return line
  }

  enter(visitor: string, now: number): EnterResult {
    const { book } = this
    book.sweep(now)
    const known = book.visitors.slotOf(visitor)
    const changed = known < 0 ? undefined : this.#again(known, now)
    if (changed !== undefined) return this.#entered(visitor, changed, now)
    const { mode, maxQueued } = book.door
    if (mode === 'draining' || mode === 'closed') return { kind: 'refused', code: mode }
    const direct = book.order.size === 0 && book.places(now).free > 0
    if (!direct && this.#queued() >= maxQueued) return { kind: 'refused', code: 'full' }
    const slot = book.fresh(visitor, now)
    if (mode === 'prequeue') this.#register(slot, visitor, now)
    else {
      book.giveTicket(slot)
      book.move(slot, direct ? 'enter_directly' : 'enter', now)
    }
    if (direct) {
      book.state.serving = book.state.next
      book.countAdmission(now)
      this.#inside(slot, now)
    }
    return this.#entered(visitor, true, now)
  }

  admit(max: number, now: number): Admission {
    const { book } = this
    book.sweep(now)
    const { visitors, order, state, door } = book
    const called: Called[] = []
    let parked = 0
    while (order.size > 0 && called.length < max && parked < ADMIT_SCAN && book.places(now).free > 0) {
      const slot = order.first()
      const ticket = visitors.ticket[slot] ?? 0
      state.serving = Math.max(state.serving, ticket)
      if (now - (visitors.seenAt[slot] ?? 0) > door.graceMs) {
        book.move(slot, 'miss', now)
        book.setTimed(slot, now + door.parkedMs)
        parked++
        continue
      }
      const claimBy = now + door.claimMs
      book.move(slot, 'call', now)
      book.setTimed(slot, claimBy)
      book.countAdmission(now)
      const enteredAt = visitors.enteredAt[slot] ?? now
      called.push({ visitor: visitors.nameOf(slot), ticket, claimBy, enteredAt })
    }
    const { free, limitedBy } = book.places(now)
    return { called, parked, more: free > 0 && order.size > 0, limitedBy }
  }

  /** The steps of one visitor; where one does not apply it changes nothing. */
  step(visitor: string, event: 'claim' | 'renew' | 'done' | 'leave' | 'undo', now: number): Visit {
    this.book.sweep(now)
    const slot = this.book.visitors.slotOf(visitor)
    if (slot >= 0) {
      if (event === 'claim') this.#claim(slot, now)
      else if (event === 'renew') this.#renew(slot, now)
      else if (event === 'done') this.#finish(slot, now)
      else if (event === 'leave') this.#leave(slot, now)
      else this.#undo(slot, now)
    }
    return this.#visit(visitor)
  }

  seen(visitors: readonly string[], now: number): void {
    this.book.sweep(now)
    for (const visitor of visitors) {
      const slot = this.book.visitors.slotOf(visitor)
      if (slot >= 0) this.#saw(slot, now)
    }
  }

  present(now: number): void {
    this.book.visitors.seenAt.fill(now)
  }

  status(visitor: string, now: number): Visit {
    this.book.sweep(now)
    return this.#visit(visitor)
  }

  snapshot(now: number): Snapshot {
    this.book.sweep(now)
    const { book } = this
    const { draw } = book.state
    const frame = this.#frame(now)
    return { frame, counts: book.counts(), door: book.door, ...(draw && { draw: drawOf(draw) }) }
  }

  /** Begins a pre-queue, unless somebody waits or is registered: their order is not to be drawn again. */
  prequeue(secret: string, opensAt: number | null, now: number): { commitment: string } | false {
    const { book } = this
    book.sweep(now)
    if (book.order.size > 0 || book.visitors.count('registered') > 0) return false
    const draw = newDraw(secret, book.state.next)
    book.state.draw = draw
    book.setDoor({ ...book.door, mode: 'prequeue', opensAt }, now)
    return { commitment: draw.commitment }
  }

  /** Gives out the tickets of the pre-queue by lot and opens the door; undefined = there is none. */
  open(beacon: string, now: number): Draw | undefined {
    const { book } = this
    book.sweep(now)
    if (book.door.mode !== 'prequeue' || !book.state.draw) return undefined
    book.state.draw = { ...book.state.draw, beacon }
    book.rebuildOrder()
    book.setDoor({ ...book.door, mode: 'open', opensAt: null }, now)
    const draw = drawOf(book.state.draw)
    book.note('open', draw, now)
    return draw
  }

  clear({ active, dryRun }: ClearRequest, now: number): Cleared {
    const { book } = this
    book.sweep(now)
    const { waiting, registered, parked } = book.counts()
    const removed = { waiting, registered, parked, active: active ? book.active : 0 }
    if (!dryRun) {
      book.state.cleared += waiting + registered + parked + removed.active
      book.clear(active, now)
      const { draw, next } = book.state
      // Before the opening the list begins anew, under the same secret; after it, what was drawn stays on record.
      if (book.door.mode === 'prequeue' && draw) book.state.draw = newDraw(draw.secret, next)
      book.note('clear_all', removed, now)
    }
    return { ...removed, epoch: book.state.epoch }
  }

  #entered(visitor: string, changed: boolean, now: number): EnterResult {
    const { book } = this
    const standing = this.#standing(book.order.upTo(book.state.serving), now)
    return { kind: 'in', visit: this.#visit(visitor), changed, look: { frame: standing, door: book.door } }
  }

  #queued(): number {
    const { visitors, order } = this.book
    return order.size + visitors.count('parked') + visitors.count('registered')
  }

  #register(slot: number, visitor: string, now: number): void {
    const { book } = this
    // In pre-queue mode there is always a draw: `prequeue` sets both in one step.
    if (book.state.draw) book.state.draw = join(book.state.draw, book.state, visitor)
    book.order.append(book.state.next, -1, false)
    book.move(slot, 'register', now)
  }

  /** Entering again. undefined = the earlier visit is over, and this is a new one; else whether anything changed. */
  #again(slot: number, now: number): boolean | undefined {
    switch (this.book.visitors.stateOf(slot)) {
      case 'registered':
      case 'waiting':
      case 'parked':
        return this.#saw(slot, now)
      case 'ready':
        this.#claim(slot, now)
        return true
      case 'admitted':
        this.#renew(slot, now)
        return false
      case 'left':
        return this.#undo(slot, now) ? true : undefined
      default:
        return undefined
    }
  }

  /** Present as of now; a parked one waits again, under the old ticket. Answers whether that was so. */
  #saw(slot: number, now: number): boolean {
    const { book } = this
    book.visitors.seenAt[slot] = now
    if (book.visitors.stateOf(slot) !== 'parked') return false
    book.move(slot, 'back', now)
    return true
  }

  #claim(slot: number, now: number): void {
    const { book } = this
    if (book.visitors.stateOf(slot) !== 'ready') return
    book.visitors.seenAt[slot] = now
    book.move(slot, 'claim', now)
    this.#inside(slot, now)
  }

  #inside(slot: number, now: number): void {
    const { leaseMs, hardMs } = this.book.door
    this.book.setTimed(slot, now + Math.min(leaseMs, hardMs), now + hardMs)
  }

  #renew(slot: number, now: number): void {
    const { book } = this
    const { leaseMs } = book.door
    const timed = book.visitors.timed.get(slot)
    if (!timed || book.visitors.stateOf(slot) !== 'admitted') return
    const until = Math.min(now + leaseMs, timed.hardEnd)
    const gain = until - timed.until
    if (gain < leaseMs * RENEW_STEP && !(until === timed.hardEnd && gain > 0)) return
    book.move(slot, 'renew', now)
    book.setTimed(slot, until, timed.hardEnd)
  }

  #finish(slot: number, now: number): void {
    const { book } = this
    if (book.visitors.stateOf(slot) !== 'admitted') return
    book.move(slot, 'finish', now)
    book.setTimed(slot, now + book.door.retentionMs)
  }

  #leave(slot: number, now: number): void {
    const { book } = this
    const state = book.visitors.stateOf(slot)
    if (state === 'admitted') return this.#finish(slot, now)
    if (state === 'left' || state === 'done' || state === 'expired') return
    const { undoMs, retentionMs } = book.door
    book.move(slot, 'leave', now)
    book.setTimed(slot, now + undoMs, now + undoMs + retentionMs)
  }

  /** False when it is too late, or nothing was left. */
  #undo(slot: number, now: number): boolean {
    const { book } = this
    const until = book.visitors.timed.get(slot)?.until ?? 0
    if (book.visitors.stateOf(slot) !== 'left' || now >= until) return false
    book.visitors.seenAt[slot] = now
    // Without a ticket the visitor was registered, and the order has not been drawn yet.
    book.move(slot, (book.visitors.ticket[slot] ?? 0) > 0 ? 'undo' : 'undo_early', now)
    return true
  }

  #visit(visitor: string): Visit {
    const { book } = this
    const { visitors, order, event } = book
    const { epoch } = book.state
    const slot = visitors.slotOf(visitor)
    if (slot < 0) return { event, visitor, state: 'none', epoch, position: 0 }
    const state = visitors.stateOf(slot)
    const number = visitors.no[slot] ?? 0
    const ticket = visitors.ticket[slot] ?? 0
    const timed = visitors.timed.get(slot)
    const queued = state === 'waiting' || state === 'parked'
    const ends = timed && state !== 'done' && state !== 'expired' ? timed : undefined
    const position = queued ? order.upTo(ticket - 1) + 1 : 0
    const enteredAt = visitors.enteredAt[slot] ?? 0
    // One shape for the many who wait: it is the hot path.
    if (!ends && ticket > 0) return { event, visitor, state, epoch, number, ticket, position, enteredAt }
    return {
      event,
      visitor,
      state,
      epoch,
      number,
      ...(ticket > 0 && { ticket }),
      position,
      enteredAt,
      ...(ends && { until: ends.until }),
      ...(ends && state === 'admitted' && { hardEnd: ends.hardEnd }),
    }
  }

  /** Kept until the line moves: between two movements thousands look at it. */
  #departures(): Departures {
    const { order, state } = this.book
    const { serving, next } = state
    const { of, version } = this.#departed
    if (
      of === order &&
      version === order.version &&
      this.#departed.serving === serving &&
      this.#departed.next === next
    )
      return this.#departed
    const bounds = bucketBounds(serving, next)
    const waitingUpTo = bounds.map((ticket) => order.upTo(ticket))
    const departed = bounds.slice(1).map((to, i) => {
      return to - (bounds[i] ?? 0) - ((waitingUpTo[i + 1] ?? 0) - (waitingUpTo[i] ?? 0))
    })
    this.#departed = {
      of: order,
      version: order.version,
      serving,
      next,
      returned: waitingUpTo[0] ?? 0,
      departed,
    }
    return this.#departed
  }

  #frame(now: number): Frame {
    const { returned, departed } = this.#departures()
    return { ...this.#standing(returned, now), departed }
  }

  #standing(returned: number, now: number): Standing {
    const { book } = this
    const { order, state, door } = book
    const { serving, next, epoch } = state
    return {
      event: book.event,
      epoch,
      serving,
      next,
      returned,
      waiting: order.size,
      active: book.active,
      cap: door.cap,
      ratePerMinute: door.ratePerMinute,
      mode: door.mode,
      limitedBy: book.places(now).limitedBy,
      opensAt: door.opensAt,
      at: now,
    }
  }
}
