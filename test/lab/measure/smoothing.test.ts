/** Smoothing: known answers, and why it says nothing without its bin and its horizon. */
import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import fc from 'fast-check'
import {
  flatness,
  perfectOutput,
  perfectSmoothing,
  smoothing,
  variance,
} from '../../../src/lab/measure/smoothing.ts'
import { backlogAt, countBefore, countsIn, Moments } from '../../../src/lab/measure/times.ts'

/** Evenly `perSecond` for so many seconds, in the middle of their slots. */
const evenly = (perSecond: number, seconds: number) =>
  Float64Array.from({ length: perSecond * seconds }, (_, index) => ((index + 0.5) / perSecond) * 1000)

/** What a limiter with a fixed window lets out: `perSecond` at the beginning of each second. */
const inWindows = (messages: number, perSecond: number) =>
  Float64Array.from({ length: messages }, (_, index) => Math.floor(index / perSecond) * 1000 + 1)

const moments = fc
  .array(fc.double({ min: 0, max: 100_000, noNaN: true }), { maxLength: 300 })
  .map((list) => Float64Array.from(list).sort())

describe('bins', () => {
  test('every event inside the horizon is in exactly one bin, for any width', () => {
    fc.assert(
      fc.property(
        moments,
        fc.integer({ min: 1, max: 5_000 }),
        fc.integer({ min: 1, max: 50 }),
        (list, bin, n) => {
          const horizon = { from: 1_000, to: 1_000 + bin * n }
          const counts = countsIn(list, horizon, bin)
          const inside = countBefore(list, horizon.to) - countBefore(list, horizon.from)
          assert.equal(counts.length, n)
          assert.equal(
            counts.reduce((sum, one) => sum + one, 0),
            inside,
          )
        },
      ),
    )
  })

  test('a bin that the horizon cuts off is left out, and rounding does not cut one off', () => {
    assert.equal(countsIn([], { from: 0, to: 2_500 }, 1_000).length, 2)
    assert.equal(countsIn([], { from: 0.1, to: 0.1 + 3 * 100.1 }, 100.1).length, 3)
  })

  test('moments are kept and sorted however many they are', () => {
    const list = Array.from({ length: 5_000 }, (_, index) => (index * 7_919) % 5_000)
    const kept = Moments.of(list)
    assert.equal(kept.count, 5_000)
    assert.deepEqual(
      [...kept.sorted()],
      [...list].sort((a, b) => a - b),
    )
  })

  test('the backlog is what has come less what has gone', () => {
    assert.deepEqual(backlogAt([1, 2, 3], [2.5, 4], [0, 2.1, 2.6, 5]), [0, 2, 1, 1])
  })
})

describe('the smoothing coefficient', () => {
  // Background to the figures: a = 200/s for 10 s, drained at 20/s, which takes 100 s.
  const came = evenly(200, 10)
  const paced = perfectOutput(came, 20)

  test('of a perfect pacer is what the closed form says, at each horizon', () => {
    for (const [seconds, known] of [
      [120, 55],
      [200, 19],
      [300, 14.5],
      [1000, 11],
    ] as const) {
      assert.equal(Math.round((perfectSmoothing(200, 20, 10, seconds) ?? 0) * 10) / 10, known)
      const measured = smoothing(came, paced, { from: 0, to: seconds * 1000 }, 1000) ?? 0
      assert.ok(Math.abs(measured / known - 1) < 0.02, `${measured} at ${seconds} s, ${known} by the formula`)
    }
  })

  test('goes to a ÷ μ for a long horizon', () => {
    assert.ok(Math.abs((perfectSmoothing(200, 20, 10, 1e9) ?? 0) - 10) < 1e-3)
  })

  test('of a pacer with a fixed window is perfect at its own bin and nothing at a finer one', () => {
    const horizon = { from: 0, to: 200_000 }
    const windows = inWindows(2_000, 20)
    assert.ok(Math.abs((smoothing(came, windows, horizon, 1_000) ?? 0) - 19) < 0.5)
    assert.ok((smoothing(came, windows, horizon, 100) ?? 9) < 1.1)
    assert.ok((smoothing(came, paced, horizon, 100) ?? 0) > 18)
  })

  test('is 1 where nothing was changed, and does not depend on the unit of time', () => {
    fc.assert(
      fc.property(moments, (list) => {
        const horizon = { from: 0, to: 100_000 }
        const own = smoothing(list, list, horizon, 5_000)
        assert.ok(own === null || Math.abs(own - 1) < 1e-9)
        const paced = perfectOutput(list, 7)
        const one = smoothing(list, paced, horizon, 5_000)
        const doubled = (times: Float64Array) => times.map((ms) => ms * 2)
        const two = smoothing(doubled(list), doubled(paced), { from: 0, to: 200_000 }, 10_000)
        assert.equal(one === null, two === null)
        assert.ok(one === null || Math.abs(one - (two ?? 0)) < 1e-9 * one)
      }),
    )
  })

  test('is not told where it would mean nothing', () => {
    assert.equal(smoothing(came, paced, { from: 0, to: 4_000 }, 1_000), null)
    assert.equal(smoothing(came, [], { from: 0, to: 100_000 }, 1_000), null)
    assert.equal(perfectSmoothing(200, 20, 10, 90), null)
  })
})

describe('a perfect pacer', () => {
  test('keeps the gap, never lets anyone go before he came, and lets everyone go as early as that allows', () => {
    fc.assert(
      fc.property(moments, fc.double({ min: 0.5, max: 500, noNaN: true }), (list, rate) => {
        const gone = perfectOutput(list, rate)
        for (const [index, at] of gone.entries()) {
          const came = list[index] ?? 0
          const earliest = index === 0 ? came : Math.max(came, (gone[index - 1] ?? 0) + 1000 / rate)
          assert.equal(at, earliest)
        }
      }),
    )
  })
})

describe('flatness', () => {
  const busy = { from: 0, to: 20_000 }

  test('is 0 for even output and large for output in windows', () => {
    assert.equal(flatness(evenly(50, 20), busy, 100), 0)
    const bursty = flatness(inWindows(1_000, 50), busy, 100) ?? 0
    assert.ok(Math.abs(bursty - 3) < 1e-9, `one bin of ten has everything: ${bursty}`)
  })

  test('is not told of nothing', () => {
    assert.equal(flatness([], busy, 100), null)
    assert.equal(flatness(evenly(50, 20), { from: 0, to: 400 }, 100), null)
  })

  test('variance loses no digits far from zero', () => {
    assert.equal(variance([1e9 + 1, 1e9 + 3]), 1)
  })
})
