/**
 * Waiting in the broker: a message that is not due yet lies in a bucket, a queue whose messages all live equally long
 * and are then passed on to their work queue. One time to live per queue, because the broker only looks at a queue's
 * head: behind a message of an hour, one of a second would wait an hour.
 *
 * Buckets stand in a geometric grid, four to the doubling, so any delay is met by few queues. Nothing is handed out
 * early: a delay between two buckets is rounded up as long as that costs at most a second, and otherwise down, to be
 * delayed again for the rest when it comes back.
 */
import type { Channel, ChannelModel } from 'amqplib'
import { type Clock, WeirError } from '../../core/index.ts'
import { describe, type Link } from './link.ts'
import { topicWord } from './names.ts'
import type { Topology } from './topology.ts'

/**
 * One with an ordering key that waits at most so long keeps its turn: it waits in its queue, and in the process that
 * has it, and those behind it with it. Longer, it would be given back there again and again as if it did harm.
 */
export const KEEPS_TURN_MS = 600_000
const FIRST_MS = 25
const PER_DOUBLING = 4
/** 24.8 days; brokers hold times in 32 bits. What waits longer goes round again. */
const LONGEST_MS = 2 ** 31
const LATEST_MS = 1_000
/**
 * A bucket that was not declared for so long beyond its time to live is removed by the broker, so that they do not pile
 * up. It is removed with all that is in it, and usually there is nothing, for the last message came before that time.
 * But what could not be passed on (its work queue has no majority) stays in the bucket; a week is more than any such
 * outage that somebody means to mend. With the longest bucket it still fits into 32 bits.
 */
const IDLE_MS = 7 * 24 * 3_600_000
/** Whoever uses one says so this often, which renews the broker's count of idle time. */
const RENEW_MS = 600_000

/** The bucket for a wait of `delayMs`: the smallest that is not too early, or the largest that is not too late. */
export function bucketFor(delayMs: number): number {
  let steps = Math.max(0, Math.ceil(PER_DOUBLING * Math.log2(Math.max(delayMs, FIRST_MS) / FIRST_MS)))
  // The logarithm may be off by a hair at either end of a step.
  while (bucketAt(steps) < delayMs) steps += 1
  while (steps > 0 && bucketAt(steps - 1) >= delayMs) steps -= 1
  const up = bucketAt(steps)
  const fits = up <= LONGEST_MS && (up - delayMs <= LATEST_MS || steps === 0)
  if (fits) return up
  while (steps > 0 && (bucketAt(steps) > delayMs || bucketAt(steps) > LONGEST_MS)) steps -= 1
  return bucketAt(steps)
}

/** How long a bucket may be unused before the broker removes it. */
export const idleLimitOf = (bucketMs: number): number => bucketMs + IDLE_MS

function bucketAt(steps: number): number {
  return Math.ceil(FIRST_MS * 2 ** (steps / PER_DOUBLING))
}

export class Delays {
  readonly #link: Link
  readonly #topology: Topology
  readonly #clock: Clock
  #channel: Channel | undefined
  /** Buckets that are there for certain: when they were declared last, on this connection. */
  readonly #declared = new Map<number, number>()
  readonly #declaring = new Map<number, Promise<void>>()

  constructor(link: Link, topology: Topology, clock: Clock) {
    this.#link = link
    this.#topology = topology
    this.#clock = clock
    link.onUp((connection) => this.#open(connection))
  }

  /**
   * Where to publish what is to wait `delayMs` and then go to `route`. Resolves when the bucket is there; rejects when
   * the broker cannot make it now.
   */
  async wayFor(delayMs: number, route: string): Promise<{ exchange: string; routingKey: string }> {
    const ms = bucketFor(delayMs)
    const declaredAt = this.#declared.get(ms)
    if (declaredAt === undefined || this.#clock.now() - declaredAt > RENEW_MS) await this.#declare(ms)
    return { exchange: this.#topology.names.delay, routingKey: `${ms}.${topicWord(route)}` }
  }

  #declare(ms: number): Promise<void> {
    const under = this.#declaring.get(ms)
    if (under) return under
    const work = this.#assert(ms).finally(() => this.#declaring.delete(ms))
    this.#declaring.set(ms, work)
    return work
  }

  async #assert(ms: number): Promise<void> {
    const channel = this.#channel
    if (!channel) throw unavailable(this.#link.fault ?? 'the connection is being made')
    try {
      await this.#assertOn(channel, ms)
    } catch (error) {
      throw unavailable(describe(error))
    }
  }

  async #assertOn(channel: Channel, ms: number): Promise<void> {
    const { names } = this.#topology
    const name = names.bucket(ms)
    await channel.assertQueue(name, {
      durable: true,
      arguments: this.#topology.bucketArguments(ms, idleLimitOf(ms)),
    })
    await channel.bindQueue(name, names.delay, `${ms}.#`)
    this.#declared.set(ms, this.#clock.now())
  }

  /** What the outbox sends again finds its bucket, also on a broker that has lost it. */
  async #open(connection: ChannelModel): Promise<void> {
    this.#channel = undefined
    const before = [...this.#declared.keys()]
    this.#declared.clear()
    const channel = await connection.createChannel()
    channel.on('error', (error: Error) => this.#link.renew(`declaring a delay: ${error.message}`))
    for (const ms of before) await this.#assertOn(channel, ms)
    this.#channel = channel
  }
}

function unavailable(why: string): WeirError {
  return new WeirError('broker_unavailable', `no place to wait can be declared: ${why}`, {
    retryAfterMs: 2_000,
  })
}
