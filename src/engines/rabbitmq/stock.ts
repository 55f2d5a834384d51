/**
 * The messages of one type that lie in this process and may be handed out, in their order.
 *
 * - Q5: of an ordering key only the head of its chain is ever among the ready ones or out; the others wait behind it,
 *   however it ends, and a head that waits for its moment or its retry keeps its turn.
 * - One that is given back is where it was before: the order is that of arrival, not of return.
 */
import { isSuspect, type Quarantine } from './quarantine.ts'
import type { Parcel, Source } from './source.ts'

interface Chain {
  /** Ready, out, or waiting for its moment. */
  head: Parcel
  readonly waiting: Parcel[]
}

export class Stock {
  /** Only an engine with priorities orders by them; to the others they are a field. */
  readonly #byPriority: boolean
  #ready: Parcel[] = []
  /** Ready too, but handed out one at a time in the whole process. */
  readonly #suspects = new Set<Parcel>()
  readonly #quarantine: Quarantine
  /** Ready but for their moment. */
  readonly #held = new Set<Parcel>()
  readonly #chains = new Map<string, Chain>()
  readonly #timed: (at: number) => void
  #waiting = 0

  /**
   * `timed` hears of every moment at which `ripen` will have something to do. `quarantine`: that of the process, shared
   * by all its types.
   */
  constructor(byPriority: boolean, timed: (at: number) => void, quarantine: Quarantine) {
    this.#byPriority = byPriority
    this.#quarantine = quarantine
    this.#timed = timed
  }

  /** To be handed out now. */
  get ready(): number {
    return this.#ready.length + (this.#suspect() ? 1 : 0)
  }

  /** Behind another of their key. */
  get waiting(): number {
    return this.#waiting
  }

  /** For their moment. */
  get held(): number {
    return this.#held.size
  }

  /** All that lies here and is not out. */
  get size(): number {
    return this.#ready.length + this.#suspects.size + this.#waiting + this.#held.size
  }

  /** A delivery. Answers whether something became ready. */
  add(parcel: Parcel, now: number): boolean {
    const key = keyOf(parcel)
    if (key === undefined) return this.#place(parcel, now, 'back')
    const chain = this.#chains.get(key)
    if (!chain) {
      this.#chains.set(key, { head: parcel, waiting: [] })
      return this.#place(parcel, now, 'back')
    }
    this.#waiting += 1
    enqueue(chain.waiting, parcel)
    return false
  }

  /** The first `max`, which are then out; a head that is out keeps its key until `finished`. */
  take(max: number): Parcel[] {
    const taken = this.#ready.splice(0, max)
    const suspect = taken.length < max ? this.#suspect() : undefined
    if (!suspect) return taken
    this.#suspects.delete(suspect)
    this.#quarantine.handOut(suspect)
    taken.push(suspect)
    return taken
  }

  /** What was out is ready again, in its old place, or when its moment (`dueAt`) comes. */
  putBack(parcel: Parcel, now: number): boolean {
    this.#quarantine.ended(parcel)
    return this.#place(parcel, now, 'front')
  }

  /** What was out has its end, or a new copy elsewhere. Answers whether the next of its key became ready. */
  finished(parcel: Parcel, now: number): boolean {
    this.#quarantine.ended(parcel)
    const key = keyOf(parcel)
    const chain = key === undefined ? undefined : this.#chains.get(key)
    if (key === undefined || chain?.head !== parcel) return false
    const next = chain.waiting.shift()
    if (!next) {
      this.#chains.delete(key)
      return false
    }
    this.#waiting -= 1
    chain.head = next
    return this.#place(next, now, 'front')
  }

  /** Those whose moment has come are ready. */
  ripen(now: number): Parcel[] {
    const ripe = [...this.#held].filter(({ dueAt = 0 }) => dueAt <= now)
    for (const parcel of ripe) {
      this.#held.delete(parcel)
      this.#insert(parcel, 'front')
    }
    return ripe
  }

  /** The next moment at which `ripen` has something to do. */
  nextDueAt(): number {
    let at = Number.POSITIVE_INFINITY
    for (const { dueAt = 0 } of this.#held) at = Math.min(at, dueAt)
    return at
  }

  /** Removes those that expire by `now` and are not out, those behind others of their key included. */
  expire(now: number): Parcel[] {
    const expired: Parcel[] = []
    const isOver = ({ copy }: Parcel) => (copy.expiresAt ?? Number.POSITIVE_INFINITY) <= now
    for (const { waiting } of this.#chains.values()) {
      for (let i = waiting.length - 1; i >= 0; i--) {
        const parcel = waiting[i]
        if (parcel && isOver(parcel)) {
          waiting.splice(i, 1)
          this.#waiting -= 1
          expired.push(parcel)
        }
      }
    }
    // Each round may bring the next of a key to the front, which may be over as well.
    for (;;) {
      const over = [...this.#ready, ...this.#suspects, ...this.#held].filter(isOver)
      if (over.length === 0) return expired
      const gone = new Set(over)
      this.#ready = this.#ready.filter((parcel) => !gone.has(parcel))
      for (const parcel of over) {
        this.#held.delete(parcel)
        this.#acquit(parcel)
        this.finished(parcel, now)
      }
      expired.push(...over)
    }
  }

  /** The next moment at which `expire` has something to do. */
  nextExpiryAt(): number {
    let at = Number.POSITIVE_INFINITY
    const look = ({ copy }: Parcel) => {
      if (copy.expiresAt !== undefined && copy.expiresAt < at) at = copy.expiresAt
    }
    this.#ready.forEach(look)
    this.#suspects.forEach(look)
    this.#held.forEach(look)
    for (const { waiting } of this.#chains.values()) waiting.forEach(look)
    return at
  }

  /** When the one that would be next was accepted. */
  oldestAcceptedAt(): number | undefined {
    let oldest: number | undefined
    for (const { copy } of [...this.#ready, ...this.#suspects]) {
      if (oldest === undefined || copy.acceptedAt < oldest) oldest = copy.acceptedAt
    }
    return oldest
  }

  /** Removes what came from `source` and is not out. */
  giveUp(source: Source): Parcel[] {
    const given: Parcel[] = []
    const stays = (parcel: Parcel) => parcel.source !== source || !given.push(parcel)
    for (const [key, chain] of this.#chains) {
      const { waiting } = chain
      for (const parcel of waiting) if (parcel.source === source) given.push(parcel)
      const left = waiting.filter((parcel) => parcel.source !== source)
      this.#waiting -= waiting.length - left.length
      waiting.splice(0, waiting.length, ...left)
      const { head } = chain
      const isOut = !this.#held.has(head) && !this.#suspects.has(head) && !this.#ready.includes(head)
      if (head.source === source && !isOut) this.#chains.delete(key)
    }
    this.#ready = this.#ready.filter(stays)
    for (const parcel of [...this.#held]) if (!stays(parcel)) this.#held.delete(parcel)
    for (const parcel of [...this.#suspects]) if (!stays(parcel)) this.#acquit(parcel)
    return given
  }

  /** When the one that has lain here longest came. */
  oldestArrival(): { readonly at: number; readonly source: Source } | undefined {
    let oldest: Parcel | undefined
    const look = (parcel: Parcel) => {
      if (!oldest || parcel.arrivedAt < oldest.arrivedAt) oldest = parcel
    }
    this.#ready.forEach(look)
    this.#suspects.forEach(look)
    this.#held.forEach(look)
    for (const { waiting } of this.#chains.values()) waiting.forEach(look)
    return oldest && { at: oldest.arrivedAt, source: oldest.source }
  }

  /** The connection is gone, and with it everything here: it will be delivered again. Answers those that were held. */
  clear(): Parcel[] {
    const held = [...this.#held]
    this.#ready = []
    for (const parcel of [...this.#suspects]) this.#acquit(parcel)
    this.#held.clear()
    this.#chains.clear()
    this.#waiting = 0
    return held
  }

  #place(parcel: Parcel, now: number, from: 'front' | 'back'): boolean {
    const { dueAt = 0 } = parcel
    if (dueAt > now) {
      this.#held.add(parcel)
      this.#timed(dueAt)
      return false
    }
    return this.#insert(parcel, from)
  }

  /** The one of this type whose turn it is, if it is one of this type. */
  #suspect(): Parcel | undefined {
    const { next } = this.#quarantine
    return next && this.#suspects.has(next) ? next : undefined
  }

  /** It leaves otherwise than by being handed out. */
  #acquit(parcel: Parcel): void {
    if (this.#suspects.delete(parcel)) this.#quarantine.remove(parcel)
  }

  /** From the end where it most likely belongs, so that a step or two find its place. Answers whether it may go. */
  #insert(parcel: Parcel, from: 'front' | 'back'): boolean {
    if (isSuspect(parcel)) {
      this.#suspects.add(parcel)
      return this.#quarantine.add(parcel)
    }
    const ready = this.#ready
    let at = from === 'back' ? ready.length : 0
    if (from === 'back') while (at > 0 && this.#before(parcel, ready[at - 1])) at -= 1
    else while (at < ready.length && !this.#before(parcel, ready[at])) at += 1
    if (at === ready.length) ready.push(parcel)
    else ready.splice(at, 0, parcel)
    return true
  }

  #before(a: Parcel, b: Parcel | undefined): boolean {
    if (b === undefined) return true
    if (this.#byPriority && a.copy.priority !== b.copy.priority) return a.copy.priority > b.copy.priority
    // Within a queue the broker's order counts; between queues there is none but the time.
    if (a.source === b.source) return a.seq < b.seq
    if (a.copy.acceptedAt !== b.copy.acceptedAt) return a.copy.acceptedAt < b.copy.acceptedAt
    return a.seq < b.seq
  }
}

function keyOf({ source, copy }: Parcel): string | undefined {
  return source.queue.keyed ? copy.orderingKey : undefined
}

/** Fresh ones in the order of the queue; a dead letter that comes back, before those accepted after it. */
function enqueue(waiting: Parcel[], parcel: Parcel): void {
  if (parcel.copy.round === 0) {
    waiting.push(parcel)
    return
  }
  const at = waiting.findIndex(({ copy }) => copy.acceptedAt > parcel.copy.acceptedAt)
  if (at === -1) waiting.push(parcel)
  else waiting.splice(at, 0, parcel)
}
