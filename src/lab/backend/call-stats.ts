/** What the back end tells about itself, since its start or since it was last told to begin anew. */
import { Histogram, type LatencySummary } from '../histogram.ts'
import type { CallOutcome, LoggedCall } from './call-log.ts'

export interface BackendStats {
  readonly capacity: number
  readonly limit: number
  /** Over which everything here was counted. */
  readonly seconds: number
  readonly concurrency: { readonly now: number; readonly max: number }
  readonly calls: number
  readonly outcomes: Readonly<Record<CallOutcome, number>>
  /** Calls that came, per second: over the last ten whole seconds, and in the busiest one. */
  readonly rate: { readonly perSecond: number; readonly maxPerSecond: number }
  /** Of the calls that did their work, from arrival to answer, milliseconds. */
  readonly latencyMs: LatencySummary
  /** Processor time of the process, seconds; differences of two looks are what counts. */
  readonly cpuSeconds: number
  /** How late its event loop came: it may have noted a call so much later than it arrived. Milliseconds. */
  readonly loopLagMs: { readonly p99: number; readonly max: number }
  /** Lines that the log does not have; 0 unless the disk was too slow. */
  readonly logDropped: number
}

const RATE_SECONDS = 10

export class CallStats {
  #since: number
  #max = 0
  #calls = 0
  #outcomes = noOutcomes()
  readonly #latency = new Histogram()
  /** Arrivals of the last seconds, by the second they came in. */
  #recent: { second: number; calls: number }[] = []
  #busiest = 0

  constructor(now: number) {
    this.#since = now
  }

  /** A call has got in; so many are inside with it. */
  entered(inside: number): void {
    this.#max = Math.max(this.#max, inside)
  }

  /** A call has come, whatever becomes of it. */
  came(now: number): void {
    this.#calls++
    const second = Math.floor(now / 1000)
    let last = this.#recent.at(-1)
    if (last?.second !== second) {
      last = { second, calls: 0 }
      this.#recent.push(last)
      if (this.#recent.length > RATE_SECONDS + 1) this.#recent.shift()
    }
    last.calls++
    this.#busiest = Math.max(this.#busiest, last.calls)
  }

  ended({ outcome, latencyMs }: Pick<LoggedCall, 'outcome' | 'latencyMs'>): void {
    this.#outcomes[outcome]++
    if (outcome === 'served') this.#latency.record(latencyMs)
  }

  /** Begins anew; calls inside stay inside and count where they end. */
  reset(now: number, inside: number): void {
    this.#since = now
    this.#max = inside
    this.#calls = 0
    this.#outcomes = noOutcomes()
    this.#latency.clear()
    this.#recent = []
    this.#busiest = 0
  }

  /** What is counted here; the rest of the stats is the back end's to add. */
  told(now: number, inside: number) {
    const thisSecond = Math.floor(now / 1000)
    const whole = this.#recent.filter(
      ({ second }) => second < thisSecond && second >= thisSecond - RATE_SECONDS,
    )
    // A back end younger than ten seconds has not had ten whole ones.
    const seconds = Math.min(RATE_SECONDS, Math.floor(thisSecond - Math.ceil(this.#since / 1000)))
    const calls = whole.reduce((sum, one) => sum + one.calls, 0)
    return {
      seconds: (now - this.#since) / 1000,
      concurrency: { now: inside, max: this.#max },
      calls: this.#calls,
      outcomes: { ...this.#outcomes },
      rate: { perSecond: seconds > 0 ? calls / seconds : 0, maxPerSecond: this.#busiest },
      latencyMs: this.#latency.summary(),
    }
  }
}

const noOutcomes = (): Record<CallOutcome, number> => ({
  served: 0,
  repeated: 0,
  failed: 0,
  refused: 0,
  hung: 0,
  cut: 0,
})
