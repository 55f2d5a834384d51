/** The estimate of a wait: from what was admitted, close to what happens, and never falsely sure. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { etaOf, etaReason, type FlowSample, flowOf, withSample } from '../../src/waiting-room/index.ts'
import { seededRandom } from '../fixtures/seed.ts'

const START = 1_700_000_000_000

/** Samples of one a second in which `admitted(second)` were let in. */
function samplesOf(seconds: number, admitted: (second: number) => number, missed = 0): readonly FlowSample[] {
  let samples: readonly FlowSample[] = []
  let departed = 0
  for (let second = 0; second <= seconds; second++) {
    departed += admitted(second)
    const at = START + second * 1000
    samples = withSample(samples, { at, departed, missed: Math.round(departed * missed) })
  }
  return samples
}
const end = (samples: readonly FlowSample[]): number => samples.at(-1)?.at ?? START

test('an even flow is measured as it is, and its wait follows from it', () => {
  const samples = samplesOf(400, () => 5)
  const flow = flowOf(samples, end(samples))
  assert.ok(flow)
  assert.deepEqual([flow.perSecond, flow.variance, flow.live], [5, 0, 1])
  assert.deepEqual(etaOf(flow, 2_999, 'open'), { known: true, p50: 600, p90: 660 })
  assert.deepEqual(etaOf(flow, 0, 'open'), { known: true, p50: 60, p90: 60 }, 'under a minute')
  assert.deepEqual(etaOf(flow, 29_999, 'draining'), { known: true, p50: 6_000, p90: 6_600 })
})

test('nothing is said that is not known: too little measured, nobody admitted, paused, not open yet', () => {
  const unknown = { known: false, p50: null, p90: null }
  const short = samplesOf(29, () => 5)
  assert.equal(flowOf(short, end(short)), undefined)
  assert.equal(flowOf([], START), undefined)
  assert.deepEqual(etaOf(undefined, 5, 'open'), unknown)
  const none = samplesOf(100, () => 0)
  assert.deepEqual(etaOf(flowOf(none, end(none)), 5, 'open'), unknown)
  const flow = { perSecond: 5, variance: 5, live: 1 }
  assert.deepEqual(etaOf(flow, 5, 'paused'), { ...unknown, reason: 'paused' })
  assert.deepEqual(etaOf(flow, 5, 'prequeue'), unknown)
  assert.deepEqual(etaOf(flow, 5, 'closed'), unknown)
})

test('a door that stands still drifts towards unknown: the rate falls while nothing is admitted', () => {
  const samples = samplesOf(400, (second) => (second < 300 ? 5 : 0))
  const now = end(samples)
  const flow = flowOf(samples, now)
  assert.ok(flow && flow.perSecond > 0 && flow.perSecond < 1.5, `${flow?.perSecond}`)
  const later = flowOf(samples, now + 60_000)
  assert.ok(later && later.perSecond < flow.perSecond)
})

test('absent ones ahead cost no time', () => {
  const samples = samplesOf(400, () => 5, 3)
  const flow = flowOf(samples, end(samples))
  assert.ok(flow)
  assert.equal(flow.live, 0.25)
  assert.equal(etaOf(flow, 12_000, 'open').p50, 660)
})

test('samples are bounded, whatever the pace at which they come', () => {
  let samples: readonly FlowSample[] = []
  for (let ms = 0; ms < 1_000_000; ms += 100) {
    samples = withSample(samples, { at: START + ms, departed: ms, missed: 0 })
  }
  assert.ok(samples.length <= 302, `${samples.length}`)
  assert.ok(end(samples) - (samples[0]?.at ?? 0) >= 300_000)
})

test('batches every ten seconds: half of the waits are within a quarter of the estimate, nine in ten below p90', () => {
  const random = seededRandom(3)
  // The batch of each tick varies by chance, as places come free by chance.
  const batches = Array.from({ length: 400 }, () => Math.round(50 * (0.5 + random())))
  const admitted = (second: number) => (second % 10 === 0 ? (batches[second / 10] ?? 0) : 0)
  const total = [0]
  for (let second = 0; second < 4_000; second++) total.push((total[second] ?? 0) + admitted(second))
  const errors: number[] = []
  let below = 0
  let raised = 0
  let samples: readonly FlowSample[] = []
  for (let second = 0; second < 1_500; second++) {
    const departed = total[second + 1] ?? 0
    samples = withSample(samples, { at: START + second * 1000, departed, missed: 0 })
    if (second < 120) continue
    const flow = flowOf(samples, START + second * 1000)
    const ahead = 3_000
    const eta = etaOf(flow, ahead, 'open')
    const wanted = (total[second + 1] ?? 0) + ahead + 1
    const actual = total.findIndex((sum) => sum >= wanted) - 1 - second
    assert.ok(eta.p50 !== null && eta.p90 !== null)
    errors.push(Math.abs(eta.p50 - actual) / actual)
    if (actual <= eta.p90) below++
    if (eta.p50 > 900) raised++
  }
  errors.sort((a, b) => a - b)
  const median = errors[Math.floor(errors.length / 2)] ?? 1
  assert.ok(median < 0.25, `median error ${median}`)
  assert.ok(below / errors.length > 0.9, `below p90: ${below / errors.length}`)
  assert.ok(raised / errors.length < 0.05, `far too long: ${raised / errors.length}`)
})

test('a wait that grows says why', () => {
  const was = { cap: 100, ratePerMinute: 60, returned: 2, perSecond: 1 }
  assert.equal(etaReason(was, was), undefined)
  assert.equal(etaReason(was, { ...was, cap: 50 }), 'rate_lowered')
  assert.equal(etaReason(was, { ...was, ratePerMinute: 30 }), 'rate_lowered')
  assert.equal(etaReason({ ...was, ratePerMinute: 0 }, was), 'rate_lowered', '0 is no limit')
  assert.equal(etaReason(was, { ...was, ratePerMinute: 0 }), undefined)
  assert.equal(etaReason(was, { ...was, returned: 9 }), 'returning')
  assert.equal(etaReason(was, { ...was, perSecond: 0.5 }), 'slow_exit')
  const eta = etaOf({ perSecond: 5, variance: 5, live: 1 }, 999, 'open', 'slow_exit')
  assert.equal(eta.reason, 'slow_exit')
})
