/**
 * A walk through a queue from its head to its end, that leaves what it does not take where it was.
 *
 * Everything is delivered to the walk and stays unacknowledged until the end; then what was not acknowledged goes back
 * in its order. Only as a whole: a quorum queue puts what it gets back behind what it still has (or behind what it got
 * back before), so a walk that turned round half-way would change the order. Deliveries are dropped from memory as
 * soon as they were looked at. A walk that breaks off loses nothing: the broker takes everything back.
 *
 * The broker hands one consumer only so many at a time; when that many are kept, another consumer goes on from there.
 */
import type { Channel, ChannelModel, GetMessage } from 'amqplib'
import { type Clock, pause } from '../../core/index.ts'

/** `take`: acknowledge it. */
export type Look = 'take' | 'keep'

export interface WalkOptions {
  readonly queue: string
  readonly clock: Clock
  /** Deliveries that may lie here unseen. */
  readonly window: number
  /** Looks at the next ones, in the order of the queue; one answer for each. */
  readonly look: (batch: readonly GetMessage[]) => Look[] | Promise<Look[]>
}

/** Their deliveries follow each other in blocks: one is full of what is kept before the next one begins. */
interface Consumer {
  readonly tag: string
  lastDelivery: number
  /** The newest that is not taken. Only that one may be named when all up to it are given back. */
  lastKept: number
  unsettled: number
}

const ON_THE_WAY_MS = 20
const SILENCE_LIMIT_MS = 10_000
const GIVE_BACK_LIMIT_MS = 5_000
const STEP = 16

export async function walk(connection: ChannelModel, options: WalkOptions): Promise<void> {
  const channel = await connection.createChannel()
  const walker = new Walker(channel, options)
  try {
    await walker.run()
  } finally {
    await close(channel)
  }
}

class Walker {
  readonly #channel: Channel
  readonly #options: WalkOptions
  readonly #consumers: Consumer[] = []
  #arrived: GetMessage[] = []
  #wake: () => void = () => {}
  #fault: Error | undefined

  constructor(channel: Channel, options: WalkOptions) {
    this.#channel = channel
    this.#options = options
    const failed = (error?: Error) => {
      this.#fault ??= error ?? new Error('the connection to the broker was lost')
      this.#wake()
    }
    channel.on('error', failed)
    channel.on('close', () => failed())
  }

  async run(): Promise<void> {
    await this.#channel.prefetch(this.#options.window)
    await this.#consume()
    for (;;) {
      const batch = await this.#next()
      if (batch.length === 0) break
      const looks = await this.#options.look(batch)
      if (this.#fault) throw this.#fault
      this.#settle(batch, looks)
    }
    await this.#giveBack()
  }

  /** Empty at the end of the queue. */
  async #next(): Promise<GetMessage[]> {
    const { clock, queue, window } = this.#options
    const until = clock.now() + SILENCE_LIMIT_MS
    for (;;) {
      if (this.#fault) throw this.#fault
      if (this.#arrived.length > 0) return this.#arrived.splice(0)
      if ((this.#consumers.at(-1)?.unsettled ?? 0) >= window) await this.#consume()
      else if (await this.#atEnd()) return []
      else if (clock.now() > until) throw new Error(`the queue ${queue} has messages and does not give them`)
      else await this.#delivery()
    }
  }

  /**
   * Nothing is ready in the broker, and what it has given is here. Asked twice, a moment apart: in a cluster a delivery
   * and an answer can come on different ways. Counts from before would not do, they are older than what was given back.
   */
  async #atEnd(): Promise<boolean> {
    for (let round = 0; round < 2; round++) {
      if (round > 0) await pause(this.#options.clock, ON_THE_WAY_MS)
      const { messageCount } = await this.#channel.checkQueue(this.#options.queue)
      if (messageCount > 0 || this.#arrived.length > 0) return false
    }
    return true
  }

  /** Or a while without one. */
  #delivery(): Promise<void> {
    return new Promise((resolve) => {
      const cancel = this.#options.clock.after(ON_THE_WAY_MS, () => this.#wake())
      this.#wake = () => {
        cancel()
        this.#wake = () => {}
        resolve()
      }
    })
  }

  async #consume(): Promise<void> {
    // Named in their order: where the channel just ends, the broker gives back by the consumers' names.
    const consumer: Consumer = {
      tag: `walk-${String(this.#consumers.length).padStart(6, '0')}`,
      lastDelivery: 0,
      lastKept: 0,
      unsettled: 0,
    }
    this.#consumers.push(consumer)
    const take = (message: GetMessage | null) => {
      if (!message) {
        this.#fault ??= new Error(`the queue ${this.#options.queue} was deleted`)
      } else {
        consumer.lastDelivery = message.fields.deliveryTag
        consumer.unsettled += 1
        this.#arrived.push(message)
      }
      this.#wake()
    }
    await this.#channel.consume(this.#options.queue, take as never, { consumerTag: consumer.tag })
  }

  #settle(batch: readonly GetMessage[], looks: readonly Look[]): void {
    for (const [i, message] of batch.entries()) {
      const { deliveryTag } = message.fields
      const owner = this.#consumers.find(({ lastDelivery }) => deliveryTag <= lastDelivery)
      if (!owner) throw new Error('a delivery of no consumer')
      if (looks[i] === 'take') {
        this.#channel.ack(message)
        owner.unsettled -= 1
      } else owner.lastKept = deliveryTag
    }
  }

  /**
   * The oldest first, so that the order is as it was; nobody may be left to whom they would come again at once. The
   * broker's own client of a quorum queue sorts what it has to send by consumer when that gets much, and sorts well
   * only few consumers; therefore step by step, each when the one before is back.
   */
  async #giveBack(): Promise<void> {
    for (const { tag } of this.#consumers) await this.#channel.cancel(tag)
    // What has come in this very moment; it is the last in any case.
    this.#settle(this.#arrived, [])
    let given = 0
    for (const [i, { lastKept, unsettled }] of this.#consumers.entries()) {
      if (unsettled === 0) continue
      const upTo = { fields: { deliveryTag: lastKept } } as GetMessage
      this.#channel.nack(upTo, true, true)
      given += unsettled
      if (i % STEP === STEP - 1) await this.#isBack(given)
    }
    await this.#isBack(given)
  }

  /** Waits until so many are ready again, or for as long as that should ever take: only the order is at stake. */
  async #isBack(count: number): Promise<void> {
    const { clock, queue } = this.#options
    for (const until = clock.now() + GIVE_BACK_LIMIT_MS; clock.now() < until; ) {
      if (this.#fault) throw this.#fault
      if ((await this.#channel.checkQueue(queue)).messageCount >= count) return
      await pause(clock, 1)
    }
  }
}

async function close(channel: Channel): Promise<void> {
  try {
    await channel.close()
  } catch {
    // Closed already: with its connection, or by the broker for a fault that was thrown before.
  }
}
