/**
 * How much flatter the output is than the input. The smoothing coefficient K = Var(in) ÷ Var(out) of counts per bin is
 * the inverse of the bullwhip ratio of supply chains (H. Lee, V. Padmanabhan, S. Whang, "Information Distortion in a
 * Supply Chain", Management Science 43, 1997). It depends on the bin (wide ones hide bursts within them) and on the
 * horizon (quiet before and after counts as variance of both), so neither may be left out when one is told.
 */
import { countsIn, type Horizon } from './times.ts'

export function mean(values: ArrayLike<number>): number {
  let sum = 0
  for (let index = 0; index < values.length; index++) sum += values[index] ?? 0
  return sum / values.length
}

/** Of the values themselves, not of a population that they were drawn from. Two passes, so no digits are lost. */
export function variance(values: ArrayLike<number>): number {
  const middle = mean(values)
  let sum = 0
  for (let index = 0; index < values.length; index++) sum += ((values[index] ?? 0) - middle) ** 2
  return sum / values.length
}

/** Fewer bins have no variance worth the name. */
export const FEWEST_BINS = 5

/**
 * K over a horizon at one bin width. null where it means nothing: fewer than five whole bins, or an output without any
 * variance.
 */
export function smoothing(
  came: ArrayLike<number>,
  gone: ArrayLike<number>,
  horizon: Horizon,
  binMs: number,
): number | null {
  const out = countsIn(gone, horizon, binMs)
  if (out.length < FEWEST_BINS) return null
  const spread = variance(out)
  return spread === 0 ? null : variance(countsIn(came, horizon, binMs)) / spread
}

/**
 * K of a perfect pacer in closed form: a burst of `inPerSecond` for `burstSeconds` that leaves at `outPerSecond`, over
 * a horizon that holds all of it. With a, μ, T, H and the mean m = a T ÷ H, which is the same for both: a rectangle of
 * height h and mean m has the variance m (h − m), so K = (a − m) ÷ (μ − m). Bins are taken to be small; H → ∞ gives
 * a ÷ μ. null when the horizon does not hold the whole of the output, or when the output fills it (no variance).
 */
export function perfectSmoothing(
  inPerSecond: number,
  outPerSecond: number,
  burstSeconds: number,
  horizonSeconds: number,
): number | null {
  const out = Math.min(inPerSecond, outPerSecond)
  const middle = (inPerSecond * burstSeconds) / horizonSeconds
  return out > middle ? (inPerSecond - middle) / (out - middle) : null
}

/**
 * When a perfect pacer would have let these go: each as soon as it has come and 1 ÷ rate has passed since the one
 * before. Gives the moments that real output is held against, with the same bins over the same horizon.
 */
export function perfectOutput(came: ArrayLike<number>, ratePerSecond: number): Float64Array {
  const gap = 1000 / ratePerSecond
  const gone = new Float64Array(came.length)
  let next = Number.NEGATIVE_INFINITY
  for (let index = 0; index < came.length; index++) {
    const at = Math.max(came[index] ?? 0, next)
    gone[index] = at
    next = at + gap
  }
  return gone
}

/**
 * Coefficient of variation (standard deviation ÷ mean) of counts per bin: 0 is perfectly flat. To be asked of a stretch
 * in which a backlog waited all the time: there any unevenness is the pacer's own. null with fewer than five bins, or
 * nothing in them.
 */
export function flatness(gone: ArrayLike<number>, busy: Horizon, binMs: number): number | null {
  const counts = countsIn(gone, busy, binMs)
  if (counts.length < FEWEST_BINS) return null
  const middle = mean(counts)
  return middle === 0 ? null : Math.sqrt(variance(counts)) / middle
}
