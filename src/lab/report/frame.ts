/** Where in a chart a value stands: its axes, how wide a bar is, which limits are within the picture. Pure. */
import type { Chart, Series } from './document.ts'
import { type Axis, timeAxis, valueAxis } from './scale.ts'
import { isNumber } from './thin.ts'

const VALUE_MARKS = 4
const TIME_MARKS = 6
/** A limit that is further above the curves than this would flatten them; it is told and not drawn. */
const LIMIT_REACH = 4
/** Series whose bars stand this much closer together than each one's own alternate. */
const ALTERNATE = 0.75

export interface Frame {
  readonly time: Axis
  readonly value: Axis
  /** Seconds that a bar has, or that the bars of several series at one time share. */
  readonly barSeconds: number
  /** How many share them: bars stand beside one another, unless the series alternate. */
  readonly barsAtOnce: number
  /** By their place in the chart's list. */
  readonly limitsOff: ReadonlySet<number>
}

/** The axes of a chart; undefined when it has no value at all. */
export const frameOf = (chart: Chart): Frame | undefined => framesOf([chart])[0]

/** Of charts that are to be compared by eye: the same axes for all that have a value. */
export function framesOf(charts: readonly Chart[]): readonly (Frame | undefined)[] {
  const extents = charts.map(({ series }) => extentOf(series))
  const found = extents.filter((extent) => extent !== undefined)
  const time = { least: Number.POSITIVE_INFINITY, most: Number.NEGATIVE_INFINITY }
  const level = { ...time }
  for (const extent of found) {
    for (const seconds of [extent.from, extent.to]) widen(time, seconds)
    for (const value of [extent.least, extent.most]) widen(level, value)
  }
  const reach = Math.max(level.most, -level.least) * LIMIT_REACH || Number.POSITIVE_INFINITY
  const isOff = (value: number) => !(Math.abs(value) <= reach)
  const limits = charts
    .flatMap((chart) => chart.limits.map(({ value }) => value))
    .filter((value) => !isOff(value))
  for (const value of limits) widen(level, value)
  const whole = found.every((extent) => extent.whole) && limits.every(Number.isInteger)
  // A run that begins a little late begins at zero: its time is the experiment's.
  const start = time.least > 0 && time.least < (time.most - time.least) / 4 ? 0 : time.least
  return charts.map((chart, index): Frame | undefined => {
    const extent = extents[index]
    if (!extent) return undefined
    const { barSeconds, barsAtOnce } = extent
    return {
      time: timeAxis(start, time.most, TIME_MARKS),
      value: valueAxis(level.least, level.most, VALUE_MARKS, whole),
      ...{ barSeconds, barsAtOnce },
      limitsOff: new Set(chart.limits.flatMap(({ value }, limit) => (isOff(value) ? [limit] : []))),
    }
  })
}

interface Extent extends Pick<Frame, 'barSeconds' | 'barsAtOnce'> {
  readonly from: number
  /** With the last bar. */
  readonly to: number
  readonly least: number
  readonly most: number
  /** Nothing but whole numbers. */
  readonly whole: boolean
}

/** One walk without copies: a long run has a point for every tenth of a second. */
function extentOf(series: readonly Series[]): Extent | undefined {
  const time = { least: Number.POSITIVE_INFINITY, most: Number.NEGATIVE_INFINITY }
  const level = { ...time }
  let whole = true
  const bars = barWidth(series)
  for (const { drawn, points } of series) {
    for (const [seconds, value] of points) {
      widen(time, seconds)
      if (!isNumber(value)) continue
      widen(level, value)
      whole &&= Number.isInteger(value)
    }
    const last = points.at(-1)
    if (drawn === 'bars' && last) widen(time, last[0] + bars.barSeconds)
  }
  if (level.least > level.most) return undefined
  return { from: time.least, to: time.most, least: level.least, most: level.most, whole, ...bars }
}

function widen(range: { least: number; most: number }, value: number): void {
  if (value < range.least) range.least = value
  if (value > range.most) range.most = value
}

/** The usual distance of bars, over all series of bars: those of two series may alternate. */
function barWidth(series: readonly Series[]): Pick<Frame, 'barSeconds' | 'barsAtOnce'> {
  const bars = series.filter(({ drawn, points }) => drawn === 'bars' && points.length > 1)
  const own = Math.min(...bars.map(({ points }) => usualDistance(points.map(([seconds]) => seconds))))
  if (!Number.isFinite(own)) return { barSeconds: 1, barsAtOnce: 1 }
  const all = bars.flatMap(({ points }) => points.map(([seconds]) => seconds)).sort((a, b) => a - b)
  let last = Number.NEGATIVE_INFINITY
  const apart = all.filter((seconds) => {
    if (seconds - last < own / 10) return false
    last = seconds
    return true
  })
  const between = Math.min(own, usualDistance(apart))
  return { barSeconds: between || 1, barsAtOnce: between < own * ALTERNATE ? 1 : bars.length }
}

function usualDistance(times: readonly number[]): number {
  const distances = times.slice(1).map((seconds, index) => seconds - (times[index] ?? 0))
  const sorted = distances.filter((distance) => distance > 0).sort((a, b) => a - b)
  return sorted[Math.floor(sorted.length / 2)] ?? Number.POSITIVE_INFINITY
}
