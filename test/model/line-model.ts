/**
 * The line as simply as it can be said: one list of visits, searched from the front. Written from the port's promises,
 * sharing nothing with the engines but the port's types and the draw (which has its own test and verifier).
 */
import {
  type Admission,
  type Cleared,
  chained,
  commitmentOf,
  type DoorSettings,
  type Draw,
  EMPTY_ROOT,
  type Entered,
  type EnterResult,
  type LineCounts,
  type Visit,
  type VisitorState,
  verifyDraw,
} from '../../src/waiting-room/index.ts'
import type { LineStep } from './line-commands.ts'

/** What the engines tell of the event besides is compared with their own snapshot. */
type ModelEntry = Omit<Entered, 'look'> | Exclude<EnterResult, Entered>

interface Person {
  readonly visitor: string
  readonly no: number
  state: VisitorState
  ticket: number | undefined
  readonly enteredAt: number
  seenAt: number
  until: number
  hardEnd: number
  /** When the record goes. */
  forgetAt: number
  misses: number
}

const IN_LINE: readonly VisitorState[] = ['registered', 'waiting', 'parked']
const INSIDE: readonly VisitorState[] = ['ready', 'admitted']

export class LineModel {
  door: DoorSettings
  people: Person[] = []
  epoch = 1
  last = 0
  serving = 0
  admissions: number[] = []
  ends = { entered: 0, left: 0, done: 0, expired: 0, cleared: 0, departed: 0, missed: 0 }
  /** Everybody who registered for the coming or last draw, by number. */
  list: { no: number; visitor: string }[] = []
  listFirst = 0
  secret = ''
  readonly event: string

  constructor(event: string, door: DoorSettings) {
    this.event = event
    this.door = door
  }

  /** Everything due by `now`, in the order it was due. */
  pass(now: number): void {
    for (;;) {
      const due = this.people
        .filter((one) => !['registered', 'waiting'].includes(one.state) && this.#dueAt(one) <= now)
        .sort((a, b) => this.#dueAt(a) - this.#dueAt(b))[0]
      if (!due) return
      this.#ends(due, this.#dueAt(due))
    }
  }

  enter(visitor: string, now: number): ModelEntry {
    this.pass(now)
    const one = this.#find(visitor)
    if (one && this.#again(one, now)) return this.#entered(visitor, one.state, now)
    const { mode } = this.door
    if (mode === 'closed' || mode === 'draining') return { kind: 'refused', code: mode }
    const straightIn = mode === 'open' && this.#waiting().length === 0 && this.#free(now) > 0
    const queued = this.people.filter(({ state }) => IN_LINE.includes(state)).length
    if (!straightIn && queued >= this.door.maxQueued) return { kind: 'refused', code: 'full' }
    this.people = this.people.filter((other) => other !== one)
    this.last++
    this.ends.entered++
    const fresh: Person = {
      visitor,
      no: this.last,
      state: mode === 'prequeue' ? 'registered' : straightIn ? 'admitted' : 'waiting',
      ticket: mode === 'prequeue' ? undefined : this.last,
      enteredAt: now,
      seenAt: now,
      until: 0,
      hardEnd: 0,
      forgetAt: 0,
      misses: 0,
    }
    this.people.push(fresh)
    if (mode === 'prequeue') this.list.push({ no: this.last, visitor })
    if (straightIn) {
      this.serving = this.last
      this.#admitted(now)
      this.#goesIn(fresh, now)
    }
    return { kind: 'in', visit: this.visit(visitor), changed: true }
  }

  /** In the line or inside already, or a leave that can be taken back. */
  #again(one: Person, now: number): boolean {
    const undone = one.state === 'left' && now < one.until
    return IN_LINE.includes(one.state) || INSIDE.includes(one.state) || undone
  }

  #entered(visitor: string, before: VisitorState, now: number): ModelEntry {
    if (before === 'left') this.step(visitor, 'undo', now)
    else if (before === 'ready') this.step(visitor, 'claim', now)
    else if (before === 'admitted') this.step(visitor, 'renew', now)
    else this.seen([visitor], now)
    const visit = this.visit(visitor)
    return { kind: 'in', visit, changed: visit.state !== before }
  }

  admit(max: number, now: number): Pick<Admission, 'called' | 'parked' | 'more'> {
    this.pass(now)
    const called: Admission['called'][number][] = []
    let parked = 0
    for (;;) {
      const next = this.#waiting()[0]
      const more = next !== undefined && this.#free(now) > 0
      if (!more || called.length >= max) return { called, parked, more }
      const ticket = next.ticket ?? 0
      this.serving = Math.max(this.serving, ticket)
      if (now - next.seenAt > this.door.graceMs) {
        next.state = 'parked'
        next.until = now + this.door.parkedMs
        parked++
        this.ends.missed++
      } else {
        next.state = 'ready'
        next.until = now + this.door.claimMs
        this.#admitted(now)
        called.push({ visitor: next.visitor, ticket, claimBy: next.until, enteredAt: next.enteredAt })
      }
    }
  }

  step(visitor: string, step: LineStep, now: number): Visit {
    this.pass(now)
    const one = this.#find(visitor)
    if (!one) return this.visit(visitor)
    const { leaseMs, undoMs, retentionMs } = this.door
    if (step === 'claim' && one.state === 'ready') {
      one.seenAt = now
      this.#goesIn(one, now)
    } else if (step === 'renew' && one.state === 'admitted') {
      const until = Math.min(now + leaseMs, one.hardEnd)
      const worth = until - one.until >= leaseMs / 10 || (until === one.hardEnd && until > one.until)
      if (worth) one.until = until
    } else if ((step === 'done' || step === 'leave') && one.state === 'admitted') {
      this.#over(one, 'done', now)
    } else if (step === 'leave' && (IN_LINE.includes(one.state) || one.state === 'ready')) {
      one.state = 'left'
      one.until = now + undoMs
      one.forgetAt = now + undoMs + retentionMs
      this.ends.left++
    } else if (step === 'undo' && one.state === 'left' && now < one.until) {
      one.state = one.ticket === undefined ? 'registered' : 'waiting'
      one.seenAt = now
      this.ends.left--
    }
    return this.visit(visitor)
  }

  seen(visitors: readonly string[], now: number): void {
    this.pass(now)
    for (const visitor of visitors) {
      const one = this.#find(visitor)
      if (!one) continue
      one.seenAt = now
      if (one.state === 'parked') one.state = 'waiting'
    }
  }

  prequeue(secret: string, now: number): { commitment: string } | false {
    this.pass(now)
    if (this.people.some(({ state }) => state === 'waiting' || state === 'registered')) return false
    this.secret = secret
    this.list = []
    this.listFirst = this.last + 1
    this.door = { ...this.door, mode: 'prequeue', opensAt: null }
    return { commitment: commitmentOf(secret) }
  }

  open(beacon: string, now: number): Draw | undefined {
    this.pass(now)
    if (this.door.mode !== 'prequeue') return undefined
    const draw: Draw = {
      commitment: commitmentOf(this.secret),
      first: this.listFirst,
      count: this.list.length,
      root: this.list.reduce((root, { no, visitor }) => chained(root, no, visitor), EMPTY_ROOT),
      revealed: { secret: this.secret, beacon },
    }
    const verdict = verifyDraw(
      draw,
      this.list.map(({ visitor }) => visitor),
    )
    if (!verdict.ok) throw new Error(verdict.fault)
    for (const one of this.people) {
      const at = this.list.findIndex(({ no }) => no === one.no)
      if (at < 0 || one.ticket !== undefined) continue
      one.ticket = verdict.tickets[at]
      if (one.state === 'registered') one.state = 'waiting'
    }
    this.door = { ...this.door, mode: 'open', opensAt: null }
    return draw
  }

  clear(active: boolean, now: number): Cleared {
    this.pass(now)
    const count = (...states: VisitorState[]) =>
      this.people.filter((one) => states.includes(one.state)).length
    const [waiting, registered, parked] = [count('waiting'), count('registered'), count('parked')]
    const inside = active ? count('ready', 'admitted') : 0
    this.people = active ? [] : this.people.filter(({ state }) => INSIDE.includes(state))
    this.ends.cleared += waiting + registered + parked + inside
    this.serving = this.last
    this.epoch++
    if (this.door.mode === 'prequeue') {
      this.list = []
      this.listFirst = this.last + 1
    }
    return { waiting, registered, parked, active: inside, epoch: this.epoch }
  }

  /** A restart or a crash: nothing is lost, and everybody has the grace to show up again. */
  restart(now: number): void {
    for (const one of this.people) one.seenAt = now
  }

  visit(visitor: string): Visit {
    const { event, epoch } = this
    const one = this.#find(visitor)
    if (!one) return { event, visitor, state: 'none', epoch, position: 0 }
    const ahead = this.#waiting().filter(({ ticket = 0 }) => ticket < (one.ticket ?? 0)).length
    const { state, no, ticket, enteredAt, until, hardEnd } = one
    return {
      event,
      visitor,
      state,
      epoch,
      number: no,
      ...(ticket !== undefined && { ticket }),
      position: state === 'waiting' || state === 'parked' ? ahead + 1 : 0,
      enteredAt,
      ...(['ready', 'admitted', 'parked', 'left'].includes(state) && { until }),
      ...(state === 'admitted' && { hardEnd }),
    }
  }

  counts(): LineCounts {
    const count = (state: VisitorState) => this.people.filter((one) => one.state === state).length
    return {
      ...this.ends,
      registered: count('registered'),
      waiting: count('waiting'),
      parked: count('parked'),
      ready: count('ready'),
      admitted: count('admitted'),
    }
  }

  #find(visitor: string): Person | undefined {
    return this.people.find((one) => one.visitor === visitor)
  }

  #waiting(): Person[] {
    return this.people
      .filter(({ state }) => state === 'waiting')
      .sort((a, b) => (a.ticket ?? 0) - (b.ticket ?? 0))
  }

  #free(now: number): number {
    if (this.door.mode !== 'open' && this.door.mode !== 'draining') return 0
    const inside = this.people.filter(({ state }) => INSIDE.includes(state)).length
    // Whole seconds: an admission counts until 60 full seconds have passed since its own.
    const lately = this.admissions.filter((at) => Math.floor(now / 1000) - Math.floor(at / 1000) <= 60)
    const { cap, ratePerMinute } = this.door
    const byRate = ratePerMinute === 0 ? Number.MAX_SAFE_INTEGER : ratePerMinute - lately.length
    return Math.max(0, Math.min(cap - inside, byRate))
  }

  #admitted(now: number): void {
    this.admissions.push(now)
    this.ends.departed++
  }

  #goesIn(one: Person, now: number): void {
    one.state = 'admitted'
    one.until = now + Math.min(this.door.leaseMs, this.door.hardMs)
    one.hardEnd = now + this.door.hardMs
  }

  #over(one: Person, state: 'done' | 'expired', at: number): void {
    one.state = state
    one.forgetAt = at + this.door.retentionMs
    this.ends[state]++
  }

  #dueAt({ state, until, forgetAt }: Person): number {
    return state === 'left' || state === 'done' || state === 'expired' ? forgetAt : until
  }

  #ends(one: Person, at: number): void {
    if (one.state === 'admitted' || one.state === 'parked') this.#over(one, 'expired', at)
    else if (one.state === 'ready') {
      one.misses++
      if (one.misses >= this.door.claimTries) this.#over(one, 'expired', at)
      else {
        one.state = 'parked'
        one.until = at + this.door.parkedMs
      }
    } else this.people = this.people.filter((other) => other !== one)
  }
}
