/**
 * What a validation found, as one value: the JSON report is this, the HTML and the Markdown are drawn from it, and
 * `weir report compare` reads two of them. Every figure was measured; what was not is null and named in `notMeasured`.
 */

/** Both languages, told side by side where the finding is made: nobody else knows what it means. */
export interface Words {
  readonly en: string
  readonly ko: string
}

export const TEST_TYPES_OF_VALIDATION = [
  'burst_leveling',
  'system_protection',
  'queue_buffering',
  'stability',
  'auto_scaling',
  'monitoring_impact',
  'throughput_gain',
  'topology',
] as const
export type Experiment = (typeof TEST_TYPES_OF_VALIDATION)[number]

/** `inconclusive`: measured, but the measurement itself cannot be trusted (the generator was the bottleneck). */
export type Verdict = 'passed' | 'failed' | 'inconclusive' | 'skipped'

/** `bound`: what the value has to be to pass. `range`: inside [from, to]. */
export type Bound =
  | { readonly kind: 'at-most'; readonly value: number }
  | { readonly kind: 'at-least'; readonly value: number }
  | { readonly kind: 'exactly'; readonly value: number }
  | { readonly kind: 'range'; readonly from: number; readonly to: number }

export interface Criterion {
  /** Stable, e.g. `burst_leveling.peak_output`; `compare` matches by it. */
  readonly id: string
  readonly title: Words
  readonly bound: Bound
  readonly measured: number | null
  /** `calls/s`, `ms`, `%`, '' for plain numbers. */
  readonly unit: string
  readonly verdict: Verdict
  /** What it was measured from, over which horizon; why it failed or was skipped. */
  readonly evidence: Words
  /** What a perfect system would have given here, where a formula says so. */
  readonly ideal?: number
}

/** A measured value without a bound. */
export interface Figure {
  readonly id: string
  readonly title: Words
  readonly value: number | null
  readonly unit: string
}

/** Points are [seconds from the start of the experiment, value]; null = not measured then. */
export interface Series {
  readonly id: string
  readonly title: Words
  readonly points: readonly (readonly [number, number | null])[]
  /** `step`: the value holds until the next point. */
  readonly drawn: 'line' | 'step' | 'bars'
}

export interface Chart {
  readonly id: string
  readonly title: Words
  /** Of the values. */
  readonly unit: string
  readonly series: readonly Series[]
  /** Horizontal lines: a pace, a capacity. */
  readonly limits: readonly { readonly title: Words; readonly value: number }[]
  /** What a reader who cannot see it has to know: peak, mean, when it turned. */
  readonly alternative: Words
}

/** Side by side: with and without the queue, on and off, single and per-type. */
export interface Comparison {
  readonly id: string
  readonly title: Words
  readonly sides: readonly Words[]
  readonly rows: readonly {
    readonly title: Words
    readonly unit: string
    /** One for each side. */
    readonly values: readonly (number | null)[]
  }[]
}

export interface ExperimentReport {
  readonly experiment: Experiment
  readonly title: Words
  readonly verdict: Verdict
  /** From the start of the whole run, and how long it took; seconds. */
  readonly startedAtSeconds: number
  readonly seconds: number
  readonly criteria: readonly Criterion[]
  readonly figures: readonly Figure[]
  readonly comparisons: readonly Comparison[]
  readonly charts: readonly Chart[]
  /** What was done, in a sentence or two, and what it means. */
  readonly summary: Words
  readonly notMeasured: readonly Words[]
}

export interface Environment {
  readonly weir: string
  readonly node: string
  readonly platform: string
  readonly cpu: string
  readonly cores: number
  readonly memoryBytes: number
  /** 1-minute load average before the run; null where the system has none. */
  readonly loadBefore: number | null
  /** `embedded`, `rabbitmq`; null = a service that does not tell. */
  readonly engine: string | null
}

export type Grade = 'A' | 'B' | 'C' | 'D' | 'F'

export const VALIDATION_VERSION = 1

export interface ValidationReport {
  readonly kind: 'validation'
  readonly version: typeof VALIDATION_VERSION
  /** Wall-clock milliseconds. */
  readonly startedAt: number
  readonly seconds: number
  readonly quick: boolean
  readonly seed: number
  /** The service that was judged; null = one that was started for it. */
  readonly url: string | null
  readonly environment: Environment
  readonly experiments: readonly ExperimentReport[]
  /** Criteria passed of those that were judged, in percent; null when none was. */
  readonly score: number | null
  readonly grade: Grade | null
  /** All that were judged have passed. */
  readonly passed: boolean
  readonly interrupted: boolean
}
