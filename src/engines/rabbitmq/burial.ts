/**
 * A message that was delivered again and again and never settled is the likely cause of what ended its holders. It is
 * made a dead letter here, with its history and on record, at its last delivery before the broker would give it up in
 * silence.
 */
import { type Clock, LIMITS, type Logger } from '../../core/index.ts'
import type { HistoryEntry, Ledger } from '../../queue/index.ts'
import { outgoing } from './intake.ts'
import type { Outbox } from './outbox.ts'
import type { Parcel } from './source.ts'
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

  #try(parcel: Parcel): void {
    const { clock, logger } = this.#deps
    if (!parcel.source.holds(parcel)) return
    this.#bury(parcel).catch((error: Error) => {
      logger.warn(
        { reason: error.message },
        'a message could not be put among the dead letters; trying again',
      )
      clock.after(AGAIN_MS, () => this.#try(parcel))
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
}
