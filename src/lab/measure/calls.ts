/** What a back end's own record of its calls says about the load that hit it. Pure. */
import type { LoggedCall } from '../backend/call-log.ts'
import { Histogram, type LatencySummary } from '../histogram.ts'

/** Those that were let in and took a place until they ended. */
const tookPlace = ({ outcome }: LoggedCall): boolean => outcome !== 'refused' && outcome !== 'repeated'

/**
 * Calls inside after each arrival and each end, in order of time; milliseconds. A call that ends in the moment in which
 * another comes has left before.
 */
export function insideOverTime(calls: readonly LoggedCall[]): (readonly [ms: number, inside: number])[] {
  const steps = calls.filter(tookPlace).flatMap(({ start, end }) => [
    { at: start, by: 1 },
    { at: end, by: -1 },
  ])
  steps.sort((a, b) => a.at - b.at || a.by - b.by)
  let inside = 0
  return steps.map(({ at, by }) => {
    inside += by
    return [at, inside] as const
  })
}

/** The most calls that were inside at once. */
export const mostInside = (calls: readonly LoggedCall[]): number =>
  insideOverTime(calls).reduce((most, [, inside]) => Math.max(most, inside), 0)

/** Moments at which calls came, whatever became of them; sorted. */
export const arrivalsAt = (calls: readonly LoggedCall[]): Float64Array =>
  Float64Array.from(calls, ({ start }) => start).sort()

/** Of the calls whose work was done, milliseconds; null when there were none. */
export function servedLatency(calls: readonly LoggedCall[]): LatencySummary | null {
  const histogram = new Histogram()
  for (const { outcome, latencyMs } of calls) if (outcome === 'served') histogram.record(latencyMs)
  return histogram.count === 0 ? null : histogram.summary()
}

/** Pieces of work that were done: each message at most once here, whatever the record holds of it. */
export const workDoneOf = (calls: readonly LoggedCall[]): ReadonlySet<string> =>
  new Set(calls.flatMap(({ outcome, ref, id }) => (outcome === 'served' ? [ref ?? id] : [])))

const STRETCH_MS = 500
const GOOD_SHARE = 0.9

/**
 * When the back end was well again: the first moment, `from` or later in steps of half a second, from which for a whole
 * second at least 9 in 10 calls of each half are served within `normalMs`. null when the record does not show it, also
 * because too few calls came.
 */
export function wellAgainAt(calls: readonly LoggedCall[], from: number, normalMs: number): number | null {
  const stretches: { good: number; all: number }[] = []
  for (const { start, outcome, latencyMs } of calls) {
    if (start < from) continue
    const index = Math.floor((start - from) / STRETCH_MS)
    while (stretches.length <= index) stretches.push({ good: 0, all: 0 })
    const stretch = stretches[index]
    if (!stretch) continue
    stretch.all++
    if (outcome === 'served' && latencyMs <= normalMs) stretch.good++
  }
  const isGood = (index: number) => {
    const { good, all } = stretches[index] ?? { good: 0, all: 0 }
    return all > 0 && good >= GOOD_SHARE * all
  }
  const found = stretches.findIndex((_, index) => isGood(index) && isGood(index + 1))
  return found < 0 ? null : from + found * STRETCH_MS
}
