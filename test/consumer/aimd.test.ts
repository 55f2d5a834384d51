import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { AdaptiveLimit } from '../../src/consumer/aimd.ts'

const seed = Date.now() & 0x7fffffff
console.log(`seed ${seed}`)

test('the limit starts at the configured concurrency and falls on a sign of overload', () => {
  const adaptive = new AdaptiveLimit(10)
  assert.equal(adaptive.limit, 10)
  adaptive.congested(0)
  assert.equal(adaptive.limit, 7)
})

test('attempts that fail together are one sign: it falls once per cool-down', () => {
  const adaptive = new AdaptiveLimit(100)
  for (let i = 0; i < 100; i++) adaptive.congested(i)
  assert.equal(adaptive.limit, 70)
  adaptive.congested(1_000)
  assert.equal(adaptive.limit, 49)
})

test('it grows by one after as many successes as the limit, while at least half of it is used', () => {
  const adaptive = new AdaptiveLimit(10)
  adaptive.congested(0)
  for (let i = 0; i < 6; i++) adaptive.succeeded(4)
  assert.equal(adaptive.limit, 7)
  adaptive.succeeded(4)
  assert.equal(adaptive.limit, 8)
  for (let i = 0; i < 100; i++) adaptive.succeeded(3)
  assert.equal(adaptive.limit, 8, 'a limit that is not reached proves nothing')
})

test('it comes back to the configured concurrency and not beyond', () => {
  const adaptive = new AdaptiveLimit(5)
  for (let now = 0; now < 10_000; now += 1_000) adaptive.congested(now)
  assert.equal(adaptive.limit, 1)
  for (let i = 0; i < 1_000; i++) adaptive.succeeded(adaptive.limit)
  assert.equal(adaptive.limit, 5)
})

test('a new concurrency is a bound at once; only a limit that was not lowered follows upwards', () => {
  const free = new AdaptiveLimit(10)
  free.change(20)
  assert.equal(free.limit, 20)
  free.change(3)
  assert.equal(free.limit, 3)
  const lowered = new AdaptiveLimit(10)
  lowered.congested(0)
  lowered.change(20)
  assert.equal(lowered.limit, 7)
  assert.throws(() => lowered.change(0), RangeError)
})

test('whatever happens the limit is an integer from 1 to the configured concurrency', () => {
  const step = fc.oneof(
    fc.record({ kind: fc.constant('succeeded' as const), by: fc.integer({ min: 1, max: 200 }) }),
    fc.record({ kind: fc.constant('congested' as const), by: fc.nat(3_000) }),
    fc.record({ kind: fc.constant('change' as const), by: fc.integer({ min: 1, max: 200 }) }),
  )
  fc.assert(
    fc.property(fc.integer({ min: 1, max: 200 }), fc.array(step, { maxLength: 300 }), (first, steps) => {
      const adaptive = new AdaptiveLimit(first)
      let max = first
      let now = 0
      for (const { kind, by } of steps) {
        if (kind === 'succeeded') adaptive.succeeded(by)
        if (kind === 'change') {
          max = by
          adaptive.change(max)
        }
        if (kind === 'congested') {
          now += by
          adaptive.congested(now)
        }
        assert.ok(Number.isInteger(adaptive.limit) && adaptive.limit >= 1 && adaptive.limit <= max)
      }
    }),
    { seed },
  )
})
