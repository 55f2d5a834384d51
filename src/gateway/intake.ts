/**
 * The way of messages into the queue: admitted, read, published, answered. One publish per request; nothing is answered
 * before it is durable (Q1).
 */
import { isDeepStrictEqual } from 'node:util'
import { ERRORS, LIMITS, type Logger, type NewMessage, type Random, WeirError } from '../core/index.ts'
import type { FlowMeter, QueueEngine, Receipt } from '../queue/index.ts'
import { type Admission, pauseMs } from './admission.ts'
import type { MessageReader } from './reading.ts'
import { Refusal } from './refusal.ts'
import type { Accepted, BatchItem, BatchResult } from './schemas.ts'
import type { RequestTally } from './tally.ts'
import { iso } from './time.ts'

export interface IntakeDeps {
  readonly engine: Pick<QueueEngine, 'publish'>
  readonly flow: Pick<FlowMeter, 'etaMs'>
  readonly logger: Logger
  readonly random: Random
  readonly queueName: string
}

/** A batch's answer and, beside it, what only the Korean envelope and the counters need. */
export interface BatchOutcome extends BatchResult {
  readonly refusals: readonly (Refusal | undefined)[]
  /** How many had no fault of their own; some of these may still be refused by the queue. */
  readonly valid: number
}

/** The batch so far: what goes to the queue and which place of the request each of them has. */
interface Sorted {
  readonly fresh: NewMessage[]
  readonly places: number[]
  readonly refusals: (Refusal | undefined)[]
  /** Place of a repeated key → its first message's index in `fresh`. */
  readonly copies: Map<number, number>
  valid: number
}

export class Intake {
  readonly #deps: IntakeDeps
  readonly #admission: Admission
  readonly #reader: MessageReader
  readonly #tally: RequestTally

  constructor(deps: IntakeDeps, admission: Admission, reader: MessageReader, tally: RequestTally) {
    this.#deps = deps
    this.#admission = admission
    this.#reader = reader
    this.#tally = tally
  }

  /** Throws a WeirError when it is refused. */
  async one(body: unknown, headerKey: string | undefined): Promise<Accepted> {
    this.#admission.gate(1)
    const message = this.#reader.read(body, headerKey)
    if (message instanceof Refusal) throw message
    if (headerKey !== undefined && message.idempotencyKey !== headerKey) {
      throw new Refusal('invalid_header', 'Idempotency-Key and idempotencyKey of the body differ')
    }
    const full = this.#admission.backlog(message.type, 0)
    if (full) throw full
    const [receipt] = await this.#publish([message])
    if (receipt === undefined || receipt.kind === 'refused') throw engineRefusal(receipt)
    this.#tally.accept(message.type, 1, receipt.repeated)
    return this.#accepted(message, receipt)
  }

  /** Throws only when the whole batch is refused. `headerKey` gives messages without a key one by their place. */
  async batch(list: readonly unknown[], headerKey: string | undefined): Promise<BatchOutcome> {
    if (list.length > LIMITS.batchMessages) {
      throw new Refusal(
        'batch_too_large',
        `${list.length} messages; at most ${LIMITS.batchMessages} go in one batch`,
        {
          faults: [{ path: 'messages', problem: 'too_long', limit: LIMITS.batchMessages }],
        },
      )
    }
    this.#admission.gate(list.length)
    const sorted = this.#sort(list, headerKey)
    const backlog = wholeBacklog(sorted.refusals)
    if (backlog) throw backlog
    const receipts = sorted.fresh.length === 0 ? [] : await this.#publish(sorted.fresh)
    return this.#outcome(sorted, receipts)
  }

  #sort(list: readonly unknown[], headerKey: string | undefined): Sorted {
    const sorted: Sorted = {
      fresh: [],
      places: [],
      refusals: new Array(list.length),
      copies: new Map(),
      valid: 0,
    }
    const keys = new Map<string, number>()
    const ahead = new Map<string, number>()
    for (let place = 0; place < list.length; place++) {
      const key = headerKey === undefined ? undefined : `${headerKey}/${place}`
      const read = this.#reader.read(list[place], key)
      if (read instanceof Refusal) {
        sorted.refusals[place] = read
        continue
      }
      sorted.valid++
      const first = read.idempotencyKey === undefined ? undefined : keys.get(read.idempotencyKey)
      if (first !== undefined) {
        if (isSame(sorted.fresh[first], read)) sorted.copies.set(place, first)
        else sorted.refusals[place] = engineRefusal({ kind: 'refused', code: 'idempotency_key_reused' })
        continue
      }
      const before = ahead.get(read.type) ?? 0
      const full = this.#admission.backlog(read.type, before)
      if (full) {
        sorted.refusals[place] = full
        continue
      }
      ahead.set(read.type, before + 1)
      if (read.idempotencyKey !== undefined) keys.set(read.idempotencyKey, sorted.fresh.length)
      sorted.places.push(place)
      sorted.fresh.push(read)
    }
    return sorted
  }

  #outcome(sorted: Sorted, receipts: readonly Receipt[]): BatchOutcome {
    const results: BatchItem[] = new Array(sorted.refusals.length)
    const refusals = sorted.refusals
    for (let i = 0; i < sorted.fresh.length; i++)
      this.#place(sorted, receipts, sorted.places[i] ?? 0, i, false, results)
    for (const [place, first] of sorted.copies) this.#place(sorted, receipts, place, first, true, results)
    let refused = 0
    const accepted = new Map<string, number>()
    for (let place = 0; place < refusals.length; place++) {
      const refusal = refusals[place]
      if (refusal !== undefined) {
        refused++
        this.#tally.refuse(refusal.code, 1)
        results[place] = refusedItem(place, refusal)
      } else {
        const { type = '', repeated = false } = results[place] ?? {}
        if (repeated) this.#tally.accept(type, 1, true)
        else accepted.set(type, (accepted.get(type) ?? 0) + 1)
      }
    }
    for (const [type, count] of accepted) this.#tally.accept(type, count, false)
    const queue = this.#deps.queueName
    return { queue, accepted: results.length - refused, refused, results, refusals, valid: sorted.valid }
  }

  /** The fate of one published message at its place: its receipt, or the refusal the queue gave it. */
  #place(
    s: Sorted,
    receipts: readonly Receipt[],
    place: number,
    i: number,
    copy: boolean,
    out: BatchItem[],
  ): void {
    const receipt = receipts[i]
    const message = s.fresh[i]
    if (receipt === undefined || message === undefined || receipt.kind === 'refused') {
      s.refusals[place] = engineRefusal(receipt)
      return
    }
    const { position } = receipt
    const item: BatchItem = {
      index: place,
      status: 'accepted',
      id: receipt.id,
      type: message.type,
      acceptedAt: iso(receipt.acceptedAt),
    }
    if (position !== undefined) {
      item.position = position
      const etaMs = this.#deps.flow.etaMs(message.type, position)
      if (etaMs !== undefined) item.etaMs = etaMs
    }
    if (receipt.repeated || copy) item.repeated = true
    out[place] = item
  }

  #accepted(message: NewMessage, receipt: Receipt & { kind: 'accepted' }): Accepted {
    const answer: Accepted = {
      id: receipt.id,
      type: message.type,
      queue: this.#deps.queueName,
      acceptedAt: iso(receipt.acceptedAt),
    }
    if (receipt.position !== undefined) {
      answer.position = receipt.position
      const etaMs = this.#deps.flow.etaMs(message.type, receipt.position)
      if (etaMs !== undefined) answer.etaMs = etaMs
    }
    if (receipt.repeated) answer.repeated = true
    return answer
  }

  async #publish(messages: readonly NewMessage[]): Promise<Receipt[]> {
    this.#admission.enter(messages.length)
    try {
      return await this.#deps.engine.publish(messages)
    } catch (error) {
      throw this.#failed(error, messages)
    } finally {
      this.#admission.leave(messages.length)
    }
  }

  /** A store that fails is the operator's business: logged with the message's id and type. Fullness is not a fault. */
  #failed(error: unknown, messages: readonly NewMessage[]): unknown {
    const code = error instanceof WeirError ? error.code : 'internal'
    if (code !== 'overloaded' && code !== 'stopping') {
      const first = messages[0]
      const fields = {
        err: error,
        code,
        messageId: first?.id,
        messageType: first?.type,
        messages: messages.length,
      }
      this.#deps.logger.error(fields, 'publish failed')
    }
    if (!(error instanceof WeirError)) return new Refusal('internal', 'The queue failed unexpectedly')
    if (error.retryAfterMs !== undefined || !ERRORS[error.code].retryable) return error
    return new Refusal(error.code, error.message, { retryAfterMs: pauseMs(error.code, this.#deps.random) })
  }
}

function refusedItem(index: number, refusal: Refusal): BatchItem {
  const item: BatchItem = { index, status: 'refused', code: refusal.code, detail: refusal.message }
  if (refusal.faults !== undefined) item.errors = [...refusal.faults]
  if (refusal.retryAfterMs !== undefined)
    item.retryAfterSeconds = Math.max(1, Math.ceil(refusal.retryAfterMs / 1000))
  return item
}

function engineRefusal(receipt: Receipt | undefined): Refusal {
  const code = receipt?.kind === 'refused' ? receipt.code : 'internal'
  const detail = code === 'internal' ? 'The queue gave no receipt' : ERRORS[code].title
  return new Refusal(code, detail)
}

/** When the backlog alone refused every message, the batch is refused, so that ordinary retry logic sees the 429. */
function wholeBacklog(refusals: readonly (Refusal | undefined)[]): Refusal | undefined {
  const first = refusals[0]
  if (first?.code !== 'backlog_full') return undefined
  for (const refusal of refusals) if (refusal?.code !== 'backlog_full') return undefined
  return first
}

/** The same message sent twice: all that the sender chose is equal. */
function isSame(a: NewMessage | undefined, b: NewMessage): boolean {
  if (a === undefined || a.type !== b.type || a.content !== b.content) return false
  if (a.orderingKey !== b.orderingKey || a.priority !== b.priority) return false
  if (span(a.availableAt, a) !== span(b.availableAt, b) || span(a.expiresAt, a) !== span(b.expiresAt, b))
    return false
  return isDeepStrictEqual(a.attributes, b.attributes)
}

function span(until: number | undefined, message: NewMessage): number | undefined {
  return until === undefined ? undefined : until - message.createdAt
}
