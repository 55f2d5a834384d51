/** The life of a visitor, every state against every event: the table's type forbids gaps. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import {
  isActive,
  isOver,
  isQueued,
  transition,
  VISITOR_STATES,
  type VisitorEvent,
  type VisitorState,
} from '../../src/waiting-room/index.ts'

type Row = Readonly<Record<VisitorEvent, VisitorState | undefined>>

const nothing: Row = {
  register: undefined,
  draw: undefined,
  enter: undefined,
  enter_directly: undefined,
  call: undefined,
  miss: undefined,
  back: undefined,
  claim: undefined,
  claim_over: undefined,
  claim_over_for_good: undefined,
  renew: undefined,
  lease_over: undefined,
  finish: undefined,
  leave: undefined,
  undo: undefined,
  undo_early: undefined,
  parked_over: undefined,
  clear: undefined,
  forget: undefined,
}

/** Written out by hand from the promises, not from the code. */
const EXPECTED: Readonly<Record<VisitorState, Row>> = {
  none: { ...nothing, register: 'registered', enter: 'waiting', enter_directly: 'admitted' },
  registered: { ...nothing, draw: 'waiting', leave: 'left', clear: 'none' },
  waiting: { ...nothing, call: 'ready', miss: 'parked', leave: 'left', clear: 'none' },
  parked: { ...nothing, back: 'waiting', leave: 'left', parked_over: 'expired', clear: 'none' },
  ready: {
    ...nothing,
    claim: 'admitted',
    claim_over: 'parked',
    claim_over_for_good: 'expired',
    leave: 'left',
    clear: 'none',
  },
  admitted: { ...nothing, renew: 'admitted', lease_over: 'expired', finish: 'done', clear: 'none' },
  left: {
    ...nothing,
    register: 'registered',
    enter: 'waiting',
    enter_directly: 'admitted',
    undo: 'waiting',
    undo_early: 'registered',
    forget: 'none',
  },
  done: {
    ...nothing,
    register: 'registered',
    enter: 'waiting',
    enter_directly: 'admitted',
    forget: 'none',
  },
  expired: {
    ...nothing,
    register: 'registered',
    enter: 'waiting',
    enter_directly: 'admitted',
    forget: 'none',
  },
}

const states = Object.keys(EXPECTED) as VisitorState[]
const events = Object.keys(nothing) as VisitorEvent[]
/** The events that give a newcomer something. */
const ENTRIES: readonly VisitorEvent[] = ['register', 'enter', 'enter_directly']

for (const state of states) {
  test(`every event that can happen to a visitor who is ${state}`, () => {
    for (const event of events) assert.equal(transition(state, event), EXPECTED[state][event], event)
  })
}

test('every state is in the table, and is active, queued or over, exactly one of the three', () => {
  assert.deepEqual([...VISITOR_STATES].sort(), [...states].sort())
  for (const state of states) {
    assert.equal([isActive(state), isQueued(state), isOver(state)].filter(Boolean).length, 1, state)
  }
})

test('L1: whoever has a place in or before the line cannot be given a second one', () => {
  for (const state of states) {
    for (const event of ENTRIES) assert.equal(transition(state, event) !== undefined, isOver(state), state)
  }
})

test('L3: a place is taken only by a call from the line, or by an entry past an empty one', () => {
  for (const state of states.filter((one) => !isActive(one))) {
    for (const event of events) {
      const next = transition(state, event)
      if (next === undefined || !isActive(next)) continue
      assert.ok(event === 'call' ? state === 'waiting' : event === 'enter_directly', `${state} ${event}`)
    }
  }
})

test('L4, L5: absence loses nobody a ticket at once, and no state is without an end', () => {
  assert.equal(transition('waiting', 'miss'), 'parked')
  assert.equal(transition('parked', 'back'), 'waiting')
  assert.deepEqual(
    events.filter((event) => transition('waiting', event) === 'expired'),
    [],
  )
  const ends = (from: VisitorState, seen = new Set<VisitorState>()): boolean => {
    if (from === 'none') return true
    if (seen.has(from)) return false
    seen.add(from)
    return events.some((event) => {
      const to = transition(from, event)
      return to !== undefined && ends(to, seen)
    })
  }
  assert.deepEqual(
    states.filter((state) => !ends(state)),
    [],
  )
})
