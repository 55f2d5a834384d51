/** Rates and the ETA are measured, or there are none. */
import assert from 'node:assert/strict'
import { beforeEach, test } from 'node:test'
import { FlowMeter, NO_COUNTS, type StateCounts } from '../../src/queue/index.ts'
import { FakeClock } from '../fixtures/fake-clock.ts'

const TYPE = 'MNP'
const zero: StateCounts = { ...NO_COUNTS }

let clock: FakeClock
let counts: Map<string, StateCounts>
let meter: FlowMeter

beforeEach(() => {
  clock = new FakeClock()
  counts = new Map([[TYPE, { ...zero }]])
  meter = new FlowMeter({ counts: () => counts }, clock)
  meter.start()
})

/** For so many seconds, so many come in and so many go out in each of them. */
function flow(seconds: number, comeIn: number, goOut: number): void {
  for (let second = 0; second < seconds; second++) {
    const now = counts.get(TYPE) ?? zero
    const accepted = now.accepted + comeIn
    const departed = Math.min(accepted, now.departed + goOut)
    counts.set(TYPE, { ...now, accepted, departed, ready: accepted - departed })
    clock.advanceSync(1000)
  }
}

test('before anything was measured there are no rates and no ETA', () => {
  assert.deepEqual(meter.rates(TYPE), { inPerSecond: 0, outPerSecond: 0 })
  assert.equal(meter.etaMs(TYPE, 1), undefined)
  assert.equal(meter.etaMs('UNKNOWN', 1), undefined)
})

test('rates are what came in and went out per second', () => {
  flow(5, 30, 10)
  assert.deepEqual(meter.rates(TYPE), { inPerSecond: 30, outPerSecond: 10 })
})

test('rates are of the last ten seconds: an old burst is forgotten', () => {
  flow(3, 1000, 10)
  flow(15, 2, 10)
  assert.deepEqual(meter.rates(TYPE), { inPerSecond: 2, outPerSecond: 10 })
})

test('the ETA is the position over the rate the backlog drains at', () => {
  flow(4, 100, 20)
  assert.equal(meter.drainPerSecond(TYPE), 20)
  assert.equal(meter.etaMs(TYPE, 1), 50)
  assert.equal(meter.etaMs(TYPE, 200), 10_000)
})

test('while nothing waits nothing is learnt of the drain: there is no ETA', () => {
  flow(8, 10, 10)
  assert.equal(meter.drainPerSecond(TYPE), undefined)
  assert.equal(meter.etaMs(TYPE, 1), undefined)
})

test('a slack time does not count as draining slowly: only stretches in which messages waited do', () => {
  flow(5, 0, 0)
  flow(4, 50, 20)
  assert.equal(meter.drainPerSecond(TYPE), 20)
})

test('what was measured in the last backlog holds until there is a next one', () => {
  flow(3, 100, 25)
  flow(20, 0, 25)
  assert.equal(meter.drainPerSecond(TYPE), 25)
  assert.equal(meter.etaMs(TYPE, 25), 1000)
})

test('stalled is a rate of 0 and no ETA, not a long one', () => {
  flow(5, 10, 5)
  flow(15, 0, 0)
  assert.equal(meter.drainPerSecond(TYPE), 0)
  assert.equal(meter.etaMs(TYPE, 1), undefined)
})

test('S1: started twice it has one timer, stopped it has none and can be started again', () => {
  meter.start()
  assert.equal(clock.pending, 1)
  meter.stop()
  meter.stop()
  assert.equal(clock.pending, 0)
  meter.start()
  flow(2, 10, 5)
  assert.equal(meter.rates(TYPE).inPerSecond > 0, true)
})

test('the first burst of a type that the queue did not know before is measured', () => {
  clock.advanceSync(2000)
  counts.set('NEW', { ...zero, accepted: 400, departed: 20, ready: 380 })
  clock.advanceSync(1000)
  assert.deepEqual(meter.rates('NEW'), { inPerSecond: 400, outPerSecond: 20 })
})

test('a stall is forgotten when nothing waits any more: an idle queue has no drain rate, not one of 0', () => {
  counts.set(TYPE, { ...zero, accepted: 5, ready: 5 })
  clock.advanceSync(3000)
  assert.equal(meter.drainPerSecond(TYPE), 0)
  counts.set(TYPE, { ...zero, accepted: 5, done: 5, departed: 5 })
  clock.advanceSync(1000)
  assert.equal(meter.drainPerSecond(TYPE), undefined)
})
