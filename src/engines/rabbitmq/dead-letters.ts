/**
 * What operators do with dead letters. The truth is the queue of dead letters itself; it is walked through from its
 * head, by one at a time (`dead-lock.ts`), and what is not taken stays where it is (`walk.ts`).
 *
 * - Q2: a retried one is confirmed in its work queue, and booked, before it leaves the dead letters; one that is
 *   deleted is booked first. What breaks off in between may be done again, never lost: copies of an id are one message.
 * - In memory is at most a page, or a batch.
 */
import type { ChannelModel, GetMessage } from 'amqplib'
import {
  type Clock,
  LIMITS,
  type Logger,
  type MessageType,
  type Random,
  WeirError,
} from '../../core/index.ts'
import type { DeadLetterPage, Ledger, Move } from '../../queue/index.ts'
import { DeadLock } from './dead-lock.ts'
import { Page, readMark } from './dead-page.ts'
import { type Letter, readLetter, revived } from './dead-record.ts'
import { describe, type Link } from './link.ts'
import type { Outbox, Outgoing } from './outbox.ts'
import type { Topology } from './topology.ts'
import { type Look, walk } from './walk.ts'
import { bodyOf, type Copy, envelopeOf } from './wire.ts'

export interface DeadLettersDeps {
  /** To look and to acknowledge. Better one that never publishes, and is therefore never blocked. */
  readonly link: Link
  readonly outbox: Outbox
  readonly topology: Topology
  readonly clock: Clock
  readonly random: Random
  readonly logger: Logger
  readonly ledger?: Ledger
  /** It waits in its work queue again. */
  readonly retried: (copy: Copy) => void
  readonly deleted: (type: MessageType) => void
  /** Longest wait for others who work on them. Default 10 s. */
  readonly lockWaitMs?: number
}

export interface DeadLetterChoice {
  readonly ids?: readonly string[]
  readonly type?: MessageType
}

const LOCK_WAIT_MS = 10_000
/** A batch of bodies of the largest size is 50 MB. */
const WINDOW = 250
/** Ids whose copies are told from one another within one call; beyond it a copy may be retried as well. */
const MOST_IDS = 200_000

export class DeadLetters {
  readonly #deps: DeadLettersDeps
  readonly #lock: DeadLock

  constructor(deps: DeadLettersDeps) {
    this.#deps = deps
    const { topology, clock, random, lockWaitMs = LOCK_WAIT_MS } = deps
    this.#lock = new DeadLock({ name: topology.names.deadLock, clock, random, waitMs: lockWaitMs })
  }

  /** Oldest first; `after` is the mark of the page before. */
  async list(query: { type?: MessageType; limit: number; after?: string }): Promise<DeadLetterPage> {
    const mark = query.after === undefined ? undefined : readMark(query.after)
    const page = new Page(Math.min(query.limit, LIMITS.pageSize), mark)
    await this.#walk((batch) =>
      batch.map((raw) => {
        const { record } = readLetter(raw, this.#deps.clock.now())
        if (query.type === undefined || record.message.type === query.type) page.add(record)
        return 'keep'
      }),
    )
    return page.done()
  }

  /** Rejects when all that were asked for by their ids are there and none can be retried. */
  async retry(choice: DeadLetterChoice): Promise<number> {
    let why: string | undefined
    const count = await this.#each(choice, async (letters) => {
      const done = await this.#retryAll(letters)
      const left = letters.find((letter) => !done.has(letter))
      if (left) why ??= whyNot(left)
      return done
    })
    if (count === 0 && choice.ids && why !== undefined) throw new WeirError('not_a_dead_letter', why)
    return count
  }

  delete(choice: DeadLetterChoice): Promise<number> {
    return this.#each(choice, (letters) => this.#deleteAll(letters))
  }

  /** `work` answers which of them it has dealt with. */
  async #each(
    { ids, type }: DeadLetterChoice,
    work: (letters: readonly Letter[]) => Promise<ReadonlySet<Letter>>,
  ): Promise<number> {
    if (ids?.length === 0) return 0
    const wanted = ids && new Set(ids)
    const dealt = new Set<string>()
    let count = 0
    await this.#walk(async (batch) => {
      const letters = batch.map((raw) => readLetter(raw, this.#deps.clock.now()))
      const chosen: Letter[] = []
      /** Copies of one before them, which stands for all if it is dealt with. */
      const copies = new Set<Letter>()
      for (const letter of letters) {
        const { id, type: own } = letter.record.message
        if ((type !== undefined && own !== type) || (wanted && !wanted.has(id))) continue
        if (dealt.has(id)) copies.add(letter)
        else {
          chosen.push(letter)
          if (dealt.size < MOST_IDS) dealt.add(id)
        }
      }
      const done = chosen.length === 0 ? new Set<Letter>() : await work(chosen)
      count += done.size
      for (const letter of chosen) if (!done.has(letter)) dealt.delete(letter.record.message.id)
      return letters.map((letter): Look => {
        const stood = copies.has(letter) && dealt.has(letter.record.message.id)
        return done.has(letter) || stood ? 'take' : 'keep'
      })
    })
    return count
  }

  async #retryAll(letters: readonly Letter[]): Promise<ReadonlySet<Letter>> {
    const { topology, outbox, ledger, clock, logger } = this.#deps
    const now = clock.now()
    const done = new Set<Letter>()
    const copies: Copy[] = []
    const outgoing: Outgoing[] = []
    const moves: Move[] = []
    for (const letter of letters) {
      const { copy } = letter
      // What nobody can read, or nobody works on, would only come back.
      if (!copy || topology.queuesOf(copy.message.type).length === 0) continue
      const { id, type } = copy.message
      const again = revived(copy, letter.record, now)
      copies.push(again)
      outgoing.push({
        exchange: topology.names.exchange,
        routingKey: topology.route(type, again.orderingKey),
        body: letter.body ?? bodyOf(again.message),
        properties: envelopeOf(again),
      })
      moves.push({ kind: 'requeued', id, type, round: again.round, at: now })
      done.add(letter)
    }
    const left = letters.length - done.size
    if (left > 0)
      logger.warn({ left }, 'dead letters that cannot be read, or of unknown types, are not retried')
    await outbox.send(outgoing)
    await ledger?.record(moves)
    for (const copy of copies) this.#deps.retried(copy)
    return done
  }

  async #deleteAll(letters: readonly Letter[]): Promise<ReadonlySet<Letter>> {
    const counted = letters.filter(({ isCounted }) => isCounted)
    const moves = counted.map(({ record: { message } }): Move => {
      return { kind: 'deleted', id: message.id, type: message.type }
    })
    if (moves.length > 0) await this.#deps.ledger?.record(moves)
    for (const { record } of counted) this.#deps.deleted(record.message.type)
    return new Set(letters)
  }

  async #walk(look: (batch: readonly GetMessage[]) => Look[] | Promise<Look[]>): Promise<void> {
    const { clock, topology, link } = this.#deps
    const queue = topology.names.dead
    const { promise: blocked, reject } = Promise.withResolvers<never>()
    // Once its caller has been refused, nothing more may happen in his name: all that is seen is kept.
    let isOver = false
    const lookOn = (batch: readonly GetMessage[]) => (isOver ? batch.map((): Look => 'keep') : look(batch))
    const refuse = () => {
      if (link.blocked !== undefined) reject(isBlocked(link.blocked))
    }
    const unwatch = link.onChange(refuse)
    try {
      const walked = this.#lock.hold(
        () => this.#connection(isOver),
        (connection) => walk(connection, { queue, clock, window: WINDOW, look: lookOn }),
      )
      // A blocked connection answers nothing until the broker has room again; the walk ends then, its caller now.
      refuse()
      await Promise.race([walked, blocked])
    } catch (error) {
      if (error instanceof WeirError) throw error
      throw unavailable(describe(error))
    } finally {
      isOver = true
      unwatch()
    }
  }

  #connection(isOver: boolean): ChannelModel {
    const { connection, fault, blocked } = this.#deps.link
    if (isOver) throw unavailable('the caller was refused before')
    if (blocked !== undefined) throw isBlocked(blocked)
    if (!connection) throw unavailable(fault ?? 'the connection is being made')
    return connection
  }
}

function whyNot({ copy, record: { message, error } }: Letter): string {
  if (copy) return `${message.id} is of type ${message.type}, which nobody works on, and is not retried`
  return `${message.id} cannot be read (${error}) and is not retried`
}

function isBlocked(why: string): WeirError {
  return new WeirError('broker_blocked', `the broker does not listen right now: ${why}`, {
    retryAfterMs: 2_000,
  })
}

function unavailable(why: string): WeirError {
  return new WeirError('broker_unavailable', `the dead letters cannot be reached: ${why}`, {
    retryAfterMs: 2_000,
  })
}
