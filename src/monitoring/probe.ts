/** What this process costs, measured by the runtime. Handed in, so that a test can say what is measured. */
import { monitorEventLoopDelay } from 'node:perf_hooks'

export interface ProcessFigures {
  /** When the process began, seconds since 1970; the same for as long as it lives. */
  readonly startSeconds: number
  /** User and system time, seconds, since the process began. */
  readonly cpuSeconds: number
  readonly residentBytes: number
  readonly heapUsedBytes: number
  /** Delay of the event loop since it was read last, seconds. */
  readonly lagSeconds: { readonly mean: number; readonly p99: number; readonly max: number }
}

export interface ProcessProbe {
  /** Measuring the loop costs a timer, so it runs only while monitoring is on. Both are idempotent (S1). */
  start(): void
  stop(): void
  read(): ProcessFigures
}

const RESOLUTION_MS = 20

/** The probe of the running process. */
export class RuntimeProbe implements ProcessProbe {
  readonly #delay = monitorEventLoopDelay({ resolution: RESOLUTION_MS })

  start(): void {
    this.#delay.enable()
  }

  stop(): void {
    this.#delay.disable()
    this.#delay.reset()
  }

  read(): ProcessFigures {
    const { user, system } = process.cpuUsage()
    const { rss, heapUsed } = process.memoryUsage()
    const { mean, max } = this.#delay
    const lagSeconds = {
      mean: lag(mean),
      p99: lag(this.#delay.percentile(99)),
      max: lag(max),
    }
    this.#delay.reset()
    return {
      ...{ startSeconds: performance.timeOrigin / 1000, cpuSeconds: (user + system) / 1e6 },
      ...{ residentBytes: rss, heapUsedBytes: heapUsed, lagSeconds },
    }
  }
}

/** The runtime reports the whole interval of its timer in nanoseconds; an empty histogram has no mean. */
function lag(ns: number): number {
  return Number.isFinite(ns) ? Math.max(0, ns / 1e9 - RESOLUTION_MS / 1000) : 0
}
