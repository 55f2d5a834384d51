/**
 * What the visitor's page knows, and how it changes: a tagged union and one pure function. What is shown is made from
 * it and from the time; nothing here draws, asks or waits. Several tabs keep the same state by taking the same inputs.
 *
 * Keeps: the place on the screen never rises while the ticket is the same one; what is older than what is known (an
 * earlier epoch, an earlier frame) changes nothing.
 */
import type { DoorMode, LimitedBy } from '../../src/waiting-room/door.ts'
import type { Eta } from '../../src/waiting-room/eta.ts'
import { placeFrom } from '../../src/waiting-room/frame.ts'
import type { FrameMessage, VisitAnswer } from './wire.ts'

/** How it stands with the connection. `quiet`: another device has taken it, and this page waits to be asked. */
export type Link =
  | { readonly kind: 'connecting' }
  | { readonly kind: 'live' }
  | { readonly kind: 'polling' }
  | { readonly kind: 'lost' }
  | { readonly kind: 'stopping' }
  | { readonly kind: 'quiet' }

/** Times are milliseconds since the epoch by the server's clock; `serverNow` says what that clock says now. */
export type Phase =
  /** The first answer is on its way. */
  | { readonly kind: 'asking' }
  /** Registered before the opening; the order is drawn then. */
  | { readonly kind: 'registered'; readonly number: number | null }
  | {
      readonly kind: 'waiting'
      readonly number: number | null
      readonly ticket: number
      /** As shown: from 1. */
      readonly place: number
      /** The first that was shown of this ticket, for the progress. */
      readonly from: number
      /** As answered, and the place it was answered for. */
      readonly eta: Eta
      readonly etaPlace: number
      /** Called while absent; waits again, before the others. */
      readonly wasAbsent: boolean
    }
  /** The turn has come; a place is kept until then. */
  | { readonly kind: 'called'; readonly claimBy: number }
  | {
      readonly kind: 'inside'
      readonly since: number
      readonly until: number
      readonly hardEnd: number
    }
  | { readonly kind: 'left'; readonly undoUntil: number }
  | { readonly kind: 'over'; readonly why: 'done' | 'expired' | 'left' | 'cleared' | 'closed' | 'out' }
  | { readonly kind: 'refused'; readonly code: string; readonly retryAt: number | null }

/** The line as everybody sees it. */
export interface Line {
  readonly waiting: number
  readonly active: number
  readonly cap: number
  readonly ratePerMinute: number
  readonly mode: DoorMode
  readonly limitedBy: LimitedBy
  /** The door follows the work behind it, and that is piling up. */
  readonly isSlowed: boolean
  readonly opensAt: number | null
}

export interface PageState {
  readonly event: string
  readonly phase: Phase
  readonly link: Link
  readonly line: Line | undefined
  readonly epoch: number
  /** Of the newest frame. */
  readonly frameAt: number
  /** The server's clock less ours, milliseconds. */
  readonly skewMs: number
  /** What an earlier visit of the page knew of its ticket. */
  readonly kept: KeptPlace | undefined
}

/** Kept over a refresh, so that the progress goes on where it was. */
export interface KeptPlace {
  readonly event: string
  readonly epoch: number
  readonly ticket: number
  readonly from: number
}

export type Input =
  /**
   * `serverAt`: what the server's clock said, as far as the answer tells. `sentAt`: ours when it was asked for; what
   * nobody asked for has none.
   */
  | {
      readonly kind: 'answer'
      readonly visit: VisitAnswer
      readonly sentAt?: number
      readonly at: number
      readonly serverAt?: number
    }
  | { readonly kind: 'frame'; readonly frame: FrameMessage }
  | { readonly kind: 'called'; readonly claimBy: number }
  | { readonly kind: 'cleared'; readonly epoch: number; readonly action: 'rejoin' | 'closed' }
  | { readonly kind: 'refused'; readonly code: string; readonly retryAfterMs?: number; readonly at: number }
  | { readonly kind: 'link'; readonly link: Link }
  /** The moment of the undo has passed. */
  | { readonly kind: 'undo-over' }

export function initial(event: string, kept?: KeptPlace): PageState {
  return {
    event,
    phase: { kind: 'asking' },
    link: { kind: 'connecting' },
    line: undefined,
    epoch: 0,
    frameAt: 0,
    skewMs: 0,
    kept: kept?.event === event ? kept : undefined,
  }
}

/** What to keep of this state over a refresh; undefined = nothing. */
export function toKeep({ event, epoch, phase }: PageState): KeptPlace | undefined {
  return phase.kind === 'waiting' ? { event, epoch, ticket: phase.ticket, from: phase.from } : undefined
}

export function reduce(state: PageState, input: Input): PageState {
  switch (input.kind) {
    case 'answer':
      return answered(state, input)
    case 'frame':
      return framed(state, input.frame)
    case 'called':
      // Whoever is inside already has claimed it.
      return state.phase.kind === 'inside'
        ? state
        : { ...state, phase: { kind: 'called', claimBy: input.claimBy } }
    case 'cleared':
      if (input.epoch < state.epoch || state.phase.kind === 'inside') return state
      return {
        ...state,
        epoch: input.epoch,
        phase: { kind: 'over', why: input.action === 'rejoin' ? 'cleared' : 'closed' },
      }
    case 'refused':
      return refused(state, input)
    case 'link':
      return { ...state, link: input.link }
    case 'undo-over':
      return state.phase.kind === 'left' ? { ...state, phase: { kind: 'over', why: 'left' } } : state
  }
}

/** What the server's clock says now, as far as it is known. */
export const serverNow = (state: Pick<PageState, 'skewMs'>, now: number): number => now + state.skewMs

/** Seconds as a range, for the place that is shown now; undefined = not known. */
export function etaNow(phase: Phase, line: Line | undefined): { p50: number; p90: number } | undefined {
  if (phase.kind !== 'waiting' || !phase.eta.known || phase.eta.p50 === null || phase.eta.p90 === null)
    return undefined
  if (line?.mode === 'paused' || line?.mode === 'closed') return undefined
  // Between two answers the wait shrinks with the people ahead.
  const part = phase.place / Math.max(phase.place, phase.etaPlace)
  const minutes = (seconds: number): number => Math.max(60, Math.ceil((seconds * part) / 60) * 60)
  return { p50: minutes(phase.eta.p50), p90: minutes(phase.eta.p90) }
}

/** How much of the way is done, 0 to 100. */
export function progress(phase: Phase): number {
  if (phase.kind === 'called' || phase.kind === 'inside') return 100
  if (phase.kind !== 'waiting') return 0
  // Being next is not being in: the way has one more step than there are people ahead.
  return Math.floor((100 * (phase.from - phase.place + 1)) / (phase.from + 1))
}

/** The line is between the visitor and the event. */
export function isBarred(phase: Phase): boolean {
  return phase.kind !== 'inside'
}

/** An answer tells the second only: within it there is nothing to correct, and a countdown must not jump. */
const PRECISION_MS = 1_000

const time = (iso: string): number => Date.parse(iso)

function lineOf(visit: VisitAnswer): Line {
  return {
    waiting: visit.queueSize,
    active: visit.currentUsers,
    cap: visit.threshold,
    ratePerMinute: visit.ratePerMinute,
    mode: visit.mode,
    limitedBy: visit.limitedBy,
    isSlowed: visit.slowedBy !== null,
    opensAt: visit.opensAt === null ? null : time(visit.opensAt),
  }
}

type AnswerInput = Extract<Input, { kind: 'answer' }>

/**
 * The server answered between the question and the arrival. How long it was on its way, or lay in a tab that stood
 * still, is no difference of the clocks: only what is outside of that is corrected.
 */
function skewOf({ skewMs }: PageState, { sentAt, at, serverAt }: AnswerInput): number {
  if (serverAt === undefined) return skewMs
  const answeredAt = serverAt - skewMs
  if (answeredAt > at + PRECISION_MS) return serverAt - at
  // Nobody asked for it: it may be of any age.
  if (sentAt === undefined || answeredAt >= sentAt - PRECISION_MS) return skewMs
  return serverAt - sentAt
}

function answered(state: PageState, input: AnswerInput): PageState {
  const { visit, at } = input
  // Somebody whom the line does not know has epoch 0, or the present one.
  if (visit.epoch < state.epoch && visit.state !== 'none') return state
  const skewMs = skewOf(state, input)
  return {
    ...state,
    epoch: Math.max(state.epoch, visit.epoch),
    line: lineOf(visit),
    skewMs,
    phase: phaseOf(visit, state, at + skewMs),
  }
}

function phaseOf(visit: VisitAnswer, { phase, kept }: PageState, now: number): Phase {
  const until = visit.until === null ? now : time(visit.until)
  switch (visit.state) {
    case 'registered':
      return { kind: 'registered', number: visit.number }
    case 'waiting':
    case 'parked':
      return waitingOf(visit, phase, kept)
    case 'ready':
      return { kind: 'called', claimBy: until }
    case 'admitted': {
      const since = phase.kind === 'inside' ? phase.since : now
      return { kind: 'inside', since, until, hardEnd: visit.hardEnd === null ? until : time(visit.hardEnd) }
    }
    case 'left':
      return until > now ? { kind: 'left', undoUntil: until } : { kind: 'over', why: 'left' }
    case 'done':
    case 'expired':
      return { kind: 'over', why: visit.state }
    case 'none':
      return noPlace(phase)
  }
}

/** The line does not know the visitor: it was cleared, or what was over has been forgotten. */
function noPlace(phase: Phase): Phase {
  if (phase.kind === 'over') return phase
  if (phase.kind === 'left') return { kind: 'over', why: 'left' }
  if (phase.kind === 'inside') return { kind: 'over', why: 'expired' }
  return { kind: 'over', why: phase.kind === 'asking' ? 'out' : 'cleared' }
}

function waitingOf(visit: VisitAnswer, phase: Phase, kept: KeptPlace | undefined): Phase {
  const ticket = visit.ticket ?? 0
  const asked = Math.max(1, visit.position)
  const same = phase.kind === 'waiting' && phase.ticket === ticket ? phase : undefined
  const isKept = kept?.ticket === ticket && kept.epoch === visit.epoch
  return {
    kind: 'waiting',
    number: visit.number,
    ticket,
    place: Math.min(asked, same?.place ?? asked),
    from: same?.from ?? Math.max(asked, isKept ? kept.from : 0),
    eta: visit.eta,
    etaPlace: asked,
    wasAbsent: visit.state === 'parked',
  }
}

function framed(state: PageState, frame: FrameMessage): PageState {
  // Two frames may overtake each other, and those of before a clearing speak of other tickets.
  if (frame.event !== state.event || frame.epoch < state.epoch || frame.at < state.frameAt) return state
  const { waiting, active, cap, ratePerMinute, mode, limitedBy, opensAt } = frame
  const isSlowed = frame.slowedBy !== null
  const line: Line = { waiting, active, cap, ratePerMinute, mode, limitedBy, isSlowed, opensAt }
  const { phase } = state
  const isOurs = phase.kind === 'waiting' && frame.epoch === state.epoch
  return {
    ...state,
    line,
    frameAt: frame.at,
    // The epoch of a visitor's own place changes with an answer or a clearing only.
    phase: isOurs ? { ...phase, place: Math.min(phase.place, placeFrom(frame, phase.ticket)) } : phase,
  }
}

function refused(state: PageState, input: Extract<Input, { kind: 'refused' }>): PageState {
  const { code, retryAfterMs, at } = input
  // A place that is known stands: a request that failed says nothing about it.
  const isKnown =
    state.phase.kind !== 'asking' && state.phase.kind !== 'refused' && state.phase.kind !== 'over'
  if (isKnown) return state
  const retryAt = retryAfterMs === undefined ? null : serverNow(state, at + retryAfterMs)
  return { ...state, phase: { kind: 'refused', code, retryAt } }
}
