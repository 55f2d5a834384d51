/** Down-sampling for drawing: fewer points, the same picture. Pure. */
import type { Series } from './document.ts'

export type Point = Series['points'][number]

interface Column {
  first: Point
  least: Point
  most: Point
  last: Point
}

/** Of each column at most so many points stay: four of its values, and a gap before them. */
export const MOST_PER_COLUMN = 5

/**
 * The points as they are when they are few. Otherwise, of each of `columns` equal pieces of [from, to], the first, the
 * least, the largest and the last value, in order of time: what a line over all of them would reach in that column of
 * pixels, so no peak is lost (M4; Jugel, Jerzak, Hackenbroich, Markl: "M4: A Visualization-Oriented Time Series Data
 * Aggregation", VLDB 2014). A gap (null) stays where it separates columns, with the time at which it began; one within
 * a column is narrower than a pixel. What is no number counts as a gap.
 */
export function thin(points: readonly Point[], from: number, to: number, columns: number): readonly Point[] {
  if (points.length <= columns * (MOST_PER_COLUMN - 1)) return points
  const kept: Point[] = []
  const width = (to - from) / columns || 1
  let column: Column | undefined
  let at = -1
  let gap: Point | undefined
  const flush = () => {
    if (column) kept.push(...inOrder(column))
    column = undefined
  }
  for (const point of points) {
    const [seconds, value] = point
    if (!isNumber(value)) {
      gap ??= [seconds, null]
      continue
    }
    const next = Math.min(columns - 1, Math.max(0, Math.floor((seconds - from) / width)))
    if (!column || next !== at) {
      flush()
      if (gap) kept.push(gap)
      at = next
      column = { first: point, least: point, most: point, last: point }
    } else take(column, point, value)
    gap = undefined
  }
  flush()
  if (gap) kept.push(gap)
  return kept
}

export const isNumber = (value: number | null | undefined): value is number =>
  typeof value === 'number' && Number.isFinite(value)

function take(column: Column, point: Point, value: number): void {
  if (value < (column.least[1] ?? value)) column.least = point
  if (value > (column.most[1] ?? value)) column.most = point
  column.last = point
}

function inOrder({ first, least, most, last }: Column): Point[] {
  const inner = least[0] <= most[0] ? [least, most] : [most, least]
  return [...new Set([first, ...inner, last])]
}

/** A time and, for each series, the value furthest from zero in the piece of time that begins there. */
export interface Row {
  readonly seconds: number
  readonly values: readonly (number | null)[]
}

/** The series side by side, in at most `most` rows; null where a series has no value in a row's piece of time. */
export function rowsOf(series: readonly Series[], from: number, to: number, most: number): Row[] {
  const times = timesOf(series, most)
  if (times) {
    const byTime = series.map(({ points }) => new Map(points))
    return times.map((seconds) => ({
      seconds,
      values: byTime.map((values) => {
        const value = values.get(seconds)
        return isNumber(value) ? value : null
      }),
    }))
  }
  const width = (to - from) / most || 1
  const rows = Array.from({ length: most }, (_, index) => ({
    seconds: from + index * width,
    values: series.map((): number | null => null),
  }))
  for (const [which, { points }] of series.entries()) {
    for (const [seconds, value] of points) {
      const row = rows[Math.min(most - 1, Math.max(0, Math.floor((seconds - from) / width)))]
      if (!row || !isNumber(value)) continue
      const sofar = row.values[which]
      if (!isNumber(sofar) || Math.abs(value) > Math.abs(sofar)) row.values[which] = value
    }
  }
  return rows
}

/** All times at which anything was measured, in order; undefined when they are more than `most`. */
function timesOf(series: readonly Series[], most: number): number[] | undefined {
  const times = new Set<number>()
  for (const { points } of series) {
    for (const [seconds] of points) {
      times.add(seconds)
      if (times.size > most) return undefined
    }
  }
  return [...times].sort((a, b) => a - b)
}
