/**
 * The circuit breaker of one back end as data: a tagged union and a pure `transition`. While it is open
 * nothing is taken from the queue, so that an outage costs the messages time and not their attempts.
 *
 *   closed ──too many failures──▶ open ──back-off over──▶ half_open ──1, 2, 4, 8 successes──▶ closed
 *                                   ▲────────any failure────────┘
 *
 * A business refusal is a success here: the back end answered. Every attempt carries the `round` in which
 * it started; the result of an attempt from an earlier round says nothing about now and changes nothing.
 */
import type { Random } from '../core/index.ts'

export interface BreakerRules {
  /** Opens at this share of failures … */
  readonly failureRatio: number
  /** … among at least this many results … */
  readonly minimumVolume: number
  /** … in the last one to two windows. */
  readonly windowMs: number
  /** First pause; doubled each time the back end fails again on opening, up to the longest. */
  readonly openMs: number
  readonly longestOpenMs: number
  /** Half-open admits 1, then twice as many after each stage passed; passing this stage closes. */
  readonly lastStage: number
}

export const BREAKER_RULES: BreakerRules = {
  failureRatio: 0.5,
  minimumVolume: 20,
  windowMs: 10_000,
  openMs: 1_000,
  longestOpenMs: 60_000,
  lastStage: 8,
}

/** Two halves of the sliding window, so that its memory is four numbers whatever the rate. */
export interface Closed {
  readonly kind: 'closed'
  readonly round: number
  readonly windowStart: number
  readonly ok: number
  readonly failed: number
  readonly earlierOk: number
  readonly earlierFailed: number
}

export interface Open {
  readonly kind: 'open'
  readonly round: number
  readonly until: number
  /** Openings since it was last closed; the exponent of the back-off. */
  readonly openings: number
}

export interface HalfOpen {
  readonly kind: 'half_open'
  readonly round: number
  /** Probes this stage admits. */
  readonly stage: number
  readonly started: number
  readonly succeeded: number
  readonly openings: number
}

export type BreakerState = Closed | Open | HalfOpen

export type BreakerEvent =
  /** Time has passed; the only event without an attempt. */
  | { readonly kind: 'tick' }
  /** An attempt starts; ask `admits` before. */
  | { readonly kind: 'start' }
  | { readonly kind: 'success'; readonly round: number }
  | { readonly kind: 'failure'; readonly round: number }
  /** The attempt was given up without a result (the consumer is stopping). */
  | { readonly kind: 'abandon'; readonly round: number }

export function closedBreaker(now: number, round = 0): Closed {
  return { kind: 'closed', round, windowStart: now, ok: 0, failed: 0, earlierOk: 0, earlierFailed: 0 }
}

/** How many attempts may start in this state; tick first. */
export function admits(state: BreakerState): number {
  switch (state.kind) {
    case 'closed':
      return Number.POSITIVE_INFINITY
    case 'open':
      return 0
    case 'half_open':
      return state.stage - state.started
  }
}

/** The state after `event`; the same object when nothing changed. */
export function transition(
  state: BreakerState,
  event: BreakerEvent,
  now: number,
  rules: BreakerRules,
  random: Random,
): BreakerState {
  if ('round' in event && event.round !== state.round) return state
  switch (state.kind) {
    case 'closed':
      return fromClosed(state, event, now, rules, random)
    case 'open':
      if (event.kind !== 'tick' || now < state.until) return state
      return {
        kind: 'half_open',
        round: state.round + 1,
        stage: 1,
        started: 0,
        succeeded: 0,
        openings: state.openings,
      }
    case 'half_open':
      return fromHalfOpen(state, event, now, rules, random)
  }
}

function fromClosed(
  state: Closed,
  event: BreakerEvent,
  now: number,
  rules: BreakerRules,
  random: Random,
): BreakerState {
  switch (event.kind) {
    case 'tick':
    case 'start':
    case 'abandon':
      return state
    case 'success': {
      const window = slid(state, now, rules)
      return { ...window, ok: window.ok + 1 }
    }
    case 'failure': {
      const window = slid(state, now, rules)
      const failed = window.failed + window.earlierFailed + 1
      const volume = failed + window.ok + window.earlierOk
      if (volume >= rules.minimumVolume && failed / volume >= rules.failureRatio) {
        return opened(state.round, 1, now, rules, random)
      }
      return { ...window, failed: window.failed + 1 }
    }
  }
}

function fromHalfOpen(
  state: HalfOpen,
  event: BreakerEvent,
  now: number,
  rules: BreakerRules,
  random: Random,
): BreakerState {
  switch (event.kind) {
    case 'tick':
      return state
    case 'start':
      return { ...state, started: state.started + 1 }
    case 'abandon':
      return { ...state, started: state.started - 1 }
    case 'failure':
      return opened(state.round, state.openings + 1, now, rules, random)
    case 'success': {
      const succeeded = state.succeeded + 1
      if (succeeded < state.stage) return { ...state, succeeded }
      if (state.stage >= rules.lastStage) return closedBreaker(now, state.round + 1)
      return { ...state, stage: state.stage * 2, started: 0, succeeded: 0 }
    }
  }
}

/** Half of the pause is random, so that consumers in several processes do not probe in step. */
function opened(round: number, openings: number, now: number, rules: BreakerRules, random: Random): Open {
  const full = Math.min(rules.longestOpenMs, rules.openMs * 2 ** (openings - 1))
  return { kind: 'open', round: round + 1, until: now + full / 2 + random() * (full / 2), openings }
}

function slid(state: Closed, now: number, rules: BreakerRules): Closed {
  const age = now - state.windowStart
  if (age < rules.windowMs) return state
  const empty = closedBreaker(now, state.round)
  if (age >= rules.windowMs * 2) return empty
  return {
    ...empty,
    windowStart: state.windowStart + rules.windowMs,
    earlierOk: state.ok,
    earlierFailed: state.failed,
  }
}
