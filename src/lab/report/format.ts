/** Numbers, units and times as the reports write them. Nothing of it depends on the machine's locale or time zone. */
import type { Bound } from './document.ts'
import { decimalsOf } from './scale.ts'
import { BOUND_WORDS, type Language, say, unitIn } from './words.ts'

const MOST_DECIMALS = 9
const DASH = '–'

/** Three digits that matter, whole numbers as they are, thousands set apart: 0.0123, 4.57, 98.5, 1,234. */
export function numberText(value: number | null | undefined): string {
  return typeof value === 'number' && Number.isFinite(value) ? fixed(value, decimalsFor(value)) : DASH
}

/** Digits after the point so that three digits matter; large numbers have none. */
function decimalsFor(value: number): number {
  const size = Math.abs(value)
  if (Number.isInteger(value) || size >= 1000) return 0
  if (size >= 100) return 1
  return size === 0 ? 0 : Math.min(MOST_DECIMALS, 2 - Math.floor(Math.log10(size)))
}

function fixed(value: number, decimals: number): string {
  if (Math.abs(value) >= 1e15 || (value !== 0 && Math.abs(value) < 10 ** -MOST_DECIMALS)) {
    return minus(value.toExponential(2))
  }
  const [whole = '', part] = value.toFixed(decimals).split('.')
  const grouped = whole.replace(/\B(?=(?:\d{3})+$)/g, ',')
  const rest = part?.replace(/0+$/, '')
  const text = rest ? `${grouped}.${rest}` : grouped
  return minus(/^-[0.]*$/.test(text) ? text.slice(1) : text)
}

/** The sign that is as wide as a plus, and is not broken off at the end of a line. */
const minus = (text: string) => text.replace('-', '−')

/** A number and its unit; "not measured" in words where there is none. */
export function quantity(value: number | null | undefined, unit: string, lang: Language): string {
  if (typeof value !== 'number' || !Number.isFinite(value)) return say(lang, 'notMeasuredValue')
  return withUnit(numberText(value), unit, lang)
}

function withUnit(text: string, unit: string, lang: Language): string {
  const named = unitIn(lang, unit)
  return named === '' ? text : `${text}${gapBefore(named)}${named}`
}

/** None before Korean counters and before "/s"; elsewhere one at which no line is broken. */
const gapBefore = (unit: string): string => (/^[/가-힣]/.test(unit) ? '' : '\u00a0')

/**
 * A measured value with enough digits to be told from its bound: 100.04 that fails "at most 100" must not be read as
 * 100.
 */
export function measuredText(value: number | null, bound: Bound, unit: string, lang: Language): string {
  if (value === null || !Number.isFinite(value)) return quantity(value, unit, lang)
  const limits = bound.kind === 'range' ? [bound.from, bound.to] : [bound.value]
  let decimals = decimalsFor(value)
  const hidden = () =>
    limits.some((limit) => limit !== value && fixed(value, decimals) === fixed(limit, decimals))
  while (decimals < MOST_DECIMALS && hidden()) decimals++
  return withUnit(fixed(value, decimals), unit, lang)
}

export function boundText(bound: Bound, unit: string, lang: Language): string {
  if (bound.kind === 'range')
    return withUnit(`${numberText(bound.from)} – ${numberText(bound.to)}`, unit, lang)
  const sign = { 'at-most': '≤', 'at-least': '≥', exactly: '=' }[bound.kind]
  return `${sign}\u00a0${withUnit(numberText(bound.value), unit, lang)}`
}

/** The same as a sentence says it, for those who hear it: "at most 100 calls/s". */
export function boundWords(bound: Bound, unit: string, lang: Language): string {
  if (bound.kind === 'range') return boundText(bound, unit, lang)
  return `${BOUND_WORDS[bound.kind][lang]} ${withUnit(numberText(bound.value), unit, lang)}`
}

/** A mark of an axis: as many digits as the marks' distance needs, no more. */
export function markText(value: number, step: number): string {
  const decimals = decimalsOf(step)
  if (decimals > MOST_DECIMALS || Math.abs(value) >= 1e9) return minus(value.toExponential(1))
  if (step >= 1e6) return `${fixed(value / 1e6, 1)}M`
  return step >= 1e5 ? `${fixed(value / 1e3, 0)}k` : fixed(value, decimals)
}

/** A moment on a time axis: 0.5 s, 40 s, 2:30, 1h05. `span`: how long the axis is. */
export function timeMark(seconds: number, step: number, span: number, lang: Language): string {
  if (span <= 180) return withUnit(markText(seconds, step), 's', lang)
  const whole = Math.round(seconds)
  const two = (part: number) => String(part).padStart(2, '0')
  return span < 3600
    ? `${Math.floor(whole / 60)}:${two(whole % 60)}`
    : `${Math.floor(whole / 3600)}h${two(Math.floor(whole / 60) % 60)}`
}

/** How long something took: 850 ms, 12.5 s, 3 min 20 s, 2 h 5 min. */
export function durationText(seconds: number, lang: Language): string {
  if (!Number.isFinite(seconds)) return DASH
  const words = lang === 'ko' ? ['밀리초', '초', '분', '시간'] : ['ms', 's', 'min', 'h']
  const say = (value: number, unit: number) =>
    `${numberText(value)}${gapBefore(words[unit] ?? '')}${words[unit]}`
  if (seconds < 1) return say(Math.round(seconds * 1000), 0)
  if (seconds < 120) return say(seconds, 1)
  const [value, small, large] =
    seconds < 7200 ? [Math.round(seconds), 1, 2] : [Math.round(seconds / 60), 2, 3]
  const rest = value % 60
  return `${say(Math.floor(value / 60), large)}${rest === 0 ? '' : ` ${say(rest, small)}`}`
}

const MOST_DATE_MS = 8.64e15

/** 2026-11-21 09:15 UTC. */
export function momentText(wallMs: number): string {
  if (!(Math.abs(wallMs) <= MOST_DATE_MS)) return DASH
  return `${new Date(wallMs).toISOString().slice(0, 16).replace('T', ' ')} UTC`
}

export function bytesText(bytes: number): string {
  const units = ['B', 'KiB', 'MiB', 'GiB', 'TiB']
  const power = bytes < 1 ? 0 : Math.min(units.length - 1, Math.floor(Math.log2(bytes) / 10))
  return `${numberText(Math.round((bytes / 1024 ** power) * 10) / 10)} ${units[power]}`
}

/** +12.5 %, −3 %; nothing where there is nothing to divide by. */
export function shareText(before: number, after: number): string {
  if (before === 0 || !Number.isFinite(after / before)) return ''
  const percent = ((after - before) / Math.abs(before)) * 100
  const size = Math.abs(percent)
  return `${signed(Math.round(percent * (size < 10 ? 10 : 1)) / (size < 10 ? 10 : 1))} %`
}

export const signed = (value: number): string => `${value > 0 ? '+' : ''}${numberText(value)}`
