/**
 * The visitors of one event in columns: a million of them have to fit into memory, and an object each would take three
 * times the space. A visitor is a slot, a row number of the columns; slots of the gone are used again.
 *
 * `timed` holds what only some have: those inside, called, parked or just gone; few against those who wait.
 */
import { VISITOR_STATES, type VisitorState } from '../../../waiting-room/index.ts'
import { Names } from './names.ts'

export interface Timed {
  /** When the state ends by itself. */
  readonly until: number
  /** Admitted: the hard end. Left: when the record is forgotten. Otherwise 0. */
  readonly hardEnd: number
  /** The moment of this slot's entry among the due times; any other entry of it is stale. */
  readonly scheduled: number
}

const SMALLEST = 256
const GROWTH = 1.25
const NONE = 0
const CODES = new Map<VisitorState, number>(VISITOR_STATES.map((state, code) => [state, code]))

/** The number that stands for a state in columns and rows: its place in `VISITOR_STATES`. */
export const codeOf = (state: VisitorState): number => CODES.get(state) ?? NONE
export const stateOf = (code: number): VisitorState => VISITOR_STATES[code] ?? 'none'

export class Visitors {
  readonly #names: Names
  #state = new Uint8Array(SMALLEST)
  /** The number of the entry, which is the key of its row. */
  no = new Float64Array(SMALLEST)
  ticket = new Float64Array(SMALLEST)
  enteredAt = new Float64Array(SMALLEST)
  seenAt = new Float64Array(SMALLEST)
  /** Calls let pass. */
  misses = new Uint8Array(SMALLEST)
  readonly timed = new Map<number, Timed>()
  readonly #free: number[] = []
  /** Slots below this were used at some time. */
  #used = 0
  readonly #counts = new Array<number>(VISITOR_STATES.length).fill(0)

  constructor(seed: number) {
    this.#names = new Names(seed)
  }

  /**
   * Room for so many at once, with names of `nameBytes` each. Growing step by step to a million leaves the memory of
   * every earlier step behind as gaps that hardly anything fits into.
   */
  reserve(visitors: number, nameBytes: number): void {
    if (visitors <= this.#state.length) return
    this.#resize(visitors)
    this.#names.reserve(visitors, nameBytes)
  }

  /** -1 = there is no such visitor. */
  slotOf(visitor: string): number {
    return this.#names.slotOf(visitor)
  }

  nameOf(slot: number): string {
    return this.#names.nameOf(slot)
  }

  stateOf(slot: number): VisitorState {
    return stateOf(this.#state[slot] ?? NONE)
  }

  /** How many there are. */
  get size(): number {
    return this.#names.size
  }

  /** Slots are below this; those free are in state `none`. */
  get used(): number {
    return this.#used
  }

  count(state: VisitorState): number {
    return this.#counts[codeOf(state)] ?? 0
  }

  setState(slot: number, state: VisitorState): void {
    this.#tally(this.#state[slot] ?? NONE, -1)
    this.#state[slot] = codeOf(state)
    this.#tally(codeOf(state), 1)
  }

  add(visitor: string): number {
    const slot = this.#free.pop() ?? this.#used++
    if (slot === this.#state.length) this.#resize(Math.ceil(slot * GROWTH))
    this.#names.set(slot, visitor)
    this.#state[slot] = NONE
    this.#tally(NONE, 1)
    this.misses[slot] = 0
    return slot
  }

  remove(slot: number): void {
    this.#names.delete(slot)
    this.#tally(this.#state[slot] ?? NONE, -1)
    this.#state[slot] = NONE
    this.timed.delete(slot)
    this.#free.push(slot)
  }

  #tally(code: number, change: number): void {
    this.#counts[code] = (this.#counts[code] ?? 0) + change
  }

  #resize(length: number): void {
    const grown = (column: Float64Array<ArrayBuffer>): Float64Array<ArrayBuffer> =>
      new Float64Array(column.buffer.transfer(length * 8))
    this.no = grown(this.no)
    this.ticket = grown(this.ticket)
    this.enteredAt = grown(this.enteredAt)
    this.seenAt = grown(this.seenAt)
    this.misses = new Uint8Array(this.misses.buffer.transfer(length))
    this.#state = new Uint8Array(this.#state.buffer.transfer(length))
  }
}
