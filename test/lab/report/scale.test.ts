/** Axes and down-sampling: what is drawn covers what was measured, at round marks, and no peak is lost. */
import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import type { Series } from '../../../src/lab/report/document.ts'
import { niceStep, place, timeAxis, valueAxis } from '../../../src/lab/report/scale.ts'
import { MOST_PER_COLUMN, type Point, rowsOf, thin } from '../../../src/lab/report/thin.ts'
import { chances, fc } from '../../fixtures/seed.ts'
import { both } from './sample-parts.ts'

const value = fc.double({ min: -1e9, max: 1e9, noNaN: true })

describe('axes', () => {
  test('a value axis has zero and every value on it, and a few marks at 1, 2 or 5 times a power of ten', () => {
    fc.assert(
      fc.property(value, value, fc.boolean(), (a, b, whole) => {
        const [least, most] = [Math.min(a, b), Math.max(a, b)]
        const axis = valueAxis(least, most, 4, whole)
        const slack = (axis.to - axis.from) * 1e-6
        assert.ok(axis.from <= Math.min(0, least) + slack && axis.to >= Math.max(0, most) - slack)
        assert.ok(axis.ticks.length >= 2 && axis.ticks.length <= 8, `${axis.ticks.length} marks`)
        assert.ok(axis.ticks.includes(0))
        const step = (axis.ticks[1] ?? 0) - (axis.ticks[0] ?? 0)
        const leading = step / 10 ** Math.floor(Math.log10(step) + 1e-9)
        assert.ok(
          [1, 2, 5].some((round) => Math.abs(leading - round) < 1e-3),
          `a step of ${step}`,
        )
        if (whole) assert.ok(axis.ticks.every(Number.isInteger))
      }),
      chances(500),
    )
  })

  test('marks are the numbers that they say: three tenths are 0.3', () => {
    assert.deepEqual(valueAxis(0, 0.5, 5).ticks, [0, 0.1, 0.2, 0.3, 0.4, 0.5])
    assert.deepEqual(valueAxis(0, 566, 4).ticks, [0, 200, 400, 600])
    assert.deepEqual(valueAxis(-30, 80, 4).ticks, [-50, 0, 50, 100])
    assert.deepEqual(valueAxis(0, 3, 4, true).ticks, [0, 1, 2, 3])
    assert.deepEqual(valueAxis(0, 0, 4), { from: 0, to: 0.5, ticks: [0, 0.5] })
  })

  test('a time axis is exactly the time there is, marked at times that people count in', () => {
    assert.deepEqual(timeAxis(0, 26, 6).ticks, [0, 5, 10, 15, 20, 25])
    assert.deepEqual(timeAxis(0, 600, 6).ticks, [0, 120, 240, 360, 480, 600])
    assert.deepEqual(timeAxis(0, 7200, 6).ticks, [0, 1800, 3600, 5400, 7200])
    fc.assert(
      fc.property(
        fc.double({ min: 0, max: 1e6, noNaN: true }),
        fc.double({ min: 0, max: 1e6, noNaN: true }),
        (a, b) => {
          const axis = timeAxis(Math.min(a, b), Math.max(a, b), 6)
          assert.ok(axis.to > axis.from)
          assert.ok(axis.ticks.length <= 8)
          for (const mark of axis.ticks) assert.ok(place(axis, mark) > -1e-6 && place(axis, mark) < 1 + 1e-6)
        },
      ),
      chances(500),
    )
  })

  test('a step is never finer than asked', () => {
    fc.assert(
      fc.property(fc.double({ min: 1e-9, max: 1e12, noNaN: true }), (rough) => {
        const step = niceStep(rough)
        assert.ok(step >= rough * 0.99999 && step <= rough * 2.50001, `${step} for ${rough}`)
      }),
      chances(500),
    )
  })
})

const COLUMNS = 20
/** In order of time, with gaps. */
const points: fc.Arbitrary<Point[]> = fc
  .array(
    fc.tuple(fc.integer({ min: 0, max: 500 }), fc.option(fc.integer({ min: -1000, max: 1000 }), { freq: 8 })),
    {
      minLength: 150,
      maxLength: 600,
    },
  )
  .map((drawn) => drawn.sort((a, b) => a[0] - b[0]))

const extremes = (some: readonly Point[]) => {
  const byColumn = new Map<number, [number, number]>()
  for (const [seconds, level] of some) {
    if (level === null) continue
    const column = Math.min(COLUMNS - 1, Math.floor(seconds / (501 / COLUMNS)))
    const [least, most] = byColumn.get(column) ?? [level, level]
    byColumn.set(column, [Math.min(least, level), Math.max(most, level)])
  }
  return [...byColumn].sort((a, b) => a[0] - b[0])
}

describe('down-sampling', () => {
  test('keeps the least and the largest value of every column, within its bound, in order, and invents nothing', () => {
    fc.assert(
      fc.property(points, (all) => {
        const kept = thin(all, 0, 501, COLUMNS)
        assert.ok(kept.length <= COLUMNS * MOST_PER_COLUMN + 1, `${kept.length} kept`)
        assert.deepEqual(extremes(kept), extremes(all))
        const given = new Set(all.map(([seconds, level]) => `${seconds} ${level}`))
        for (const [seconds, level] of kept) assert.ok(given.has(`${seconds} ${level}`))
        for (const [index, [seconds]] of kept.entries())
          assert.ok(seconds >= (kept[index - 1]?.[0] ?? seconds))
      }),
      chances(300),
    )
  })

  test('first and last value stay, so that the curve begins and ends where it did', () => {
    const all: Point[] = Array.from({ length: 10_000 }, (_, index) => [index, index % 7])
    const kept = thin(all, 0, 10_000, 50)
    assert.deepEqual([kept[0], kept.at(-1)], [all[0], all.at(-1)])
  })

  test('one peak in a hundred thousand points is still there', () => {
    const all: Point[] = Array.from({ length: 100_000 }, (_, index) => [
      index / 10,
      index === 54_321 ? 99 : 1,
    ])
    assert.ok(thin(all, 0, 10_000, 400).some(([, level]) => level === 99))
  })

  test('a gap between columns stays a gap, at the time at which it began', () => {
    const all: Point[] = Array.from({ length: 1000 }, (_, index) => [
      index,
      index >= 400 && index < 600 ? null : 1,
    ])
    const gaps = thin(all, 0, 1000, 20).filter(([, level]) => level === null)
    assert.deepEqual(gaps, [[400, null]])
  })

  test('what is few stays as it is', () => {
    const few: Point[] = [
      [0, 1],
      [1, null],
      [2, 3],
    ]
    assert.equal(thin(few, 0, 2, 20), few)
  })
})

describe('rows of a table', () => {
  const series = (name: string, some: readonly Point[]): Series => ({
    ...{ id: name, title: both(name, name), drawn: 'line', points: some },
  })

  test('all times side by side when they are few, nothing where nothing was measured', () => {
    const rows = rowsOf(
      [
        series('a', [
          [0, 1],
          [2, null],
        ]),
        series('b', [
          [1, 5],
          [2, 6],
        ]),
      ],
      0,
      2,
      10,
    )
    assert.deepEqual(rows, [
      { seconds: 0, values: [1, null] },
      { seconds: 1, values: [null, 5] },
      { seconds: 2, values: [null, 6] },
    ])
  })

  test('otherwise so many rows at most, each with the value furthest from zero', () => {
    const all: Point[] = Array.from({ length: 5000 }, (_, index) => [
      index,
      index === 1234 ? -500 : index % 10,
    ])
    const rows = rowsOf([series('a', all)], 0, 5000, 50)
    assert.equal(rows.length, 50)
    assert.deepEqual(rows[12], { seconds: 1200, values: [-500] })
    assert.deepEqual(rows[13], { seconds: 1300, values: [9] })
  })
})
