/** Estimates with the interval in which the truth lies 95 times in 100, so that noise is not taken for a finding. */

export interface Estimate {
  readonly value: number
  readonly low: number
  readonly high: number
  /** What it was made from. */
  readonly samples: number
}

/**
 * Two-sided 95 % points of Student's t for 1 to 30 degrees of freedom, then 40, 60, 120 and more (R. A. Fisher, F.
 * Yates, "Statistical Tables"). Between two of them the one for fewer is taken: the interval is then too wide, never
 * too narrow.
 */
const T_95 = [
  12.706, 4.303, 3.182, 2.776, 2.571, 2.447, 2.365, 2.306, 2.262, 2.228, 2.201, 2.179, 2.16, 2.145, 2.131,
  2.12, 2.11, 2.101, 2.093, 2.086, 2.08, 2.074, 2.069, 2.064, 2.06, 2.056, 2.052, 2.048, 2.045, 2.042,
]

export function studentT95(freedom: number): number {
  if (freedom < 1) return Number.POSITIVE_INFINITY
  if (freedom <= 30) return T_95[Math.floor(freedom) - 1] ?? Number.POSITIVE_INFINITY
  if (freedom < 40) return 2.042
  if (freedom < 60) return 2.021
  return freedom < 120 ? 2 : 1.98
}

/** The mean of what the values were drawn from; they must not depend on each other. null with fewer than two. */
export function meanOf(values: readonly number[]): Estimate | null {
  const samples = values.length
  if (samples < 2) return null
  const value = values.reduce((sum, one) => sum + one, 0) / samples
  const squares = values.reduce((sum, one) => sum + (one - value) ** 2, 0)
  const margin = studentT95(samples - 1) * Math.sqrt(squares / (samples - 1) / samples)
  return { value, low: value - margin, high: value + margin, samples }
}

/**
 * How much more `on` is than `off`, as a share of `off`, from blocks measured in turn. Neighbours are compared with
 * each other, so that what changes slowly (a machine that gets busier, a process that warms up) falls on both and
 * cancels. Shares multiply, hence the logarithm: the estimate is the geometric mean of on ÷ off, less one. null with
 * fewer than two pairs, or a value that is not above zero.
 */
export function pairedChange(pairs: readonly (readonly [on: number, off: number])[]): Estimate | null {
  if (pairs.some(([on, off]) => !(on > 0 && off > 0))) return null
  const found = meanOf(pairs.map(([on, off]) => Math.log(on / off)))
  return (
    found && {
      value: Math.expm1(found.value),
      low: Math.expm1(found.low),
      high: Math.expm1(found.high),
      samples: found.samples,
    }
  )
}

/**
 * The slope of a straight line through points, in units of y per unit of x: least squares with the interval of the
 * slope (N. R. Draper, H. Smith, "Applied Regression Analysis", 1.4). Neighbouring samples of memory or latency are
 * like each other, which makes that interval too narrow; so points are first drawn together in ten stretches of the
 * same length, which are as good as independent where the likeness does not reach over a tenth of the run: to their
 * mean, or to their median where single values are far off for reasons of their own. null with fewer than three
 * stretches that have a point, or all of them at one x.
 */
export function slopeOf(
  points: readonly (readonly [x: number, y: number])[],
  middle: (values: readonly number[]) => number = average,
): Estimate | null {
  const means = stretchesOf(points, middle)
  const samples = means.length
  if (samples < 3) return null
  const middleX = means.reduce((sum, [x]) => sum + x, 0) / samples
  const middleY = means.reduce((sum, [, y]) => sum + y, 0) / samples
  const spread = means.reduce((sum, [x]) => sum + (x - middleX) ** 2, 0)
  if (spread === 0) return null
  const value = means.reduce((sum, [x, y]) => sum + (x - middleX) * (y - middleY), 0) / spread
  const left = means.reduce((sum, [x, y]) => sum + (y - middleY - value * (x - middleX)) ** 2, 0)
  const margin = studentT95(samples - 2) * Math.sqrt(left / (samples - 2) / spread)
  return { value, low: value - margin, high: value + margin, samples }
}

const STRETCHES = 10

/** One point for each tenth of the x range; a tenth without a point has none. */
function stretchesOf(
  points: readonly (readonly [number, number])[],
  middle: (values: readonly number[]) => number,
): (readonly [number, number])[] {
  let [from, to] = [Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY]
  for (const [x] of points) {
    from = Math.min(from, x)
    to = Math.max(to, x)
  }
  const length = (to - from) / STRETCHES
  if (!(length > 0)) return []
  const stretches = Array.from({ length: STRETCHES }, (): [xs: number[], ys: number[]] => [[], []])
  for (const [x, y] of points) {
    const [xs, ys] = stretches[Math.min(STRETCHES - 1, Math.floor((x - from) / length))] ?? []
    xs?.push(x)
    ys?.push(y)
  }
  return stretches.flatMap(([xs, ys]) => (xs.length === 0 ? [] : [[average(xs), middle(ys)] as const]))
}

const average = (values: readonly number[]): number =>
  values.reduce((sum, value) => sum + value, 0) / values.length

/** The lower of the two in the middle where their number is even. */
export function medianOf(values: readonly number[]): number {
  const sorted = [...values].sort((a, b) => a - b)
  return sorted[Math.floor((sorted.length - 1) / 2)] ?? Number.NaN
}
