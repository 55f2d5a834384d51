import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { PACE_TOLERANCE_MS, Pace } from '../../src/consumer/gcra.ts'

const START = 1_700_000_000_000
const seed = Date.now() & 0x7fffffff
console.log(`seed ${seed}`)

/** Starts whatever may start at each of the moments; returns when each start was. */
function run(pace: Pace, moments: readonly number[]): number[] {
  const starts: number[] = []
  for (const at of moments) while (pace.take(at) === 0) starts.push(at)
  return starts
}

/** N(W) ≤ r·(W + τ) + 1 over every window that begins and ends at a start. */
function mostOverBound(starts: readonly number[], rate: number): number {
  let worst = Number.NEGATIVE_INFINITY
  // Windows that begin at i and end at j; the worst for each j is kept by the running minimum of i's side.
  let least = Number.POSITIVE_INFINITY
  for (let j = 0; j < starts.length; j++) {
    const share = ((starts[j] ?? 0) - START) * (rate / 1000)
    least = Math.min(least, j - share)
    worst = Math.max(worst, j + 1 - share - least)
  }
  return worst - ((rate / 1000) * PACE_TOLERANCE_MS + 1)
}

const rates = fc.oneof(fc.integer({ min: 1, max: 50 }), fc.integer({ min: 51, max: 20_000 }))

test('Q6: in no window do more than r·(W+τ)+1 start, however late or clustered the calls are', () => {
  const gaps = fc.array(
    fc.oneof(fc.constant(0), fc.double({ min: 0, max: 20, noNaN: true }), fc.nat(3_000)),
    {
      minLength: 1,
      maxLength: 200,
    },
  )
  fc.assert(
    fc.property(rates, gaps, (rate, steps) => {
      let at = START
      const moments = steps.map((step) => {
        at += step
        return at
      })
      const starts = run(new Pace(rate, START), moments)
      assert.ok(mostOverBound(starts, rate) <= 0.01, `${starts.length} starts`)
    }),
    { seed, numRuns: 300 },
  )
})

test('Q6: while work waits the rate over ten seconds is exact within 1 %, with timers up to 4 ms late', () => {
  fc.assert(
    fc.property(rates, fc.infiniteStream(fc.double({ min: 0, max: 4, noNaN: true })), (rate, late) => {
      const pace = new Pace(rate, START)
      let at = START
      let started = 0
      const end = START + 10_000
      while (at < end) {
        while (pace.take(at) === 0) started += 1
        at += Math.max(1, pace.waitMs(at)) + (Number(late.next().value) || 0) * 0.9
      }
      const expected = rate * 10
      assert.ok(Math.abs(started - expected) <= expected * 0.01 + (rate * PACE_TOLERANCE_MS) / 1000 + 1)
    }),
    { seed, numRuns: 50 },
  )
})

test('Q6: changing the rate gives no burst, even when it is changed at every call', () => {
  const changes = fc.array(fc.tuple(rates, fc.integer({ min: 0, max: 50 })), { minLength: 1, maxLength: 300 })
  fc.assert(
    fc.property(changes, (steps) => {
      const pace = new Pace(10, START)
      let at = START
      let allowed = 1
      let started = 0
      let fastest = 10
      let rate = 10
      for (const [next, gap] of steps) {
        at += gap
        allowed += (gap * rate) / 1000
        while (pace.take(at) === 0) started += 1
        pace.change(next, at)
        rate = next
        fastest = Math.max(fastest, next)
        while (pace.take(at) === 0) started += 1
      }
      assert.ok(started <= allowed + (fastest * PACE_TOLERANCE_MS) / 1000 + 1, `${started} of ${allowed}`)
    }),
    { seed, numRuns: 300 },
  )
})

test('a rate that is raised acts at once: nobody waits out the interval of the old one', () => {
  const pace = new Pace(0.01, START)
  assert.equal(pace.take(START), 0)
  assert.ok(pace.waitMs(START) > 90_000)
  pace.change(100, START)
  assert.ok(pace.waitMs(START) <= 10)
})

test('a rate that is lowered does not stop the type for longer than one new interval', () => {
  const pace = new Pace(1_000, START)
  while (pace.take(START) === 0);
  pace.change(1, START)
  assert.ok(pace.waitMs(START) <= 1_000)
})

test('0 is no limit, and leaving it starts without credit', () => {
  const pace = new Pace(0, START)
  assert.equal(pace.startsWithin(START, 0), Number.POSITIVE_INFINITY)
  for (let i = 0; i < 1_000; i++) assert.equal(pace.take(START), 0)
  pace.change(1_000, START)
  assert.equal(run(pace, [START]).length, 1)
})

test('what may start within a time is what then does start', () => {
  fc.assert(
    fc.property(rates, fc.nat(500), fc.nat(20), (rate, ahead, used) => {
      const pace = new Pace(rate, START)
      for (let i = 0; i < used; i++) pace.take(START)
      const promised = pace.startsWithin(START, ahead)
      const began = run(pace, [START]).length
      let later = 0
      for (let at = START; at <= START + ahead; at += Math.max(0.01, pace.waitMs(at))) {
        while (pace.take(at) === 0) later += 1
      }
      assert.ok(
        Math.abs(began + later - promised) <= 1 + ahead * 0.001 * rate * 0.02,
        `${began}+${later}≠${promised}`,
      )
    }),
    { seed, numRuns: 100 },
  )
})

test('a pace that is no number is refused', () => {
  assert.throws(() => new Pace(Number.NaN, START), RangeError)
  assert.throws(() => new Pace(-1, START), RangeError)
})
