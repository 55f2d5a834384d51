import assert from 'node:assert/strict'
import { test } from 'node:test'
import {
  admits,
  BREAKER_RULES,
  type BreakerEvent,
  type BreakerState,
  closedBreaker,
  type HalfOpen,
  type Open,
  transition,
} from '../../src/consumer/breaker.ts'

const rules = { ...BREAKER_RULES, minimumVolume: 4, openMs: 1_000, longestOpenMs: 8_000, lastStage: 8 }
const NOW = 5_000
const half = () => 0.5
const step = (state: BreakerState, event: BreakerEvent, now = NOW) =>
  transition(state, event, now, rules, half)

const closed = closedBreaker(NOW, 3)
const nearlyOpen: BreakerState = { ...closed, ok: 1, failed: 2 }
const open: Open = { kind: 'open', round: 3, until: NOW, openings: 2 }
const probing: HalfOpen = { kind: 'half_open', round: 3, stage: 2, started: 1, succeeded: 1, openings: 2 }
const lastProbe: HalfOpen = { ...probing, stage: 8, started: 8, succeeded: 7 }

type EventName = BreakerEvent['kind'] | 'late_success' | 'late_failure' | 'late_abandon'
const events: Record<EventName, BreakerEvent> = {
  tick: { kind: 'tick' },
  start: { kind: 'start' },
  success: { kind: 'success', round: 3 },
  failure: { kind: 'failure', round: 3 },
  abandon: { kind: 'abandon', round: 3 },
  late_success: { kind: 'success', round: 2 },
  late_failure: { kind: 'failure', round: 2 },
  late_abandon: { kind: 'abandon', round: 2 },
}

const states = {
  closed,
  nearlyOpen,
  open,
  openStill: { ...open, until: NOW + 1 },
  probing,
  lastProbe,
} as const
/** What is expected of the state after; 'same' = the very same object. The type admits no gap. */
type Expected = 'same' | Partial<Record<string, string | number>>
const TABLE: Record<keyof typeof states, Record<EventName, Expected>> = {
  closed: {
    tick: 'same',
    start: 'same',
    success: { kind: 'closed', ok: 1, failed: 0 },
    failure: { kind: 'closed', ok: 0, failed: 1 },
    abandon: 'same',
    late_success: 'same',
    late_failure: 'same',
    late_abandon: 'same',
  },
  nearlyOpen: {
    tick: 'same',
    start: 'same',
    success: { kind: 'closed', ok: 2, failed: 2 },
    failure: { kind: 'open', round: 4, openings: 1, until: NOW + 750 },
    abandon: 'same',
    late_success: 'same',
    late_failure: 'same',
    late_abandon: 'same',
  },
  open: {
    tick: { kind: 'half_open', round: 4, stage: 1, started: 0, succeeded: 0, openings: 2 },
    start: 'same',
    success: 'same',
    failure: 'same',
    abandon: 'same',
    late_success: 'same',
    late_failure: 'same',
    late_abandon: 'same',
  },
  openStill: {
    tick: 'same',
    start: 'same',
    success: 'same',
    failure: 'same',
    abandon: 'same',
    late_success: 'same',
    late_failure: 'same',
    late_abandon: 'same',
  },
  probing: {
    tick: 'same',
    start: { kind: 'half_open', stage: 2, started: 2, succeeded: 1 },
    success: { kind: 'half_open', round: 3, stage: 4, started: 0, succeeded: 0 },
    failure: { kind: 'open', round: 4, openings: 3, until: NOW + 3_000 },
    abandon: { kind: 'half_open', started: 0, succeeded: 1 },
    late_success: 'same',
    late_failure: 'same',
    late_abandon: 'same',
  },
  lastProbe: {
    tick: 'same',
    start: { kind: 'half_open', started: 9 },
    success: { kind: 'closed', round: 4, ok: 0, failed: 0 },
    failure: { kind: 'open', round: 4, openings: 3 },
    abandon: { kind: 'half_open', started: 7 },
    late_success: 'same',
    late_failure: 'same',
    late_abandon: 'same',
  },
}

for (const [stateName, row] of Object.entries(TABLE)) {
  for (const [eventName, expected] of Object.entries(row)) {
    test(`breaker: ${stateName} × ${eventName}`, () => {
      const before = states[stateName as keyof typeof states]
      const after = step(before, events[eventName as EventName])
      if (expected === 'same') assert.equal(after, before)
      else assert.partialDeepStrictEqual(after, expected)
    })
  }
}

test('it opens at the failure ratio and only with enough results behind it', () => {
  let state: BreakerState = closedBreaker(0)
  for (let i = 0; i < 3; i++) state = step(state, { kind: 'failure', round: 0 }, 0)
  assert.equal(state.kind, 'closed', 'three failures are too few to tell')
  let mixed: BreakerState = closedBreaker(0)
  for (let i = 0; i < 100; i++)
    mixed = step(mixed, { kind: i % 5 === 0 ? 'failure' : 'success', round: 0 }, 0)
  assert.equal(mixed.kind, 'closed', 'one in five is under the ratio')
})

test('failures of long ago do not count: the window slides', () => {
  let state: BreakerState = closedBreaker(0)
  for (let i = 0; i < 3; i++) state = step(state, { kind: 'failure', round: 0 }, 0)
  assert.equal(step(state, { kind: 'failure', round: 0 }, rules.windowMs * 2 - 1).kind, 'open')
  assert.equal(step(state, { kind: 'failure', round: 0 }, rules.windowMs * 2).kind, 'closed')
})

test('it half-opens gently: 1, 2, 4, 8 probes, each stage only after the one before has passed', () => {
  let state: BreakerState = step(open, { kind: 'tick' })
  const stages: number[] = []
  while (state.kind === 'half_open') {
    const { round } = state
    stages.push(admits(state))
    while (admits(state) > 0) state = step(state, { kind: 'start' })
    const started: number = stages.at(-1) ?? 0
    for (let i = 0; i < started; i++) state = step(state, { kind: 'success', round })
  }
  assert.deepEqual(stages, [1, 2, 4, 8])
  assert.equal(state.kind, 'closed')
})

test('each failed probe doubles the pause, up to the longest, half of it random', () => {
  let state: BreakerState = open
  const pauses: number[] = []
  for (let i = 0; i < 5; i++) {
    state = { ...probing, openings: i }
    state = transition(state, { kind: 'failure', round: 3 }, NOW, rules, () => 0.999999)
    assert.equal(state.kind, 'open')
    pauses.push(Math.round((state as Open).until - NOW))
  }
  assert.deepEqual(pauses, [1_000, 2_000, 4_000, 8_000, 8_000])
  const least = transition(probing, { kind: 'failure', round: 3 }, NOW, rules, () => 0) as Open
  assert.equal(least.until - NOW, 2_000)
})
