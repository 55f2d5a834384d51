/** Taking: from the stock into a lease, in order, past what has expired and what the book knows to be late. */
import { type Clock, type Logger, type MessageType, WeirError } from '../../core/index.ts'
import type { Delivery, Ledger, Move, Recorded, TakeRequest } from '../../queue/index.ts'
import type { Intake } from './intake.ts'
import type { Leased, Leases } from './leases.ts'
import { booked } from './publishing.ts'
import type { Parcel, Source } from './source.ts'
import type { Stock } from './stock.ts'
import type { OwnTallies } from './tallies.ts'

export interface HandingOutDeps {
  readonly intake: Intake
  readonly leases: Leases
  readonly tallies: OwnTallies
  readonly clock: Clock
  readonly logger: Logger
  readonly ledger?: Ledger
  readonly ready: (type: MessageType) => void
  readonly timed: (at: number) => void
}

/** Each looks past one bufferful of what has expired or is late. */
const ROUNDS = 8
const AGAIN_MS = 1_000
const EXPIRED = 'its time to live ended before it was handed out'

export class HandingOut {
  readonly #deps: HandingOutDeps
  /**
   * What has expired takes room in the broker until it is booked, and hides what lies behind it: who finds nothing may
   * not believe it while some are being booked, nor when some were while he asked. How often that has been, by stock.
   */
  readonly #ending = new Map<Stock, Promise<void>>()
  readonly #endings = new Map<Stock, number>()

  constructor(deps: HandingOutDeps) {
    this.#deps = deps
  }

  async take(request: TakeRequest): Promise<Delivery[]> {
    const { intake } = this.#deps
    const stock = intake.stockOf(request.type)
    if (!stock) return []
    const deliveries: Delivery[] = []
    for (let round = 0; round < ROUNDS; round++) {
      const missing = request.max - deliveries.length
      const endings = this.#endings.get(stock)
      if (stock.ready < missing) await this.#replenish(request.type, missing)
      const taken = stock.take(missing)
      if (taken.length === 0) {
        const ending = this.#ending.get(stock)
        if (deliveries.length > 0 || (!ending && this.#endings.get(stock) === endings)) break
        await ending
        continue
      }
      const out = await this.#handOut(taken, stock, request)
      for (const delivery of out) deliveries.push(delivery)
      if (out.length === taken.length) break
    }
    return deliveries
  }

  /** What has expired here and is not out ends, whoever asks for it or not. */
  async expire(stock: Stock, now: number): Promise<void> {
    if (stock.nextExpiryAt() <= now) await this.#end(stock.expire(now), stock, now)
  }

  async #replenish(type: MessageType, max: number): Promise<void> {
    try {
      await this.#deps.intake.replenish(type, max)
    } catch (error) {
      const detail = `the queue cannot be read: ${(error as Error).message}`
      throw new WeirError('broker_unavailable', detail, { retryAfterMs: 1_000 })
    }
  }

  async #handOut(taken: readonly Parcel[], stock: Stock, request: TakeRequest): Promise<Delivery[]> {
    const { clock, leases, ledger } = this.#deps
    const now = clock.now()
    const expired: Parcel[] = []
    const again: Parcel[] = []
    const ids = new Set<string>()
    const wanted = taken.filter((parcel) => {
      const { id } = parcel.copy.message
      if ((parcel.copy.expiresAt ?? Number.POSITIVE_INFINITY) <= now) expired.push(parcel)
      else if (ids.has(id)) again.push(parcel)
      else {
        const holder = leases.holder(id)
        if (!holder) return Boolean(ids.add(id))
        // A second copy of a message that is out: it shares that one's fate.
        holder.twins.push(parcel)
      }
      return false
    })
    for (const parcel of again) stock.putBack(parcel, now)
    if (expired.length > 0) await this.#end(expired, stock, now)
    if (!ledger) return wanted.map((parcel) => this.#lease(parcel, request, now, undefined))
    return this.#record(wanted, stock, request, ledger)
  }

  async #record(
    wanted: readonly Parcel[],
    stock: Stock,
    request: TakeRequest,
    ledger: Ledger,
  ): Promise<Delivery[]> {
    const now = this.#deps.clock.now()
    if (wanted.length === 0) return []
    let results: readonly Recorded[]
    try {
      results = await ledger.record(wanted.map((parcel) => takenMove(parcel, now)))
    } catch (error) {
      for (const parcel of wanted) if (parcel.source.holds(parcel)) stock.putBack(parcel, now)
      throw error
    }
    const late: Parcel[] = []
    const deliveries: Delivery[] = []
    for (const [i, parcel] of wanted.entries()) {
      const result = results[i]
      // Lost with its connection while the book was written: it will be delivered again.
      if (!parcel.source.holds(parcel)) continue
      if (result?.kind === 'recorded') deliveries.push(this.#lease(parcel, request, now, result))
      else late.push(parcel)
    }
    if (late.length > 0)
      this.#deps.logger.info({ late: late.length }, 'copies of what is further on were dropped')
    this.#drop(late, stock)
    return deliveries
  }

  #lease(
    parcel: Parcel,
    request: TakeRequest,
    now: number,
    told: Extract<Recorded, { kind: 'recorded' }> | undefined,
  ): Delivery {
    const { leases, tallies, timed } = this.#deps
    const { message, acceptedAt, expiresAt, attempts } = parcel.copy
    const { id } = message
    const attempt = told?.attempt ?? leases.attemptAfter(id, attempts + parcel.redeliveries + parcel.takes)
    if (told) parcel.failures = told.failures
    const lease = { id, attempt }
    const leaseUntil = now + request.leaseMs
    const { maxRetries, retryDelayMs } = request
    const leased: Leased = {
      parcel,
      lease,
      type: request.type,
      takenAt: now,
      leaseUntil,
      policy: { maxRetries, retryDelayMs },
      twins: [],
    }
    leases.add(leased)
    timed(leaseUntil)
    tallies.count(request.type, 'inFlight')
    tallies.count(request.type, 'departed')
    const delivery = { message, lease, failures: parcel.failures, acceptedAt, takenAt: now, leaseUntil }
    return expiresAt === undefined ? delivery : { ...delivery, expiresAt }
  }

  #end(expired: readonly Parcel[], stock: Stock, now: number): Promise<void> {
    const all = Promise.all([this.#ending.get(stock), this.#book(expired, stock, now)])
    const ending = all.then(() => {
      if (this.#ending.get(stock) === ending) this.#ending.delete(stock)
    })
    this.#ending.set(stock, ending)
    return ending
  }

  async #book(expired: readonly Parcel[], stock: Stock, now: number): Promise<void> {
    if (expired.length === 0) return
    this.#endings.set(stock, (this.#endings.get(stock) ?? 0) + 1)
    const { ledger, tallies, logger, timed } = this.#deps
    try {
      await ledger?.record(
        expired.map(({ copy, redeliveries, takes }) => {
          const { id, type } = copy.message
          const attempt = copy.attempts + redeliveries + takes
          return { kind: 'ended', id, type, attempt, state: 'expired', at: now, error: EXPIRED }
        }),
      )
    } catch (error) {
      timed(now + AGAIN_MS)
      logger.warn(
        { expired: expired.length, reason: (error as Error).message },
        'the ledger does not take them',
      )
      for (const parcel of expired) if (parcel.source.holds(parcel)) stock.putBack(parcel, now)
      return
    }
    for (const { copy } of expired) tallies.count(copy.message.type, 'expired')
    this.#drop(expired, stock)
  }

  #drop(parcels: readonly Parcel[], stock: Stock): void {
    const { clock, ready } = this.#deps
    const now = clock.now()
    const sources = new Set<Source>()
    for (const parcel of parcels) {
      parcel.source.ack(parcel)
      sources.add(parcel.source)
      if (stock.finished(parcel, now)) ready(parcel.copy.message.type)
    }
    for (const source of sources) source.flush()
  }
}

function takenMove({ copy, failures }: Parcel, takenAt: number): Move {
  return { kind: 'taken', booked: booked(copy), round: copy.round, failures, takenAt }
}
