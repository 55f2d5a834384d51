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
import { type Delays, KEEPS_TURN_MS } from './delays.ts'
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

/** A call whose messages are on their way: when they were accepted, once they are. */
interface UnderWay {
  at: Promise<number> | undefined
}

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
    const acceptedAt = this.#deps.clock.now()
    const known = this.#deps.ledger && (await this.#reserve(messages, this.#deps.ledger))
    const receipts: (Receipt | Promise<Receipt>)[] = []
    const fresh: Fresh[] = []
    const underWay: UnderWay = { at: undefined }
    // Nobody is waited for until all ids are marked: of two at once one is first.
    for (const [index, asked] of messages.entries()) {
      const { id, receipt } = this.#known(asked, known?.get(index))
      if (receipt) {
        receipts[index] = receipt
        continue
      }
      const message = id === asked.id ? asked : { ...asked, id }
      fresh.push({ message, copy: firstCopy(message, acceptedAt), index })
      this.#underWay.set(id, underWay)
    }
    if (fresh.length > 0) {
      const sending = this.#send(fresh)
      underWay.at = sending.then(() => acceptedAt)
      // Only who repeats a key looks at it; nobody need.
      underWay.at.catch(() => {})
      await sending
    }
    const positions = this.#deps.ledger && (await this.#book(fresh, this.#deps.ledger))
    for (const { message, copy, index } of fresh) {
      const position = positions?.get(message.id)
      const repeated = known?.get(index)?.kind === 'repeated'
      const receipt = { kind: 'accepted', id: message.id, acceptedAt, repeated } as const
      receipts[index] = position === undefined ? receipt : { ...receipt, position }
      this.#published(copy, acceptedAt)
    }
    return Promise.all(receipts)
  }

  async #send(fresh: readonly Fresh[]): Promise<void> {
    const { outbox, intake } = this.#deps
    for (const { copy } of fresh) {
      if (copy.dueAt === undefined) intake.sending(copy.message.type, copy.message.id)
    }
    let confirmed = false
    try {
      const ways = fresh.map(({ copy }) => this.#way(copy))
      const all = ways.some((way) => way instanceof Promise) ? await Promise.all(ways) : (ways as Way[])
      await outbox.send(fresh.flatMap(({ copy }, i) => outgoingTo(all[i], copy)))
      confirmed = true
    } finally {
      for (const { copy } of fresh) {
        this.#underWay.delete(copy.message.id)
        intake.sent(copy.message.type, copy.message.id, confirmed)
      }
    }
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
    const receipt = repetition(id, first)
    // A call that fails as a whole does not come to look at it.
    receipt.catch(() => {})
    return { id, receipt }
  }

  async #reserve(
    messages: readonly NewMessage[],
    ledger: Ledger,
  ): Promise<ReadonlyMap<number, ReservationResult> | undefined> {
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

  #way({ message: { type }, acceptedAt, orderingKey, dueAt = 0, expiresAt }: Copy): Way | Promise<Way> {
    const { topology, delays } = this.#deps
    const route = topology.route(type, orderingKey)
    const waitMs = Math.min(dueAt, expiresAt ?? Number.POSITIVE_INFINITY) - acceptedAt
    const keyed = route !== type
    if (waitMs > (keyed ? KEEPS_TURN_MS : 0)) return delays.wayFor(waitMs, route)
    return { exchange: topology.names.exchange, routingKey: route }
  }

  /** The broker has them, so a book that fails now refuses nobody: who takes one will enter it. */
  async #book(fresh: readonly Fresh[], ledger: Ledger): Promise<ReadonlyMap<string, number> | undefined> {
    const { logger } = this.#deps
    if (fresh.length === 0) return undefined
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

/** One microtask later, because the first may stand in the same call and be marked but not sent yet. */
async function repetition(id: string, first: UnderWay): Promise<Receipt> {
  await undefined
  const acceptedAt = await first.at
  if (acceptedAt === undefined) throw new WeirError('internal', 'a message was marked and never sent')
  return { kind: 'accepted', id, acceptedAt, repeated: true }
}

function outgoingTo(way: Way | undefined, copy: Copy): Outgoing[] {
  return way ? [outgoing(way, copy, undefined)] : []
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
