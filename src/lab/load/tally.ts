/** Everything that a load counts, as it goes: messages by fate, latencies, what happened in each second. Bounded. */
import { Histogram, type LatencySummary } from '../histogram.ts'

/** Messages; attempted = acknowledged + refused + failed + unknown once nothing is under way. */
export interface Accounts {
  readonly attempted: number
  /** Answered 2xx, with an id. */
  readonly acknowledged: number
  /** Answered with a no: 4xx, 503, 507. */
  readonly refused: number
  /** Answered with a fault of the service, or not even a connection could be made. */
  readonly failed: number
  /** Sent, or partly so, and no answer: the connection broke, or the time was up. */
  readonly unknown: number
}

export type AccountedFate = Exclude<keyof Accounts, 'attempted'>

/**
 * What happened in one piece of the run; latencies in milliseconds from the intended moment, of acknowledged
 * requests.
 */
export interface SeriesRow extends Accounts {
  /** From the start of the run, seconds. */
  readonly from: number
  readonly seconds: number
  readonly meanMs: number | null
  readonly maxMs: number | null
}

/** Since the last look. */
export interface Interval {
  readonly seconds: number
  readonly acknowledged: number
  /** Refused, failed and unknown. */
  readonly errors: number
  readonly latencyMs: LatencySummary
}

type Counts = { -readonly [Key in keyof Accounts]: Accounts[Key] }
interface Row extends Counts {
  requests: number
  sumMs: number
  maxMs: number
}

const MOST_ROWS = 3_600
const MOST_CODES = 50

export class Tally {
  readonly #startedAt: number
  readonly #counts: Counts = noCounts()
  readonly #codes = new Map<string, number>()
  /** From the intended moment, from the moment of sending, and of answers that were no acknowledgement. */
  readonly latency = new Histogram()
  readonly service = new Histogram()
  readonly otherAnswers = new Histogram()
  #rows: Row[] = []
  #rowSeconds = 1
  readonly #interval = new Histogram()
  #intervalCounts: Counts = noCounts()
  #intervalFrom: number

  constructor(startedAt: number) {
    this.#startedAt = startedAt
    this.#intervalFrom = startedAt
  }

  get accounts(): Accounts {
    return { ...this.#counts }
  }

  get underWay(): number {
    const { attempted, acknowledged, refused, failed, unknown } = this.#counts
    return attempted - acknowledged - refused - failed - unknown
  }

  /** Why messages were refused, failed or unknown, and how often; beyond fifty reasons, together. */
  get codes(): Readonly<Record<string, number>> {
    return Object.fromEntries(this.#codes)
  }

  attempted(now: number, messages: number): void {
    this.#counts.attempted += messages
    this.#intervalCounts.attempted += messages
    this.#row(now).attempted += messages
  }

  fate(now: number, fate: AccountedFate, code: string | undefined): void {
    this.#counts[fate]++
    this.#intervalCounts[fate]++
    this.#row(now)[fate]++
    if (code === undefined) return
    const name = this.#codes.has(code) || this.#codes.size < MOST_CODES ? code : 'other'
    this.#codes.set(name, (this.#codes.get(name) ?? 0) + 1)
  }

  /** A request was answered. `good`: with at least one acknowledgement. */
  answered(now: number, intendedAt: number, sentAt: number, good: boolean): void {
    if (!good) {
      this.otherAnswers.record(now - intendedAt)
      return
    }
    const latency = now - intendedAt
    this.latency.record(latency)
    this.#interval.record(latency)
    this.service.record(now - sentAt)
    const row = this.#row(now)
    row.requests++
    row.sumMs += latency
    row.maxMs = Math.max(row.maxMs, latency)
  }

  /** What happened since the last call of this. */
  interval(now: number): Interval {
    const { acknowledged, refused, failed, unknown } = this.#intervalCounts
    const told = {
      seconds: (now - this.#intervalFrom) / 1000,
      acknowledged,
      errors: refused + failed + unknown,
      latencyMs: this.#interval.summary(),
    }
    this.#interval.clear()
    this.#intervalCounts = noCounts()
    this.#intervalFrom = now
    return told
  }

  series(): SeriesRow[] {
    return this.#rows.map(({ requests, sumMs, maxMs, ...counts }, index) => ({
      from: index * this.#rowSeconds,
      seconds: this.#rowSeconds,
      ...counts,
      meanMs: requests > 0 ? sumMs / requests : null,
      maxMs: requests > 0 ? maxMs : null,
    }))
  }

  #row(now: number): Row {
    let index = Math.floor((now - this.#startedAt) / 1000 / this.#rowSeconds)
    while (index >= MOST_ROWS) {
      this.#halve()
      index = Math.floor((now - this.#startedAt) / 1000 / this.#rowSeconds)
    }
    while (this.#rows.length <= index) this.#rows.push(noRow())
    // The loop above has put it there.
    return this.#rows[index] as Row
  }

  /** Two rows become one: a long run has coarser rows, not more. */
  #halve(): void {
    const pairs: Row[] = []
    for (let index = 0; index < this.#rows.length; index += 2) {
      const sum = this.#rows[index] ?? noRow()
      const other = this.#rows[index + 1] ?? noRow()
      for (const key of Object.keys(sum) as (keyof Row)[]) {
        sum[key] = key === 'maxMs' ? Math.max(sum.maxMs, other.maxMs) : sum[key] + other[key]
      }
      pairs.push(sum)
    }
    this.#rows = pairs
    this.#rowSeconds *= 2
  }
}

const noCounts = (): Counts => ({ attempted: 0, acknowledged: 0, refused: 0, failed: 0, unknown: 0 })
const noRow = (): Row => ({ ...noCounts(), requests: 0, sumMs: 0, maxMs: 0 })
