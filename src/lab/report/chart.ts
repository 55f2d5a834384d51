/**
 * A chart as inline SVG, drawn by hand so that the file needs nothing from elsewhere. Pure.
 *
 * The curves are in a frame of `WIDTH` by `HEIGHT` units that is stretched to whatever width there is; texts and lines
 * of the axes are placed in percent around it. So letters keep their size on a phone, where a picture that is scaled as
 * a whole would be unreadable.
 */
import type { Chart, Series } from './document.ts'
import { markText, numberText, timeMark } from './format.ts'
import type { Frame } from './frame.ts'
import { html, type Markup, trusted } from './markup.ts'
import { type Axis, place } from './scale.ts'
import { isNumber, type Point, thin } from './thin.ts'
import { type Language, say, unitIn } from './words.ts'

const WIDTH = 1000
const HEIGHT = 400
/** As fine as a wide screen shows; more points than this times five are never drawn of a series. */
export const COLUMNS = 400
export const MOST_BARS_APART = 60
/** Styles there are for series (style.ts); the next ones begin again. */
const STYLES = 6
const LETTER_PX = 7
/** Below this distance (share of the height) the names of two limits would be written over one another. */
const NAMES_APART = 0.09

/** The picture without its legend; no frame: nothing to draw. `id` is unique in the page and safe as an id. */
export function chartSvg(chart: Chart, frame: Frame | undefined, lang: Language, id: string): Markup {
  const title = `${chart.title[lang]}${chart.unit === '' ? '' : ` (${unitIn(lang, chart.unit)})`}`
  if (!frame) return html`<p class="empty">${title}: ${say(lang, 'noPoints')}</p>`
  const step = stepOf(frame.value)
  const names = frame.value.ticks.map((value) => markText(value, step))
  const margin = Math.max(...names.map((name) => name.length)) * LETTER_PX + 10
  return html`<div class="plot" style="padding-left:${margin}px"><svg role="img" aria-labelledby="${id}-t"
 aria-describedby="${id}-d" width="100%" height="100%"><title id="${id}-t">${title}</title>
<desc id="${id}-d">${chart.alternative[lang]}</desc>
${valueLines(frame.value, names)}
${timeLines(frame.time, lang)}
<svg class="curves" viewBox="0 0 ${WIDTH} ${HEIGHT}" preserveAspectRatio="none" width="100%" height="100%">
${inOrder(chart.series).map(([series, index], turn) => seriesPath(series, index, turn, frame))}</svg>
${limitLines(chart, frame, lang)}</svg></div>`
}

/** Areas behind lines, whatever order they are told in. */
function inOrder(series: readonly Series[]): [Series, number][] {
  const all = series.map((one, index): [Series, number] => [one, index])
  const isArea = ([one]: [Series, number]) => one.drawn === 'bars'
  return [...all.filter(isArea), ...all.filter((one) => !isArea(one))]
}

const stepOf = ({ ticks, from, to }: Axis): number => (ticks[1] ?? to) - (ticks[0] ?? from)

const percent = (share: number): string => `${Number((share * 100).toFixed(2))}%`

function valueLines(axis: Axis, names: readonly string[]): Markup {
  return html`${axis.ticks.map((value, index) => {
    const y = percent(1 - place(axis, value))
    const kind = value === 0 ? 'zero' : 'grid'
    return html`<line class="${kind}" x1="0" x2="100%" y1="${y}" y2="${y}"/>
<text class="mark" x="0" y="${y}" dx="-7" dy="4" text-anchor="end">${names[index]}</text>
`
  })}`
}

function timeLines(axis: Axis, lang: Language): Markup {
  const step = stepOf(axis)
  return html`${axis.ticks.map((seconds) => {
    const share = place(axis, seconds)
    const x = percent(share)
    // The first and the last one would stand out of the picture.
    const anchor = share < 0.02 ? 'start' : share > 0.95 ? 'end' : 'middle'
    const name = timeMark(seconds, step, axis.to - axis.from, lang)
    return html`<text class="mark" x="${x}" y="100%" dy="18" text-anchor="${anchor}">${name}</text>
`
  })}`
}

function seriesPath(series: Series, index: number, turn: number, frame: Frame): Markup {
  const points = thin(series.points, frame.time.from, frame.time.to, COLUMNS)
  const style = `s${index % STYLES} ${series.drawn === 'bars' ? 'area' : 'curve'}`
  const { from, to } = frame.time
  // What was left out between two bars is narrower than a pixel, and must not show as a gap.
  const wide = points === series.points ? frame.barSeconds : Math.max(frame.barSeconds, (to - from) / COLUMNS)
  const data =
    series.drawn === 'bars' ? barsData(points, frame, wide, turn) : curveData(points, frame, series.drawn)
  return data === '' ? html`` : html`<path class="${style}" d="${trusted(data)}"/>`
}

const short = (value: number): string => String(Number(value.toFixed(1)))

function placer({ time, value }: Frame) {
  return {
    x: (seconds: number) => short(place(time, Math.min(Math.max(seconds, time.from), time.to)) * WIDTH),
    y: (level: number) => short((1 - place(value, level)) * HEIGHT),
  }
}

/** A line from value to value, or steps. A value alone between gaps is a dot: a line of no length with round ends. */
function curveData(points: readonly Point[], frame: Frame, drawn: 'line' | 'step'): string {
  const { x, y } = placer(frame)
  let data = ''
  let pen = false
  let held = false
  for (const [seconds, value] of points) {
    if (!isNumber(value)) {
      if (pen && drawn === 'step') data += `H${x(seconds)}`
      else if (pen && !held) data += 'h0'
      pen = false
      continue
    }
    if (!pen) data += `M${x(seconds)} ${y(value)}`
    else data += drawn === 'step' ? `H${x(seconds)}V${y(value)}` : `L${x(seconds)} ${y(value)}`
    held = pen
    pen = true
  }
  return pen && !held ? `${data}h0` : data
}

/**
 * Each value from its time on, one bar wide, in the part of it that is this series' (`turn`, from 0). Many of them run
 * together into an area, and areas lie over one another.
 */
function barsData(points: readonly Point[], frame: Frame, wide: number, turn: number): string {
  const { x, y } = placer(frame)
  const base = y(0)
  const apart = points.length <= MOST_BARS_APART
  const sharing = apart ? frame.barsAtOnce : 1
  let data = ''
  for (const [index, [seconds, value]] of points.entries()) {
    if (!isNumber(value)) continue
    const next = points[index + 1]?.[0] ?? Number.POSITIVE_INFINITY
    const width = (Math.min(seconds + wide, Math.max(next, seconds)) - seconds) / sharing
    const start = seconds + width * (turn % sharing)
    const inset = apart ? width * 0.06 : 0
    data += `M${x(start + inset)} ${base}V${y(value)}H${x(start + width - inset)}V${base}z`
  }
  return data
}

function limitLines(chart: Chart, frame: Frame, lang: Language): Markup {
  const drawn: { share: number; right: boolean }[] = []
  return html`${chart.limits.map(({ title, value }, index) => {
    if (frame.limitsOff.has(index)) return html``
    const share = place(frame.value, value)
    const y = percent(1 - share)
    const near = drawn.filter((other) => Math.abs(other.share - share) < NAMES_APART)
    const right = near.length % 2 === 0
    drawn.push({ share, right })
    const [x, dx, anchor] = right ? ['100%', -4, 'end'] : ['0', 4, 'start']
    const dy = share > 0.93 ? 13 : -5
    const name = `${title[lang]} ${numberText(value)}`
    return html`<line class="limit" x1="0" x2="100%" y1="${y}" y2="${y}"/>
<text class="limit-name" x="${x}" dx="${dx}" y="${y}" dy="${dy}" text-anchor="${anchor}">${name}</text>
`
  })}`
}

/** What each line means, with the look of the line itself; limits that were too far away to be drawn are told here. */
export function legend(chart: Chart, frame: Frame | undefined, lang: Language): Markup {
  if (!frame) return html``
  const series = chart.series.map(({ title, drawn, points }, index) => {
    const style = `s${index % STYLES}`
    const shape =
      drawn === 'bars'
        ? html`<rect class="${style} area" x="1" y="1" width="26" height="10"/>`
        : html`<path class="${style} curve" d="M1 6H27"/>`
    const most = points.reduce(
      (peak, [, value]) => (isNumber(value) ? Math.max(peak, value) : peak),
      -Infinity,
    )
    const peak = Number.isFinite(most) ? `${say(lang, 'peak')} ${numberText(most)}` : say(lang, 'noPoints')
    return html`<li>${sample(shape)}${title[lang]} <small>${peak}</small></li>`
  })
  const limits = chart.limits.map(({ title, value }, index) => {
    const where = frame.limitsOff.has(index) ? `, ${say(lang, 'offChart')}` : ''
    const shape = html`<line class="limit" x1="1" x2="27" y1="6" y2="6"/>`
    return html`<li>${sample(shape)}${title[lang]} <small>${numberText(value)}${where}</small></li>`
  })
  return html`<ul class="legend">${series}${limits}</ul>`
}

const sample = (shape: Markup): Markup =>
  html`<svg class="sample" viewBox="0 0 28 12" width="28" height="12" aria-hidden="true">${shape}</svg>`
