/**
 * Exchanges and queues: which there are, what they are declared with, and how a message finds its own.
 *
 * Declared anew on every connection, so that a broker that lost them (a new disk, a hand that deleted) has them again.
 * A queue that exists with other arguments is never changed or deleted: that is one clear sentence and a human's
 * choice.
 */
import type { Channel, ChannelModel, Options } from 'amqplib'
import { LIMITS, type MessageType } from '../../core/index.ts'
import { findLeftover } from './leftovers.ts'
import { describe } from './link.ts'
import { type Names, namesOf, shardOf, shardQueue, shardRoute, topicWord, workQueue } from './names.ts'

export type QueueKind = 'quorum' | 'classic'

export interface TopologyOptions {
  readonly queueName: string
  readonly topology: 'per-type' | 'single'
  /** `auto`: quorum, or classic where the broker has no quorum queues or the queues there are classic ones. */
  readonly queueType: 'auto' | QueueKind
  readonly types: readonly MessageType[]
  /** Queues per type (`single`: in all) for messages with an ordering key; 0 = those have no order. */
  readonly orderingShards: number
}

export interface WorkQueue {
  readonly name: string
  readonly types: readonly MessageType[]
  /** Messages with an ordering key; consumed by one process at a time (single active consumer). */
  readonly keyed: boolean
  /** Routing keys at the exchange; also at the one for what was delayed, as one topic word. */
  readonly routes: readonly string[]
}

const KINDS: readonly QueueKind[] = ['quorum', 'classic']
/** Priorities 0 to 9; only classic queues have so many. */
const MAX_PRIORITY = 9

export class Topology {
  readonly names: Names
  readonly workQueues: readonly WorkQueue[]
  readonly #options: TopologyOptions
  #kind: QueueKind
  #brokerMajor = 0
  #looking: Promise<void> | undefined

  constructor(options: TopologyOptions) {
    this.#options = options
    this.names = namesOf(options.queueName)
    this.workQueues = options.topology === 'single' ? singleQueues(options) : queuesPerType(options)
    this.#kind = options.queueType === 'classic' ? 'classic' : 'quorum'
  }

  /** What the work queues are: what was asked for, or what `auto` found. */
  get kind(): QueueKind {
    return this.#kind
  }

  /** The queues that hold messages of a type, the one without ordering keys first. */
  queuesOf(type: MessageType): readonly WorkQueue[] {
    return this.workQueues.filter(({ types }) => types.includes(type))
  }

  /** Routing key at `names.exchange`. */
  route(type: MessageType, orderingKey: string | undefined): string {
    const { orderingShards } = this.#options
    if (orderingKey === undefined || orderingShards === 0) return type
    return shardRoute(type, shardOf(orderingKey, orderingShards))
  }

  /** Everything but the delay buckets, which come when they are needed. Rejects with a sentence for people. */
  async declare(connection: ChannelModel): Promise<void> {
    this.#brokerMajor = Number.parseInt(connection.connection.serverProperties.version, 10) || 0
    // Before anything is made: a queue that is bound beside another's doubles what is sent from then on.
    this.#looking ??= this.#lookForLeftovers(connection).finally(() => {
      this.#looking = undefined
    })
    await this.#looking
    const { queueType } = this.#options
    if (queueType !== 'auto') return this.#declareAs(connection, queueType)
    // What was found before is tried first: nobody must see the other in between.
    const [first, second] = this.#kind === 'classic' ? KINDS.toReversed() : KINDS
    try {
      await this.#declareAs(connection, first ?? 'quorum')
    } catch (error) {
      if (!isOfShape(error)) throw error
      // Either there are no quorum queues here, or there are classic ones of these names. If that fails too, the
      // first reason is the one to tell.
      await this.#declareAs(connection, second ?? 'classic').catch(() => {
        throw error
      })
    }
  }

  /** Arguments of a delay bucket: the whole queue has one time to live, so nothing waits behind something later. */
  bucketArguments(ttlMs: number, expiresMs: number): Record<string, string | number> {
    return {
      ...this.#durable(),
      ...this.#deadLettering(this.names.due),
      'x-message-ttl': ttlMs,
      'x-expires': expiresMs,
    }
  }

  /** Connections that are made at the same time share one look. */
  async #lookForLeftovers(connection: ChannelModel): Promise<void> {
    const sentence = await findLeftover(connection, this.#options)
    if (sentence !== undefined) throw new ShapeError(sentence)
  }

  async #declareAs(connection: ChannelModel, kind: QueueKind): Promise<void> {
    this.#kind = kind
    const channel = await connection.createChannel()
    // A refusal ends the channel; the rejected request tells why.
    channel.on('error', () => {})
    await this.#exchanges(channel)
    const { unrouted, dead } = this.names
    for (const name of [unrouted, dead]) {
      await assertQueue(channel, name, { ...this.#durable(), ...this.#unlimited() })
      await channel.bindQueue(name, name, '')
    }
    for (const queue of this.workQueues) await this.#workQueue(channel, queue)
    await channel.close()
  }

  async #exchanges(channel: Channel): Promise<void> {
    const { names } = this
    // Where nothing is bound nothing may be lost: every way that can miss has this one behind it.
    const safe: Options.AssertExchange = { durable: true, alternateExchange: names.unrouted }
    await channel.assertExchange(names.unrouted, 'fanout', { durable: true })
    await channel.assertExchange(names.dead, 'fanout', { durable: true })
    await channel.assertExchange(names.exchange, 'direct', safe)
    await channel.assertExchange(names.delay, 'topic', safe)
    await channel.assertExchange(names.due, 'topic', safe)
  }

  async #workQueue(channel: Channel, queue: WorkQueue): Promise<void> {
    const quorum = this.#kind === 'quorum'
    await assertQueue(channel, queue.name, {
      ...this.#durable(),
      ...this.#deadLettering(this.names.dead),
      ...(quorum && { 'x-delivery-limit': LIMITS.crashesPerMessage }),
      ...(queue.keyed && { 'x-single-active-consumer': true }),
      ...(this.#options.queueType === 'classic' && !queue.keyed && { 'x-max-priority': MAX_PRIORITY }),
    })
    for (const route of queue.routes) {
      await channel.bindQueue(queue.name, this.names.exchange, route)
      await channel.bindQueue(queue.name, this.names.due, `*.${topicWord(route)}`)
    }
  }

  #durable(): Record<string, string> {
    return { 'x-queue-type': this.#kind }
  }

  /** A dead letter leaves its queue only when the next one has it; classic queues cannot promise that. */
  #deadLettering(exchange: string): Record<string, string> {
    return {
      'x-dead-letter-exchange': exchange,
      'x-overflow': 'reject-publish',
      ...(this.#kind === 'quorum' && { 'x-dead-letter-strategy': 'at-least-once' }),
    }
  }

  /** From 4.0 on every quorum queue gives a message up after 20 deliveries unless it says otherwise. */
  #unlimited(): Record<string, number> {
    return this.#kind === 'quorum' && this.#brokerMajor >= 4 ? { 'x-delivery-limit': -1 } : {}
  }
}

function queuesPerType({ queueName, types, orderingShards }: TopologyOptions): WorkQueue[] {
  return types.flatMap((type) => {
    const name = workQueue(queueName, type)
    const shards = Array.from(
      { length: orderingShards },
      (_, i): WorkQueue => ({
        name: shardQueue(name, i),
        types: [type],
        keyed: true,
        routes: [shardRoute(type, i)],
      }),
    )
    return [{ name, types: [type], keyed: false, routes: [type] }, ...shards]
  })
}

function singleQueues({ queueName, types, orderingShards }: TopologyOptions): WorkQueue[] {
  const shards = Array.from(
    { length: orderingShards },
    (_, i): WorkQueue => ({
      name: shardQueue(queueName, i),
      types,
      keyed: true,
      routes: types.map((type) => shardRoute(type, i)),
    }),
  )
  return [{ name: queueName, types, keyed: false, routes: types }, ...shards]
}

/** The queue is there with another shape, or this broker cannot make one of this shape. */
function isOfShape(error: unknown): boolean {
  return error instanceof ShapeError
}

/** A queue that cannot be had as we need it. */
export class ShapeError extends Error {
  readonly code = 406
}

async function assertQueue(channel: Channel, name: string, args: Record<string, unknown>): Promise<void> {
  try {
    await channel.assertQueue(name, { durable: true, arguments: args })
  } catch (error) {
    const code = (error as { code?: unknown }).code
    if (code === 406) {
      const advice = 'delete that queue, choose another QUEUE_NAME, or set RABBITMQ_QUEUE_TYPE to what it is'
      throw new ShapeError(`the queue ${name} exists with other arguments: ${advice} (${reason(error)})`, {
        cause: error,
      })
    }
    if (code === 540) {
      throw new ShapeError(`the broker cannot make the queue ${name}: ${reason(error)}`, { cause: error })
    }
    throw error
  }
}

/** The broker's own words, without the client's frame around them. */
function reason(error: unknown): string {
  return /with message "(.*)"$/s.exec(describe(error))?.[1] ?? describe(error)
}
