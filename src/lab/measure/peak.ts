/** Output against the pace that was promised, in every window of the record and not only in those of a grid. */

export interface WindowPeak {
  readonly windowMs: number
  /** The most events in any window of that length, both ends included. */
  readonly events: number
  /** The first of them. */
  readonly at: number
}

/** The fullest window. `moments` sorted. One pass: the window slides from event to event. */
export function fullestWindow(moments: ArrayLike<number>, windowMs: number): WindowPeak {
  let events = 0
  let at = moments[0] ?? 0
  let first = 0
  for (let last = 0; last < moments.length; last++) {
    while ((moments[last] ?? 0) - (moments[first] ?? 0) > windowMs) first++
    if (last - first + 1 > events) {
      events = last - first + 1
      at = moments[first] ?? 0
    }
  }
  return { windowMs, events, at }
}

/** Most events that a pacer lets through in any window: rate × (window + its tolerance) + 1 (GCRA, ITU-T I.371). */
export const allowedIn = (windowMs: number, ratePerSecond: number, toleranceMs: number): number =>
  (ratePerSecond * (windowMs + toleranceMs)) / 1000 + 1

export interface PaceVerdict extends WindowPeak {
  readonly allowed: number
  /** `events` ÷ `allowed`; over 1 the pace was broken. */
  readonly share: number
}

/** The window, of those asked for, that came closest to what was allowed in it or went beyond. */
export function peakAgainstPace(
  moments: ArrayLike<number>,
  ratePerSecond: number,
  toleranceMs: number,
  windowsMs: readonly number[],
): PaceVerdict | null {
  if (moments.length === 0) return null
  const all = windowsMs.map((windowMs) => {
    const peak = fullestWindow(moments, windowMs)
    const allowed = allowedIn(windowMs, ratePerSecond, toleranceMs)
    // Events come whole, so what is allowed of them does too.
    return { ...peak, allowed, share: peak.events / Math.floor(allowed + 1e-9) }
  })
  return all.reduce((worst, one) => (one.share > worst.share ? one : worst))
}

/**
 * By how much the output ever ran ahead of the pace, milliseconds: the smallest tolerance with which a pacer of that
 * rate could have let exactly this through. One number for windows of every length at once. A perfect pacer has 0, one
 * that lets a window's worth out at its start has the window.
 *
 * Event j may come (j − i) ÷ rate after event i at the earliest, for every i before it; the largest violation of that
 * is found in one pass with the least of i ÷ rate − t(i) so far.
 */
export function aheadOfPaceMs(moments: ArrayLike<number>, ratePerSecond: number): number {
  const gap = 1000 / ratePerSecond
  const start = moments[0] ?? 0
  let least = Number.POSITIVE_INFINITY
  let ahead = 0
  for (let index = 0; index < moments.length; index++) {
    const lead = index * gap - ((moments[index] ?? 0) - start)
    least = Math.min(least, lead)
    ahead = Math.max(ahead, lead - least)
  }
  return ahead
}
