/**
 * What a screen reader is told, and when: a change of the situation at once, the place in steps, and otherwise at most
 * every 30 s. The screen shows every change; a voice that says every change says nothing. Pure.
 */
import { etaText, number } from './format.ts'
import { etaNow, type PageState } from './state.ts'
import type { Language, Words } from './words.ts'

export interface Spoken {
  readonly situation: string
  readonly place: number
  readonly at: number
  readonly text: string
}

export const SPEAK_EVERY_MS = 30_000
/** Places whose passing is told at once. */
const STEPS = [1, 2, 3, 5, 10, 25, 50, 100, 250, 500, 1_000, 5_000, 10_000, 50_000, 100_000]

/** What was said last, or what is to be said now. */
export function speak(
  last: Spoken | undefined,
  state: PageState,
  words: Words,
  language: Language,
  now: number,
): Spoken {
  const { phase, link, line } = state
  const situation = situationOf(state)
  const place = phase.kind === 'waiting' ? phase.place : 0
  if (last && last.situation === situation) {
    if (place === last.place) return last
    const isDue = now - last.at >= SPEAK_EVERY_MS
    const isStep = STEPS.some((step) => last.place > step && place <= step)
    if (!isDue && !isStep) return last
  }
  const parts: string[] = []
  if (link.kind === 'lost') parts.push(words.linkLost)
  if (link.kind === 'stopping') parts.push(words.linkStopping)
  if (link.kind === 'quiet') parts.push(words.linkQuiet)
  if (phase.kind === 'waiting') {
    const wait = words.sayWait(etaText(etaNow(phase, line), words, language))
    parts.push(words.sayPlace(number(phase.place, language), phase.place === 1 ? words.next : wait))
    if (line?.mode === 'paused') parts.push(words.whyPaused)
  }
  if (phase.kind === 'registered') parts.push(words.registeredTitle)
  if (phase.kind === 'left') parts.push(words.leftTitle)
  return { situation, place, at: now, text: parts.join(' ') }
}

/** What of the state is worth an interruption when it changes. */
function situationOf({ phase, link, line }: PageState): string {
  const why = phase.kind === 'over' ? phase.why : phase.kind === 'refused' ? phase.code : ''
  const isCut = link.kind === 'lost' || link.kind === 'stopping' || link.kind === 'quiet'
  return [phase.kind, why, isCut ? link.kind : '', line?.mode === 'paused' ? 'paused' : ''].join(' ')
}
