/**
 * The way out to the broker: everything that is published goes through here, and stays here until the broker has
 * confirmed it (Q1).
 *
 * - Thousands are under way at once; nobody waits for the one before.
 * - A connection that is lost costs nothing: what was not confirmed is sent again on the next one, in its order and
 *   under its id. A copy more may then exist, never one less; copies of an id are one message.
 * - What the broker refuses to keep (nack) is tried again for a while, on a channel of its own. A channel that was
 *   opened while the leader of a quorum queue was dying is refused everything for the rest of its life, though the
 *   queue has a new leader (seen with 3.10.8; brokers from 3.11.24 and 3.12.5 ask for the leader instead of remembering
 *   one).
 * - A caller waits at most `confirmTimeoutMs`. He is then refused and his messages are withdrawn: they are not sent
 *   again. (They may be in the broker all the same; an answer that was lost cannot be told from one never given.)
 */
import type { ChannelModel, ConfirmChannel, Options } from 'amqplib'
import { type Clock, WeirError } from '../../core/index.ts'
import type { Link } from './link.ts'

export interface Outgoing {
  readonly exchange: string
  readonly routingKey: string
  readonly body: Buffer
  readonly properties: Options.Publish
}

/** What one caller waits for. */
interface Batch {
  readonly entries: Entry[]
  readonly until: number
  left: number
  /** When the broker first refused one of them. */
  nackedAt: number | undefined
  resolve(): void
  reject(error: WeirError): void
}

interface Entry {
  readonly outgoing: Outgoing
  readonly batch: Batch
}

/** A channel and what was sent on it and is not answered. */
interface Passage {
  readonly channel: ConfirmChannel
  readonly under: Set<Entry>
}

const RETRY_AFTER_MS = 2_000
/** A new leader is there within a second or two; a queue that is full by somebody's policy says no for longer. */
const NACK_PATIENCE_MS = 5_000
const FIRST_REFRESH_MS = 100
const LONGEST_REFRESH_MS = 1_600

export class Outbox {
  readonly #link: Link
  readonly #clock: Clock
  readonly #confirmTimeoutMs: number
  /** Not confirmed yet, oldest first. */
  readonly #entries = new Set<Entry>()
  /** Not answered yet, oldest first, so the first is the first to run out of time. */
  readonly #batches = new Set<Batch>()
  #connection: ChannelModel | undefined
  #passage: Passage | undefined
  /** Refused by the broker, to be sent on the next channel. */
  readonly #nacked = new Set<Entry>()
  #cancelRefresh: (() => void) | undefined
  #refreshes = 0
  #cancelTimer: (() => void) | undefined
  /** When the broker last answered anything, or the connection came up. */
  #heardAt = 0
  #idle: (() => void)[] = []

  constructor(link: Link, clock: Clock, confirmTimeoutMs: number) {
    this.#link = link
    this.#clock = clock
    this.#confirmTimeoutMs = confirmTimeoutMs
    link.onUp((connection) => this.#open(connection))
  }

  /** Messages handed in and not confirmed. */
  get pending(): number {
    return this.#entries.size
  }

  /**
   * Resolves when the broker has confirmed all of them. Rejects with `broker_unavailable` when that takes too long, and
   * with `storage_failed` when the broker says that it could not keep one.
   */
  send(outgoing: readonly Outgoing[]): Promise<void> {
    if (outgoing.length === 0) return Promise.resolve()
    return new Promise((resolve, reject) => {
      const until = this.#clock.now() + this.#confirmTimeoutMs
      const batch: Batch = { entries: [], until, left: outgoing.length, nackedAt: undefined, resolve, reject }
      this.#batches.add(batch)
      for (const one of outgoing) {
        const entry = { outgoing: one, batch }
        batch.entries.push(entry)
        this.#entries.add(entry)
        if (this.#passage) this.#transmit(this.#passage, entry)
      }
      this.#arm()
    })
  }

  /** Resolves when nothing is waited for any more, confirmed or given up; no timer is left then. */
  async drained(): Promise<void> {
    if (this.#batches.size > 0) await new Promise<void>((resolve) => this.#idle.push(resolve))
    this.#cancelTimer?.()
    this.#cancelTimer = undefined
  }

  /** Refuses everybody who still waits. */
  abandon(detail: string): void {
    for (const batch of [...this.#batches]) this.#giveUp(batch, refusal(detail))
  }

  async #open(connection: ChannelModel): Promise<void> {
    this.#passage = undefined
    this.#connection = connection
    this.#cancelRefresh?.()
    this.#cancelRefresh = undefined
    const passage = await this.#passageOn(connection)
    this.#passage = passage
    this.#heardAt = this.#clock.now()
    this.#nacked.clear()
    // In one turn, so that nothing new gets between them.
    for (const entry of this.#entries) this.#transmit(passage, entry)
  }

  async #passageOn(connection: ChannelModel): Promise<Passage> {
    const channel = await connection.createConfirmChannel()
    const passage: Passage = { channel, under: new Set() }
    channel.on('error', (error: Error) => this.#over(passage, `publishing: ${error.message}`))
    channel.on('close', () => this.#over(passage, 'the channel for publishing was closed'))
    channel.on('return', ({ properties }) => this.#returned(properties.messageId))
    return passage
  }

  /** Everything that is not confirmed is sent again on the next connection. */
  #over(passage: Passage, why: string): void {
    const isCurrent = this.#passage === passage
    if (!isCurrent && passage.under.size === 0) return
    passage.under.clear()
    this.#passage = undefined
    this.#link.renew(why)
  }

  #transmit(passage: Passage, entry: Entry): void {
    const { exchange, routingKey, body, properties } = entry.outgoing
    passage.under.add(entry)
    try {
      passage.channel.publish(exchange, routingKey, body, properties, (error) => {
        // Confirms of a channel that is over are losses of the connection; the next one sends again.
        if (!passage.under.delete(entry) || error?.message === 'channel closed') return
        this.#heardAt = this.#clock.now()
        this.#link.heard()
        if (error) this.#refused(entry)
        else this.#confirmed(entry)
        if (passage !== this.#passage) leave(passage)
      })
    } catch (error) {
      // Closing: it is sent again. Anything else is the message's own fault, and would be at each try.
      if ((error as Error).name === 'IllegalOperationError') return
      passage.under.delete(entry)
      this.#giveUp(
        entry.batch,
        new WeirError('internal', `a message cannot be sent: ${(error as Error).message}`),
      )
    }
  }

  #refused(entry: Entry): void {
    if (!this.#entries.has(entry)) return
    const { batch } = entry
    const now = this.#clock.now()
    batch.nackedAt ??= now
    if (now - batch.nackedAt >= NACK_PATIENCE_MS) return this.#giveUp(batch, notKept(NOT_KEPT))
    this.#nacked.add(entry)
    const pauseMs = Math.min(LONGEST_REFRESH_MS, FIRST_REFRESH_MS * 2 ** Math.min(this.#refreshes, 10))
    this.#cancelRefresh ??= this.#clock.after(pauseMs, () => {
      this.#cancelRefresh = undefined
      this.#refreshes += 1
      void this.#refresh()
    })
  }

  /** On to another channel; the one before is closed when all that is under way on it has its answer. */
  async #refresh(): Promise<void> {
    const connection = this.#connection
    const before = this.#passage
    // Without one there will be a new connection, which sends everything again.
    if (!connection || !before) return
    const passage = await this.#passageOn(connection).catch((error: Error) => {
      if (this.#passage === before) this.#link.renew(`publishing: ${error.message}`)
    })
    if (!passage) return
    if (this.#passage !== before) return leave(passage)
    this.#passage = passage
    leave(before)
    const again = [...this.#nacked]
    this.#nacked.clear()
    for (const entry of again) if (this.#entries.has(entry)) this.#transmit(passage, entry)
  }

  #confirmed(entry: Entry): void {
    if (!this.#entries.delete(entry)) return
    if (entry.batch.nackedAt !== undefined) this.#refreshes = 0
    entry.batch.left -= 1
    if (entry.batch.left > 0) return
    this.#batches.delete(entry.batch)
    entry.batch.resolve()
    this.#settled()
  }

  /** No queue took it, not even the one for what no other takes: the topology is broken. The confirm still comes. */
  #returned(id: unknown): void {
    for (const { outgoing, batch } of this.#entries) {
      if (outgoing.properties.messageId === id) {
        return this.#giveUp(batch, notKept('the broker has no queue for a message'))
      }
    }
  }

  #giveUp(batch: Batch, error: WeirError): void {
    if (!this.#batches.delete(batch)) return
    for (const entry of batch.entries) this.#entries.delete(entry)
    batch.reject(error)
    this.#settled()
  }

  #settled(): void {
    if (this.#batches.size > 0) return
    for (const resolve of this.#idle.splice(0)) resolve()
  }

  /** One timer, for the batch that runs out first. */
  #arm(): void {
    if (this.#cancelTimer) return
    const [first] = this.#batches
    if (!first) return
    const inMs = Math.max(1, first.until - this.#clock.now())
    this.#cancelTimer = this.#clock.after(inMs, () => {
      this.#cancelTimer = undefined
      this.#expire()
      this.#arm()
    })
  }

  #expire(): void {
    const now = this.#clock.now()
    let silent = false
    for (const batch of this.#batches) {
      if (batch.until > now) break
      silent ||= this.#heardAt <= batch.until - this.#confirmTimeoutMs
      const why = this.#link.blocked ?? this.#link.fault ?? 'it does not answer'
      const error =
        batch.nackedAt === undefined
          ? refusal(`the broker has not confirmed in time: ${why}`)
          : notKept(NOT_KEPT)
      this.#giveUp(batch, error)
    }
    // Connected, not blocked, and not one answer in all that time, though heartbeats may pass: what was garbled on its
    // way can leave either side waiting for the rest of something that never comes. Only a new connection ends that.
    if (silent && this.#link.up && this.#link.blocked === undefined) {
      this.#link.renew(`publishing: no answer within ${this.#confirmTimeoutMs} ms`)
    }
  }
}

const NOT_KEPT = 'the broker could not keep a message'

/** Nothing more is sent on it. */
function leave({ channel, under }: Passage): void {
  if (under.size === 0) channel.close().catch(() => {})
}

function refusal(detail: string): WeirError {
  return new WeirError('broker_unavailable', detail, { retryAfterMs: RETRY_AFTER_MS })
}

function notKept(detail: string): WeirError {
  return new WeirError('storage_failed', detail, { retryAfterMs: RETRY_AFTER_MS })
}
