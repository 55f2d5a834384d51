/**
 * What is made a dead letter without a verdict. A message that cannot be read is one at once, with the reason, in the
 * counts of the type that it was sent as. A message that was delivered again and again and never settled is the likely
 * cause of what ended its holders: it is one, with its history and on record, at its last delivery before the broker
 * would give it up in silence.
 */
import { type Clock, DEFAULT_PRIORITY, LIMITS, type Logger, type MessageType } from '../../core/index.ts'
import type { HistoryEntry, Ledger } from '../../queue/index.ts'
import { idByContent, idOfUnreadable } from './dead-record.ts'
import { carriedOn, outgoing } from './intake.ts'
import type { Outbox } from './outbox.ts'
import type { Parcel, Slip, Source } from './source.ts'
import type { OwnTallies } from './tallies.ts'
import type { Topology } from './topology.ts'
import type { Copy } from './wire.ts'

export interface BurialDeps {
  readonly topology: Topology
  readonly outbox: Outbox
  readonly tallies: OwnTallies
  readonly clock: Clock
  readonly logger: Logger
  readonly ledger?: Ledger
}

const AGAIN_MS = 1_000

export class Burial {
  readonly #deps: BurialDeps

  constructor(deps: BurialDeps) {
    this.#deps = deps
  }

  /** True when it was delivered too often, and is not to be handed out: it is on its way to the dead letters. */
  takes(parcel: Parcel): boolean {
    if (parcel.redeliveries < LIMITS.crashesPerMessage) return false
    this.#try(parcel)
    return true
  }

  /** Nobody can read it: it goes to the dead letters. */
  refuses(source: Source, slip: Slip, reason: string): void {
    this.#deps.logger.warn(
      { queue: source.queue.name, reason },
      'a message cannot be read; it goes to the dead letters',
    )
    this.#insist(source, slip, () => this.#refuse(source, slip, reason))
  }

  #try(parcel: Parcel): void {
    this.#insist(parcel.source, parcel, () => this.#bury(parcel))
  }

  #insist(source: Source, slip: Slip, work: () => Promise<void>): void {
    const { clock, logger } = this.#deps
    if (!source.holds(slip)) return
    work().catch((error: Error) => {
      logger.warn(
        { reason: error.message },
        'a message could not be put among the dead letters; trying again',
      )
      clock.after(AGAIN_MS, () => this.#insist(source, slip, work))
    })
  }

  /** As for every dead letter: the copy is confirmed, then it is on record, then the old one is acknowledged (Q2). */
  async #bury(parcel: Parcel): Promise<void> {
    const { topology, outbox, tallies, clock, logger, ledger } = this.#deps
    const { copy, source, redeliveries, body } = parcel
    const { id, type } = copy.message
    const now = clock.now()
    const known = await ledger?.find(id)
    const attempt = Math.max(known?.attempt ?? 0, copy.attempts + redeliveries)
    const error = `in flight at ${redeliveries} crashes`
    const entry: HistoryEntry = { attempt, takenAt: now, endedAt: now, outcome: 'crashed', error }
    const history = [...copy.history, entry]
    const dead: Copy = { ...copy, round: copy.round + 1, attempts: attempt, history, error, diedAt: now }
    await outbox.send([outgoing({ exchange: topology.names.dead, routingKey: '' }, dead, body)])
    const { round, failures } = dead
    const about = { id, type, attempt, round, failures, at: now, entry, error }
    await ledger?.record([{ kind: 'moved', state: 'dead', ...about }])
    tallies.count(type, 'died')
    source.ack(parcel)
    source.flush()
    logger.warn(
      { messageId: id, type, deliveries: redeliveries },
      'a message was in flight at too many crashes',
    )
  }

  async #refuse(source: Source, slip: Slip, reason: string): Promise<void> {
    const { topology, outbox, tallies, clock } = this.#deps
    const { raw } = slip
    const now = clock.now()
    const type = this.#typeOf(source, raw)
    const properties = carriedOn(raw.properties)
    const headers = {
      ...properties.headers,
      ...(type !== undefined && { message_type: type }),
      weir_error: reason.slice(0, LIMITS.errorLength),
      weir_died_at: now,
    }
    const { messageId, isBooked } = await this.#idFor(raw, headers.weir_error)
    const to = { exchange: topology.names.dead, routingKey: '' }
    await outbox.send([{ ...to, body: raw.content, properties: { ...properties, messageId, headers } }])
    if (type !== undefined) {
      if (!isBooked) await this.#book(raw, messageId, type, headers.weir_error, now)
      tallies.count(type, 'accepted')
      tallies.count(type, 'died')
    }
    source.ack(slip)
    source.flush()
  }

  /** What it was sent as, if that is a type there is. */
  #typeOf(source: Source, raw: Slip['raw']): MessageType | undefined {
    const { topology } = this.#deps
    const [byRoute = ''] = raw.fields.routingKey.split('#')
    const [only, ...others] = source.types
    const said = [raw.properties.headers?.message_type, byRoute, others.length === 0 ? only : undefined]
    return said.find((type) => typeof type === 'string' && topology.queuesOf(type).length > 0)
  }

  /** Its own, unless the book has another message under it, which must not be touched. */
  async #idFor(raw: Slip['raw'], error: string): Promise<{ messageId: string; isBooked: boolean }> {
    const { ledger } = this.#deps
    for (const messageId of [idOfUnreadable(raw), idByContent(raw.content)]) {
      const known = await ledger?.find(messageId)
      // Its own entry, from before a crash.
      const isBooked = known?.state === 'dead' && known.error === error
      if (!known || isBooked) return { messageId, isBooked }
    }
    return { messageId: idByContent(raw.content), isBooked: true }
  }

  async #book(raw: Slip['raw'], id: string, type: MessageType, error: string, now: number): Promise<void> {
    const content = raw.content.toString('utf8').slice(0, LIMITS.contentLength)
    const booked = {
      message: { id, type, content, createdAt: now },
      priority: DEFAULT_PRIORITY,
      acceptedAt: now,
    }
    const entry: HistoryEntry = { attempt: 1, takenAt: now, endedAt: now, outcome: 'dead', error }
    const about = { id, type, attempt: 1, round: 1, failures: 0, at: now, entry, error }
    await this.#deps.ledger?.record([
      { kind: 'taken', booked, round: 0, failures: 0, takenAt: now },
      { kind: 'moved', state: 'dead', ...about },
    ])
  }
}
