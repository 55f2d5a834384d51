/**
 * The way in: what is new gets its receipt when the broker has it (Q1), what repeats an idempotency key gets the first
 * one's. With a ledger the key is reserved before anything is sent, so that two processes cannot both think it fresh.
 */
import { type Clock, type Logger, type MessageType, type NewMessage, WeirError } from '../../core/index.ts'
import {
  type BookedMessage,
  fingerprint,
  type Ledger,
  type Move,
  type Receipt,
  type ReservationResult,
} from '../../queue/index.ts'
import type { Delays } from './delays.ts'
import { type Intake, outgoing } from './intake.ts'
import type { Outbox, Outgoing } from './outbox.ts'
import type { OwnTallies } from './tallies.ts'
import type { Topology } from './topology.ts'
import type { Copy } from './wire.ts'

export interface PublishingDeps {
  readonly topology: Topology
  readonly outbox: Outbox
  readonly delays: Delays
  readonly intake: Intake
  readonly tallies: OwnTallies
  readonly clock: Clock
  readonly logger: Logger
  readonly ledger?: Ledger
  readonly ready: (type: MessageType) => void
}

/** Under way: when it was accepted, once it is. */
type UnderWay = Promise<number>

interface Fresh {
  readonly message: NewMessage
  readonly copy: Copy
  /** Its place among the receipts. */
  readonly index: number
}

export class Publishing {
  readonly #deps: PublishingDeps
  readonly #underWay = new Map<string, UnderWay>()

  constructor(deps: PublishingDeps) {
    this.#deps = deps
  }

  async publish(messages: readonly NewMessage[]): Promise<Receipt[]> {
    const { clock, outbox, delays, intake } = this.#deps
    const acceptedAt = clock.now()
    const receipts: (Receipt | Promise<Receipt>)[] = []
    const known = await this.#reserve(messages)
    const fresh: Fresh[] = []
    let sent: UnderWay | undefined
    // Nothing that follows waits before the ids are marked: of two at once one is first.
    const send = async () => {
      for (const { copy } of fresh)
        if (copy.dueAt === undefined) intake.sending(copy.message.type, copy.message.id)
      let confirmed = false
      try {
        await outbox.send(await this.#outgoing(fresh, delays))
        confirmed = true
      } finally {
        for (const { copy } of fresh) intake.sent(copy.message.type, copy.message.id, confirmed)
      }
      return acceptedAt
    }
    const marks = messages.flatMap((asked, index) => {
      const { id, receipt } = this.#known(asked, known?.get(index))
      if (receipt) {
        receipts[index] = receipt
        return []
      }
      const message = id === asked.id ? asked : { ...asked, id }
      fresh.push({ message, copy: firstCopy(message, acceptedAt), index })
      sent ??= Promise.resolve().then(send)
      this.#underWay.set(id, sent)
      return [id]
    })
    try {
      await sent
    } finally {
      for (const id of marks) this.#underWay.delete(id)
    }
    const positions = await this.#book(fresh)
    for (const { message, copy, index } of fresh) {
      const position = positions?.get(message.id)
      const repeated = known?.get(index)?.kind === 'repeated'
      const receipt = { kind: 'accepted', id: message.id, acceptedAt, repeated } as const
      receipts[index] = position === undefined ? receipt : { ...receipt, position }
      this.#published(copy, acceptedAt)
    }
    return Promise.all(receipts)
  }

  /** A receipt where nothing is to be sent, or the id to send it under. */
  #known(
    message: NewMessage,
    reserved: ReservationResult | undefined,
  ): { id: string; receipt?: Receipt | Promise<Receipt> } {
    if (reserved?.kind === 'reused') {
      return { id: message.id, receipt: { kind: 'refused', code: 'idempotency_key_reused' } }
    }
    if (reserved?.kind !== 'repeated') {
      if (!this.#underWay.has(message.id)) return { id: message.id }
      return { id: message.id, receipt: { kind: 'refused', code: 'duplicate_id' } }
    }
    const { id, acceptedAt } = reserved
    if (acceptedAt !== undefined) return { id, receipt: { kind: 'accepted', id, acceptedAt, repeated: true } }
    // Perhaps nobody has it: then it is sent again under the first id. But not while it is on its way from here.
    const first = this.#underWay.get(id)
    if (!first) return { id }
    return { id, receipt: first.then((at) => ({ kind: 'accepted', id, acceptedAt: at, repeated: true })) }
  }

  async #reserve(messages: readonly NewMessage[]): Promise<Map<number, ReservationResult> | undefined> {
    const { ledger } = this.#deps
    if (!ledger) return undefined
    const keyed = messages.flatMap((message, index) =>
      message.idempotencyKey === undefined ? [] : [{ message, index, key: message.idempotencyKey }],
    )
    if (keyed.length === 0) return undefined
    const results = await ledger.reserve(
      keyed.map(({ message, key }) => ({ key, fingerprint: fingerprint(message), id: message.id })),
    )
    return new Map(
      results.map((result, i) => {
        const entry = keyed[i]
        if (!entry) throw new WeirError('internal', 'the ledger answered more than was asked')
        return [entry.index, result]
      }),
    )
  }

  async #outgoing(fresh: readonly Fresh[], delays: Delays): Promise<Outgoing[]> {
    const { topology } = this.#deps
    const exchange = topology.names.exchange
    const ways = fresh.map(({ message, copy }) => {
      const { type } = message
      const route = topology.route(type, copy.orderingKey)
      const until = Math.min(copy.dueAt ?? 0, copy.expiresAt ?? Number.POSITIVE_INFINITY)
      const waitMs = until - copy.acceptedAt
      // One with an ordering key keeps its turn: it waits at its place in the queue.
      if (waitMs <= 0 || route !== type) return { exchange, routingKey: route }
      return delays.wayFor(waitMs, route)
    })
    const all = ways.some((way) => way instanceof Promise) ? await Promise.all(ways) : (ways as Way[])
    return fresh.flatMap(({ copy }, i) => {
      const way = all[i]
      return way ? [outgoing(way, copy, undefined)] : []
    })
  }

  /** The broker has them, so a book that fails now refuses nobody: who takes one will enter it. */
  async #book(fresh: readonly Fresh[]): Promise<Map<string, number> | undefined> {
    const { ledger, logger } = this.#deps
    if (!ledger || fresh.length === 0) return undefined
    const moves = fresh.map(({ message, copy }): Move => {
      const state = copy.dueAt === undefined ? 'ready' : 'delayed'
      return { kind: 'accepted', booked: booked(copy, message.idempotencyKey), round: 0, state }
    })
    try {
      const positions = new Map<string, number>()
      for (const [i, result] of (await ledger.record(moves)).entries()) {
        const id = fresh[i]?.message.id
        if (result.kind === 'recorded' && result.position !== undefined && id !== undefined) {
          positions.set(id, result.position)
        }
      }
      return positions
    } catch (error) {
      logger.warn(
        { messages: moves.length, reason: (error as Error).message },
        'accepted, but not in the ledger yet',
      )
      return undefined
    }
  }

  #published({ message: { type }, dueAt }: Copy, now: number): void {
    const { tallies, intake, ready } = this.#deps
    tallies.count(type, 'accepted')
    if ((dueAt ?? 0) > now) {
      tallies.count(type, 'delayedIn')
      return
    }
    // Deliveries tell the rest; but somebody must begin to consume.
    if (!intake.consumes(type)) ready(type)
  }
}

interface Way {
  readonly exchange: string
  readonly routingKey: string
}

function firstCopy(asked: NewMessage, acceptedAt: number): Copy {
  const { id, type, content, attributes, createdAt, priority, orderingKey, availableAt, expiresAt } = asked
  return {
    message: { id, type, content, createdAt, ...(attributes !== undefined && { attributes }) },
    priority,
    acceptedAt,
    round: 0,
    attempts: 0,
    failures: 0,
    history: [],
    ...(orderingKey !== undefined && { orderingKey }),
    ...(availableAt !== undefined && availableAt > acceptedAt && { dueAt: availableAt }),
    ...(expiresAt !== undefined && { expiresAt }),
  }
}

/** What the ledger keeps of a message. */
export function booked(copy: Copy, idempotencyKey?: string): BookedMessage {
  const { message, priority, acceptedAt, orderingKey, dueAt, expiresAt } = copy
  return {
    message,
    priority,
    acceptedAt,
    ...(orderingKey !== undefined && { orderingKey }),
    ...(idempotencyKey !== undefined && { idempotencyKey }),
    ...(dueAt !== undefined && { availableAt: dueAt }),
    ...(expiresAt !== undefined && { expiresAt }),
  }
}
