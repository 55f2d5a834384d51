/** The histogram says what sorting would say, within the error that it states. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { Histogram } from '../../src/lab/index.ts'
import { chances, fc } from '../fixtures/seed.ts'

/** The definition, on the values themselves. */
function exact(values: readonly number[], q: number): number {
  const sorted = [...values].sort((a, b) => a - b)
  return sorted[Math.max(1, Math.ceil(q * sorted.length)) - 1] ?? Number.NaN
}

const recorded = (values: readonly number[]) => {
  const histogram = new Histogram()
  for (const value of values) histogram.record(value)
  return histogram
}

/** From a microsecond to over an hour, as many short as long ones. */
const latencies = fc.array(
  fc.double({ min: -3, max: 6.6, noNaN: true }).map((power) => 10 ** power),
  { minLength: 1, maxLength: 300 },
)
const QUANTILES = [0, 0.1, 0.5, 0.9, 0.99, 0.999, 1]

test('every quantile is within 1 part in 1,024 of the exact one (and half a microsecond)', () => {
  fc.assert(
    fc.property(latencies, (values) => {
      const histogram = recorded(values)
      for (const q of QUANTILES) {
        const truth = exact(values, q)
        const told = histogram.quantile(q)
        assert.ok(Math.abs(told - truth) <= truth / 1024 + 0.0005, `q ${q}: ${told}, exactly ${truth}`)
      }
    }),
    chances(300),
  )
})

test('mean, largest and count are exact', () => {
  fc.assert(
    fc.property(latencies, (values) => {
      const { count, mean, max } = recorded(values).summary()
      const sum = values.reduce((total, value) => total + value, 0)
      assert.equal(count, values.length)
      assert.equal(max, Math.max(...values))
      assert.ok(Math.abs(mean - sum / values.length) <= 1e-9 * sum)
    }),
    chances(100),
  )
})

test('two histograms added are the histogram of both', () => {
  fc.assert(
    fc.property(latencies, latencies, (first, second) => {
      const both = recorded(first)
      both.add(recorded(second))
      assert.deepEqual(both.summary(), {
        ...recorded([...first, ...second]).summary(),
        mean: both.summary().mean,
      })
    }),
    chances(100),
  )
})

test('nothing recorded is not zero; beyond the ends counts as the end; cleared is empty', () => {
  const histogram = new Histogram()
  assert.ok(Number.isNaN(histogram.quantile(0.5)))
  assert.ok(Number.isNaN(histogram.summary().max))
  histogram.record(-5)
  assert.equal(histogram.quantile(1), 0)
  histogram.record(1e9)
  assert.equal(histogram.summary().max, 1e9)
  assert.ok(Math.abs(histogram.quantile(1) - (2 ** 32 - 1) / 1000) < 2200)
  histogram.clear()
  assert.equal(histogram.count, 0)
  assert.ok(Number.isNaN(histogram.quantile(1)))
})
