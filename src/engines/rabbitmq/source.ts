/**
 * One work queue as this process consumes it: a channel, consumers on it, and what was delivered and not yet answered.
 *
 * - Nothing is acknowledged before it is finished (Q2): what was delivered and not answered comes again when the
 *   connection, or this process, is gone.
 * - How many may be out unanswered (the prefetch) grows with what is asked for, by a further consumer on the same
 *   channel, so nothing delivered has to be given back for it. A queue with ordering keys has one fixed number: of a
 *   second consumer the broker would make nothing (single active consumer).
 * - A `Parcel` belongs to the channel it came on; once that is over it can be neither acknowledged nor given back.
 */
import type { Channel, ChannelModel, ConsumeMessage } from 'amqplib'
import type { MessageType } from '../../core/index.ts'
import type { Link } from './link.ts'
import type { WorkQueue } from './topology.ts'
import type { Copy } from './wire.ts'

/** What it takes to answer a delivery. */
export interface Slip {
  readonly channel: Channel
  readonly tag: number
  readonly raw: ConsumeMessage
}

/** A copy that the broker has delivered to this process. */
export interface Parcel extends Slip {
  readonly source: Source
  readonly copy: Copy
  /** To be sent on as it is; undefined when it has to be written anew. */
  readonly body: Buffer | undefined
  /** Arrivals in this process, counted. */
  readonly seq: number
  readonly arrivedAt: number
  /** Hand-outs of this copy before it came here. */
  readonly redeliveries: number
  /** Hand-outs of this copy since. */
  takes: number
  /** Counted failures; more than the copy says when it was kept here for its retries (ordering keys). */
  failures: number
  /** Not to be handed out before. */
  dueAt: number | undefined
  history: Copy['history']
}

/** Quorum queues are at their best below this, and memory has to end somewhere. */
const LARGEST_PREFETCH = 2_000
const KEYED_PREFETCH = 500
/** So many matter to one who takes a handful and asks for the next; not to a stream of thousands. */
const MOST_UNSURE = 256

export class Source {
  readonly queue: WorkQueue
  readonly #link: Link
  readonly #deliver: (source: Source, slip: Slip) => void
  #channel: Channel | undefined
  /** Unanswered deliveries the broker lets us have, over all consumers of the channel. */
  #capacity = 0
  #wanted = 0
  /** Tags not answered, ascending, because that is how they come. */
  readonly #out = new Set<number>()
  #acks: number[] = []
  /** Their tags. */
  #consumers: string[] = []
  /** Acknowledged since the last fence: the broker may not have heard of them yet, and count them as out. */
  #unsure = 0
  #growing: Promise<void> | undefined
  #passing: Promise<void> | undefined
  #nextPass: Promise<void> | undefined

  constructor(queue: WorkQueue, link: Link, deliver: (source: Source, slip: Slip) => void) {
    this.queue = queue
    this.#link = link
    this.#deliver = deliver
  }

  get types(): readonly MessageType[] {
    return this.queue.types
  }

  /** Delivered and not answered. */
  get out(): number {
    return this.#out.size
  }

  /** Answered, but perhaps still counted as out by the broker. */
  get unsure(): number {
    return Math.min(MOST_UNSURE, this.#unsure)
  }

  get consuming(): boolean {
    return this.#channel !== undefined && this.#capacity > 0
  }

  /** On a new connection: consumes again what it consumed before. */
  async open(connection: ChannelModel): Promise<void> {
    this.#channel = undefined
    this.#capacity = 0
    this.#out.clear()
    this.#acks = []
    this.#consumers = []
    this.#unsure = 0
    this.#growing = undefined
    this.#passing = undefined
    this.#nextPass = undefined
    if (this.#wanted > 0) await this.#grow(await this.#openChannel(connection))
  }

  /** At least so many may be out, what is out now included. Resolves when the broker knows; true if that was news. */
  async want(count: number): Promise<boolean> {
    const wanted = this.queue.keyed ? KEYED_PREFETCH : Math.min(LARGEST_PREFETCH, count)
    if (wanted > this.#wanted) {
      // In good steps, because each is a consumer more.
      this.#wanted = this.queue.keyed
        ? wanted
        : Math.min(LARGEST_PREFETCH, Math.max(wanted, 2 * this.#capacity))
    }
    const grows = this.#capacity < this.#wanted || this.#growing !== undefined
    while (this.#capacity < this.#wanted) {
      this.#growing ??= this.#growOnce().finally(() => {
        this.#growing = undefined
      })
      await this.#growing
    }
    return grows
  }

  /**
   * Resolves when everything that the broker had for us at the time of the call has been delivered. Callers that come
   * while one is under way share the next.
   */
  fence(): Promise<void> {
    if (!this.#passing) return this.#startPass()
    this.#nextPass ??= this.#passing
      .catch(() => {})
      .then(() => {
        this.#nextPass = undefined
        return this.#startPass()
      })
    return this.#nextPass
  }

  /** Finished with. Sent with the next `flush`. */
  ack(slip: Slip): boolean {
    if (!this.#answered(slip)) return false
    this.#acks.push(slip.tag)
    this.#unsure += 1
    return true
  }

  /** Back into its queue, at its head. The broker counts that as a delivery too. */
  giveBack(slip: Slip): void {
    if (!this.#answered(slip)) return
    try {
      slip.channel.nack(slip.raw, false, true)
    } catch {
      // The channel is closing, which gives it back as well.
    }
  }

  /** Whether it can still be answered. */
  holds({ channel, tag }: Slip): boolean {
    return channel === this.#channel && this.#out.has(tag)
  }

  /**
   * Sends the acknowledgements. Those below the oldest unanswered delivery go as one: everything up to there is
   * answered, so "all up to this one" names nothing that is not.
   */
  flush(): void {
    const channel = this.#channel
    const acks = this.#acks
    if (!channel || acks.length === 0) return
    this.#acks = []
    const [oldest = Number.POSITIVE_INFINITY] = this.#out
    let highest = -1
    for (const tag of acks) if (tag < oldest && tag > highest) highest = tag
    try {
      if (highest >= 0) channel.ack(tagged(highest), true)
      for (const tag of acks) if (tag > oldest) channel.ack(tagged(tag))
    } catch {
      // The channel is closing; these will be delivered again.
    }
  }

  /** Nothing more is delivered; what was not answered goes back to the broker, in its order. */
  async close(): Promise<void> {
    const channel = this.#channel
    if (!channel) return
    this.flush()
    this.#channel = undefined
    try {
      // A channel that ends forgets the acknowledgements that its quorum queue has not taken yet (seen with 3.10.8),
      // and what was finished would come again. The end of a consumer goes through the queue's log behind them, and
      // with one more answer they have all been taken.
      for (const tag of this.#consumers) await channel.cancel(tag)
      await channel.checkQueue(this.queue.name)
      await channel.close()
    } catch {
      // Over already: what was not acknowledged goes back all the same.
    }
  }

  #answered({ channel, tag }: Slip): boolean {
    return channel === this.#channel && this.#out.delete(tag)
  }

  async #growOnce(): Promise<void> {
    const connection = this.#link.connection
    if (!connection) throw new Error(this.#link.fault ?? 'the connection is being made')
    await this.#grow(this.#channel ?? (await this.#openChannel(connection)))
  }

  async #openChannel(connection: ChannelModel): Promise<Channel> {
    const channel = await connection.createChannel()
    channel.on('error', (error: Error) => this.#over(channel, error.message))
    channel.on('close', () => this.#over(channel, 'the channel was closed'))
    this.#channel = channel
    return channel
  }

  async #grow(channel: Channel): Promise<void> {
    const more = this.#wanted - this.#capacity
    if (more <= 0) return
    await channel.prefetch(more)
    // Before the answer: the first deliveries come with it.
    this.#capacity += more
    const { consumerTag } = await channel.consume(this.queue.name, (raw) => {
      if (raw === null) return this.#over(channel, 'the queue was deleted, or its consumer cancelled')
      if (channel !== this.#channel) return
      this.#out.add(raw.fields.deliveryTag)
      this.#deliver(this, { channel, tag: raw.fields.deliveryTag, raw })
    })
    this.#consumers.push(consumerTag)
  }

  #startPass(): Promise<void> {
    const pass = this.#pass().finally(() => {
      if (this.#passing === pass) this.#passing = undefined
    })
    this.#passing = pass
    return pass
  }

  /** Two questions, one after the other: what the queue sent before it answered the first is here with the second. */
  async #pass(): Promise<void> {
    const channel = this.#channel
    if (!channel) throw new Error(this.#link.fault ?? 'the connection is being made')
    const unsure = this.#unsure
    await channel.checkQueue(this.queue.name)
    await channel.checkQueue(this.queue.name)
    if (channel === this.#channel) this.#unsure -= unsure
  }

  #over(channel: Channel, why: string): void {
    if (channel !== this.#channel) return
    this.#channel = undefined
    this.#link.renew(`consuming ${this.queue.name}: ${why}`)
  }
}

const tagged = (deliveryTag: number) => ({ fields: { deliveryTag } }) as ConsumeMessage
