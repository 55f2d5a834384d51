/**
 * The hot path on the store: publish, take, settle. Each runs inside the transaction that `store.ts` holds open, so
 * a batch of them is durable together or not at all (Q1). Keeps Q3 (a row in flight is not in the ready index),
 * Q4 (settle checks state and attempt), Q5 (of one ordering key at most one is not held).
 */
import type { DatabaseSync } from 'node:sqlite'
import { LIMITS, type MessageType, type Random, type Verdict } from '../../core/index.ts'
import {
  isTerminal,
  type MessageEvent,
  type MessageState,
  type Receipt,
  type RetryPolicy,
  retryDelayMs,
  type SettleResult,
  type TakeRequest,
  transition,
} from '../../queue/index.ts'
import type { Published, PublishRow, SettleRow, Taken, TakenRow } from './protocol.ts'
import { STATE, STATES } from './schema.ts'
import { prepare, type ReadyRow, type Row, readyRow } from './statements.ts'
import type { Tallies } from './tallies.ts'

const EVENT_OF_VERDICT: Record<Verdict['kind'], MessageEvent> = {
  done: 'settle_done',
  rejected: 'settle_rejected',
  retry: 'settle_retry',
  dead: 'settle_dead',
  released: 'settle_released',
}

/** Bounds one take among very many expired; the change of the counts then wakes the consumer for another one. */
const EXPIRY_ROUNDS = 20

export class Messages {
  readonly #tallies: Tallies
  readonly #retentionMs: number
  readonly #statements: ReturnType<typeof prepare>
  readonly #policies: Map<MessageType, RetryPolicy>
  /** What is in flight, by id, as it stands in the file: a settle needs no look-up. Bounded by the consumers' hands. */
  readonly #leases = new Map<string, Row>()
  #nextSeq: number
  /** A lower bound of the earliest due_at among all rows. */
  nextDueAt: number

  /** `policies`: what the last take of each type said, asked when a lease runs out; outlives a reopened file. */
  constructor(
    db: DatabaseSync,
    tallies: Tallies,
    retentionMs: number,
    policies = new Map<MessageType, RetryPolicy>(),
  ) {
    this.#tallies = tallies
    this.#policies = policies
    this.#retentionMs = retentionMs
    this.#statements = prepare(db)
    this.#statements.ready.setReturnArrays(true)
    this.#nextSeq = 0
    this.nextDueAt = 0
    this.reload()
  }

  /** After a rollback: what is remembered is again what is in the file. */
  reload(): void {
    this.#nextSeq = this.#lastSeq() + 1
    this.nextDueAt = 0
    this.#leases.clear()
    for (const row of this.inFlight()) this.#leases.set(row.id, row)
  }

  inFlight(): Row[] {
    return this.#statements.inFlight.all() as unknown as Row[]
  }

  policy(type: MessageType): RetryPolicy {
    return this.#policies.get(type) ?? { maxRetries: 3, retryDelayMs: 5000 }
  }

  publish(rows: readonly PublishRow[], now: number): Published {
    return {
      acceptedAt: now,
      receipts: rows.map((row) => this.#knownKey(row, now) ?? this.#insert(row, now)),
    }
  }

  take(request: TakeRequest, now: number): Taken {
    this.#policies.set(request.type, request)
    const leaseUntil = now + request.leaseMs
    const rows = this.#best(request, now).map((columns): TakenRow => {
      const row = readyRow(request.type, columns)
      this.#lease(row, leaseUntil, now)
      return [row.id, row.attempt + 1, row.failures, columns[9], row.expires_at, columns[10]]
    })
    if (rows.length > 0) this.#due(leaseUntil)
    return { takenAt: now, leaseUntil, rows }
  }

  settle(rows: readonly SettleRow[], now: number): SettleResult[] {
    return rows.map(([id, attempt, kind, verdict]) => {
      const row = this.#leases.get(id)
      if (row?.attempt !== attempt) return 'stale'
      this.#leases.delete(id)
      this.#apply(row, verdict ?? (kind === 'released' ? { kind } : { kind: 'done' }), now)
      return 'settled'
    })
  }

  /** A lease ended without a settle. `crashed`: with the process that held it, which is not the message's fault. */
  loseLease(row: Row, now: number, random: Random, crashed: boolean): void {
    const outcome = crashed ? 'crashed' : 'lease_lost'
    this.#leases.delete(row.id)
    this.log(
      row,
      now,
      outcome,
      crashed ? 'the process ended during this attempt' : 'no settle before the lease ended',
    )
    if (crashed) {
      const crashes = row.crashes + 1
      if (crashes <= LIMITS.crashesPerMessage) return this.#toReady(row, 'crash', crashes)
      return this.#finish(row, 'lease_lost_for_good', now, null, `in flight at ${crashes} crashes`)
    }
    const policy = this.policy(row.type)
    const failures = row.failures + 1
    if (failures > policy.maxRetries) {
      return this.#finish(row, 'lease_lost_for_good', now, null, 'no settle before the lease ended', failures)
    }
    const delayMs = retryDelayMs(policy, failures, random)
    this.#toDelayed(row, 'lease_lost', now + delayMs, failures, 'no settle before the lease ended')
  }

  /** Its delay is over. */
  ripen(row: Row, now: number): void {
    if (row.expires_at !== null && row.expires_at <= now) return this.expire(row, now)
    this.#toReady(row, 'due', row.crashes)
  }

  expire(row: Row, now: number): void {
    this.#finish(row, 'expire', now, null, 'its time to live ended before it was handed out')
  }

  /** A dead letter goes back to work with a fresh count of failures; its attempts go on counting (Q4). */
  requeue(row: Row, now: number): void {
    this.log(row, now, 'requeued', null)
    const held = row.ordering_key !== null && this.#keyBusy(row.type, row.ordering_key)
    this.#moved(row, held ? 'requeue_held' : 'requeue')
    this.#statements.requeue.run(held ? STATE.held : STATE.ready, row.seq)
  }

  /** Nothing is left of it but the counts. Its effect's mark goes too: it can never be handed out again (Q7). */
  erase(row: Row): void {
    this.#statements.eraseAttempts.run(row.seq)
    this.#statements.eraseBody.run(row.seq)
    this.#statements.eraseMessage.run(row.seq)
    this.#statements.eraseEffect.run(row.id)
  }

  log(row: Row, now: number, outcome: string, error: string | null): void {
    this.#statements.log.run(row.seq, row.attempt, row.taken_at ?? now, now, outcome, clip(error))
    // A back end that asks for a pause again and again must not make the history grow for ever.
    if (row.attempt > LIMITS.historyEntries)
      this.#statements.forget.run(row.seq, row.attempt - LIMITS.historyEntries)
  }

  /** The first of those ready. What is found expired among them ends here and makes room for those behind it. */
  #best(request: TakeRequest, now: number): ReadyRow[] {
    for (let round = 0; round < EXPIRY_ROUNDS; round++) {
      const ready = this.#statements.ready.all(request.type, request.max) as unknown as ReadyRow[]
      const expired = ready.filter((columns) => columns[8] !== null && columns[8] <= now)
      if (expired.length === 0) return ready
      for (const columns of expired) this.expire(readyRow(request.type, columns), now)
    }
    return []
  }

  #lease(row: Row, leaseUntil: number, now: number): void {
    const attempt = row.attempt + 1
    this.#statements.lease.run(attempt, leaseUntil, now, row.seq)
    this.#leases.set(row.id, { ...row, state: STATE.in_flight, attempt, taken_at: now })
    this.#tallies.moved(row.type, 'ready', 'in_flight')
    this.#tallies.handedOut(row.type)
    if (attempt === 1) this.#tallies.depart(row.type, row.priority)
  }

  #insert(row: PublishRow, now: number): number | Receipt {
    const [id, type, body, priority, orderingKey, availableAt, expiresAt, key, fingerprint] = row
    const state = this.#firstState(type, orderingKey, availableAt, now)
    const waits = state !== 'delayed'
    const seq = this.#nextSeq
    const laneSeq = waits ? this.#tallies.enter(type, priority) : 0
    const dueAt = state === 'delayed' ? earlier(availableAt, expiresAt) : expiresAt
    const { changes } = this.#statements.insert.run(
      seq,
      id,
      type,
      STATE[state],
      priority,
      laneSeq,
      orderingKey,
      now,
      availableAt,
      expiresAt,
      dueAt,
    )
    if (changes === 0) {
      // The number given out in the lane is handed back, or everybody else's place would be off by one.
      if (waits) this.#tallies.unenter(type, priority)
      return { kind: 'refused', code: 'duplicate_id' }
    }
    this.#nextSeq = seq + 1
    this.#statements.insertBody.run(seq, body)
    if (key !== null) {
      this.#statements.rememberKey.run(key, fingerprint ?? '', id, now, now + LIMITS.idempotencyWindowMs)
    }
    this.#tallies.accepted(type, state)
    if (dueAt !== null) this.#due(dueAt)
    return waits ? this.#tallies.position(type, priority, laneSeq) : 0
  }

  #firstState(
    type: MessageType,
    orderingKey: string | null,
    availableAt: number | null,
    now: number,
  ): MessageState {
    if (orderingKey !== null && this.#keyBusy(type, orderingKey)) return 'held'
    return availableAt !== null && availableAt > now ? 'delayed' : 'ready'
  }

  #knownKey(row: PublishRow, now: number): Receipt | undefined {
    const key = row[7]
    if (key === null) return undefined
    const known = this.#statements.knownKey.get(key, now) as
      | { fingerprint: string; id: string; accepted_at: number }
      | undefined
    if (!known) return undefined
    if (known.fingerprint !== row[8]) return { kind: 'refused', code: 'idempotency_key_reused' }
    return { kind: 'accepted', id: known.id, acceptedAt: known.accepted_at, repeated: true }
  }

  #apply(row: Row, verdict: Verdict, now: number): void {
    const event = EVENT_OF_VERDICT[verdict.kind]
    switch (verdict.kind) {
      case 'done':
        this.#finish(row, event, now, verdict.result, null)
        return
      case 'rejected':
        this.log(row, now, 'rejected', verdict.reason)
        this.#finish(row, event, now, verdict.result, verdict.reason)
        return
      case 'dead':
        this.log(row, now, 'dead', verdict.error)
        this.#finish(row, event, now, null, verdict.error, row.failures + 1)
        return
      case 'retry':
        this.log(row, now, 'retry', verdict.error)
        this.#toDelayed(
          row,
          event,
          now + verdict.delayMs,
          row.failures + (verdict.counts ? 1 : 0),
          verdict.error,
        )
        return
      case 'released':
        this.log(row, now, 'released', null)
        this.#toReady(row, event, row.crashes)
        return
    }
  }

  /** Into a final state: the retention timer starts, and the next of its ordering key may go (Q5). */
  #finish(
    row: Row,
    event: MessageEvent,
    now: number,
    result: unknown,
    error: string | null,
    failures = row.failures,
  ): void {
    const state = this.#moved(row, event)
    // A dead letter waits for an operator, however long; everything else is pruned after the retention.
    const dueAt = state === 'dead' ? null : now + this.#retentionMs
    const json = result === undefined || result === null ? null : JSON.stringify(result)
    this.#statements.finish.run(STATE[state], now, dueAt, json, clip(error), failures, row.seq)
    if (dueAt !== null) this.#due(dueAt)
    if (row.attempt === 0 && row.lane_seq > 0) this.#tallies.depart(row.type, row.priority)
    // One that was held itself (it expired waiting) was not what the others waited for.
    if (row.ordering_key !== null && row.state !== STATE.held && isTerminal(state)) {
      this.#unholdNext(row.type, row.ordering_key, now)
    }
  }

  #toReady(row: Row, event: MessageEvent, crashes: number): void {
    this.#moved(row, event)
    const laneSeq = row.lane_seq > 0 ? row.lane_seq : this.#tallies.enter(row.type, row.priority)
    this.#statements.toReady.run(laneSeq, crashes, row.expires_at, row.seq)
    if (row.expires_at !== null) this.#due(row.expires_at)
  }

  #toDelayed(
    row: Row,
    event: MessageEvent,
    availableAt: number,
    failures: number,
    error: string | null,
  ): void {
    this.#moved(row, event)
    const dueAt = earlier(availableAt, row.expires_at) ?? availableAt
    this.#statements.toDelayed.run(availableAt, dueAt, failures, clip(error), row.seq)
    this.#due(dueAt)
  }

  #unholdNext(type: MessageType, key: string, now: number): void {
    const next = this.#statements.firstHeld.get(type, key) as Row | undefined
    if (!next) return
    if (next.available_at !== null && next.available_at > now) {
      this.#toDelayed(next, 'unhold_early', next.available_at, next.failures, null)
    } else {
      this.#toReady(next, 'unhold', next.crashes)
    }
  }

  #keyBusy(type: MessageType, key: string): boolean {
    return this.#statements.keyBusy.get(type, key) !== undefined
  }

  #moved(row: Row, event: MessageEvent): MessageState {
    const from = stateOf(row)
    const to = transition(from, event)
    if (to === undefined) throw new Error(`message ${row.id}: no ${event} from ${from}`)
    this.#tallies.moved(row.type, from, to)
    return to
  }

  #due(at: number): void {
    if (at < this.nextDueAt) this.nextDueAt = at
  }

  #lastSeq(): number {
    return (this.#statements.lastSeq.get() as { seq: number | null }).seq ?? 0
  }
}

function stateOf(row: Row): MessageState {
  const state = STATES[row.state]
  if (state === undefined) throw new Error(`message ${row.id}: unknown state ${row.state}`)
  return state
}

const earlier = (a: number | null, b: number | null): number | null =>
  a === null ? b : b === null ? a : Math.min(a, b)

const clip = (text: string | null): string | null =>
  text === null ? null : text.slice(0, LIMITS.errorLength)
