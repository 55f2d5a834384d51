/**
 * The record of one event's line in memory: every visitor, the order, what is due, what the store must be told. It
 * knows how a step is booked; `line.ts` decides which step it is.
 *
 * Keeps L1 (one slot per visitor) and the counts: every change of state goes through `move`, which asks the table of
 * `life.ts`. Whatever it changes waits in `take()`; nobody is answered before that is durable (the engine sees to it).
 */
import {
  admittedIn,
  type DoorSettings,
  drawnOrder,
  isDrawn,
  type LineCounts,
  type Places,
  places,
  transition,
  type VisitorEvent,
  type VisitorState,
  withAdmitted,
} from '../../../waiting-room/index.ts'
import { Changes, type StepWrite } from './changes.ts'
import { drawOf } from './draw.ts'
import { DueTimes } from './due.ts'
import { TicketOrder } from './order.ts'
import { type EventState, type LoadedEvent, type LoadedRows, NUMBERS_PER_ROW, type VisitRow } from './rows.ts'
import { codeOf, stateOf, Visitors } from './visitors.ts'

/** Due times applied in one call: a bound on how long one caller works for the others. */
const SWEEP = 1_000
/** Too many to be worth a line each in the audit trail, and nothing is decided by them. */
const NOT_AUDITED: readonly VisitorEvent[] = ['renew', 'forget']
/** Who may still wait under the ticket held. */
const CAN_WAIT: readonly VisitorState[] = ['waiting', 'parked', 'ready', 'left']

export class Book {
  readonly event: string
  readonly state: EventState
  visitors: Visitors
  order: TicketOrder
  #door: DoorSettings
  #due = new DueTimes()
  readonly #changes = new Changes()
  readonly #seed: number

  /** `seed`: a random number for the table of names. */
  constructor(loaded: LoadedEvent, seed: number) {
    this.#seed = seed
    this.visitors = new Visitors(seed)
    this.event = loaded.event
    this.state = { ...loaded.state }
    this.#door = loaded.door
    this.order = new TicketOrder(this.state.next)
  }

  get door(): DoorSettings {
    return this.#door
  }

  /** Ready and admitted: what the cap counts (L3). */
  get active(): number {
    return this.visitors.count('ready') + this.visitors.count('admitted')
  }

  places(now: number): Places {
    return places(this.#door, this.active, admittedIn(this.state.window, now), this.order.size)
  }

  counts(): LineCounts {
    const { entered, left, done, expired, cleared, departed, missed } = this.state
    return {
      entered,
      registered: this.visitors.count('registered'),
      waiting: this.visitors.count('waiting'),
      parked: this.visitors.count('parked'),
      ready: this.visitors.count('ready'),
      admitted: this.visitors.count('admitted'),
      left,
      done,
      expired,
      cleared,
      departed,
      missed,
    }
  }

  setDoor(door: DoorSettings, now: number): void {
    this.#door = door
    this.#changes.touchDoor()
    this.note('change', door, now)
  }

  /** Into the audit trail: what was decided about the event as a whole. */
  note(cause: 'define' | 'change' | 'open' | 'clear_all', detail: object, now: number): void {
    this.#changes.note([now, null, null, null, null, cause, JSON.stringify(detail)])
  }

  /** At its definition: everything is to be written. */
  defined(now: number): void {
    this.#changes.touchDoor()
    this.note('define', this.#door, now)
  }

  /** A slot for a new visit, seen now; what is left of an earlier visit goes. */
  fresh(visitor: string, now: number): number {
    const { visitors } = this
    const old = visitors.slotOf(visitor)
    if (old >= 0) this.#remove(old)
    const slot = visitors.add(visitor)
    this.state.next++
    visitors.no[slot] = this.state.next
    visitors.ticket[slot] = 0
    visitors.enteredAt[slot] = now
    visitors.seenAt[slot] = now
    return slot
  }

  /** The number of the visit becomes its ticket. */
  giveTicket(slot: number): void {
    const ticket = this.visitors.no[slot] ?? 0
    this.visitors.ticket[slot] = ticket
    this.order.append(ticket, slot, false)
  }

  /** Changes the state as the table says; an event that does not apply is a fault of ours. */
  move(slot: number, event: VisitorEvent, at: number): void {
    const { visitors, order } = this
    const from = visitors.stateOf(slot)
    const to = transition(from, event)
    if (to === undefined) throw new Error(`${event} does not apply to a visitor who is ${from}`)
    visitors.setState(slot, to)
    const ticket = visitors.ticket[slot] ?? 0
    if (ticket > 0 && to !== 'registered') {
      if (CAN_WAIT.includes(to)) order.setWaiting(ticket, to === 'waiting')
      else order.drop(ticket)
    }
    if (to === 'waiting' || to === 'registered') visitors.timed.delete(slot)
    this.#count(event)
    this.#changes.touch(slot)
    if (NOT_AUDITED.includes(event)) return
    const number = ticket > 0 ? ticket : (visitors.no[slot] ?? 0)
    this.#changes.note([at, visitors.nameOf(slot), number, codeOf(from), codeOf(to), event, null])
  }

  /** One more let in or called at `now`, for the rolling minute. */
  countAdmission(now: number): void {
    this.state.departed++
    this.state.window = withAdmitted(this.state.window, now, 1)
  }

  setTimed(slot: number, until: number, hardEnd = 0): void {
    const { timed } = this.visitors
    const dueAt = this.visitors.stateOf(slot) === 'left' ? hardEnd : until
    const before = timed.get(slot)?.scheduled
    const scheduled = before !== undefined && before <= dueAt ? before : dueAt
    if (scheduled !== before) this.#due.add(dueAt, slot)
    timed.set(slot, { until, hardEnd, scheduled })
    this.#changes.touch(slot)
  }

  /** Applies what is due, each as of the moment it was due, in that order. */
  sweep(now: number): void {
    for (let n = 0; n < SWEEP; n++) {
      const entry = this.#due.take(now)
      if (!entry) return
      const timed = this.visitors.timed.get(entry.slot)
      if (!timed || timed.scheduled !== entry.at) continue
      const dueAt = this.visitors.stateOf(entry.slot) === 'left' ? timed.hardEnd : timed.until
      // Its entry is taken: whatever it becomes now needs one of its own.
      const scheduled = dueAt <= now ? Number.POSITIVE_INFINITY : dueAt
      this.visitors.timed.set(entry.slot, { ...timed, scheduled })
      if (dueAt <= now) this.#overdue(entry.slot, dueAt)
      else this.#due.add(dueAt, entry.slot)
    }
  }

  /** Empties the line; those inside stay unless `active`. They are written anew, the rest is void by its epoch. */
  clear(active: boolean, now: number): void {
    const kept: VisitRow[] = []
    for (const slot of this.visitors.timed.keys()) {
      const state = this.visitors.stateOf(slot)
      if (!active && (state === 'ready' || state === 'admitted')) kept.push(this.#row(slot))
    }
    this.state.epoch++
    this.state.clearedTo = this.state.next
    this.state.serving = this.state.next
    this.visitors = new Visitors(this.#seed)
    this.#due = new DueTimes()
    this.#changes.voidRows()
    for (const row of kept) this.#changes.touch(this.#restore(row, now))
    this.rebuildOrder()
  }

  /** At a start, page by page. Presence is not kept: all get the grace to show up again. */
  load({ visitors, numbers }: LoadedRows, now: number): void {
    const { epoch: current } = this.state
    if (this.visitors.size === 0) this.#reserve(visitors)
    for (const [i, visitor] of visitors.entries()) {
      const at = i * NUMBERS_PER_ROW
      const [no = 0, ticket = 0, state = 0, enteredAt = 0, until = 0, hardEnd = 0, misses = 0, epoch = 0] =
        numbers.subarray(at, at + NUMBERS_PER_ROW)
      // Of an earlier epoch: cleared, and not yet deleted.
      if (epoch < current) continue
      this.#restore([no, visitor, ticket, state, enteredAt, until, hardEnd, misses, epoch], now)
    }
  }

  /** After the last page. */
  loaded(): void {
    this.rebuildOrder()
    this.#changes.voidRows()
    this.take()
  }

  /**
   * Gives those registered the tickets of a draw that has been held, and puts everybody into the order anew. Their rows
   * stay as they are: what the draw gave is computed again at the next start.
   */
  rebuildOrder(): void {
    this.#applyDraw()
    const { visitors, state } = this
    const { used } = visitors
    // Ticket and slot in one number, so that they can be sorted in place by a native sort; both stay exact below 2^53.
    const packed = new Float64Array(visitors.size)
    let count = 0
    for (let slot = 0; slot < used; slot++) {
      const ticket = visitors.ticket[slot] ?? 0
      if (ticket > 0 && CAN_WAIT.includes(visitors.stateOf(slot))) {
        packed[count] = ticket * used + slot
        count++
      }
    }
    const sorted = packed.subarray(0, count).sort()
    const tickets = new Float64Array(count)
    const slots = new Int32Array(count)
    const waiting = new Uint8Array(count)
    for (let i = 0; i < count; i++) {
      const slot = (sorted[i] ?? 0) % used
      slots[i] = slot
      tickets[i] = visitors.ticket[slot] ?? 0
      waiting[i] = visitors.stateOf(slot) === 'waiting' ? 1 : 0
    }
    this.order.load(tickets, slots, waiting, state.next)
  }

  /** Rows and entries that there were to write so far: another number when something has to be written anew. */
  get changes(): number {
    return this.#changes.count
  }

  /** What has changed since the last call; undefined = nothing. */
  take(): StepWrite | undefined {
    return this.#changes.take(this.event, this.#door, this.state, (slot) => this.#row(slot))
  }

  #overdue(slot: number, at: number): void {
    const { visitors } = this
    const { parkedMs, retentionMs, claimTries } = this.#door
    switch (visitors.stateOf(slot)) {
      case 'ready': {
        const misses = (visitors.misses[slot] ?? 0) + 1
        visitors.misses[slot] = misses
        const last = misses >= claimTries
        this.move(slot, last ? 'claim_over_for_good' : 'claim_over', at)
        return this.setTimed(slot, at + (last ? retentionMs : parkedMs))
      }
      case 'parked':
        this.move(slot, 'parked_over', at)
        return this.setTimed(slot, at + retentionMs)
      case 'admitted':
        this.move(slot, 'lease_over', at)
        return this.setTimed(slot, at + retentionMs)
      default:
        this.#remove(slot)
    }
  }

  /** For those who are in; the others that are still on record are few, and grow it if they are not. */
  #reserve(names: readonly string[]): void {
    const { entered, left, done, expired, cleared } = this.state
    const characters = names.reduce((sum, name) => sum + name.length, 0)
    this.visitors.reserve(entered - left - done - expired - cleared, characters / Math.max(1, names.length))
  }

  #remove(slot: number): void {
    const ticket = this.visitors.ticket[slot] ?? 0
    if (ticket > 0) this.order.drop(ticket)
    this.#changes.forget(slot, this.visitors.no[slot] ?? 0)
    this.visitors.remove(slot)
  }

  #count(event: VisitorEvent): void {
    const { state } = this
    if (event === 'register' || event === 'enter' || event === 'enter_directly') state.entered++
    else if (event === 'leave') state.left++
    else if (event === 'undo' || event === 'undo_early') state.left--
    else if (event === 'miss') state.missed++
    else if (event === 'finish') state.done++
    else if (event === 'lease_over' || event === 'claim_over_for_good' || event === 'parked_over')
      state.expired++
  }

  #applyDraw(): void {
    const stored = this.state.draw
    const draw = stored ? drawOf(stored) : undefined
    if (!isDrawn(draw)) return
    const order = drawnOrder(draw)
    const { visitors } = this
    for (let slot = 0; slot < visitors.used; slot++) {
      if (visitors.stateOf(slot) === 'none') continue
      const index = (visitors.no[slot] ?? 0) - draw.first
      if ((visitors.ticket[slot] ?? 0) > 0 || index < 0 || index >= draw.count) continue
      visitors.ticket[slot] = draw.first + order.at(index)
      if (visitors.stateOf(slot) === 'registered') visitors.setState(slot, 'waiting')
      // Of the others there are few, and a later draw must not be taken for theirs.
      else this.#changes.touch(slot)
    }
  }

  #restore(row: VisitRow, now: number): number {
    const [no, visitor, ticket, state, enteredAt, until, hardEnd, misses] = row
    const { visitors } = this
    const slot = visitors.add(visitor)
    visitors.no[slot] = no
    visitors.ticket[slot] = ticket
    visitors.enteredAt[slot] = enteredAt
    visitors.seenAt[slot] = now
    visitors.misses[slot] = misses
    visitors.setState(slot, stateOf(state))
    if (until > 0) {
      const dueAt = stateOf(state) === 'left' ? hardEnd : until
      visitors.timed.set(slot, { until, hardEnd, scheduled: dueAt })
      this.#due.add(dueAt, slot)
    }
    return slot
  }

  #row(slot: number): VisitRow {
    const { visitors } = this
    const { until = 0, hardEnd = 0 } = visitors.timed.get(slot) ?? {}
    return [
      visitors.no[slot] ?? 0,
      visitors.nameOf(slot),
      visitors.ticket[slot] ?? 0,
      codeOf(visitors.stateOf(slot)),
      visitors.enteredAt[slot] ?? 0,
      until,
      hardEnd,
      visitors.misses[slot] ?? 0,
      this.state.epoch,
    ]
  }
}
