/**
 * How long a visitor will wait: from what was admitted, never from what is configured. Pure; moments are handed in.
 *
 * The rate blends the last 10 s, 60 s and 5 min, because admissions come in batches and change over an evening. Of
 * those ahead only the live part counts: absent ones are passed over. The range comes from how unevenly admissions
 * came: the time to n admissions of rate r and variance v per second has the mean n ÷ r and the variance n·v ÷ r³ (Cox,
 * "Renewal Theory", 1962, 3.3); to it comes that r itself is measured over T seconds only, n²·v ÷ (T·r⁴).
 */
import type { DoorMode } from './door.ts'

/** Running totals of an event at a moment, milliseconds since the epoch. */
export interface FlowSample {
  readonly at: number
  /** Called or let in, in all. */
  readonly departed: number
  /** Passed over because they were absent, in all. */
  readonly missed: number
}

export interface Flow {
  /** Admissions per second. */
  readonly perSecond: number
  /** Variance of the admissions of one second. */
  readonly variance: number
  /** Of those whose turn came, the part that was there; 1 while nobody was called. */
  readonly live: number
}

export type EtaReason = 'paused' | 'rate_lowered' | 'returning' | 'slow_exit'

/** Seconds, rounded for people; null while nothing can be said. */
export interface Eta {
  readonly known: boolean
  /** As many wait longer as shorter. */
  readonly p50: number | null
  /** One in ten waits longer. */
  readonly p90: number | null
  readonly reason?: EtaReason
}

const WINDOWS_MS = [
  { ms: 10_000, weight: 0.2 },
  { ms: 60_000, weight: 0.5 },
  { ms: 300_000, weight: 0.3 },
] as const
const KEEP_MS = 300_000
const SAMPLE_GAP_MS = 1_000
const LEAST_DATA_MS = 30_000
const BIN_MS = 10_000
/** The normal distribution's 90 % point. */
const Z90 = 1.2816
/** The span of an even average that is as uncertain as the blend above: 1 ÷ Σ (weight of a second)². */
const BLEND_S = 75
/** Even a perfectly even flow may change: the range is never narrower than this part of the wait. */
const LEAST_SPREAD = 0.1

/** The samples with one more: at most one a second, of the last five minutes and one before them. */
export function withSample(samples: readonly FlowSample[], sample: FlowSample): readonly FlowSample[] {
  const last = samples.at(-1)
  if (last && sample.at < last.at + SAMPLE_GAP_MS) return samples
  const from = samples.findLastIndex(({ at }) => at <= sample.at - KEEP_MS)
  return [...samples.slice(Math.max(0, from)), sample]
}

/** undefined until 30 s were measured. */
export function flowOf(samples: readonly FlowSample[], now: number): Flow | undefined {
  const first = samples[0]
  const last = samples.at(-1)
  if (!first || !last || last.at - first.at < LEAST_DATA_MS) return undefined
  let rate = 0
  let weights = 0
  for (const { ms, weight } of WINDOWS_MS) {
    const from = before(samples, now - ms)
    // A window that is not covered says nothing of its own.
    if (!from) continue
    rate += (weight * (last.departed - from.departed)) / Math.max(1, (now - from.at) / 1000)
    weights += weight
  }
  const perSecond = weights > 0 ? rate / weights : 0
  const called = last.departed - first.departed
  const missed = last.missed - first.missed
  const live = called + missed === 0 ? 1 : called / (called + missed)
  return { perSecond, variance: variance(samples, perSecond), live }
}

/** For the visitor with `ahead` others before it, present or not. */
export function etaOf(flow: Flow | undefined, ahead: number, mode: DoorMode, reason?: EtaReason): Eta {
  if (mode === 'paused') return { known: false, p50: null, p90: null, reason: 'paused' }
  const lets = mode === 'open' || mode === 'draining'
  if (!lets || !flow || flow.perSecond <= 0 || flow.live <= 0) return { known: false, p50: null, p90: null }
  const people = ahead * flow.live + 1
  const mean = people / flow.perSecond
  const uneven = (people * flow.variance) / flow.perSecond ** 3
  const unsure = (people ** 2 * flow.variance) / (BLEND_S * flow.perSecond ** 4)
  const p90 = mean + Math.max(Z90 * Math.sqrt(uneven + unsure), LEAST_SPREAD * mean)
  return { known: true, p50: rounded(mean), p90: rounded(p90), ...(reason && { reason }) }
}

/** What can make a wait longer, at two moments. */
export interface EtaContext {
  readonly cap: number
  readonly ratePerMinute: number
  /** Waiting again after they were passed over: they go first. */
  readonly returned: number
  readonly perSecond: number
}

/** Why a wait has grown, for the visitor who sees it grow; undefined = it has no reason to. */
export function etaReason(was: EtaContext, is: EtaContext): EtaReason | undefined {
  const limit = (rate: number) => (rate === 0 ? Number.POSITIVE_INFINITY : rate)
  if (is.cap < was.cap || limit(is.ratePerMinute) < limit(was.ratePerMinute)) return 'rate_lowered'
  if (is.returned > was.returned) return 'returning'
  return is.perSecond < 0.8 * was.perSecond ? 'slow_exit' : undefined
}

/** Under a minute is a minute; then whole minutes; from 20 minutes on, steps of five. Always up: never too short. */
function rounded(seconds: number): number {
  const step = seconds > 20 * 60 ? 300 : 60
  return Math.max(60, Math.ceil(seconds / step) * step)
}

/** The newest sample not after `at`. */
function before(samples: readonly FlowSample[], at: number): FlowSample | undefined {
  return samples.findLast((sample) => sample.at <= at)
}

/** Of one second's admissions, from whole bins of ten seconds; as uneven as chance while there are too few. */
function variance(samples: readonly FlowSample[], perSecond: number): number {
  const first = samples[0]
  const last = samples.at(-1)
  if (!first || !last) return perSecond
  const counts: number[] = []
  for (let to = last.at; to - BIN_MS >= first.at; to -= BIN_MS) {
    const [start, end] = [before(samples, to - BIN_MS), before(samples, to)]
    if (start && end) counts.push(end.departed - start.departed)
  }
  if (counts.length < 3) return perSecond
  const mean = counts.reduce((sum, count) => sum + count, 0) / counts.length
  const squares = counts.reduce((sum, count) => sum + (count - mean) ** 2, 0)
  return squares / (counts.length - 1) / (BIN_MS / 1000)
}
