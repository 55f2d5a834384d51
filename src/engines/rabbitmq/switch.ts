/**
 * The monitoring switch in the broker: a stream, because it keeps its last entry for whoever comes and tells every
 * entry to all in one order. Each entry is the whole choice, so the last one is all there is to know.
 *
 * - A stream that is not there yet (its node starts later than others do) is tried again, and hurts nobody meanwhile.
 * - In a cluster it can be heard only at a node that has a replica: one that joined later has none, and one that was
 *   away when it was declared gets its own only some time after it is back. Then another node is tried, a few times;
 *   what others listen to on this connection is worth more.
 * - After a reconnect the last entry is told again, and only that: what came between is overruled by it.
 * - Where the broker has no streams there is no switch for all, and it says so (`not_available`).
 */
import type { Channel, ChannelModel, ConsumeMessage } from 'amqplib'
import { type Clock, type Logger, type SwitchState, type SwitchStore, WeirError } from '../../core/index.ts'
import { describe, type Link } from './link.ts'
import type { Names } from './names.ts'
import type { Outbox } from './outbox.ts'

export interface SwitchDeps {
  /** To declare and to listen. Not the one of the messages: a stream in trouble can end its connection. */
  readonly link: Link
  readonly outbox: Outbox
  readonly names: Names
  readonly clock: Clock
  readonly logger: Logger
  readonly newId: () => string
}

/** Nobody's start waits longer for the last choice; it is heard later then. */
const LOAD_LIMIT_MS = 1_000
const AGAIN_MS = 1_000
/** A choice is a hundred bytes; old ones go by whole segments, the youngest of which always stays. */
const KEPT_BYTES = 1_000_000
const SEGMENT_BYTES = 500_000
const ENTRY_BYTES = 1_000
const UNREAD = 10
/** New connections in search of a node with a replica; with one address, a balancer may lead to another. */
const MOST_MOVES = 3

/** What the stream has told: nothing yet, that it is empty, or its last entry. */
type Known =
  | { readonly kind: 'nothing' }
  | { readonly kind: 'empty' }
  | { readonly kind: 'state'; readonly state: SwitchState }

export class SwitchStream implements SwitchStore {
  readonly #deps: SwitchDeps
  readonly #listeners = new Set<(state: SwitchState) => void>()
  /** Those who wait for the first answer. */
  readonly #waiting = new Set<() => void>()
  #known: Known = { kind: 'nothing' }
  #missing: string | undefined
  #connection: ChannelModel | undefined
  #channel: Channel | undefined
  #cancelRetry: (() => void) | undefined
  #fault: string | undefined
  /** Since it was heard last. */
  #moves = 0

  constructor(deps: SwitchDeps) {
    this.#deps = deps
    deps.link.onUp(async (connection) => {
      this.#connection = connection
      this.#channel = undefined
      this.#cancelRetry?.()
      // Not waited for: what else runs on this connection does not depend on it.
      void this.#listen(connection)
    })
  }

  /** Within a second: rejects when the broker has not told by then. */
  async load(): Promise<SwitchState | undefined> {
    if (this.#known.kind === 'nothing') await this.#answered()
    switch (this.#known.kind) {
      case 'state':
        return this.#known.state
      case 'empty':
        return undefined
      case 'nothing':
        throw this.#unavailable()
    }
  }

  async save(state: SwitchState): Promise<void> {
    const { link, outbox, names, newId } = this.#deps
    // The first process of all declares the stream; before that there is nothing to send to.
    if (this.#known.kind === 'nothing') await this.#answered()
    if (this.#known.kind === 'nothing' || link.fault !== undefined) throw this.#unavailable()
    if (link.blocked !== undefined) {
      throw new WeirError('broker_blocked', link.blocked, { retryAfterMs: AGAIN_MS })
    }
    const body = Buffer.from(JSON.stringify({ enabled: state.enabled, environment: state.environment }))
    const properties = {
      messageId: newId(),
      contentType: 'application/json',
      deliveryMode: 2,
      // Where the stream is not there, that must be told and not be swallowed.
      mandatory: true,
    }
    await outbox.send([{ exchange: '', routingKey: names.switch, body, properties }])
  }

  follow(listener: (state: SwitchState) => void): () => void {
    // A function of its own for each call, so that the same listener twice is two.
    const told = (state: SwitchState) => listener(state)
    this.#listeners.add(told)
    return () => this.#listeners.delete(told)
  }

  #answered(): Promise<void> {
    return new Promise((resolve) => {
      const answered = () => {
        cancel()
        this.#waiting.delete(answered)
        resolve()
      }
      const cancel = this.#deps.clock.after(LOAD_LIMIT_MS, answered)
      this.#waiting.add(answered)
      if (this.#missing !== undefined) answered()
    })
  }

  async #listen(connection: ChannelModel): Promise<void> {
    try {
      await this.#consume(connection)
      this.#fault = undefined
      this.#moves = 0
    } catch (error) {
      if (connection !== this.#connection) return
      const fault = describe(error)
      if (isElsewhere(error)) this.#elsewhere(connection, fault)
      else if (hasNoStreams(error)) this.#noStreams(fault)
      else this.#later(connection, fault)
    }
  }

  async #consume(connection: ChannelModel): Promise<void> {
    const { names } = this.#deps
    const before = this.#channel
    const channel = await connection.createChannel()
    this.#channel = channel
    // One that has lost its stream is still open; on a connection of before it is closed already.
    await before?.close().catch(() => {})
    let isListening = false
    channel.on('error', (error: Error) => {
      if (isListening) this.#later(connection, error.message)
    })
    await channel.assertQueue(names.switch, {
      durable: true,
      arguments: {
        'x-queue-type': 'stream',
        'x-max-length-bytes': KEPT_BYTES,
        'x-stream-max-segment-size-bytes': SEGMENT_BYTES,
      },
    })
    await channel.prefetch(UNREAD)
    const hear = (message: ConsumeMessage | null) => {
      if (message) this.#heard(channel, message)
      // Its queue was deleted: declared anew, it is empty, and what this process knows stays true for itself.
      else this.#later(connection, 'the stream was deleted')
    }
    await channel.consume(names.switch, hear, { arguments: { 'x-stream-offset': 'last' } })
    isListening = true
    // What the stream had comes before the answers to what was asked after.
    await channel.checkQueue(names.switch)
    await channel.checkQueue(names.switch)
    if (this.#known.kind === 'nothing') this.#learn({ kind: 'empty' })
  }

  #heard(channel: Channel, message: ConsumeMessage): void {
    try {
      channel.ack(message)
    } catch {
      // The channel has just ended; what was heard is true all the same.
    }
    const state = decode(message.content)
    if (!state) return
    this.#learn({ kind: 'state', state })
    for (const listener of [...this.#listeners]) this.#tell(listener, state)
  }

  #learn(known: Known): void {
    this.#known = known
    for (const answered of [...this.#waiting]) answered()
  }

  /** A listener's fault stays his. */
  #tell(listener: (state: SwitchState) => void, state: SwitchState): void {
    try {
      listener(state)
    } catch (error) {
      this.#deps.logger.error({ err: error }, 'a listener to the monitoring switch failed')
    }
  }

  #later(connection: ChannelModel, fault: string): void {
    if (connection !== this.#connection) return
    const { clock, logger, names } = this.#deps
    if (fault !== this.#fault) {
      logger.warn(
        { stream: names.switch, reason: fault },
        'the monitoring switch cannot be heard; trying again',
      )
    }
    this.#fault = fault
    this.#cancelRetry?.()
    this.#cancelRetry = clock.after(AGAIN_MS, () => {
      if (connection === this.#connection && this.#deps.link.fault === undefined)
        void this.#listen(connection)
    })
  }

  #elsewhere(connection: ChannelModel, fault: string): void {
    this.#later(connection, fault)
    if (this.#moves >= MOST_MOVES) return
    this.#moves += 1
    this.#deps.link.renew(`the monitoring switch cannot be heard at this node: ${fault}`)
  }

  #noStreams(fault: string): void {
    const { logger, names } = this.#deps
    const text = 'the monitoring switch of this process is its own: the broker has no streams'
    if (this.#missing === undefined) logger.warn({ stream: names.switch, reason: fault }, text)
    this.#missing = fault
    for (const answered of [...this.#waiting]) answered()
  }

  #unavailable(): WeirError {
    if (this.#missing !== undefined) {
      return new WeirError('not_available', `the broker keeps no switch: ${this.#missing}`)
    }
    const why = this.#deps.link.fault ?? this.#fault ?? 'it has not told yet'
    return new WeirError('broker_unavailable', `the switch cannot be reached: ${why}`, {
      retryAfterMs: AGAIN_MS,
    })
  }
}

/** The code is that of a queue with other arguments; only the broker's words tell them apart. */
function isElsewhere(error: unknown): boolean {
  return /replica/i.test(describe(error))
}

/** Other arguments on a queue of that name, no such queue type, or a feature flag that is off. */
function hasNoStreams(error: unknown): boolean {
  const code = (error as { code?: unknown } | undefined)?.code
  return code === 406 || code === 540
}

function decode(content: Buffer): SwitchState | undefined {
  if (content.length > ENTRY_BYTES) return undefined
  try {
    const { enabled, environment } = JSON.parse(content.toString('utf8')) as Record<string, unknown>
    if (typeof enabled !== 'boolean' || typeof environment !== 'boolean') return undefined
    return { enabled, environment }
  } catch {
    return undefined
  }
}
