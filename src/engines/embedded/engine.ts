/**
 * The embedded queue engine: the port on one SQLite file, nothing else to install.
 *
 * Owns the store (its thread, its file, its lock) and the timer of the next thing due. Q1 and Q2 are kept in
 * `store.ts`, Q3–Q5 in `messages.ts`; here: what is refused before it reaches the disk, and how a failed disk heals.
 *
 *   new ──start──▶ open ◀──────probe works──────┐
 *                   │ └──a batch fails──▶ failed (refuses publishes, probes every half second)
 *                   └──stop──▶ stopping (finishes what is pending) ──▶ closed
 */
import {
  type Clock,
  type EffectStore,
  LIMITS,
  type Logger,
  type Message,
  type MessageType,
  type NewMessage,
  type Random,
  WeirError,
} from '../../core/index.ts'
import {
  type Abilities,
  type ClosedCode,
  type DeadLetterPage,
  type Delivery,
  type EngineHealth,
  fingerprint,
  type MessageRecord,
  type QueueEngine,
  type Receipt,
  type Settlement,
  type SettleResult,
  type StateCounts,
  type TakeRequest,
  type TypeDepth,
} from '../../queue/index.ts'
import { effectsOver } from './effects.ts'
import { GroupCommit } from './group-commit.ts'
import { hostOf, type StoreHost } from './host.ts'
import { EmbeddedLine } from './line/engine.ts'
import type { BatchReply, Fault, Published, PublishRow, SettleRow, Taken, TakenRow } from './protocol.ts'
import { faultCode, isLocked } from './store.ts'

export interface EmbeddedOptions {
  readonly dataDir: string
  readonly clock: Clock
  readonly logger: Logger
  readonly random: Random
  /** How long finished messages can still be looked up. */
  readonly retentionMs: number
  /** Publishes are refused while less is free, so that settles and deletes still have room. */
  readonly diskReserveBytes: number
  /** `worker` unless a test wants the store in line, or one that ails. */
  readonly host?: 'worker' | 'inline' | StoreHost
}

type Closed = Exclude<ClosedCode, 'broker_unavailable' | 'broker_blocked'>

const PROBE_EVERY_MS = 500
/** A batch takes milliseconds; a disk that has not answered for so long counts as failed. */
const HANGING_AFTER_MS = 10_000
/**
 * No lease is ended for so long after the store works again: consumers hold finished work that they could not settle
 * meanwhile, and their longest pause between two tries is five seconds.
 */
const SETTLE_FIRST_MS = 6_000
/** Sweeps are not run closer together than this: timers that are due within it share one transaction. */
const SWEEP_GAP_MS = 20
const REQUEUE_CHUNK = 500

export class EmbeddedEngine implements QueueEngine {
  readonly name = 'embedded'
  readonly abilities: Abilities = {
    priority: true,
    orderingKey: true,
    delay: true,
    idempotency: true,
    browse: true,
    position: true,
    uniqueIds: true,
    exactCounts: true,
  }
  readonly effects: EffectStore
  /** The waiting room's line, in the same file; open while the engine is. */
  readonly line: EmbeddedLine
  readonly #options: EmbeddedOptions
  readonly #host: StoreHost
  readonly #commits: GroupCommit
  readonly #counts = new Map<MessageType, StateCounts>()
  readonly #listeners = new Set<(types: ReadonlySet<MessageType>) => void>()
  #phase: 'new' | 'open' | 'stopping' | 'closed' = 'new'
  #starting: Promise<void> | undefined
  #stopping: Promise<void> | undefined
  #fault: Fault | undefined
  #freeBytes = Number.POSITIVE_INFINITY
  #sweepAt = Number.POSITIVE_INFINITY
  #sweepNotBefore = 0
  #cancelSweep: (() => void) | undefined
  #cancelProbe: (() => void) | undefined

  constructor(options: EmbeddedOptions) {
    this.#options = options
    this.#host = hostOf(options)
    this.#commits = new GroupCommit(this.#host, options.clock, (reply) => this.#committed(reply))
    this.effects = effectsOver(() => this.#ask())
    this.line = new EmbeddedLine({
      ...options,
      submit: (name, ask, weight) => this.#commits.submit(name, ask, weight),
      openWrite: (write) => this.#commits.open('lineWrite', write),
      pending: () => this.#commits.weight,
    })
  }

  start(): Promise<void> {
    this.#starting ??= this.#open()
    return this.#starting
  }

  stop(): Promise<void> {
    this.#stopping ??= this.#close()
    return this.#stopping
  }

  async publish(messages: readonly NewMessage[]): Promise<Receipt[]> {
    const accepting = this.accepting()
    if (!accepting.ok) throw this.#refusal(accepting.code)
    if (messages.length === 0) return []
    const published = await this.#commits.submit('publish', messages.map(publishRow), messages.length)
    return messages.map((message, i) => receipt(message, published, i))
  }

  async take(request: TakeRequest): Promise<Delivery[]> {
    const ready = this.#counts.get(request.type)?.ready ?? 0
    if (ready === 0 || request.max <= 0) return []
    const taken = await this.#ask().submit('take', request, request.max)
    return taken.rows.map((row) => delivery(row, taken))
  }

  async settle(settlements: readonly Settlement[]): Promise<SettleResult[]> {
    if (settlements.length === 0) return []
    return this.#ask().submit('settle', settlements.map(settleRow), settlements.length)
  }

  onReady(listener: (types: ReadonlySet<MessageType>) => void): () => void {
    this.#listeners.add(listener)
    return () => this.#listeners.delete(listener)
  }

  counts(): ReadonlyMap<MessageType, StateCounts> {
    return this.#counts
  }

  async depth(): Promise<ReadonlyMap<MessageType, TypeDepth>> {
    const oldest = await this.#ask().submit('oldest', null)
    const depths = new Map<MessageType, TypeDepth>()
    for (const [type, counts] of this.#counts) {
      const oldestReadyAt = oldest[type]
      depths.set(type, oldestReadyAt === undefined ? { counts } : { counts, oldestReadyAt })
    }
    return depths
  }

  async find(id: string): Promise<MessageRecord | undefined> {
    return (await this.#ask().submit('find', id)) ?? undefined
  }

  async deadLetters(query: { type?: MessageType; limit: number; after?: string }): Promise<DeadLetterPage> {
    const after = query.after === undefined ? 0 : Number(query.after)
    if (!Number.isSafeInteger(after) || after < 0)
      throw new WeirError('invalid_query', 'after: not a page mark')
    const limit = Math.max(1, Math.min(query.limit, LIMITS.pageSize))
    return this.#ask().submit('deadLetters', { type: query.type ?? null, limit, after })
  }

  retryDeadLetters(query: { ids?: readonly string[]; type?: MessageType }): Promise<number> {
    return this.#overDeadLetters('requeue', query)
  }

  deleteDeadLetters(query: { ids?: readonly string[]; type?: MessageType }): Promise<number> {
    return this.#overDeadLetters('deleteDead', query)
  }

  health(): EngineHealth {
    if (this.#phase !== 'open') return { ok: false, reason: `the store is ${this.#phase}` }
    if (this.#fault) return { ok: false, reason: `${this.#fault.code}: ${this.#fault.detail}` }
    if (this.#hangs()) {
      const seconds = Math.round(this.#commits.busyMs / 1000)
      return { ok: false, reason: `storage_failed: no answer from the disk for ${seconds} s` }
    }
    if (this.#nearlyFull()) return { ok: false, reason: 'storage_full: the disk is nearly full' }
    return { ok: true }
  }

  accepting(): { readonly ok: true } | { readonly ok: false; readonly code: Closed } {
    if (this.#phase !== 'open') return { ok: false, code: 'stopping' }
    if (this.#fault) {
      return { ok: false, code: this.#fault.code === 'storage_full' ? 'storage_full' : 'storage_failed' }
    }
    if (this.#hangs()) return { ok: false, code: 'storage_failed' }
    if (this.#nearlyFull()) return { ok: false, code: 'storage_full' }
    if (this.#commits.weight >= LIMITS.pendingMessages) return { ok: false, code: 'overloaded' }
    return { ok: true }
  }

  /** Every row counted afresh, for audits; a scan of the whole file. */
  async recount(): Promise<Record<MessageType, StateCounts>> {
    return this.#ask().submit('recount', null)
  }

  async #open(): Promise<void> {
    const { dataDir, clock, logger } = this.#options
    if (this.#phase !== 'new') throw new WeirError('stopping', 'the store was stopped before it was started')
    try {
      const { recovered, reply } = await this.#host.open(clock.now())
      await this.line.load()
      this.#phase = 'open'
      this.#committed(reply)
      if (recovered > 0) logger.info({ recovered }, 'messages in flight at the last end are ready again')
    } catch (error) {
      this.#phase = 'closed'
      await this.#host.close().catch(() => {})
      if (isLocked(error)) {
        const detail = `the data directory ${dataDir} is in use by another process`
        throw new WeirError('data_dir_in_use', detail, { cause: error })
      }
      const detail = error instanceof Error ? error.message : String(error)
      throw new WeirError(faultCode(error), `the data directory ${dataDir} cannot be opened: ${detail}`, {
        cause: error,
      })
    }
  }

  async #close(): Promise<void> {
    if (!this.#starting) this.#phase = 'closed'
    // The door closes in this very turn, before anything is waited for.
    if (this.#phase === 'open') this.#phase = 'stopping'
    // A stop during the start waits for it: closing what is not open yet would leave it open for ever (S1).
    await this.#starting?.catch(() => {})
    if (this.#phase === 'closed') return
    this.#phase = 'stopping'
    this.line.stop()
    this.#cancelSweep?.()
    this.#cancelProbe?.()
    await this.#commits.drained()
    this.#phase = 'closed'
    await this.#host.close()
  }

  #ask(): GroupCommit {
    if (this.#phase !== 'open') throw new WeirError('stopping', `the store is ${this.#phase}`)
    return this.#commits
  }

  #refusal(code: Closed): WeirError {
    const detail = {
      storage_full: 'the disk is full or nearly full',
      storage_failed: this.#fault?.detail ?? 'the store failed',
      overloaded: 'too many messages are waiting to be made durable',
      stopping: 'the service is stopping',
    }[code]
    return new WeirError(code, detail, { retryAfterMs: code === 'overloaded' ? 1000 : 5000 })
  }

  #hangs(): boolean {
    return this.#commits.busyMs > HANGING_AFTER_MS
  }

  #nearlyFull(): boolean {
    return this.#freeBytes < this.#options.diskReserveBytes
  }

  async #overDeadLetters(
    name: 'requeue' | 'deleteDead',
    query: { ids?: readonly string[]; type?: MessageType },
  ): Promise<number> {
    const ask = {
      type: query.type ?? null,
      ids: query.ids ?? null,
      diedBefore: this.#options.clock.now() + 1,
    }
    if (ask.ids) return this.#ask().submit(name, { ...ask, limit: ask.ids.length })
    let total = 0
    for (;;) {
      const n = await this.#ask().submit(name, { ...ask, limit: REQUEUE_CHUNK })
      total += n
      if (n < REQUEUE_CHUNK) return total
    }
  }

  /** After every batch, before its callers hear of it. */
  #committed(reply: BatchReply): void {
    if (reply.freeBytes !== null) this.#freeBytes = reply.freeBytes
    for (const [type, counts] of reply.counts) this.#counts.set(type, counts)
    this.#judge(reply)
    if (reply.nextDueAt !== null) this.#sweepBy(reply.nextDueAt)
    const ready = new Set<MessageType>()
    for (const [type, counts] of reply.counts) if (counts.ready > 0) ready.add(type)
    if (ready.size > 0) for (const listener of this.#listeners) this.#tell(listener, ready)
    if (this.#nearlyFull()) this.#probeSoon()
  }

  /** A listener's fault stays his: thrown from here it would refuse, to their callers, messages that are durable. */
  #tell(listener: (types: ReadonlySet<MessageType>) => void, ready: ReadonlySet<MessageType>): void {
    try {
      listener(ready)
    } catch (error) {
      this.#options.logger.error({ err: error }, 'a listener to ready messages failed')
    }
  }

  /** A failed batch closes the door to publishes until a probe has been synced. */
  #judge(reply: BatchReply): void {
    const failed = reply.faults.find(([, fault]) => fault.code !== 'internal')?.[1]
    if (failed) {
      if (!this.#fault) this.#options.logger.error({ ...failed }, 'the store failed')
      this.#fault = failed
      this.#probeSoon()
    }
  }

  #probeSoon(): void {
    if (this.#cancelProbe || this.#phase !== 'open') return
    this.#cancelProbe = this.#options.clock.after(PROBE_EVERY_MS, () => {
      this.#cancelProbe = undefined
      if (this.#phase !== 'open') return
      this.#commits.submit('probe', null).then(
        () => this.#healed(),
        () => this.#probeSoon(),
      )
    })
  }

  /** Only a probe opens the door again: it writes and syncs, which a batch that only looks something up does not. */
  #healed(): void {
    if (!this.#fault) return
    this.#options.logger.info({ was: this.#fault.code }, 'the store works again')
    this.#fault = undefined
    const now = this.#options.clock.now()
    this.#cancelSweep?.()
    this.#sweepAt = Number.POSITIVE_INFINITY
    this.#sweepNotBefore = now + SETTLE_FIRST_MS
    this.#sweepBy(now)
  }

  #sweepBy(dueAt: number): void {
    const at = Math.max(dueAt, this.#sweepNotBefore)
    if (at >= this.#sweepAt || this.#phase !== 'open') return
    this.#cancelSweep?.()
    this.#sweepAt = at
    const inMs = Math.max(SWEEP_GAP_MS, Math.min(at - this.#options.clock.now(), 60_000))
    this.#cancelSweep = this.#options.clock.after(inMs, () => {
      this.#sweepAt = Number.POSITIVE_INFINITY
      if (this.#phase !== 'open' || this.#fault) return
      // Should it fail, the probe that brings the store back carries the next due time with it.
      this.#commits.submit('sweep', null).catch(() => {})
    })
  }
}

function delivery(row: TakenRow, { takenAt, leaseUntil }: Taken): Delivery {
  const [id, attempt, failures, acceptedAt, expiresAt, body] = row
  const message = JSON.parse(body) as Message
  const known = { message, lease: { id, attempt }, failures, acceptedAt, takenAt, leaseUntil }
  return expiresAt === null ? known : { ...known, expiresAt }
}

function publishRow(message: NewMessage): PublishRow {
  const { id, type, content, attributes, createdAt } = message
  const key = message.idempotencyKey ?? null
  return [
    id,
    type,
    JSON.stringify({ id, type, content, attributes, createdAt }),
    message.priority,
    message.orderingKey ?? null,
    message.availableAt ?? null,
    message.expiresAt ?? null,
    key,
    key === null ? null : fingerprint(message),
  ]
}

function receipt(message: NewMessage, published: Published, i: number): Receipt {
  const one = published.receipts[i]
  if (one === undefined) throw new WeirError('internal', 'the store gave no receipt')
  if (typeof one !== 'number') return one
  const accepted = {
    kind: 'accepted',
    id: message.id,
    acceptedAt: published.acceptedAt,
    repeated: false,
  } as const
  return one === 0 ? accepted : { ...accepted, position: one }
}

function settleRow({ lease, verdict }: Settlement): SettleRow {
  const bare = verdict.kind === 'released' || (verdict.kind === 'done' && verdict.result === undefined)
  return [lease.id, lease.attempt, verdict.kind, bare ? null : verdict]
}
