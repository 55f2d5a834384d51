/** What a load tells: while it runs, and when it is over. */
import type { LatencySummary } from '../histogram.ts'
import type { LoadPlan } from './plan.ts'
import type { GeneratorReport } from './self.ts'
import type { Accounts, Interval, SeriesRow } from './tally.ts'

export interface LoadProgress {
  readonly seconds: number
  /** HTTP requests sent; all there will be, where that is known. */
  readonly sent: number
  readonly requests: number | undefined
  readonly accounts: Accounts
  readonly interval: Interval
}

export interface LoadReport {
  readonly kind: 'load'
  readonly version: 1
  readonly url: string
  readonly target: 'api' | 'direct'
  readonly plan: LoadPlan
  readonly batch: number
  readonly mix: Readonly<Record<string, number>>
  readonly size: number
  readonly keys: boolean
  readonly seed: number
  readonly run: string
  /** Wall-clock milliseconds. */
  readonly startedAt: number
  /** Until the last answer. */
  readonly seconds: number
  /** Messages. */
  readonly accounts: Accounts
  /** HTTP requests; `unsent`: planned and never sent (interrupted, or the service was too slow for too long). */
  readonly requests: { readonly sent: number; readonly unsent: number }
  /** Messages. */
  readonly acknowledgedPerSecond: number
  /** Of requests with an acknowledgement, from the intended moment; and from the moment they really left. */
  readonly latencyMs: LatencySummary
  readonly serviceMs: LatencySummary
  /** Of the other answers, from the intended moment. */
  readonly otherAnswersMs: LatencySummary
  /** Why messages were not acknowledged, and how often. */
  readonly codes: Readonly<Record<string, number>>
  readonly generator: GeneratorReport
  readonly series: readonly SeriesRow[]
  readonly interrupted: boolean
}
