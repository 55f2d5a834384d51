/**
 * The ledger in Redis: what several processes know together of the messages in their broker.
 *
 * Owns its connection, the grouping of calls, the copy of the counters and the look at Redis once a second (counters,
 * and delayed messages whose moment has come). Keeps:
 * - every call is one script run: what it changes, it changes in one step with the counters (Q4);
 * - nothing waits for a Redis that is away: a call is refused with `storage_failed` within the connection's limit;
 * - a call that was refused because no answer came may have happened: every move may be sent again;
 * - a full Redis refuses new messages (`storage_full`) but never the work that makes room again.
 */
import {
  type Clock,
  LIMITS,
  type Logger,
  type MessageType,
  PRIORITIES,
  type Random,
  WeirError,
} from '../../core/index.ts'
import type {
  EngineHealth,
  Ledger,
  MessageRecord,
  Move,
  Recorded,
  Reservation,
  ReservationResult,
  StateCounts,
} from '../../queue/index.ts'
import { Batches, Unusable } from './batches.ts'
import { type Call, RedisConnection, type Reply } from './connection.ts'
import { Counts } from './counts.ts'
import { type DueMove, decodeRecord, type Encoding, encodeMoves, type Found, idOf } from './encode.ts'
import { failed } from './faults.ts'
import { RELEASE, RESERVE } from './key-scripts.ts'
import { type Keys, keysOf } from './keys.ts'
import { RECORD, RECORD_LEAN } from './record-script.ts'

export interface RedisLedgerOptions {
  /** `redis://…` or `rediss://…`; the database in its path, if any. */
  readonly url: string
  readonly queueName: string
  readonly clock: Clock
  readonly random: Random
  readonly logger: Logger
  /** How long finished messages can be looked up, and their late copies told. */
  readonly retentionMs: number
  /** Whether the broker hands out by priority; positions are counted accordingly. */
  readonly priorities?: boolean
  /** Of one call, milliseconds. */
  readonly callLimitMs?: number
}

const POLL_MS = 1_000
/** Moves that go together: about as many milliseconds of Redis' one thread as a round trip in a data centre. */
const MOST_TOGETHER = 500
/** Delayed messages found due at one look, and how often a look goes on at once because there were that many. */
const DUE_PAGE = 500
const DUE_PAGES = 20

export class RedisLedger implements Ledger {
  readonly #connection: RedisConnection
  readonly #clock: Clock
  readonly #keys: Keys
  readonly #encoding: Encoding
  readonly #counts = new Counts()
  readonly #listeners = new Set<() => void>()
  /** Apart, because only these may be refused when Redis is full. */
  readonly #arrivals: Batches<Move, Recorded>
  readonly #work: Batches<Move | DueMove, Recorded>
  readonly #reservations: Batches<Reservation, ReservationResult>
  #full: string | undefined
  #started = false
  #cancelPoll = () => {}
  #polling: Promise<void> = Promise.resolve()

  constructor(options: RedisLedgerOptions) {
    const { queueName, retentionMs, priorities = false, clock } = options
    this.#connection = new RedisConnection(options, 'messages')
    this.#clock = clock
    this.#keys = keysOf(queueName)
    this.#encoding = { keys: this.#keys, retentionMs, priorities }
    const bounds = { most: MOST_TOGETHER, waiting: 4 * LIMITS.pendingMessages }
    this.#arrivals = new Batches({ ...bounds, send: (moves) => this.#arrive(moves) })
    this.#work = new Batches({ ...bounds, send: (moves) => this.#workOn(moves) })
    this.#reservations = new Batches({ ...bounds, send: (items) => this.#reserve(items) })
  }

  async start(): Promise<void> {
    if (this.#started) return
    this.#started = true
    await this.#connection.start()
    this.#polling = this.#poll()
    await this.#polling
  }

  async stop(): Promise<void> {
    if (!this.#started) return
    this.#started = false
    this.#cancelPoll()
    await Promise.all([this.#arrivals.idle(), this.#work.idle(), this.#reservations.idle(), this.#polling])
    await this.#connection.stop()
  }

  health(): EngineHealth {
    const health = this.#connection.health()
    return health.ok && this.#full !== undefined ? { ok: false, reason: this.#full } : health
  }

  reserve(reservations: readonly Reservation[]): Promise<ReservationResult[]> {
    return this.#reservations.submit(reservations)
  }

  async release(reservations: readonly Reservation[]): Promise<void> {
    if (reservations.length === 0) return
    const keys = reservations.map(({ key }) => this.#keys.idempotency(key))
    await this.#connection.run(
      RELEASE,
      keys,
      reservations.map(({ id }) => id),
    )
  }

  record(moves: readonly Move[]): Promise<Recorded[]> {
    const arrives = moves.some(({ kind }) => kind === 'accepted')
    return arrives ? this.#arrivals.submit(moves) : this.#work.submit(moves)
  }

  async find(id: string): Promise<MessageRecord | undefined> {
    const reply = list(await this.#connection.command(['HGETALL', this.#keys.message(id)]))
    const found = decodeRecord(id, pairs(reply))
    if (!found?.place) return found?.record
    return { ...found.record, position: await this.#position(found.type, found.place) }
  }

  counts(): ReadonlyMap<MessageType, StateCounts> {
    return this.#counts.all()
  }

  onCounts(listener: () => void): () => void {
    this.#listeners.add(listener)
    return () => this.#listeners.delete(listener)
  }

  async #arrive(moves: readonly Move[]): Promise<Recorded[]> {
    const reply = await this.#noticing(() => this.#connection.run(...this.#recordCall(moves)))
    return this.#recorded(moves, reply)
  }

  async #workOn(moves: readonly (Move | DueMove)[]): Promise<Recorded[]> {
    const { reply, full } = await this.#connection.runEvenFull(this.#recordCall(moves), () =>
      this.#recordCall(moves, true),
    )
    this.#full = full ? `Redis at ${this.#connection.where} is full: new messages are not booked` : undefined
    return this.#recorded(moves, reply)
  }

  #recordCall(moves: readonly (Move | DueMove)[], lean = false): Call {
    const { keys, args } = encodeMoves(moves, this.#encoding, lean)
    return [lean ? RECORD_LEAN : RECORD, keys, args]
  }

  #recorded(moves: readonly (Move | DueMove)[], answer: Reply): Recorded[] {
    const reply = list(answer)
    if (reply[0] === 'unusable') {
      throw this.#unusable(
        String(reply[1]),
        moves.map((move) => this.#keys.message(idOf(move))),
      )
    }
    this.#counts.told(list(reply[1]))
    const answers = list(reply[0]).map(Number)
    return moves.map((_, i): Recorded => {
      const [booked, attempt = 0, failures = 0, position] = answers.slice(4 * i, 4 * i + 4)
      if (booked !== 1) return { kind: 'late' }
      return { kind: 'recorded', attempt, failures, ...(position && { position }) }
    })
  }

  async #reserve(reservations: readonly Reservation[]): Promise<ReservationResult[]> {
    const keys = reservations.map(({ key }) => this.#keys.idempotency(key))
    const args = reservations.flatMap(({ fingerprint, id }) => [fingerprint, id])
    const window = String(LIMITS.idempotencyWindowMs)
    const reply = list(await this.#noticing(() => this.#connection.run(RESERVE, keys, [window, ...args])))
    if (reply[0] === 'unusable') throw this.#unusable(String(reply[1]), keys)
    return reply.map((one): ReservationResult => {
      const [kind, id, acceptedAt] = list(one)
      if (kind === 'fresh' || kind === 'reused') return { kind }
      return {
        kind: 'repeated',
        id: String(id),
        ...(acceptedAt !== '' && { acceptedAt: Number(acceptedAt) }),
      }
    })
  }

  /** Whether it is full shows in what is refused for it, and in what is not. */
  async #noticing(call: () => Promise<Reply>): Promise<Reply> {
    try {
      const reply = await call()
      this.#full = undefined
      return reply
    } catch (error) {
      if (error instanceof WeirError && error.code === 'storage_full') this.#full = error.message
      throw error
    }
  }

  /** A key of ours that another program uses for something else: its calls fail, those of others go on. */
  #unusable(key: string, keys: readonly string[]): Error {
    const indexes = keys.flatMap((one, i) => (one === key ? [i] : []))
    const text = `Redis: the key ${key} holds something that is not ours`
    return indexes.length > 0 ? new Unusable(text, new Set(indexes)) : failed(text)
  }

  async #position(type: MessageType, { seq, lane }: NonNullable<Found['place']>): Promise<number> {
    const lanes = [lane]
    if (this.#encoding.priorities) for (let p = lane + 1; p < PRIORITIES; p++) lanes.push(p)
    const fields = lanes.flatMap((one) => [`entered${one}:${type}`, `left${one}:${type}`])
    const values = list(await this.#connection.command(['HMGET', this.#keys.counts, ...fields])).map(Number)
    let ahead = seq - (values[1] ?? 0)
    for (let i = 2; i < values.length; i += 2) ahead += (values[i] ?? 0) - (values[i + 1] ?? 0)
    return Math.max(1, ahead)
  }

  async #poll(): Promise<void> {
    try {
      await this.#look()
    } catch {
      // The connection says in health() what is wrong; the next look may find it better.
    }
    if (!this.#started) return
    this.#cancelPoll = this.#clock.after(POLL_MS, () => {
      this.#polling = this.#poll()
    })
  }

  async #look(): Promise<void> {
    if (!this.#connection.health().ok) return
    // Nobody may be sending while it is full, so nobody else would find out that it is not any more.
    if (this.#full !== undefined) {
      const probe = ['SET', this.#keys.probe, '', 'PX', String(POLL_MS)]
      await this.#noticing(() => this.#connection.command(probe)).catch(() => {})
    }
    const ripened = await this.#ripen()
    const differs = this.#counts.seen(list(await this.#connection.command(['HGETALL', this.#keys.counts])))
    if (ripened || differs) for (const listener of this.#listeners) listener()
  }

  /** Delayed messages whose moment has come are ready: the broker tells nobody when it moves them. */
  async #ripen(): Promise<boolean> {
    for (let page = 0; page < DUE_PAGES; page++) {
      const at = this.#clock.now()
      const query = ['ZRANGEBYSCORE', this.#keys.due, '-inf', String(at), 'LIMIT', '0', String(DUE_PAGE)]
      const ids = list(await this.#connection.command(query)).map(String)
      // One call each: a record that cannot be used must not hold up the others.
      const calls = ids.map((id) => this.#work.submit([{ kind: 'due', id, at }]))
      await Promise.allSettled(calls)
      if (ids.length < DUE_PAGE) return page > 0 || ids.length > 0
    }
    return true
  }
}

const list = (reply: Reply | undefined): readonly Reply[] => (Array.isArray(reply) ? reply : [])

function pairs(reply: readonly Reply[]): Map<string, string> {
  const found = new Map<string, string>()
  for (let at = 0; at < reply.length; at += 2) found.set(String(reply[at]), String(reply[at + 1]))
  return found
}
