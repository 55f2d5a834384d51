/**
 * Carries out verdicts, in an order in which every moment is safe to crash at: first the new copy is in the broker and
 * confirmed, then the book knows, then the old copy is acknowledged. A crash in between leaves a copy too many, which
 * the book finds to be late (or, without one, the effect store), and never one too few (Q2).
 */
import { type Clock, type MessageType, type Random, WeirError } from '../../core/index.ts'
import {
  type Ledger,
  type Recorded,
  type Settlement,
  type SettleResult,
  verdictFor,
} from '../../queue/index.ts'
import type { Delays } from './delays.ts'
import { type Intake, outgoing } from './intake.ts'
import type { Leased, Leases } from './leases.ts'
import { type CopyOrder, moveFor, type Order, orderFor } from './orders.ts'
import type { Outbox, Outgoing } from './outbox.ts'
import type { Source } from './source.ts'
import type { OwnTallies } from './tallies.ts'
import type { Topology } from './topology.ts'

export interface SettlingDeps {
  readonly topology: Topology
  readonly outbox: Outbox
  readonly delays: Delays
  readonly intake: Intake
  readonly leases: Leases
  readonly tallies: OwnTallies
  readonly clock: Clock
  readonly random: Random
  readonly ledger?: Ledger
  readonly ready: (type: MessageType) => void
}

interface Task {
  readonly leased: Leased
  readonly order: Order
}

export class Settling {
  readonly #deps: SettlingDeps
  /**
   * What a verdict has put into the broker while the book could not be told. It is the verdict then, whatever comes
   * later: another copy at each try would fill the broker while the book is away.
   */
  readonly #copied = new WeakMap<Leased, CopyOrder>()

  constructor(deps: SettlingDeps) {
    this.#deps = deps
  }

  /** Q4: what is not, or not any more, the current lease of its message is stale and changes nothing. */
  async settle(settlements: readonly Settlement[]): Promise<SettleResult[]> {
    const now = this.#deps.clock.now()
    const results: SettleResult[] = settlements.map(() => 'stale')
    const places: number[] = []
    const tasks: Task[] = []
    for (const [i, { lease, verdict }] of settlements.entries()) {
      const leased = this.#deps.leases.claim(lease)
      if (!leased) continue
      places.push(i)
      tasks.push({ leased, order: this.#copied.get(leased) ?? orderFor(leased, verdict, now, false) })
    }
    for (const [i, result] of (await this.#carryOut(tasks)).entries()) results[places[i] ?? 0] = result
    return results
  }

  /** Nobody settled in time: a failure like any other, and the verdict is ours. */
  async endLeases(now: number): Promise<void> {
    const { leases, random } = this.#deps
    const error = 'no settle before the lease ended'
    const tasks = leases.runOut(now).map((leased) => {
      const outcome = { kind: 'failed', failure: 'timeout', error } as const
      const verdict = verdictFor(outcome, leased.parcel.failures, leased.policy, random)
      return { leased, order: this.#copied.get(leased) ?? orderFor(leased, verdict, now, true) }
    })
    await this.#carryOut(tasks)
  }

  /** The leases are claimed. Rejects when the broker or the book fails; then all of them are as they were. */
  async #carryOut(tasks: readonly Task[]): Promise<SettleResult[]> {
    const { outbox, ledger, leases, tallies, clock } = this.#deps
    if (tasks.length === 0) return []
    let recorded: readonly Recorded[] | undefined
    try {
      const copies = tasks.flatMap(({ leased, order }) =>
        order.kind === 'copy' && this.#copied.get(leased) !== order ? [{ leased, order }] : [],
      )
      if (copies.length > 0) {
        await outbox.send(await Promise.all(copies.map(({ leased, order }) => this.#outgoing(leased, order))))
        for (const { leased, order } of copies) this.#copied.set(leased, order)
      }
      const now = clock.now()
      recorded = await ledger?.record(tasks.map(({ leased, order }) => moveFor(leased, order, now)))
    } catch (error) {
      for (const { leased } of tasks) if (!leases.restore(leased)) tallies.count(leased.type, 'inFlight', -1)
      throw error instanceof WeirError ? error : new WeirError('storage_failed', (error as Error).message)
    }
    const sources = new Set<Source>()
    const results = tasks.map((task, i) => {
      sources.add(task.leased.parcel.source)
      return this.#conclude(task, recorded?.[i])
    })
    for (const source of sources) source.flush()
    return results
  }

  async #outgoing(leased: Leased, order: CopyOrder): Promise<Outgoing> {
    const { topology, delays } = this.#deps
    const { copy, to, delayMs } = order
    const { body } = leased.parcel
    if (to === 'dead') return outgoing({ exchange: topology.names.dead, routingKey: '' }, copy, body)
    const route = topology.route(leased.type, copy.orderingKey)
    const way =
      delayMs > 0
        ? await delays.wayFor(delayMs, route)
        : { exchange: topology.names.exchange, routingKey: route }
    return outgoing(way, copy, body)
  }

  #conclude({ leased, order }: Task, recorded: Recorded | undefined): SettleResult {
    const { leases, tallies, clock } = this.#deps
    const { parcel, type } = leased
    leases.settled(leased)
    tallies.count(type, 'inFlight', -1)
    const held = parcel.source.holds(parcel)
    if (order.kind === 'end' || order.kind === 'copy') {
      if (order.kind === 'end' && order.state !== 'expired') parcel.source.recovered(parcel)
      parcel.source.ack(parcel)
      this.#finished(leased)
      // Nobody but the broker remembers without a book, and the broker was not told: it is as if nothing was said.
      if (order.kind === 'end' && !held && !recorded) return 'stale'
      this.#count(type, order)
    } else if (held) {
      this.#keep(leased, order, clock.now())
    } else return 'stale'
    return recorded?.kind === 'late' ? 'stale' : 'settled'
  }

  #count(type: MessageType, order: Extract<Order, { kind: 'end' | 'copy' }>): void {
    const { tallies } = this.#deps
    if (order.kind === 'end') tallies.count(type, order.state)
    else tallies.count(type, order.to === 'dead' ? 'died' : 'delayedIn')
  }

  /** The next of its ordering key may go, and copies of it that came meanwhile have nothing left to say. */
  #finished({ parcel, type, twins }: Leased): void {
    const { intake, clock, ready } = this.#deps
    const stock = intake.stockOf(type)
    const now = clock.now()
    if (stock?.finished(parcel, now)) ready(type)
    for (const twin of twins) {
      if (!twin.source.holds(twin)) continue
      if (twin.copy.round > parcel.copy.round) {
        if (stock?.putBack(twin, now)) ready(type)
        continue
      }
      twin.source.ack(twin)
      twin.source.flush()
      if (stock?.finished(twin, now)) ready(type)
    }
  }

  /** Given back, or kept for its retry: it stays in this process, in its place. */
  #keep(leased: Leased, order: Extract<Order, { kind: 'hold' | 'release' }>, now: number): void {
    const { intake, tallies, ready } = this.#deps
    const { parcel, type, twins } = leased
    parcel.takes += 1
    parcel.history = [...parcel.history, order.entry]
    if (order.kind === 'hold') {
      parcel.failures = order.failures
      parcel.dueAt = order.dueAt
      // What is due by now is ready at once, and nobody would count it out again.
      if (order.dueAt > now) tallies.count(type, 'delayedIn')
    }
    const stock = intake.stockOf(type)
    if (stock?.putBack(parcel, now)) ready(type)
    for (const twin of twins) if (twin.source.holds(twin)) stock?.putBack(twin, now)
  }
}
