/**
 * What processes use over time: one series for each, all of the same moments.
 *
 * Owns one timer between `start` and `stop` and at most `mostPoints` points for each process: when a series is full,
 * neighbours are merged and the interval doubles, so a long run is kept whole and coarser, never cut. Start and stop
 * are idempotent (S1).
 */
import type { Clock } from '../../core/index.ts'
import { type ProcessSample, sampleProcess } from './sample.ts'

export interface ProcessPoint {
  /** End of the span that it tells of, milliseconds of the clock. */
  readonly at: number
  readonly spanMs: number
  /** Processor time used in the span ÷ the span; 1 = a whole core. */
  readonly cpu: number
  /** At `at`; the largest of the points that were merged into it. */
  readonly rssBytes: number
}

export interface ProcessSeries {
  readonly name: string
  readonly pid: number
  readonly points: readonly ProcessPoint[]
  /** When it was first not there any more; absent while it runs. */
  readonly endedAt?: number
}

/** A whole series in a few figures; null where no span was measured. */
export interface ProcessSummary {
  readonly meanCpu: number | null
  readonly maxCpu: number | null
  readonly maxRssBytes: number | null
}

export interface ProcessSamplerOptions {
  readonly clock: Clock
  /** Between looks, at first. Below some 100 ms the system's own 10 ms ticks show in `cpu`. */
  readonly intervalMs: number
  /** For each process; at least 2. */
  readonly mostPoints?: number
  /** For tests; the operating system unless given. */
  readonly sample?: (pid: number) => Promise<ProcessSample | undefined>
}

const MOST_POINTS = 3_600
const MOST_PROCESSES = 1_000
/** A look so soon after another says nothing: the system counts in ticks. */
const SHORTEST_SPAN_MS = 20

interface Watched {
  readonly pid: number
  points: ProcessPoint[]
  last: { readonly at: number; readonly cpuSeconds: number } | undefined
  endedAt: number | undefined
}

export class ProcessSampler {
  readonly #clock: Clock
  readonly #mostPoints: number
  readonly #sample: (pid: number) => Promise<ProcessSample | undefined>
  readonly #watched = new Map<string, Watched>()
  #intervalMs: number
  #cancel: (() => void) | undefined
  #running = false
  /** Looks go one after the other, so that no span is negative. */
  #looking: Promise<void> = Promise.resolve()

  constructor(options: ProcessSamplerOptions) {
    this.#clock = options.clock
    this.#intervalMs = options.intervalMs
    this.#mostPoints = Math.max(2, options.mostPoints ?? MOST_POINTS)
    this.#sample = options.sample ?? sampleProcess
  }

  /**
   * From now on also this one; the same name again with another pid continues the series (a process that was started
   * anew). Resolves when the first look is done, from which its first span counts.
   */
  watch(name: string, pid: number): Promise<void> {
    const known = this.#watched.get(name)
    if (known?.pid === pid) return this.#looking
    if (!known && this.#watched.size >= MOST_PROCESSES) {
      throw new RangeError(`at most ${MOST_PROCESSES} processes are watched`)
    }
    this.#watched.set(name, { pid, points: known?.points ?? [], last: undefined, endedAt: undefined })
    return this.#look()
  }

  start(): void {
    if (this.#running) return
    this.#running = true
    void this.#look()
    this.#arm()
  }

  /** Takes a last look, so that a run shorter than the interval has its point too. */
  async stop(): Promise<void> {
    if (this.#running) void this.#look()
    this.#running = false
    this.#cancel?.()
    await this.#looking
  }

  series(): ProcessSeries[] {
    return [...this.#watched].map(([name, { pid, points, endedAt }]) => {
      const series = { name, pid, points: [...points] }
      return endedAt === undefined ? series : { ...series, endedAt }
    })
  }

  #arm(): void {
    this.#cancel = this.#clock.after(this.#intervalMs, () => {
      if (!this.#running) return
      void this.#look()
      this.#arm()
    })
  }

  #look(): Promise<void> {
    this.#looking = this.#looking.then(async () => {
      await Promise.all([...this.#watched.values()].map((one) => this.#lookAt(one)))
      this.#halveWhenFull()
    })
    return this.#looking
  }

  async #lookAt(one: Watched): Promise<void> {
    if (one.endedAt !== undefined) return
    const at = this.#clock.now()
    const { last } = one
    if (last && at - last.at < SHORTEST_SPAN_MS) return
    const now = await this.#sample(one.pid)
    // Used time that has shrunk is another process that got the number of one that ended.
    if (now === undefined || (last && now.cpuSeconds < last.cpuSeconds)) {
      one.endedAt = at
      return
    }
    one.last = { at, cpuSeconds: now.cpuSeconds }
    if (!last) return
    const spanMs = at - last.at
    const cpu = ((now.cpuSeconds - last.cpuSeconds) * 1000) / spanMs
    one.points.push({ at, spanMs, cpu, rssBytes: now.rssBytes })
  }

  #halveWhenFull(): void {
    const all = [...this.#watched.values()]
    if (!all.some(({ points }) => points.length > this.#mostPoints)) return
    for (const one of all) one.points = halved(one.points)
    this.#intervalMs *= 2
  }
}

/** Each two neighbours in one: what was used is kept exactly, the finer course is not. */
export function halved(points: readonly ProcessPoint[]): ProcessPoint[] {
  const merged: ProcessPoint[] = []
  for (let index = 0; index < points.length; index += 2) {
    const [first, second] = [points[index], points[index + 1]]
    if (first === undefined) continue
    merged.push(second === undefined ? first : mergeOf(first, second))
  }
  return merged
}

function mergeOf(first: ProcessPoint, second: ProcessPoint): ProcessPoint {
  const spanMs = first.spanMs + second.spanMs
  const cpu = (first.cpu * first.spanMs + second.cpu * second.spanMs) / spanMs
  return { at: second.at, spanMs, cpu, rssBytes: Math.max(first.rssBytes, second.rssBytes) }
}

/** Mean over the time that was watched, and the highest single point. */
export function summaryOf({ points }: Pick<ProcessSeries, 'points'>): ProcessSummary {
  if (points.length === 0) return { meanCpu: null, maxCpu: null, maxRssBytes: null }
  const spanMs = points.reduce((sum, point) => sum + point.spanMs, 0)
  const used = points.reduce((sum, point) => sum + point.cpu * point.spanMs, 0)
  return {
    meanCpu: used / spanMs,
    maxCpu: Math.max(...points.map(({ cpu }) => cpu)),
    maxRssBytes: Math.max(...points.map(({ rssBytes }) => rssBytes)),
  }
}
