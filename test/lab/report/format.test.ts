/** Numbers as people read them, never rounded onto the wrong side of a bound. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import {
  boundText,
  bytesText,
  durationText,
  markText,
  measuredText,
  momentText,
  numberText,
  quantity,
  shareText,
  timeMark,
} from '../../../src/lab/report/format.ts'
import { chances, fc } from '../../fixtures/seed.ts'

/** Breaks of lines are not what is looked at here. */
const plain = (text: string) => text.replaceAll('\u00a0', ' ')

test('three digits that matter, thousands apart, whole numbers as they are', () => {
  const cases: [number | null, string][] = [
    [0, '0'],
    [-0, '0'],
    [0.012345, '0.0123'],
    [4.567, '4.57'],
    [98.54, '98.5'],
    [152.34, '152.3'],
    [1234.5, '1,235'],
    [1_234_567, '1,234,567'],
    [-42.42, '−42.4'],
    [1e-12, '1.00e−12'],
    [1e18, '1.00e+18'],
    [null, '–'],
    [Number.NaN, '–'],
  ]
  assert.deepEqual(
    cases.map(([value]) => numberText(value)),
    cases.map(([, text]) => text),
  )
})

test('what was not measured is said, never a zero', () => {
  assert.equal(quantity(null, 'ms', 'en'), 'not measured')
  assert.equal(quantity(Number.NaN, 'ms', 'ko'), '측정 안 됨')
  assert.equal(plain(quantity(12, 'ms', 'en')), '12 ms')
  assert.equal(quantity(12, 's', 'ko'), '12초')
  assert.equal(quantity(12, '', 'en'), '12')
})

test('a value and its bound never read the same when they are not', () => {
  assert.equal(measuredText(100.04, { kind: 'at-most', value: 100 }, '', 'en'), '100.04')
  assert.equal(measuredText(1.1001, { kind: 'range', from: 0.9, to: 1.1 }, '', 'en'), '1.1001')
  fc.assert(
    fc.property(fc.integer({ min: 1, max: 100_000 }), fc.integer({ min: -1000, max: 1000 }), (bound, off) => {
      const value = bound + off / 10_000
      const text = measuredText(value, { kind: 'at-most', value: bound }, '', 'en')
      assert.equal(text === numberText(bound), value === bound, `${value} against ${bound}: ${text}`)
    }),
    chances(500),
  )
})

test('bounds have their sign and unit', () => {
  assert.equal(plain(boundText({ kind: 'at-most', value: 105 }, 'calls/s', 'en')), '≤ 105 calls/s')
  assert.equal(plain(boundText({ kind: 'at-least', value: 5 }, 'calls/s', 'ko')), '≥ 5호출/초')
  assert.equal(plain(boundText({ kind: 'exactly', value: 0 }, '', 'en')), '= 0')
  assert.equal(plain(boundText({ kind: 'range', from: 0.9, to: 1.1 }, 's', 'en')), '0.9 – 1.1 s')
})

test('times of an axis are short, and hours are not taken for minutes', () => {
  assert.deepEqual(
    [
      timeMark(0.5, 0.5, 3, 'en'),
      timeMark(40, 10, 100, 'en'),
      timeMark(150, 30, 600, 'en'),
      timeMark(3900, 300, 7200, 'en'),
    ].map(plain),
    ['0.5 s', '40 s', '2:30', '1h05'],
  )
  assert.equal(timeMark(40, 10, 100, 'ko'), '40초')
})

test('marks have as many digits as their distance needs', () => {
  assert.deepEqual(
    [markText(0.30000000000000004, 0.1), markText(2000, 500), markText(2e6, 1e6)],
    ['0.3', '2,000', '2M'],
  )
})

test('durations, moments, sizes and shares', () => {
  const durations = [0.85, 12.46, 200, 7500].map((seconds) => plain(durationText(seconds, 'en')))
  assert.deepEqual(durations, ['850 ms', '12.5 s', '3 min 20 s', '2 h 5 min'])
  assert.equal(durationText(200, 'ko'), '3분 20초')
  assert.equal(momentText(Date.UTC(2026, 10, 21, 9, 15)), '2026-11-21 09:15 UTC')
  assert.equal(momentText(1e99), '–')
  assert.deepEqual([0, 512, 1536, 8 * 1024 ** 3].map(bytesText), ['0 B', '512 B', '1.5 KiB', '8 GiB'])
  assert.deepEqual(
    [shareText(100, 112.5), shareText(100, 97), shareText(0, 5), shareText(-2, -1)],
    ['+13 %', '−3 %', '', '+50 %'],
  )
})
