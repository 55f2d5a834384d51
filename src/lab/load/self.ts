/**
 * What the generator itself cost, so that a run whose generator was the bottleneck is not taken for the service's. One
 * process, one event loop: near one core, or with a loop that comes late, its figures say more about it than about
 * what it measures.
 *
 * Owns a timer between `start` and `stop`.
 */
import type { Clock } from '../../core/index.ts'
import { Histogram } from '../histogram.ts'
import { LoopLag } from '../loop-lag.ts'

export interface GeneratorReport {
  /** Processor time per second of the run, all threads; 1 = a whole core. */
  readonly cores: number
  /** How late a timer of 10 ms came, milliseconds. */
  readonly loopLagMs: { readonly p50: number; readonly p99: number; readonly max: number }
  /** How late requests left although a connection was free, milliseconds; open loop only. */
  readonly lateMs: { readonly p50: number; readonly p99: number; readonly max: number } | null
  /** Requests that had to wait for one of the connections; open loop only. */
  readonly waitedForConnection: number
  readonly bottleneck: boolean
  /** Why, in sentences; empty when it was not. */
  readonly why: readonly string[]
}

const FEWEST_TICKS = 50
const MOST_CORES = 0.9
const MOST_LAG_MS = 25
const MOST_LATE_MS = 15

export class SelfWatch {
  readonly #clock: Clock
  readonly #lag: LoopLag
  readonly late = new Histogram()
  waitedForConnection = 0
  #cpu = process.cpuUsage()
  #startedAt = 0

  constructor(clock: Clock) {
    this.#clock = clock
    this.#lag = new LoopLag(clock)
  }

  start(): void {
    this.#cpu = process.cpuUsage()
    this.#startedAt = this.#clock.now()
    this.#lag.start()
  }

  stop(): GeneratorReport {
    this.#lag.stop()
    const { user, system } = process.cpuUsage(this.#cpu)
    const seconds = Math.max((this.#clock.now() - this.#startedAt) / 1000, 0.001)
    const cores = (user + system) / 1e6 / seconds
    const [lag, late] = [this.#lag.summary(), this.late.summary()]
    // Half a second of ticks has no p99; a start alone would decide it.
    const why = reasons(cores, lag.count < FEWEST_TICKS ? Number.NaN : lag.p99, late.p99)
    return {
      cores,
      loopLagMs: { p50: lag.p50, p99: lag.p99, max: lag.max },
      lateMs: late.count === 0 ? null : { p50: late.p50, p99: late.p99, max: late.max },
      waitedForConnection: this.waitedForConnection,
      bottleneck: why.length > 0,
      why,
    }
  }
}

/** What makes a run the generator's. NaN (nothing measured) is no reason. */
export function reasons(cores: number, lagP99Ms: number, lateP99Ms: number): string[] {
  const why: string[] = []
  if (cores > MOST_CORES) why.push(`the generator used ${cores.toFixed(2)} cores, and one is all it can use`)
  if (lagP99Ms > MOST_LAG_MS) {
    why.push(`its event loop came ${lagP99Ms.toFixed(0)} ms late at p99`)
  }
  if (lateP99Ms > MOST_LATE_MS)
    why.push(`requests left ${lateP99Ms.toFixed(0)} ms late at p99 with connections free`)
  return why
}
