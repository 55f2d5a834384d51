/**
 * One work queue as this process consumes it: a channel, consumers on it, and what was delivered and not yet answered.
 *
 * - Nothing is acknowledged before it is finished (Q2): what was delivered and not answered comes again when the
 *   connection, or this process, is gone.
 * - How many may be out unanswered (the prefetch) grows with what is asked for, by a further consumer on the same
 *   channel, so nothing delivered has to be given back for it. A queue with ordering keys has one fixed number: of a
 *   second consumer the broker would make nothing (single active consumer).
 * - What was given back because nobody may start it must not come again at once, for the broker counts each delivery:
 *   from then on the source is sparing, and has out what is asked for and nothing beyond, until something ends well.
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
  /** Of those out, those of consumers that have ended: they take no room from the ones there are. */
  #older = 0
  #newestOlder = 0
  #isSparing = false
  /** Consumers are being ended: what still comes goes back, and acknowledgements wait. */
  #arrivedLate: Slip[] | undefined
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

  /** Delivered and not answered, as far as they take room from others. */
  get out(): number {
    return this.#out.size - this.#older
  }

  /** Only what is asked for may be out, nothing in advance. */
  get sparing(): boolean {
    return this.#isSparing
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
    this.#older = 0
    this.#newestOlder = 0
    this.#arrivedLate = undefined
    this.#growing = undefined
    this.#passing = undefined
    this.#nextPass = undefined
    if (this.#wanted > 0) await this.#grow(await this.#openChannel(connection))
  }

  /**
   * At least so many may be out, what is out then included. Resolves when the broker knows; true if that was news.
   * `count` is asked when no other change is under way.
   */
  async want(count: () => number): Promise<boolean> {
    if (this.#arrivedLate) await this.#growing
    const wanted = this.#aim(count())
    // In good steps, because each is a consumer more; but not one more than asked for while sparing.
    if (wanted > this.#wanted) this.#wanted = this.#isSparing ? wanted : this.#stepTo(wanted)
    const grows = this.#capacity < this.#wanted || this.#growing !== undefined
    while (this.#capacity < this.#wanted) {
      this.#growing ??= this.#growOnce().finally(() => {
        this.#growing = undefined
      })
      await this.#growing
    }
    return grows
  }

  #aim(count: number): number {
    if (!this.queue.keyed) return Math.min(LARGEST_PREFETCH, count)
    // Once consumed, its number is fixed until there is nothing out any more (`recovered`).
    if (this.#capacity > 0) return this.#capacity
    return this.#isSparing ? Math.min(KEYED_PREFETCH, Math.max(1, count)) : KEYED_PREFETCH
  }

  #stepTo(wanted: number): number {
    return this.queue.keyed ? wanted : Math.min(LARGEST_PREFETCH, Math.max(wanted, 2 * this.#capacity))
  }

  /**
   * Gives these back, in their order, with no consumer left to whom they would come again at once; the next `want`
   * makes one. With ordering keys only when nothing else is out: another process then goes on with the keys (Q5).
   * False when that is not so, and nothing was done.
   */
  rest(slips: readonly Slip[]): boolean {
    const channel = this.#channel
    if (!channel || this.#growing) return false
    if (this.queue.keyed && this.#out.size > slips.length) return false
    this.#isSparing = true
    this.#whileEnding(async () => {
      if (this.queue.keyed) return this.#leave(channel)
      await this.#endConsumers(channel)
      const back = [...slips, ...(this.#arrivedLate ?? [])].sort((a, b) => a.tag - b.tag)
      for (const slip of back) this.giveBack(slip)
    })
    return true
  }

  /**
   * Said of one that ended well, before it is acknowledged: then more may lie here again. With ordering keys the number
   * can change only when nothing else is out, and before this one's room is free for the next.
   */
  recovered(slip: Slip): void {
    const channel = this.#channel
    if (!this.#isSparing || !channel || this.#growing) return
    if (!this.queue.keyed) {
      this.#isSparing = false
      return
    }
    if (this.#out.size > 1 || !this.holds(slip)) return
    this.#isSparing = false
    this.#whileEnding(async () => {
      await this.#endConsumers(channel)
      for (const late of this.#arrivedLate ?? []) this.giveBack(late)
      this.#arrivedLate = undefined
      this.#wanted = KEYED_PREFETCH
      this.flush()
      await this.#grow(channel)
    })
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
    if (!channel || acks.length === 0 || this.#arrivedLate) return
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
    this.#arrivedLate = undefined
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
    if (channel !== this.#channel || !this.#out.delete(tag)) return false
    if (tag <= this.#newestOlder) this.#older -= 1
    return true
  }

  #whileEnding(work: () => Promise<void>): void {
    this.#arrivedLate = []
    const channel = this.#channel
    const ending = work()
      // The channel is over: then it has all gone back, and the link makes a new one.
      .catch(() => {})
      .finally(() => {
        if (this.#growing === ending) this.#growing = undefined
        if (channel !== this.#channel) return
        this.#arrivedLate = undefined
        this.flush()
      })
    this.#growing = ending
  }

  async #endConsumers(channel: Channel): Promise<void> {
    for (const tag of this.#consumers.splice(0)) await channel.cancel(tag)
    if (channel !== this.#channel) throw new Error('the channel is over')
    this.#capacity = 0
    this.#wanted = 0
    const late = new Set(this.#arrivedLate?.map(({ tag }) => tag))
    const older = [...this.#out].filter((tag) => !late.has(tag))
    this.#older = older.length
    this.#newestOlder = older.at(-1) ?? 0
  }

  /**
   * A channel that ends gives back all it had and the turn with it, in one step; a consumer that only ends would pass
   * on the turn while what it had is still here.
   */
  async #leave(channel: Channel): Promise<void> {
    await channel.checkQueue(this.queue.name)
    if (channel !== this.#channel) return
    this.#channel = undefined
    this.#arrivedLate = undefined
    this.#capacity = 0
    this.#wanted = 0
    this.#out.clear()
    this.#older = 0
    this.#newestOlder = 0
    this.#consumers = []
    this.#unsure = 0
    await channel.close()
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
      this.#link.heard()
      const slip = { channel, tag: raw.fields.deliveryTag, raw }
      this.#out.add(slip.tag)
      if (this.#arrivedLate) this.#arrivedLate.push(slip)
      else this.#deliver(this, slip)
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
    const asked = channel.checkQueue(this.queue.name).then(() => channel.checkQueue(this.queue.name))
    await this.#link.answer(asked, `consuming ${this.queue.name}`)
    if (channel === this.#channel) this.#unsure -= unsure
  }

  #over(channel: Channel, why: string): void {
    if (channel !== this.#channel) return
    this.#channel = undefined
    this.#link.renew(`consuming ${this.queue.name}: ${why}`)
  }
}

const tagged = (deliveryTag: number) => ({ fields: { deliveryTag } }) as ConsumeMessage
