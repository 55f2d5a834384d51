/**
 * The way out to the broker: everything that is published goes through here, and stays here until the broker has
 * confirmed it (Q1).
 *
 * - Thousands are under way at once; nobody waits for the one before.
 * - A connection that is lost costs nothing: what was not confirmed is sent again on the next one, in its order and
 *   under its id. A copy more may then exist, never one less; copies of an id are one message.
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
  resolve(): void
  reject(error: WeirError): void
}

interface Entry {
  readonly outgoing: Outgoing
  readonly batch: Batch
}

const RETRY_AFTER_MS = 2_000

export class Outbox {
  readonly #link: Link
  readonly #clock: Clock
  readonly #confirmTimeoutMs: number
  /** Not confirmed yet, oldest first. */
  readonly #entries = new Set<Entry>()
  /** Not answered yet, oldest first, so the first is the first to run out of time. */
  readonly #batches = new Set<Batch>()
  #channel: ConfirmChannel | undefined
  #cancelTimer: (() => void) | undefined
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
      const batch: Batch = { entries: [], until, left: outgoing.length, resolve, reject }
      this.#batches.add(batch)
      for (const one of outgoing) {
        const entry = { outgoing: one, batch }
        batch.entries.push(entry)
        this.#entries.add(entry)
        if (this.#channel) this.#transmit(this.#channel, entry)
      }
      this.#arm()
    })
  }

  /** Resolves when nothing is waited for any more, confirmed or given up. */
  drained(): Promise<void> {
    if (this.#batches.size === 0) return Promise.resolve()
    return new Promise((resolve) => this.#idle.push(resolve))
  }

  /** Refuses everybody who still waits. */
  abandon(detail: string): void {
    for (const batch of [...this.#batches]) this.#giveUp(batch, refusal(detail))
  }

  async #open(connection: ChannelModel): Promise<void> {
    this.#channel = undefined
    const channel = await connection.createConfirmChannel()
    channel.on('error', (error: Error) => this.#link.renew(`publishing: ${error.message}`))
    channel.on('close', () => {
      if (this.#channel !== channel) return
      this.#channel = undefined
      this.#link.renew('the channel for publishing was closed')
    })
    channel.on('return', ({ properties }) => this.#returned(properties.messageId))
    this.#channel = channel
    // In one turn, so that nothing new gets between them.
    for (const entry of this.#entries) this.#transmit(channel, entry)
  }

  #transmit(channel: ConfirmChannel, entry: Entry): void {
    const { exchange, routingKey, body, properties } = entry.outgoing
    try {
      channel.publish(exchange, routingKey, body, properties, (error) => {
        // Confirms of a channel that is over are losses of the connection; the next one sends again.
        if (error && this.#channel !== channel) return
        if (error && error.message === 'channel closed') return
        if (error) this.#giveUp(entry.batch, notKept('the broker could not keep a message'))
        else this.#confirmed(entry)
      })
    } catch (error) {
      // Closing: it is sent again. Anything else is the message's own fault, and would be at each try.
      if ((error as Error).name === 'IllegalOperationError') return
      this.#giveUp(
        entry.batch,
        new WeirError('internal', `a message cannot be sent: ${(error as Error).message}`),
      )
    }
  }

  #confirmed(entry: Entry): void {
    if (!this.#entries.delete(entry)) return
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
    for (const batch of this.#batches) {
      if (batch.until > now) return
      const why = this.#link.blocked ?? this.#link.fault ?? 'it does not answer'
      this.#giveUp(batch, refusal(`the broker has not confirmed in time: ${why}`))
    }
  }
}

function refusal(detail: string): WeirError {
  return new WeirError('broker_unavailable', detail, { retryAfterMs: RETRY_AFTER_MS })
}

function notKept(detail: string): WeirError {
  return new WeirError('storage_failed', detail, { retryAfterMs: RETRY_AFTER_MS })
}
