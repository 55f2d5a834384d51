/**
 * What comes from the broker: consumes the queues of the types that are asked for, reads what they deliver, and sorts
 * it into the stock of its type.
 *
 * Nothing that arrives is ever dropped or given back to be somebody else's trouble: what cannot be read goes to the
 * dead letters, what nobody here knows to the queue for that, what is early into a delay again; each is acknowledged
 * only when the broker has confirmed its new place (Q2).
 */
import type { ChannelModel, Options } from 'amqplib'
import type { Clock, Logger, MessageType } from '../../core/index.ts'
import { type Delays, KEEPS_TURN_MS } from './delays.ts'
import type { Link } from './link.ts'
import { OnTheWay } from './on-the-way.ts'
import type { Outbox, Outgoing } from './outbox.ts'
import { Quarantine } from './quarantine.ts'
import { type Parcel, type Slip, Source } from './source.ts'
import { Stock } from './stock.ts'
import type { OwnTallies } from './tallies.ts'
import type { Topology } from './topology.ts'
import { bodyOf, type Copy, decode, envelopeOf, redeliveries } from './wire.ts'

export interface IntakeDeps {
  readonly topology: Topology
  readonly types: readonly MessageType[]
  readonly link: Link
  readonly outbox: Outbox
  readonly delays: Delays
  readonly clock: Clock
  readonly logger: Logger
  readonly tallies: OwnTallies
  /** Deliveries beyond what is asked for that may lie here, per queue. */
  readonly prefetch: number
  /** What lies here unstarted for so long is given back. Default 20 minutes. */
  readonly unstartedMs: number | undefined
  readonly byPriority: boolean
  /** Something of this type can be taken. */
  readonly ready: (type: MessageType) => void
  /** True when it was delivered too often to be handed out once more, and somebody else sees to it. */
  readonly tooOften: (parcel: Parcel) => boolean
  /** Somebody else sees to what cannot be read. */
  readonly unreadable: (source: Source, slip: Slip, reason: string) => void
  /** The delay of this one is over. */
  readonly ripe: (parcel: Parcel) => void
  /** Something here waits for this moment. */
  readonly timed: (at: number) => void
}

/** Shorter waits are not worth a way through the broker. */
const HOLD_MS = 50
const FORWARD_AGAIN_MS = 1_000
/** Brokers end the channel of a consumer that leaves a delivery unanswered for half an hour. */
const UNSTARTED_MS = 20 * 60_000

export class Intake {
  readonly #deps: IntakeDeps
  readonly #sources: readonly Source[]
  readonly #stocks = new Map<MessageType, Stock>()
  readonly #quarantine: Quarantine
  /** Per type, what the takes under way have asked for. */
  readonly #asked = new Map<MessageType, number>()
  readonly #onTheWay = new Map<MessageType, OnTheWay>()
  readonly #unstartedMs: number
  #seq = 0

  constructor(deps: IntakeDeps) {
    this.#deps = deps
    this.#unstartedMs = deps.unstartedMs ?? UNSTARTED_MS
    const deliver = (source: Source, slip: Slip) => this.#arrived(source, slip)
    this.#sources = deps.topology.workQueues.map((queue) => new Source(queue, deps.link, deliver))
    this.#quarantine = new Quarantine(deps.clock, deps.ready)
    for (const type of deps.types) {
      this.#stocks.set(type, new Stock(deps.byPriority, deps.timed, this.#quarantine))
      this.#onTheWay.set(type, new OnTheWay())
    }
    deps.link.onUp((connection) => this.#open(connection))
  }

  stockOf(type: MessageType): Stock | undefined {
    return this.#stocks.get(type)
  }

  get stocks(): ReadonlyMap<MessageType, Stock> {
    return this.#stocks
  }

  /** Delivered, not handed out. */
  buffered(type: MessageType): number {
    return this.#stocks.get(type)?.size ?? 0
  }

  /** Whether deliveries of a type come here by themselves. */
  consumes(type: MessageType): boolean {
    return this.#sources.some((source) => source.consuming && source.types.includes(type))
  }

  /** Of what is published to be ready at once; nobody asks where nothing is consumed. */
  sending(type: MessageType, id: string): void {
    if (this.consumes(type)) this.#onTheWay.get(type)?.sending(id)
  }

  sent(type: MessageType, id: string, confirmed: boolean): void {
    this.#onTheWay.get(type)?.sent(id, confirmed)
  }

  /**
   * Brings the stock of a type to what the takes under way ask for, if the broker has so many. Whoever finds nothing
   * afterwards may believe it; so may whoever finds less than he asked for, as far as this process knows of more.
   * Rejects when the broker cannot be asked.
   */
  async replenish(type: MessageType, max: number): Promise<void> {
    const stock = this.#stocks.get(type)
    if (!stock) return
    const sources = this.#sources.filter(({ types }) => types.includes(type))
    this.#asked.set(type, (this.#asked.get(type) ?? 0) + max)
    try {
      const before = this.#asked.get(type) ?? max
      // What the broker may still count as out would be room for one nobody has asked for.
      await Promise.all(sources.map((source) => source.sparing && source.unsure > 0 && source.fence()))
      const wanted = (source: Source) => {
        const { out, unsure, sparing } = source
        return out + unsure - stock.ready + before + (sparing ? 0 : this.#deps.prefetch)
      }
      const grown = await Promise.all(sources.map((source) => source.want(() => wanted(source))))
      const asked = this.#asked.get(type) ?? max
      const onTheWay = this.#onTheWay.get(type)
      const sent = onTheWay?.mark() ?? []
      const nothingForUs = stock.ready <= asked - max
      if (!nothingForUs && (stock.ready >= asked || (sent.length === 0 && !grown.includes(true)))) return
      await Promise.all(sources.map((source) => source.fence()))
      onTheWay?.crossOff(sent)
    } finally {
      this.#asked.set(type, (this.#asked.get(type) ?? max) - max)
    }
  }

  /** Everything the broker has for a type that is consumed here, as far as there is room, is here. */
  async fence(type: MessageType): Promise<void> {
    const consuming = this.#sources.filter((source) => source.consuming && source.types.includes(type))
    await Promise.all(consuming.map((source) => source.fence()))
  }

  /**
   * A broker ends the channel of a consumer that leaves a delivery unanswered for too long (half an hour, unless it is
   * told otherwise), and with it every lease on it. So what only lies here, because nobody may start it, goes back
   * before, all of its queue in its order. Answers when to look again.
   */
  freshen(now: number): number {
    let next = Number.POSITIVE_INFINITY
    for (const stock of this.#stocks.values()) {
      const oldest = stock.oldestArrival()
      if (!oldest) continue
      if (oldest.at + this.#unstartedMs <= now) this.#giveBack(oldest.source)
      else next = Math.min(next, oldest.at + this.#unstartedMs)
    }
    return next
  }

  /**
   * The broker counts each delivery and gives a message up at last, and an outage of what the messages are for must not
   * do that to those that nobody has tried: so they come again only when somebody asks for them. Where types share a
   * queue, that would keep the others from what lies behind; there each goes to the end as a fresh copy.
   */
  #giveBack(source: Source): void {
    const { logger, ready } = this.#deps
    const given: Parcel[] = []
    for (const stock of this.#stocks.values()) given.push(...stock.giveUp(source))
    given.sort((a, b) => a.tag - b.tag)
    const { name: queue, keyed } = source.queue
    logger.debug({ queue, messages: given.length }, 'given back, waited too long')
    const isShared = source.types.length > 1
    if (isShared && !keyed) {
      for (const parcel of given) this.#sendBehind(parcel)
      return
    }
    if (isShared || !source.rest(given)) for (const parcel of given) source.giveBack(parcel)
    // Nothing may come by itself now, so whoever takes has to ask.
    for (const type of new Set(given.map(({ copy }) => copy.message.type))) ready(type)
  }

  #sendBehind({ source, copy, body, redeliveries, takes, failures, history, ...slip }: Parcel): void {
    const { dueAt, ...rest } = copy
    const attempts = copy.attempts + redeliveries + takes
    const isEarly = dueAt !== undefined && dueAt > this.#deps.clock.now()
    const again: Copy = { ...rest, attempts, failures, history, ...(isEarly && { dueAt }) }
    const { topology } = this.#deps
    const way = {
      exchange: topology.names.exchange,
      routingKey: topology.route(copy.message.type, undefined),
    }
    this.#forward(source, slip, outgoing(way, again, body))
  }

  /** The connection is gone: all that lay here is void and will be delivered again, here or elsewhere. */
  lost(): void {
    for (const [type, stock] of this.#stocks) {
      // Their delay was this process's own: nobody else will say that it is over.
      for (const { takes } of stock.clear()) if (takes > 0) this.#deps.tallies.count(type, 'delayedOut')
    }
    this.#quarantine.clear()
  }

  async close(): Promise<void> {
    await Promise.all(this.#sources.map((source) => source.close()))
    this.lost()
  }

  async #open(connection: ChannelModel): Promise<void> {
    this.lost()
    for (const source of this.#sources) await source.open(connection)
  }

  #arrived(source: Source, slip: Slip): void {
    const now = this.#deps.clock.now()
    const decoded = decode(slip.raw, now)
    if (decoded.kind === 'malformed') return this.#deps.unreadable(source, slip, decoded.reason)
    const { copy, body, foreign } = decoded
    const { type } = copy.message
    const stock = this.#stocks.get(type)
    if (!stock)
      return this.#forward(source, slip, this.#asItIs(slip, this.#deps.topology.names.unrouted, type))
    if (!source.types.includes(type)) {
      const { topology } = this.#deps
      const route = topology.route(type, copy.orderingKey)
      return this.#forward(source, slip, this.#asItIs(slip, topology.names.exchange, route))
    }
    const before = redeliveries(slip.raw)
    if (foreign && before === 0) this.#deps.tallies.count(type, 'accepted')
    this.#onTheWay.get(type)?.arrived(copy.message.id)
    this.#seq += 1
    const parcel: Parcel = {
      ...slip,
      source,
      copy,
      body,
      seq: this.#seq,
      arrivedAt: now,
      redeliveries: before,
      takes: 0,
      failures: copy.failures,
      dueAt: copy.dueAt,
      history: copy.history,
    }
    if (!this.#deps.tooOften(parcel)) this.#sort(stock, parcel, now)
  }

  #sort(stock: Stock, parcel: Parcel, now: number): void {
    const { copy, source } = parcel
    const { type } = copy.message
    // What expires before its moment comes here to be ended.
    const early = Math.min(copy.dueAt ?? 0, copy.expiresAt ?? Number.POSITIVE_INFINITY) - now
    if (early > (source.queue.keyed ? KEEPS_TURN_MS : HOLD_MS)) return this.#delayAgain(stock, parcel, early)
    if (copy.dueAt !== undefined && copy.dueAt <= now) this.#deps.ripe(parcel)
    if (stock.add(parcel, now)) this.#deps.ready(type)
    if (copy.expiresAt !== undefined) this.#deps.timed(copy.expiresAt)
    this.#deps.timed(now + this.#unstartedMs)
  }

  #delayAgain(stock: Stock, parcel: Parcel, restMs: number): void {
    const { delays, topology, clock } = this.#deps
    const { copy, source } = parcel
    const route = topology.route(copy.message.type, copy.orderingKey)
    delays.wayFor(restMs, route).then(
      (way) => this.#forward(source, parcel, outgoing(way, copy, parcel.body)),
      () => {
        // Then it waits here: it is never early.
        if (!source.holds(parcel)) return
        stock.add(parcel, clock.now())
      },
    )
  }

  #asItIs({ raw }: Slip, exchange: string, routingKey: string): Outgoing {
    return { exchange, routingKey, body: raw.content, properties: carriedOn(raw.properties) }
  }

  /** To its new place, and only then away from here. The broker away is no end: it is tried again. */
  #forward(source: Source, slip: Slip, out: Outgoing): void {
    const { outbox, clock, logger } = this.#deps
    if (!source.holds(slip)) return
    outbox.send([out]).then(
      () => {
        source.ack(slip)
        source.flush()
      },
      (error: Error) => {
        logger.warn(
          { to: out.exchange, reason: error.message },
          'a message could not be passed on; trying again',
        )
        clock.after(FORWARD_AGAIN_MS, () => this.#forward(source, slip, out))
      },
    )
  }
}

export function outgoing(
  way: { readonly exchange: string; readonly routingKey: string },
  copy: Copy,
  body: Buffer | undefined,
): Outgoing {
  return { ...way, body: body ?? bodyOf(copy.message), properties: envelopeOf(copy) }
}

/**
 * The properties of a message that is passed on unread. Without a time to live (it would be lost at its end), without a
 * user (the broker refuses any but ours) and without what the broker itself wrote.
 */
export function carriedOn(properties: Options.Publish): Options.Publish {
  const headers: Record<string, unknown> = {}
  for (const [name, value] of Object.entries(properties.headers ?? {})) {
    if (!name.startsWith('x-')) headers[name] = value
  }
  const carried = { ...properties, deliveryMode: 2, headers }
  delete carried.expiration
  delete carried.userId
  return carried
}
