/**
 * Order statistics and the one interval the benches need; no sampling, so that a run can be recomputed by
 * hand.
 */

/** Linear between the two neighbours; `p` in [0, 1]. NaN for no values. */
export function quantile(values: ArrayLike<number>, p: number): number {
  const sorted = Float64Array.from(values).sort()
  const at = p * (sorted.length - 1)
  const low = sorted[Math.floor(at)] ?? Number.NaN
  const high = sorted[Math.ceil(at)] ?? Number.NaN
  // Also of what never came (Infinity), whose differences are no numbers.
  return low === high ? low : low + (high - low) * (at - Math.floor(at))
}

export const median = (values: ArrayLike<number>): number => quantile(values, 0.5)

export function mean(values: readonly number[]): number {
  return values.reduce((sum, value) => sum + value, 0) / values.length
}

/** Value by value: the rounds lie next to each other in time, so what slows the machine slows both. */
export function ratios(a: readonly number[], b: readonly number[]): number[] {
  return a.map((value, i) => value / (b[i] ?? Number.NaN))
}

/** `min–max` of the rounds; nothing for a single one. */
export function spread(values: readonly number[], digits = 2): string {
  if (values.length < 2) return ''
  return `${Math.min(...values).toFixed(digits)}–${Math.max(...values).toFixed(digits)}`
}

/** Remarks side by side; empty ones fall out. */
export const joined = (...parts: readonly string[]): string => parts.filter((part) => part !== '').join('; ')

/** Two-sided 95 % points of Student's t for 1…30 degrees of freedom; beyond, the normal's. */
const T95 = [
  12.706, 4.303, 3.182, 2.776, 2.571, 2.447, 2.365, 2.306, 2.262, 2.228, 2.201, 2.179, 2.16, 2.145, 2.131,
  2.12, 2.11, 2.101, 2.093, 2.086, 2.08, 2.074, 2.069, 2.064, 2.06, 2.056, 2.052, 2.048, 2.045, 2.042,
]

/** Mean and 95 % interval of paired observations. */
export function interval95(values: readonly number[]): { mean: number; low: number; high: number } {
  const middle = mean(values)
  if (values.length < 2) return { mean: middle, low: Number.NaN, high: Number.NaN }
  const variance = values.reduce((sum, v) => sum + (v - middle) ** 2, 0) / (values.length - 1)
  const half = (T95[values.length - 2] ?? 1.96) * Math.sqrt(variance / values.length)
  return { mean: middle, low: middle - half, high: middle + half }
}
