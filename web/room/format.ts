/** Numbers, times and waits as text. Pure. */
import type { Language, Words } from './words.ts'

export function number(value: number, language: Language): string {
  return value.toLocaleString(language)
}

/** A wait of this many seconds, counted down: `4:05`, over an hour `1:02:00`. */
export function countdown(seconds: number): string {
  const whole = Math.max(0, Math.ceil(seconds))
  const parts = [Math.floor(whole / 3600), Math.floor((whole % 3600) / 60), whole % 60]
  const shown = parts[0] === 0 ? parts.slice(1) : parts
  return shown.map((part, i) => (i === 0 ? `${part}` : `${part}`.padStart(2, '0'))).join(':')
}

/** For sentences: seconds under a minute and a half, then minutes, then hours. */
export function spell(seconds: number, words: Words, language: Language): string {
  const whole = Math.max(0, Math.ceil(seconds))
  if (whole < 90) return words.seconds(number(whole, language))
  if (whole < 7_200) return words.minutes(number(Math.ceil(whole / 60), language))
  return words.hours(number(Math.ceil(whole / 1_800) / 2, language))
}

/** As many wait shorter as longer, to nine in ten wait no longer; never to the second, which nobody knows. */
export function etaText(
  eta: { readonly p50: number; readonly p90: number } | undefined,
  words: Words,
  language: Language,
): string {
  if (!eta) return words.unknown
  if (eta.p90 <= 60) return words.underMinute
  const spelt = (seconds: number): string => spell(Math.max(90, seconds), words, language)
  const [from, to] = [eta.p50 <= 60 ? words.minutes(number(1, language)) : spelt(eta.p50), spelt(eta.p90)]
  return from === to ? words.about(to) : words.range(from, to)
}

export function clockTime(at: number, language: Language): string {
  return new Date(at).toLocaleTimeString(language, { hour: '2-digit', minute: '2-digit' })
}

export function momentText(at: number, language: Language): string {
  return new Date(at).toLocaleString(language, { dateStyle: 'medium', timeStyle: 'short' })
}
