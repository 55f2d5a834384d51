/** An honest QueueEngine in memory: enough of the queue to stand behind the gateway, and levers to make it fail. */
import { isDeepStrictEqual } from 'node:util'
import type { Clock, MessageType, NewMessage } from '../../src/core/index.ts'
import {
  type Abilities,
  type DeadLetterPage,
  type Delivery,
  type EngineHealth,
  type MessageRecord,
  NO_COUNTS,
  type QueueEngine,
  type Receipt,
  type Settlement,
  type SettleResult,
  type StateCounts,
  type TakeRequest,
  type TypeDepth,
} from '../../src/queue/index.ts'

type Mutable<T> = { -readonly [Key in keyof T]: T[Key] }
type Refused = Exclude<ReturnType<QueueEngine['accepting']>, { ok: true }>['code']

export class FakeEngine implements QueueEngine {
  readonly name = 'fake'
  abilities: Abilities = {
    priority: true,
    orderingKey: true,
    delay: true,
    idempotency: true,
    browse: true,
    position: true,
    uniqueIds: true,
    exactCounts: true,
  }
  readonly records = new Map<string, Mutable<MessageRecord>>()
  readonly published: NewMessage[][] = []
  /** Set to make `accepting` say no. */
  refusing: Refused | undefined
  /** Set to make `health` say why it is bad. */
  fault: string | undefined
  /** Awaited by each publish before anything is kept; reject it to fail the sync. */
  sync: () => Promise<void> = async () => {}
  readonly #keys = new Map<string, NewMessage>()
  readonly #counts = new Map<MessageType, Mutable<StateCounts>>()
  readonly #clock: Clock

  constructor(clock: Clock) {
    this.#clock = clock
  }

  async start(): Promise<void> {}
  async stop(): Promise<void> {}

  async publish(messages: readonly NewMessage[]): Promise<Receipt[]> {
    this.published.push([...messages])
    await this.sync()
    return messages.map((message) => this.#keep(message))
  }

  #keep(message: NewMessage): Receipt {
    const acceptedAt = this.#clock.now()
    const earlier = message.idempotencyKey === undefined ? undefined : this.#keys.get(message.idempotencyKey)
    if (earlier !== undefined) {
      const same = ['type', 'content', 'attributes'] as const
      if (!same.every((key) => isDeepStrictEqual(earlier[key], message[key]))) {
        return { kind: 'refused', code: 'idempotency_key_reused' }
      }
      return { kind: 'accepted', id: earlier.id, acceptedAt, repeated: true }
    }
    if (message.idempotencyKey !== undefined) this.#keys.set(message.idempotencyKey, message)
    const counts = this.#of(message.type)
    counts.accepted++
    const delayed = message.availableAt !== undefined
    if (delayed) counts.delayed++
    else counts.ready++
    const position = delayed ? {} : { position: counts.ready }
    const { priority, orderingKey, availableAt, expiresAt, idempotencyKey: _key, ...rest } = message
    this.records.set(message.id, {
      message: rest,
      state: delayed ? 'delayed' : 'ready',
      priority,
      ...(orderingKey === undefined ? {} : { orderingKey }),
      ...(availableAt === undefined ? {} : { availableAt }),
      ...(expiresAt === undefined ? {} : { expiresAt }),
      attempt: 0,
      failures: 0,
      acceptedAt,
      ...position,
      history: [],
    })
    return { kind: 'accepted', id: message.id, acceptedAt, repeated: false, ...position }
  }

  /** A lever: lets a waiting message end as a dead letter. */
  /** As if a consumer elsewhere had it in work. */
  handOut(id: string): void {
    const record = this.#record(id)
    const counts = this.#of(record.message.type)
    counts.ready--
    counts.inFlight++
    counts.departed++
    record.state = 'in_flight'
  }

  kill(id: string, error = 'back end said no'): void {
    const record = this.#record(id)
    const counts = this.#of(record.message.type)
    counts.ready--
    counts.dead++
    counts.departed++
    const now = this.#clock.now()
    Object.assign(record, { state: 'dead', attempt: 1, failures: 1, takenAt: now, finishedAt: now, error })
    record.history = [{ attempt: 1, takenAt: now, endedAt: now, outcome: 'dead', error }]
    delete record.position
  }

  /** A lever: lets a waiting message be done. */
  finish(id: string): void {
    const record = this.#record(id)
    const counts = this.#of(record.message.type)
    counts.ready--
    counts.done++
    counts.departed++
    const now = this.#clock.now()
    Object.assign(record, {
      state: 'done',
      attempt: 1,
      takenAt: now,
      finishedAt: now,
      result: { outcome: '이동완료' },
    })
    delete record.position
  }

  #record(id: string): Mutable<MessageRecord> {
    const record = this.records.get(id)
    if (record === undefined) throw new Error(`no message ${id}`)
    return record
  }

  #of(type: MessageType): Mutable<StateCounts> {
    const counts = this.#counts.get(type) ?? { ...NO_COUNTS }
    this.#counts.set(type, counts)
    return counts
  }

  /** The gateway never takes or settles. */
  async take(_request: TakeRequest): Promise<Delivery[]> {
    return []
  }
  async settle(settlements: readonly Settlement[]): Promise<SettleResult[]> {
    return settlements.map(() => 'stale')
  }
  onReady(): () => void {
    return () => {}
  }

  counts(): ReadonlyMap<MessageType, StateCounts> {
    return this.#counts
  }

  async depth(): Promise<ReadonlyMap<MessageType, TypeDepth>> {
    const depths = new Map<MessageType, TypeDepth>()
    for (const [type, counts] of this.#counts) {
      const ready = [...this.records.values()].filter((r) => r.message.type === type && r.state === 'ready')
      const oldest = ready.length === 0 ? {} : { oldestReadyAt: Math.min(...ready.map((r) => r.acceptedAt)) }
      depths.set(type, { counts, ...oldest })
    }
    return depths
  }

  async find(id: string): Promise<MessageRecord | undefined> {
    return this.records.get(id)
  }

  #dead(query: { ids?: readonly string[]; type?: MessageType }): Mutable<MessageRecord>[] {
    return [...this.records.values()].filter(
      ({ state, message }) =>
        state === 'dead' &&
        (query.type === undefined || message.type === query.type) &&
        (query.ids === undefined || query.ids.includes(message.id)),
    )
  }

  async deadLetters(query: { type?: MessageType; limit: number; after?: string }): Promise<DeadLetterPage> {
    const all = this.#dead(query)
    const from = query.after === undefined ? 0 : all.findIndex((r) => r.message.id === query.after) + 1
    const items = all.slice(from, from + query.limit)
    const last = items.at(-1)
    return from + items.length < all.length && last ? { items, next: last.message.id } : { items }
  }

  async retryDeadLetters(query: { ids?: readonly string[]; type?: MessageType }): Promise<number> {
    const chosen = this.#dead(query)
    for (const record of chosen) {
      const counts = this.#of(record.message.type)
      counts.dead--
      counts.ready++
      Object.assign(record, { state: 'ready', failures: 0, position: counts.ready })
    }
    return chosen.length
  }

  async deleteDeadLetters(query: { ids?: readonly string[]; type?: MessageType }): Promise<number> {
    const chosen = this.#dead(query)
    for (const record of chosen) {
      const counts = this.#of(record.message.type)
      counts.dead--
      counts.deleted++
      this.records.delete(record.message.id)
    }
    return chosen.length
  }

  health(): EngineHealth {
    return this.fault === undefined ? { ok: true } : { ok: false, reason: this.fault }
  }

  accepting(): ReturnType<QueueEngine['accepting']> {
    return this.refusing === undefined ? { ok: true } : { ok: false, code: this.refusing }
  }
}
