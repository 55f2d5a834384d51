/**
 * Ready means that what waits is being worked on: a table of situations, and the watch that recognises
 * them.
 */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { silentLogger } from '../../src/core/index.ts'
import { type LaneInput, type LaneNow, ProgressWatch, readiness } from '../../src/monitoring/index.ts'
import { type ClosedCode, NO_COUNTS, type StateCounts } from '../../src/queue/index.ts'
import { FakeClock } from '../fixtures/fake-clock.ts'

const NOW = 1_700_000_000_000
const healthy = { ok: true } as const

function lane(more: Partial<LaneInput> = {}): LaneInput {
  return {
    type: 'MNP',
    consumers: 1,
    running: 0,
    concurrencyLimit: 10,
    ratePerSecond: 0,
    timeoutMs: 300_000,
    breaker: 'closed',
    pausedUntil: 0,
    stillSince: NOW,
    ...more,
  }
}

/** Something ready, and nothing left the queue for this many seconds. */
function still(seconds: number, more: Partial<LaneInput> = {}): LaneInput {
  return lane({ stillSince: NOW - seconds * 1000, oldestReadyAt: NOW - (seconds + 60) * 1000, ...more })
}

const TABLE: readonly [situation: string, lane: LaneInput, reason: RegExp | undefined][] = [
  ['an empty queue', lane({ stillSince: NOW - 3_600_000 }), undefined],
  ['a backlog that has just moved', still(1), undefined],
  ['a backlog that stood still for as long as is allowed', still(30), undefined],
  [
    'a backlog that stands still',
    still(31),
    /^MNP: stalled, .* since 2023-11-14T22:12:49.000Z; .* 91 s old$/,
  ],
  ['a backlog that stands still with slots free', still(31, { running: 9 }), /stalled/],
  ['a backlog in a role without consumers', still(3_600, { consumers: 0 }), undefined],
  ['an open breaker in a role without consumers', lane({ consumers: 0, breaker: 'open' }), undefined],
  ['a lane of one message a minute between two messages', still(59, { ratePerSecond: 1 / 60 }), undefined],
  ['a lane of one message a minute that missed one', still(179, { ratePerSecond: 1 / 60 }), undefined],
  ['a lane of one message a minute that missed three', still(181, { ratePerSecond: 1 / 60 }), /stalled/],
  ['a fast lane that stands still', still(31, { ratePerSecond: 100 }), /stalled/],
  ['all slots busy within the processing timeout', still(299, { running: 10 }), undefined],
  ['all slots busy for longer than the processing timeout', still(306, { running: 10 }), /stalled/],
  ['all slots of a lowered limit busy', still(200, { running: 2, concurrencyLimit: 2 }), undefined],
  ['an open breaker', lane({ breaker: 'open' }), /^MNP: its back end fails, the breaker is open$/],
  ['a pause that the back end asked for', still(120, { pausedUntil: NOW + 60_000 }), undefined],
  ['a pause that has just ended', still(120, { pausedUntil: NOW - 1_000 }), undefined],
  ['a pause that ended long ago', still(120, { pausedUntil: NOW - 31_000 }), /stalled/],
  ['a breaker that probes', lane({ breaker: 'half_open' }), undefined],
]

for (const [situation, input, reason] of TABLE) {
  test(`${situation}: ${reason ? 'not ready' : 'ready'}`, () => {
    const result = readiness({ now: NOW, engine: healthy, lanes: [input], stalledAfterMs: 30_000 })
    assert.equal(result.ready, reason === undefined)
    if (!result.ready && reason) assert.match(result.reasons.join('\n'), reason)
  })
}

test('every reason is named, and one good lane does not hide a bad one', () => {
  const lanes = [still(31), lane({ type: 'CHANGE' }), lane({ type: 'TERMINATION', breaker: 'open' })]
  const engine = { ok: false, reason: 'disk full' } as const
  const result = readiness({ now: NOW, engine, lanes, stalledAfterMs: 30_000 })
  assert.ok(!result.ready)
  assert.deepEqual(
    result.reasons.map((reason) => reason.split(':')[0]),
    ["the queue's store is not healthy", 'MNP', 'TERMINATION'],
  )
})

test('a way in that is closed for longer is a reason; one that is full for a moment is none', () => {
  const at = (closed: ClosedCode) =>
    readiness({ now: NOW, engine: healthy, closed, lanes: [], stalledAfterMs: 30_000 })
  assert.deepEqual(at('broker_blocked'), {
    ready: false,
    reasons: ['the message broker takes no messages right now'],
  })
  assert.equal(at('broker_unavailable').ready, false)
  assert.equal(at('overloaded').ready, true)
  const away = { ok: false, reason: 'away' } as const
  const both = readiness({
    now: NOW,
    engine: away,
    closed: 'broker_unavailable',
    lanes: [],
    stalledAfterMs: 1,
  })
  assert.ok(!both.ready)
  assert.equal(both.reasons.length, 1, 'the same thing is not said twice')
})

test('what the parts of the process say is wrong with them is a reason', () => {
  const others = ['MNP: no consumer process runs']
  const result = readiness({ now: NOW, engine: healthy, lanes: [], others, stalledAfterMs: 30_000 })
  assert.deepEqual(result, { ready: false, reasons: others })
})

test('the watch knows when a message last ended, wherever that was', async () => {
  const { clock, counts, watch } = watched()
  counts.done = 7
  watch.start()
  assert.equal(watch.lastEndedAt, undefined, 'what ended before the start is not known in time')
  await clock.advance(5_000)
  counts.done += 1
  await clock.advance(1_000)
  assert.equal(watch.lastEndedAt, clock.now())
  await clock.advance(5_000)
  assert.equal(watch.lastEndedAt, clock.now() - 5_000)
  watch.stop()
})

/** A queue of one type whose figures the test sets. */
function watched() {
  const clock = new FakeClock()
  const counts: { -readonly [key in keyof StateCounts]: number } = { ...NO_COUNTS }
  const state = { oldestReadyAt: undefined as number | undefined, asked: 0, broken: false }
  const lanes: LaneNow[] = [lane()]
  const watch = new ProgressWatch({
    clock,
    logger: silentLogger,
    lanes: () => lanes,
    engine: {
      counts: () => new Map([['MNP', counts]]),
      depth: async () => {
        state.asked += 1
        if (state.broken) throw new Error('cannot read')
        const { oldestReadyAt } = state
        return new Map([['MNP', { counts, ...(oldestReadyAt === undefined ? {} : { oldestReadyAt }) }]])
      },
      health: () => healthy,
    },
  })
  return { clock, counts, state, lanes, watch }
}

test('the watch sees a queue stall, says since when, and sees it move again', async () => {
  const { clock, counts, state, watch } = watched()
  watch.start()
  await clock.advance(60_000)
  assert.equal(state.asked, 0, 'an empty queue costs no look-up')
  counts.ready = 5
  state.oldestReadyAt = clock.now()
  await clock.advance(29_000)
  assert.equal(watch.readiness().ready, true)
  await clock.advance(5_000)
  assert.equal(watch.readiness().ready, false)
  counts.departed += 1
  await clock.advance(1_000)
  assert.equal(watch.readiness().ready, true)
  watch.stop()
  watch.stop()
  assert.equal(clock.pending, 0)
})

test('a hand-out for a retry is progress, though the counts do not show it', async () => {
  const { clock, counts, state, watch } = watched()
  counts.ready = 5
  state.oldestReadyAt = clock.now()
  watch.start()
  for (let i = 0; i < 10; i++) {
    await clock.advance(20_000)
    watch.handedOut('MNP')
    assert.equal(watch.readiness().ready, true)
  }
  await clock.advance(40_000)
  assert.equal(watch.readiness().ready, false)
  watch.stop()
})

test('messages held behind their ordering key are not a stall', async () => {
  const { clock, counts, watch } = watched()
  counts.ready = 5
  watch.start()
  await clock.advance(600_000)
  assert.equal(watch.readiness().ready, true)
  watch.stop()
})

test('a store that cannot tell the age makes nobody stalled by itself, and the watch goes on', async () => {
  const { clock, counts, state, watch } = watched()
  counts.ready = 5
  state.broken = true
  watch.start()
  await clock.advance(40_000)
  assert.equal(watch.readiness().ready, true)
  state.broken = false
  state.oldestReadyAt = clock.now() - 40_000
  await clock.advance(2_000)
  assert.equal(watch.readiness().ready, false)
  watch.stop()
})
