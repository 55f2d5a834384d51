/**
 * Who waits, in the order of tickets, in memory: the first one, and how many are before a ticket, in O(log n).
 *
 * A Fenwick tree (Fenwick, "A new data structure for cumulative frequency tables", 1994) over ranks. Tickets only grow,
 * so a rank is an offset from the last compaction; when the tree is full, the tickets that can still come back move
 * together and it grows to twice their number, which costs O(1) a ticket over time. Tickets before the last compaction
 * are found by binary search in `#old`.
 */
const SMALLEST = 1024

export class TicketOrder {
  /** Ranks 1 … old.length, ascending. */
  #old = new Float64Array(0)
  /** Rank old.length + k is ticket #from + k. */
  #from: number
  #used = 0
  #slots = new Int32Array(SMALLEST)
  #bits = new Uint8Array(SMALLEST)
  #tree = new Uint32Array(SMALLEST + 1)
  #size = 0
  #version = 0

  /** Knows no ticket up to and including `last`. */
  constructor(last: number) {
    this.#from = last
  }

  /** How many are waiting. */
  get size(): number {
    return this.#size
  }

  /** Another one whenever somebody waits, or waits no longer. */
  get version(): number {
    return this.#version
  }

  /** Ascending and without gaps, from the ticket after the last; `slot` -1: it will never wait. */
  append(ticket: number, slot: number, waiting: boolean): void {
    if (ticket !== this.#last + 1) throw new Error(`ticket ${ticket} after ${this.#last}`)
    if (this.#used === this.#slots.length) this.#compact()
    this.#slots[this.#used] = slot
    this.#used++
    this.#bits[this.#used - 1] = 0
    if (waiting) this.#set(this.#used, 1)
  }

  setWaiting(ticket: number, waiting: boolean): void {
    const rank = this.#rankOf(ticket)
    if (rank === 0) throw new Error(`ticket ${ticket} is not known`)
    this.#set(rank, waiting ? 1 : 0)
  }

  /** It waits no longer and never will again. */
  drop(ticket: number): void {
    const rank = this.#rankOf(ticket)
    if (rank === 0) return
    this.#set(rank, 0)
    this.#slots[rank - 1] = -1
  }

  /** The slot of the lowest ticket that waits; -1 = none. */
  first(): number {
    if (this.#size === 0) return -1
    let rank = 0
    let step = 2 ** Math.floor(Math.log2(this.#slots.length))
    for (; step >= 1; step /= 2) {
      const next = rank + step
      if (next <= this.#slots.length && (this.#tree[next] ?? 0) === 0) rank = next
    }
    return this.#slots[rank] ?? -1
  }

  /** How many of those waiting have a ticket up to and including this one, whether it exists or not. */
  upTo(ticket: number): number {
    const newer = ticket - this.#from
    const rank = newer > 0 ? this.#old.length + newer : below(this.#old, ticket + 1)
    let sum = 0
    for (let at = Math.min(rank, this.#used); at > 0; at -= at & -at) sum += this.#tree[at] ?? 0
    return sum
  }

  /** Starts anew with these, ascending: after a restart, and when tickets were drawn by lot. */
  load(tickets: Float64Array<ArrayBuffer>, slots: Int32Array, waiting: Uint8Array, last: number): void {
    const capacity = Math.max(SMALLEST, tickets.length * 2)
    this.#version++
    this.#old = tickets
    this.#from = last
    this.#used = tickets.length
    this.#slots = new Int32Array(capacity)
    this.#slots.set(slots)
    this.#bits = new Uint8Array(capacity)
    this.#bits.set(waiting)
    this.#tree = new Uint32Array(capacity + 1)
    this.#size = 0
    for (let rank = 1; rank <= capacity; rank++) {
      const bit = this.#bits[rank - 1] ?? 0
      this.#size += bit
      const sum = (this.#tree[rank] ?? 0) + bit
      // Untouched memory is not resident, and half of it is for tickets to come.
      if (sum === 0) continue
      this.#tree[rank] = sum
      const parent = rank + (rank & -rank)
      if (parent <= capacity) this.#tree[parent] = (this.#tree[parent] ?? 0) + sum
    }
  }

  /** Every ticket that can still wait, ascending. */
  #entries(): { tickets: Float64Array<ArrayBuffer>; slots: Int32Array; waiting: Uint8Array } {
    let count = 0
    for (let i = 0; i < this.#used; i++) if ((this.#slots[i] ?? -1) >= 0) count++
    const tickets = new Float64Array(count)
    const slots = new Int32Array(count)
    const waiting = new Uint8Array(count)
    let to = 0
    for (let i = 0; i < this.#used; i++) {
      const slot = this.#slots[i] ?? -1
      if (slot < 0) continue
      tickets[to] = i < this.#old.length ? (this.#old[i] ?? 0) : this.#from + i - this.#old.length + 1
      slots[to] = slot
      waiting[to] = this.#bits[i] ?? 0
      to++
    }
    return { tickets, slots, waiting }
  }

  get #last(): number {
    return this.#from + this.#used - this.#old.length
  }

  #rankOf(ticket: number): number {
    const newer = ticket - this.#from
    if (newer > 0) return newer <= this.#used - this.#old.length ? this.#old.length + newer : 0
    const at = below(this.#old, ticket)
    return this.#old[at] === ticket ? at + 1 : 0
  }

  #set(rank: number, bit: 0 | 1): void {
    const before = this.#bits[rank - 1] ?? 0
    if (before === bit) return
    this.#bits[rank - 1] = bit
    this.#version++
    this.#size += bit - before
    const change = bit - before
    for (let at = rank; at <= this.#slots.length; at += at & -at)
      this.#tree[at] = (this.#tree[at] ?? 0) + change
  }

  #compact(): void {
    const last = this.#last
    const { tickets, slots, waiting } = this.#entries()
    this.load(tickets, slots, waiting, last)
  }
}

/** How many of `sorted` are smaller than `value`. */
function below(sorted: Float64Array, value: number): number {
  let from = 0
  let to = sorted.length
  while (from < to) {
    const middle = (from + to) >>> 1
    if ((sorted[middle] ?? 0) < value) from = middle + 1
    else to = middle
  }
  return from
}
