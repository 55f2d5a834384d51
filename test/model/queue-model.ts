/**
 * What the queue port promises, written to be read: one array, no index, no clock of its own, no I/O. Engines are held
 * against it. Which state follows which is the product's own table (`queue/life.ts`); the rest is said here anew.
 */
import { LIMITS, type MessageType, type NewMessage, type Random, type Verdict } from '../../src/core/index.ts'
import {
  fingerprint,
  isTerminal,
  type MessageEvent,
  type MessageState,
  type Receipt,
  type RetryPolicy,
  retryDelayMs,
  type Settlement,
  type SettleResult,
  type StateCounts,
  type TakeRequest,
  transition,
} from '../../src/queue/index.ts'

export interface ModelMessage {
  readonly message: NewMessage
  /** Order of acceptance. */
  readonly seq: number
  readonly acceptedAt: number
  state: MessageState
  /** Order among the ready of one priority; given when it first waits without a delay, kept through retries. */
  place: number | undefined
  attempt: number
  failures: number
  crashes: number
  availableAt: number | undefined
  expiresAt: number | undefined
  leaseUntil: number | undefined
  takenAt: number | undefined
  finishedAt: number | undefined
}

interface RememberedKey {
  readonly key: string
  readonly print: string
  readonly id: string
  readonly acceptedAt: number
}

export interface ModelDelivery {
  readonly id: string
  readonly attempt: number
  readonly failures: number
}

type Ended = Record<'done' | 'rejected' | 'expired', number>
interface Totals extends Ended {
  accepted: number
  departed: number
  deleted: number
}

const EVENT_OF_VERDICT: Record<Verdict['kind'], MessageEvent> = {
  done: 'settle_done',
  rejected: 'settle_rejected',
  retry: 'settle_retry',
  dead: 'settle_dead',
  released: 'settle_released',
}

export class QueueModel {
  readonly messages: ModelMessage[] = []
  readonly #retentionMs: number
  readonly #random: Random
  readonly #keys: RememberedKey[] = []
  readonly #policies = new Map<MessageType, RetryPolicy>()
  readonly #totals = new Map<MessageType, Totals>()
  #numbers = 0

  constructor(retentionMs: number, random: Random) {
    this.#retentionMs = retentionMs
    this.#random = random
  }

  /** Without positions: those are a promise about a line in order, tested where the line is in order. */
  publish(messages: readonly NewMessage[], now: number): Receipt[] {
    return messages.map((message) => this.#publishOne(message, now))
  }

  /** The best `max` of those ready; what is found to be expired among them ends first and makes room. */
  take(request: TakeRequest, now: number): ModelDelivery[] {
    this.#policies.set(request.type, request)
    for (;;) {
      const best = this.#line(request.type).slice(0, request.max)
      const expired = best.filter((one) => one.expiresAt !== undefined && one.expiresAt <= now)
      if (expired.length === 0) return best.map((one) => this.#lease(one, request, now))
      for (const one of expired) this.#end(one, 'expire', now)
    }
  }

  settle(settlements: readonly Settlement[], now: number): SettleResult[] {
    return settlements.map(({ lease, verdict }) => {
      const one = this.find(lease.id)
      const holds = one?.state === 'in_flight' && one.attempt === lease.attempt
      if (!one || !holds) return 'stale'
      this.#settleOne(one, verdict, now)
      return 'settled'
    })
  }

  /** Everything whose moment has come, one after the other in the order of those moments. */
  sweep(now: number): void {
    for (;;) {
      const due = this.messages
        .filter((one) => this.#dueAt(one) <= now)
        .sort((a, b) => this.#dueAt(a) - this.#dueAt(b) || a.seq - b.seq)[0]
      if (!due) return
      this.#happen(due, now)
    }
  }

  /** The process ended and another opened the data: every lease is void, and that is no message's fault. */
  restart(now: number): void {
    for (const one of this.messages.filter(({ state }) => state === 'in_flight')) {
      one.crashes++
      if (one.crashes > LIMITS.crashesPerMessage) this.#end(one, 'lease_lost_for_good', now)
      else this.#move(one, 'crash')
    }
  }

  requeue(query: { ids?: readonly string[]; type?: MessageType }): number {
    const letters = this.#dead(query)
    for (const one of letters) {
      this.#move(one, this.#keyBusy(one.message) ? 'requeue_held' : 'requeue')
      one.failures = 0
      one.crashes = 0
      one.expiresAt = undefined
      one.finishedAt = undefined
    }
    return letters.length
  }

  deleteDead(query: { ids?: readonly string[]; type?: MessageType }): number {
    const letters = this.#dead(query)
    for (const one of letters) {
      this.#remove(one)
      this.#total(one.message.type).deleted++
    }
    return letters.length
  }

  find(id: string): ModelMessage | undefined {
    return this.messages.find((one) => one.message.id === id)
  }

  types(): MessageType[] {
    return [...this.#totals.keys()]
  }

  counts(type: MessageType): StateCounts {
    const { accepted, departed, deleted, done, rejected, expired } = this.#total(type)
    return { ...this.kept(type), accepted, departed, deleted, done, rejected, expired }
  }

  /** What a count of the stored messages gives: less than `counts` in the final states once some were pruned. */
  kept(type: MessageType): Omit<StateCounts, 'accepted' | 'departed' | 'deleted'> {
    const n = (...states: MessageState[]) =>
      this.messages.filter((one) => one.message.type === type && states.includes(one.state)).length
    return {
      ready: n('ready', 'held'),
      inFlight: n('in_flight'),
      delayed: n('delayed'),
      done: n('done'),
      rejected: n('rejected'),
      dead: n('dead'),
      expired: n('expired'),
    }
  }

  #publishOne(message: NewMessage, now: number): Receipt {
    const print = fingerprint(message)
    const known = this.#keys.findLast(({ key }) => key === message.idempotencyKey)
    if (known && now < known.acceptedAt + LIMITS.idempotencyWindowMs) {
      if (known.print !== print) return { kind: 'refused', code: 'idempotency_key_reused' }
      return { kind: 'accepted', id: known.id, acceptedAt: known.acceptedAt, repeated: true }
    }
    if (this.find(message.id)) return { kind: 'refused', code: 'duplicate_id' }
    const held = this.#keyBusy(message)
    const early = message.availableAt !== undefined && message.availableAt > now
    const state = held ? 'held' : early ? 'delayed' : 'ready'
    this.#numbers++
    this.messages.push({
      message,
      seq: this.#numbers,
      acceptedAt: now,
      state,
      place: state === 'delayed' ? undefined : this.#numbers,
      attempt: 0,
      failures: 0,
      crashes: 0,
      availableAt: message.availableAt,
      expiresAt: message.expiresAt,
      leaseUntil: undefined,
      takenAt: undefined,
      finishedAt: undefined,
    })
    this.#total(message.type).accepted++
    const { id, idempotencyKey: key } = message
    if (key !== undefined) this.#keys.push({ key, print, id, acceptedAt: now })
    return { kind: 'accepted', id, acceptedAt: now, repeated: false }
  }

  /** Those ready, first to go first. */
  #line(type: MessageType): ModelMessage[] {
    return this.messages
      .filter((one) => one.message.type === type && one.state === 'ready')
      .sort((a, b) => b.message.priority - a.message.priority || (a.place ?? 0) - (b.place ?? 0))
  }

  #lease(one: ModelMessage, request: TakeRequest, now: number): ModelDelivery {
    this.#move(one, 'take')
    this.#total(one.message.type).departed++
    one.attempt++
    one.takenAt = now
    one.leaseUntil = now + request.leaseMs
    return { id: one.message.id, attempt: one.attempt, failures: one.failures }
  }

  #settleOne(one: ModelMessage, verdict: Verdict, now: number): void {
    const event = EVENT_OF_VERDICT[verdict.kind]
    if (verdict.kind === 'released') return this.#move(one, event)
    if (verdict.kind === 'dead') one.failures++
    if (verdict.kind !== 'retry') return this.#end(one, event, now)
    if (verdict.counts) one.failures++
    one.availableAt = now + verdict.delayMs
    this.#move(one, event)
  }

  #dueAt(one: ModelMessage): number {
    const expiresAt = one.expiresAt ?? Number.POSITIVE_INFINITY
    switch (one.state) {
      case 'ready':
      case 'held':
        return expiresAt
      case 'delayed':
        return Math.min(one.availableAt ?? 0, expiresAt)
      case 'in_flight':
        return one.leaseUntil ?? 0
      case 'dead':
        return Number.POSITIVE_INFINITY
      case 'done':
      case 'rejected':
      case 'expired':
        return (one.finishedAt ?? 0) + this.#retentionMs
    }
  }

  #happen(one: ModelMessage, now: number): void {
    if (isTerminal(one.state)) return this.#remove(one)
    if (one.state === 'in_flight') return this.#loseLease(one, now)
    if (one.expiresAt !== undefined && one.expiresAt <= now) return this.#end(one, 'expire', now)
    this.#move(one, 'due')
  }

  #loseLease(one: ModelMessage, now: number): void {
    const policy = this.#policies.get(one.message.type)
    if (!policy) throw new Error('a lease without a take')
    one.failures++
    if (one.failures > policy.maxRetries) return this.#end(one, 'lease_lost_for_good', now)
    one.availableAt = now + retryDelayMs(policy, one.failures, this.#random)
    this.#move(one, 'lease_lost')
  }

  #end(one: ModelMessage, event: MessageEvent, now: number): void {
    const heldBefore = one.state === 'held'
    this.#move(one, event)
    one.finishedAt = now
    const { type } = one.message
    if (one.state === 'done' || one.state === 'rejected' || one.state === 'expired') {
      this.#total(type)[one.state]++
    }
    if (heldBefore) return
    const next = this.#sameKey(one.message).find(({ state }) => state === 'held')
    if (!next) return
    const early = next.availableAt !== undefined && next.availableAt > now
    this.#move(next, early ? 'unhold_early' : 'unhold')
  }

  #move(one: ModelMessage, event: MessageEvent): void {
    const to = transition(one.state, event)
    if (!to) throw new Error(`model: no ${event} from ${one.state}`)
    one.state = to
    if (to === 'ready') one.place ??= ++this.#numbers
  }

  #sameKey(message: NewMessage): ModelMessage[] {
    const { type, orderingKey } = message
    if (orderingKey === undefined) return []
    return this.messages.filter((o) => o.message.type === type && o.message.orderingKey === orderingKey)
  }

  #keyBusy(message: NewMessage): boolean {
    return this.#sameKey(message).some(({ state }) => !isTerminal(state))
  }

  #dead(query: { ids?: readonly string[]; type?: MessageType }): ModelMessage[] {
    return this.messages.filter(
      ({ state, message }) =>
        state === 'dead' &&
        (query.type === undefined || message.type === query.type) &&
        (query.ids === undefined || query.ids.includes(message.id)),
    )
  }

  #remove(one: ModelMessage): void {
    this.messages.splice(this.messages.indexOf(one), 1)
  }

  #total(type: MessageType): Totals {
    const totals = this.#totals.get(type) ?? {
      accepted: 0,
      departed: 0,
      deleted: 0,
      done: 0,
      rejected: 0,
      expired: 0,
    }
    this.#totals.set(type, totals)
    return totals
  }
}
