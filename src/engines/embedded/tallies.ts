/**
 * Counters of every type, kept with the rows in the same transaction, so that depth, position and the conservation
 * law cost no scan. A rollback reads them back from the file.
 */
import type { DatabaseSync, StatementSync } from 'node:sqlite'
import { type MessageType, PRIORITIES } from '../../core/index.ts'
import type { MessageState, StateCounts } from '../../queue/index.ts'

interface Lane {
  /** Numbers given out in this lane (type and priority). */
  entered: number
  /** Of those, how many left it for the first time. */
  departed: number
}

interface Tally {
  accepted: number
  deleted: number
  departed: number
  states: Record<MessageState, number>
  lanes: Lane[]
}

const emptyTally = (): Tally => ({
  accepted: 0,
  deleted: 0,
  departed: 0,
  states: { ready: 0, held: 0, delayed: 0, in_flight: 0, done: 0, rejected: 0, dead: 0, expired: 0 },
  lanes: Array.from({ length: PRIORITIES }, () => ({ entered: 0, departed: 0 })),
})

export class Tallies {
  readonly #byType = new Map<MessageType, Tally>()
  readonly #dirty = new Set<MessageType>()
  readonly #all: StatementSync
  readonly #save: StatementSync

  constructor(db: DatabaseSync) {
    this.#all = db.prepare('SELECT type, counts FROM tally')
    this.#save = db.prepare(
      'INSERT INTO tally VALUES(?, ?) ON CONFLICT(type) DO UPDATE SET counts = excluded.counts',
    )
    this.reload()
  }

  /** Forgets what was not committed. */
  reload(): void {
    this.#byType.clear()
    this.#dirty.clear()
    for (const row of this.#all.all() as { type: string; counts: string }[]) {
      this.#byType.set(row.type, JSON.parse(row.counts) as Tally)
    }
  }

  /** Writes what changed into the open transaction and says which types those are. */
  save(): MessageType[] {
    const changed = [...this.#dirty]
    for (const type of changed) this.#save.run(type, JSON.stringify(this.#of(type)))
    this.#dirty.clear()
    return changed
  }

  types(): MessageType[] {
    return [...this.#byType.keys()]
  }

  accepted(type: MessageType, state: MessageState): void {
    const tally = this.#touch(type)
    tally.accepted++
    tally.states[state]++
  }

  moved(type: MessageType, from: MessageState, to: MessageState): void {
    const tally = this.#touch(type)
    tally.states[from]--
    tally.states[to]++
  }

  deletedDead(type: MessageType): void {
    const tally = this.#touch(type)
    tally.states.dead--
    tally.deleted++
  }

  /** The next number of the lane. */
  enter(type: MessageType, priority: number): number {
    return ++this.#lane(this.#touch(type), priority).entered
  }

  /** Takes the last number back: it was not used after all. */
  unenter(type: MessageType, priority: number): void {
    this.#lane(this.#touch(type), priority).entered--
  }

  /** A message leaves its lane for the first time: to a consumer, or by expiry. */
  depart(type: MessageType, priority: number): void {
    this.#lane(this.#touch(type), priority).departed++
  }

  handedOut(type: MessageType): void {
    this.#touch(type).departed++
  }

  /**
   * Place of lane number `laneSeq`, from 1: those of higher priority plus those before it in its own lane, all by
   * subtraction. Exact while a lane empties in order; retries and ordering keys make it an estimate.
   */
  position(type: MessageType, priority: number, laneSeq: number): number {
    const tally = this.#of(type)
    let ahead = laneSeq - this.#lane(tally, priority).departed
    for (let p = priority + 1; p < PRIORITIES; p++) {
      const lane = this.#lane(tally, p)
      ahead += lane.entered - lane.departed
    }
    return Math.max(1, ahead)
  }

  counts(type: MessageType): StateCounts {
    const { accepted, deleted, departed, states } = this.#of(type)
    return {
      accepted,
      ready: states.ready + states.held,
      inFlight: states.in_flight,
      delayed: states.delayed,
      done: states.done,
      rejected: states.rejected,
      dead: states.dead,
      expired: states.expired,
      deleted,
      departed,
    }
  }

  #of(type: MessageType): Tally {
    let tally = this.#byType.get(type)
    if (!tally) {
      tally = emptyTally()
      this.#byType.set(type, tally)
    }
    return tally
  }

  #touch(type: MessageType): Tally {
    this.#dirty.add(type)
    return this.#of(type)
  }

  #lane(tally: Tally, priority: number): Lane {
    const lane = tally.lanes[priority]
    if (!lane) throw new Error(`no lane for priority ${priority}`)
    return lane
  }
}
