/** Axes: where they begin and end, and at which round numbers they are marked. Pure. */

export interface Axis {
  readonly from: number
  readonly to: number
  /** In order, all within [from, to]. */
  readonly ticks: readonly number[]
}

/** What people count time in, seconds. */
const TIME_STEPS = [
  1, 2, 5, 10, 15, 30, 60, 120, 300, 600, 900, 1800, 3600, 7200, 10_800, 21_600, 43_200, 86_400,
]
/** Sums of steps miss a mark by less than this share of a step. */
const ROUNDING = 1e-6
/** Nothing that is measured differs by less; below it, floating point has no room for marks. */
const LEAST_SPAN = 1e-9

/** The least of 1, 2, 5 times a power of ten that is not below `rough`. */
export function niceStep(rough: number): number {
  if (!(rough > 0) || !Number.isFinite(rough)) return 1
  const power = 10 ** Math.floor(Math.log10(rough))
  for (const factor of [1, 2, 5]) if (factor * power >= rough * (1 - ROUNDING)) return factor * power
  return 10 * power
}

/**
 * From zero (or the least value below it) to a round number not below the largest. Zero is always there: a curve cut
 * off below makes a wiggle look like a fall. `whole`: no marks between whole numbers.
 */
export function valueAxis(least: number, most: number, marks: number, whole = false): Axis {
  const low = Math.min(0, least)
  const high = Math.max(0, most)
  const step = Math.max(
    niceStep((high === low ? 1 : Math.max(high - low, LEAST_SPAN)) / marks),
    whole ? 1 : 0,
  )
  const from = Math.floor(low / step + ROUNDING) * step
  const to = Math.max(Math.ceil(high / step - ROUNDING) * step, from + step)
  return { from, to, ticks: marksOf(from, to, step) }
}

/** Exactly the time there is, marked at round times. */
export function timeAxis(from: number, to: number, marks: number): Axis {
  const end = to - from > LEAST_SPAN ? to : from + 1
  const rough = (end - from) / marks
  const step = rough <= 1 ? niceStep(rough) : (TIME_STEPS.find((wide) => wide >= rough) ?? niceStep(rough))
  return { from, to: end, ticks: marksOf(Math.ceil(from / step - ROUNDING) * step, end, step) }
}

function marksOf(first: number, to: number, step: number): number[] {
  const marks: number[] = []
  for (let index = 0; first + index * step <= to + step * ROUNDING; index++) {
    // Ten times a tenth is not one; a mark is what it says.
    marks.push(rounded(first + index * step, step))
  }
  return marks
}

function rounded(value: number, step: number): number {
  const decimals = decimalsOf(step)
  return decimals > 100 ? value : Number(value.toFixed(decimals)) + 0
}

/** Digits after the point that numbers a `step` apart need. */
export const decimalsOf = (step: number): number =>
  step >= 1 ? 0 : Math.max(0, -Math.floor(Math.log10(step) + ROUNDING))

/** Where a value is on an axis: 0 at its beginning, 1 at its end. */
export const place = (axis: Axis, value: number): number => (value - axis.from) / (axis.to - axis.from)
