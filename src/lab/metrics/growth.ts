/**
 * What counters grew by over many looks. A counter begins at 0 with its process. When the process was another one at
 * the next look, all of them have grown by what they are now; what the old process counted after the last look is not
 * known. Another one is known by the moment at which it began, or, where the service does not tell it, by any counter
 * that has fallen. Prometheus' `rate` has only the fall, and of each series alone: it takes a process that came back
 * and has counted more than the old one for the same.
 */
import { type MetricSample, processStart, seriesName } from './exposition.ts'

export interface CounterRow {
  /** Summed over its labels. */
  readonly name: string
  readonly increase: number
  /** Over the time between the first and the last look that told counters, gaps included; NaN for a single look. */
  readonly perSecond: number
}

/** Of a histogram: the mean of what fell into it meanwhile. */
export interface MeanRow {
  readonly name: string
  readonly count: number
  readonly mean: number
}

/** `_bucket` is left out: its shape cannot be told in a row. */
const COUNTER = /_(?:total|sum|count)$/

export class Growth {
  #last: ReadonlyMap<string, number> | undefined
  #start: number | undefined
  readonly #byName = new Map<string, number>()
  #from = Number.NaN
  #to = Number.NaN
  /** How often a look found another process than the one before. */
  restarts = 0

  /** Looks without a counter (the service's monitoring is off) change nothing. */
  observe(at: number, samples: readonly MetricSample[]): void {
    const counters = samples.filter(({ name, value }) => COUNTER.test(name) && Number.isFinite(value))
    if (counters.length === 0) return
    const now = new Map(counters.map((sample) => [seriesName(sample), sample.value]))
    const last = this.#last
    const start = processStart(samples)
    const hasFallen = [...now].some(([series, value]) => value < (last?.get(series) ?? value))
    const isNew = last !== undefined && (hasFallen || (start ?? this.#start) !== (this.#start ?? start))
    if (isNew) this.restarts++
    for (const sample of counters) {
      // One that was not there before has begun since; at the first look nobody knows when it did.
      const before = isNew ? 0 : last === undefined ? sample.value : (last.get(seriesName(sample)) ?? 0)
      this.#byName.set(sample.name, (this.#byName.get(sample.name) ?? 0) + sample.value - before)
    }
    this.#start = start ?? this.#start
    this.#last = isNew || last === undefined ? now : new Map([...last, ...now])
    this.#from = Number.isNaN(this.#from) ? at : this.#from
    this.#to = at
  }

  counters(): CounterRow[] {
    const seconds = (this.#to - this.#from) / 1000
    return [...this.#byName]
      .filter(([name]) => name.endsWith('_total'))
      .sort(([a], [b]) => (a < b ? -1 : 1))
      .map(([name, increase]) => ({
        name,
        increase,
        perSecond: seconds > 0 ? increase / seconds : Number.NaN,
      }))
  }

  means(): MeanRow[] {
    return [...this.#byName].flatMap(([name, sum]) => {
      if (!name.endsWith('_sum')) return []
      const base = name.slice(0, -'_sum'.length)
      const count = this.#byName.get(`${base}_count`) ?? 0
      return count > 0 ? [{ name: base, count, mean: sum / count }] : []
    })
  }
}
