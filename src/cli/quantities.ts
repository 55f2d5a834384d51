/** Durations and rates as people write them on a command line. */
import { CommandError } from './terminal.ts'

const MS: Readonly<Record<string, number>> = {
  ms: 1,
  s: 1000,
  sec: 1000,
  m: 60_000,
  min: 60_000,
  h: 3_600_000,
  d: 86_400_000,
}

/** `250ms`, `1.5s`, `10m`, `2h`; a bare number is seconds. Gives milliseconds, from `min` to `max`. */
export function durationOption(name: string, min: number, max: number): (text: string) => number {
  return (text) => {
    const [, figure, unit = 's'] = /^(\d+(?:\.\d+)?|\.\d+) *([a-z]+)?$/i.exec(text.trim()) ?? []
    const ms = Number(figure) * (MS[unit.toLowerCase()] ?? Number.NaN)
    if (ms >= min && ms <= max) return ms
    const range = `from ${briefly(min)} to ${briefly(max)}`
    throw new CommandError(
      `${name} must be a time such as 500ms, 1.5s, 10m or 2h, ${range}; found ${text}`,
      2,
    )
  }
}

/** `20`, `20/s`, `1200/m`, `5/h`. Gives so many a second. */
export function rateOption(name: string, min: number, max: number): (text: string) => number {
  return (text) => {
    const [, figure, unit = 's'] = /^(\d+(?:\.\d+)?|\.\d+) *(?:\/ *([a-z]+))?$/i.exec(text.trim()) ?? []
    const perSecond = (Number(figure) * 1000) / (MS[unit.toLowerCase()] ?? Number.NaN)
    if (perSecond >= min && perSecond <= max) return perSecond
    throw new CommandError(
      `${name} must be a rate such as 20/s or 1200/m, from ${min}/s to ${max}/s; found ${text}`,
      2,
    )
  }
}

function briefly(ms: number): string {
  for (const unit of ['d', 'h', 'm', 's']) {
    const size = MS[unit] ?? 1
    if (ms >= size && ms % size === 0) return `${ms / size}${unit}`
  }
  return `${ms}ms`
}
