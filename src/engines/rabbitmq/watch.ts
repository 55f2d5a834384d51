/**
 * Looks once a second how many messages wait in the broker. Other processes put them there and take them, so nobody but
 * the broker knows; the answer is up to a second old, and that is said (`exactCounts` false).
 */
import type { Channel, ChannelModel } from 'amqplib'
import type { Clock, Logger, MessageType } from '../../core/index.ts'
import type { Link } from './link.ts'
import { expectedWaiting, type Tally } from './tallies.ts'
import type { Topology } from './topology.ts'

const EVERY_MS = 1_000

export class Watch {
  readonly #topology: Topology
  readonly #link: Link
  readonly #clock: Clock
  /** Who hears of messages of unknown types. */
  readonly #logger: Logger | undefined
  #channel: Channel | undefined
  #waiting = new Map<string, number>()
  #unrouted: number | undefined
  #cancel: (() => void) | undefined
  #running = false
  #looking: Promise<void> | undefined

  constructor(link: Link, topology: Topology, clock: Clock, logger: Logger | undefined) {
    this.#link = link
    this.#topology = topology
    this.#clock = clock
    this.#logger = logger
    link.onUp((connection) => this.#open(connection))
  }

  get unrouted(): number | undefined {
    return this.#unrouted
  }

  start(): void {
    this.#running = true
    this.#tick()
  }

  stop(): void {
    this.#running = false
    this.#cancel?.()
  }

  /**
   * In the queues of a type, not delivered to anybody. Of a queue for several types the broker tells only the sum,
   * which is divided as the tallies say that messages must be waiting; they know less the later this process began to
   * listen.
   */
  waiting(type: MessageType, tallies: ReadonlyMap<MessageType, Tally>): number {
    const expected = (one: MessageType) => {
      const tally = tallies.get(one)
      return tally ? expectedWaiting(tally) : 0
    }
    let total = 0
    for (const { name, types } of this.#topology.queuesOf(type)) {
      const there = this.#waiting.get(name) ?? 0
      if (types.length === 1) {
        total += there
        continue
      }
      const all = types.reduce((so, one) => so + expected(one), 0)
      total += all > 0 ? (there * expected(type)) / all : there / types.length
    }
    return Math.round(total)
  }

  /** Now. Callers at the same time share one look; a broker that is away leaves the last one. */
  look(): Promise<void> {
    this.#looking ??= this.#ask().finally(() => {
      this.#looking = undefined
    })
    return this.#looking
  }

  #tick(): void {
    void this.look().finally(() => {
      if (this.#running) this.#cancel = this.#clock.after(EVERY_MS, () => this.#tick())
    })
  }

  async #ask(): Promise<void> {
    const channel = this.#channel
    if (!channel || !this.#link.up) return
    try {
      for (const { name } of this.#topology.workQueues) {
        this.#waiting.set(name, (await channel.checkQueue(name)).messageCount)
      }
      const { messageCount } = await channel.checkQueue(this.#topology.names.unrouted)
      this.#noteUnrouted(messageCount)
    } catch {
      // The link says that it is down, and renews what has ended.
    }
  }

  #noteUnrouted(count: number): void {
    if (count > (this.#unrouted ?? 0)) {
      const fields = { queue: this.#topology.names.unrouted, messages: count }
      this.#logger?.warn(fields, 'messages of types that nobody here knows lie in the queue for them')
    }
    this.#unrouted = count
  }

  async #open(connection: ChannelModel): Promise<void> {
    this.#channel = undefined
    const channel = await connection.createChannel()
    channel.on('error', (error: Error) => this.#link.renew(`looking at the queues: ${error.message}`))
    this.#channel = channel
  }
}
