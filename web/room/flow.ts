/** How many were let in lately, from the running total that the service tells: measured, not made from settings. */
import type { LineCounts } from './wire.ts'

export interface Sample {
  readonly at: number
  readonly departed: number
}

const WINDOW_MS = 60_000
const LEAST_MS = 5_000

/** The samples of the last minute and this one. A total that went back is that of another event or service. */
export function withSample(
  samples: readonly Sample[],
  { departed }: Pick<LineCounts, 'departed'>,
  at: number,
): readonly Sample[] {
  const last = samples.at(-1)
  const kept = last && departed >= last.departed ? samples.filter((one) => one.at >= at - WINDOW_MS) : []
  return [...kept, { at, departed }]
}

/** undefined until there is something to compare. */
export function letInLately(samples: readonly Sample[]): { count: number; seconds: number } | undefined {
  const [first] = samples
  const last = samples.at(-1)
  if (!first || !last || last.at - first.at < LEAST_MS) return undefined
  return { count: last.departed - first.departed, seconds: Math.round((last.at - first.at) / 1000) }
}
