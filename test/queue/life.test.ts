/** The life of a message, every state against every event: the table's type forbids gaps. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { isTerminal, type MessageEvent, type MessageState, transition } from '../../src/queue/index.ts'

type Row = Readonly<Record<MessageEvent, MessageState | undefined>>

const nothing: Row = {
  take: undefined,
  unhold: undefined,
  unhold_early: undefined,
  due: undefined,
  expire: undefined,
  settle_done: undefined,
  settle_rejected: undefined,
  settle_retry: undefined,
  settle_dead: undefined,
  settle_released: undefined,
  lease_lost: undefined,
  lease_lost_for_good: undefined,
  crash: undefined,
  requeue: undefined,
  requeue_held: undefined,
}

/** Written out by hand from the promises, not from the code. */
const EXPECTED: Readonly<Record<MessageState, Row>> = {
  ready: { ...nothing, take: 'in_flight', expire: 'expired' },
  held: { ...nothing, unhold: 'ready', unhold_early: 'delayed', expire: 'expired' },
  delayed: { ...nothing, due: 'ready', expire: 'expired' },
  in_flight: {
    ...nothing,
    settle_done: 'done',
    settle_rejected: 'rejected',
    settle_retry: 'delayed',
    settle_dead: 'dead',
    settle_released: 'ready',
    lease_lost: 'delayed',
    lease_lost_for_good: 'dead',
    crash: 'ready',
  },
  done: nothing,
  rejected: nothing,
  dead: { ...nothing, requeue: 'ready', requeue_held: 'held' },
  expired: nothing,
}

const states = Object.keys(EXPECTED) as MessageState[]
const events = Object.keys(nothing) as MessageEvent[]

for (const state of states) {
  test(`every event that can happen to a message that is ${state}`, () => {
    for (const event of events) assert.equal(transition(state, event), EXPECTED[state][event], event)
  })
}

test('Q2: only an operator brings a finished message back, and only a dead one', () => {
  for (const state of states.filter(isTerminal)) {
    const alive = events.filter((event) => transition(state, event) !== undefined)
    assert.deepEqual(alive, state === 'dead' ? ['requeue', 'requeue_held'] : [])
  }
})

test('Q2: from every state that is not final, some end can be reached', () => {
  const ends = (from: MessageState, seen = new Set<MessageState>()): boolean => {
    if (isTerminal(from)) return true
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

test('Q3, Q4: a lease begins only from ready, and a settle counts only in flight', () => {
  for (const state of states) {
    assert.equal(transition(state, 'take') !== undefined, state === 'ready')
    for (const event of events.filter((name) => name.startsWith('settle_'))) {
      assert.equal(transition(state, event) !== undefined, state === 'in_flight')
    }
  }
})
