/** What follows a failed attempt. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { Outcome } from '../../src/core/index.ts'
import { retryDelayMs, verdictFor } from '../../src/queue/index.ts'
import { chances, fc } from '../fixtures/seed.ts'

const policy = fc.record({
  maxRetries: fc.nat(20),
  retryDelayMs: fc.integer({ min: 1, max: 600_000 }),
})
const chance = fc.double({ min: 0, max: 1, maxExcluded: true, noNaN: true })
const TEN_MINUTES = 600_000

test('a retry waits at least half and at most all of the doubled delay, and never over ten minutes', () => {
  fc.assert(
    fc.property(policy, fc.integer({ min: 1, max: 60 }), chance, (given, retry, random) => {
      const full = Math.min(TEN_MINUTES, given.retryDelayMs * 2 ** (retry - 1))
      const delay = retryDelayMs(given, retry, () => random)
      assert.ok(Number.isInteger(delay))
      assert.ok(delay >= Math.floor(full / 2) && delay <= Math.ceil(full), `${delay} of ${full}`)
    }),
    chances(500),
  )
})

test('each further retry waits longer until the longest is reached', () => {
  const given = { maxRetries: 9, retryDelayMs: 5000 }
  const delays = [1, 2, 3, 4, 5, 6, 7, 8, 9].map((retry) => retryDelayMs(given, retry, () => 0))
  const expected = [2500, 5000, 10_000, 20_000, 40_000, 80_000, 160_000, 300_000, 300_000]
  assert.deepEqual(delays, expected)
})

test('messages that failed together do not come back together', () => {
  const given = { maxRetries: 3, retryDelayMs: 5000 }
  const delays = new Set([0, 0.25, 0.5, 0.75, 0.999].map((at) => retryDelayMs(given, 1, () => at)))
  assert.equal(delays.size, 5)
})

test('a message fails maxRetries + 1 times and is then a dead letter with the last error', () => {
  fc.assert(
    fc.property(policy, chance, (given, random) => {
      for (let failures = 0; failures <= given.maxRetries; failures++) {
        const error = `failure ${failures}`
        const verdict = verdictFor({ kind: 'failed', failure: 'error', error }, failures, given, () => random)
        if (failures === given.maxRetries) assert.deepEqual(verdict, { kind: 'dead', error })
        else assert.ok(verdict.kind === 'retry' && verdict.counts && verdict.error === error)
      }
    }),
    chances(200),
  )
})

test('a pause the back end asks for is kept, costs the message nothing, and is bounded', () => {
  fc.assert(
    fc.property(
      policy,
      fc.integer({ min: 1, max: 2_000_000 }),
      fc.nat(30),
      chance,
      (given, retryAfterMs, failures, random) => {
        const outcome: Outcome = { kind: 'failed', failure: 'overloaded', error: '429', retryAfterMs }
        const verdict = verdictFor(outcome, failures, given, () => random)
        assert.ok(verdict.kind === 'retry')
        assert.equal(verdict.counts, false)
        assert.ok(verdict.delayMs >= Math.min(TEN_MINUTES, retryAfterMs))
        assert.ok(verdict.delayMs <= Math.min(TEN_MINUTES, Math.ceil(retryAfterMs * 1.2)))
      },
    ),
    chances(300),
  )
})

test('a pause of nothing is no pause: the attempt counts, or the message would come back at once for ever', () => {
  const outcome: Outcome = { kind: 'failed', failure: 'overloaded', error: '503', retryAfterMs: 0 }
  const given = { maxRetries: 1, retryDelayMs: 1000 }
  const first = verdictFor(outcome, 0, given, () => 0)
  assert.ok(first.kind === 'retry' && first.counts && first.delayMs >= 500)
  assert.equal(verdictFor(outcome, 1, given, () => 0).kind, 'dead')
})

test('a business answer is final, whatever the policy', () => {
  const outcomes: Outcome[] = [
    { kind: 'done', result: { line: 1 } },
    { kind: 'rejected', reason: 'unpaid bill' },
    { kind: 'dead', error: 'malformed' },
  ]
  for (const outcome of outcomes) {
    const verdict = verdictFor(outcome, 0, { maxRetries: 3, retryDelayMs: 5000 }, () => 0)
    assert.deepEqual(verdict, outcome)
  }
})
