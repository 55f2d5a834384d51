/** The door that follows the queue's backlog: slower when work waits too long, faster when it does not. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { followedRate } from '../../src/waiting-room/index.ts'
import { chances, fc } from '../fixtures/seed.ts'

const settings = { targetWaitMs: 10_000, minPerMinute: 6, maxPerMinute: 600 }

test('too long a wait slows the door at once, a short one opens it step by step, near the target it stays', () => {
  assert.equal(followedRate(settings, 100, 10_001), 70)
  assert.equal(followedRate(settings, 100, 2_000), 130)
  assert.equal(followedRate(settings, 100, 9_000), 100)
  assert.equal(followedRate(settings, 100, undefined), 100, 'not known is no reason to let more in')
})

test('the rate stays within its bounds and is whole, whatever comes', () => {
  const wait = fc.option(fc.double({ min: 0, noNaN: true }), { nil: undefined })
  fc.assert(
    fc.property(fc.array(wait, { maxLength: 50 }), (waits) => {
      let rate = 100
      for (const one of waits) {
        rate = followedRate(settings, rate, one)
        assert.ok(Number.isInteger(rate) && rate >= 6 && rate <= 600)
      }
    }),
    chances(200),
  )
})

test('in front of a back end that does 120 a minute it settles there, without the wait running away', () => {
  let rate = 600
  let backlog = 0
  let longest = 0
  const admitted: number[] = []
  // A step every second, for twenty minutes; each visitor makes one message, and two a second are done.
  for (let second = 0; second < 1_200; second++) {
    backlog = Math.max(0, backlog + rate / 60 - 2)
    const waitMs = (backlog / 2) * 1000
    rate = followedRate(settings, rate, waitMs)
    if (second < 300) continue
    admitted.push(rate / 60)
    longest = Math.max(longest, waitMs)
  }
  const mean = admitted.reduce((sum, one) => sum + one, 0) / admitted.length
  assert.ok(mean > 1.7 && mean < 2.1, `${mean} a second`)
  assert.ok(longest < 3 * settings.targetWaitMs, `${longest} ms`)
})
