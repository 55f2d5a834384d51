/** The pace is checked in every window there is: what the fast passes find, the slow definition finds too. */
import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import fc from 'fast-check'
import { aheadOfPaceMs, fullestWindow, peakAgainstPace } from '../../../src/lab/measure/peak.ts'
import { perfectOutput } from '../../../src/lab/measure/smoothing.ts'

const moments = fc
  .array(fc.integer({ min: 0, max: 2_000 }), { minLength: 1, maxLength: 60 })
  .map((list) => Float64Array.from(list).sort())

/** Every pair of events is the two ends of a window. */
function* pairsOf(list: Float64Array) {
  for (let last = 0; last < list.length; last++) {
    for (let first = 0; first <= last; first++) {
      yield { events: last - first + 1, spanMs: (list[last] ?? 0) - (list[first] ?? 0) }
    }
  }
}

describe('the fullest window', () => {
  test('is what looking at all of them finds', () => {
    fc.assert(
      fc.property(moments, fc.integer({ min: 0, max: 2_500 }), (list, windowMs) => {
        const fits = [...pairsOf(list)].filter(({ spanMs }) => spanMs <= windowMs)
        const { events, at } = fullestWindow(list, windowMs)
        assert.equal(events, Math.max(...fits.map((pair) => pair.events)))
        assert.equal(list.filter((ms) => ms >= at && ms <= at + windowMs).length, events)
      }),
    )
  })

  test('finds two bursts that bins would have put on either side of an edge', () => {
    assert.equal(fullestWindow([990, 992, 994, 1_006, 1_008], 100).events, 5)
  })
})

describe('ahead of the pace', () => {
  test('is the least tolerance with which every window keeps the pace', () => {
    fc.assert(
      fc.property(moments, fc.integer({ min: 1, max: 200 }), (list, rate) => {
        const needed = Math.max(
          ...[...pairsOf(list)].map(({ events, spanMs }) => ((events - 1) * 1000) / rate - spanMs),
        )
        assert.ok(Math.abs(aheadOfPaceMs(list, rate) - Math.max(0, needed)) < 1e-6)
      }),
    )
  })

  test('is nothing for a perfect pacer, and never more than a window for one with windows', () => {
    const came = new Float64Array(500)
    assert.ok(aheadOfPaceMs(perfectOutput(came, 50), 50) < 1e-6)
    const windows = Float64Array.from({ length: 500 }, (_, index) => Math.floor(index / 50) * 1000)
    assert.equal(Math.round(aheadOfPaceMs(windows, 50)), 980)
  })

  test('a pacer may use its tolerance, and is caught when it uses more', () => {
    const early = [0, 20, 35, 60]
    assert.equal(aheadOfPaceMs(early, 50), 5)
    assert.equal(peakAgainstPace(early, 50, 5, [15, 100])?.share, 1)
    assert.equal((peakAgainstPace([0, 20, 25, 60], 50, 5, [5, 100])?.share ?? 0) > 1, true)
  })
})

describe('peak against the pace', () => {
  test('is broken by a window of one second at a tenth of it, where whole seconds see nothing', () => {
    const windows = Float64Array.from({ length: 500 }, (_, index) => Math.floor(index / 50) * 1000)
    assert.ok((peakAgainstPace(windows, 50, 5, [999])?.share ?? 2) <= 1)
    const fine = peakAgainstPace(windows, 50, 5, [100, 999])
    assert.deepEqual([fine?.windowMs, fine?.events, fine?.at], [100, 50, 0])
    assert.ok((fine?.share ?? 0) > 5)
  })

  test('nothing is no verdict', () => assert.equal(peakAgainstPace([], 50, 5, [100]), null))
})
