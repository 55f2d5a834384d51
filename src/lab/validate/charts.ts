/** Series for charts from moments of events. */
import { backlogAt, countsIn } from '../measure/times.ts'
import type { Series, Words } from '../report/document.ts'

/** Points that a reader can tell apart; more only make the file heavy. */
const MOST_POINTS = 240

/** A bin that gives at most so many points over the horizon: 0.1, 0.2, 0.5, 1, 2, 5 … seconds. */
export function binFor(seconds: number): number {
  for (let unit = 100; ; unit *= 10) {
    for (const step of [1, 2, 5]) if ((seconds * 1000) / (unit * step) <= MOST_POINTS) return unit * step
  }
}

/** Events per second in bins from `from`; each value stands at the beginning of its bin. */
export function rateSeries(
  id: string,
  title: Words,
  moments: ArrayLike<number>,
  { from, to }: { readonly from: number; readonly to: number },
  binMs: number,
): Series {
  const counts = countsIn(moments, { from, to: to + binMs }, binMs)
  const points = Array.from(counts, (count, bin) => [(bin * binMs) / 1000, (count * 1000) / binMs] as const)
  return { id, title, points, drawn: 'step' }
}

/** What waits, from the moments at which it came and went. */
export function backlogSeries(
  id: string,
  title: Words,
  came: ArrayLike<number>,
  gone: ArrayLike<number>,
  { from, to }: { readonly from: number; readonly to: number },
): Series {
  const stepMs = binFor((to - from) / 1000)
  const moments = Array.from(
    { length: Math.ceil((to - from) / stepMs) + 1 },
    (_, step) => from + step * stepMs,
  )
  const waiting = backlogAt(came, gone, moments)
  const points = moments.map((ms, index) => [(ms - from) / 1000, waiting[index] ?? 0] as const)
  return { id, title, points, drawn: 'line' }
}

export const highest = ({ points }: Series): number =>
  points.reduce((most, [, value]) => Math.max(most, value ?? 0), 0)
