/** The grid of delay buckets: never early where that could not be mended, seldom late, and few. */
import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { bucketFor, idleLimitOf } from '../../../src/engines/rabbitmq/delays.ts'
import { topicWord } from '../../../src/engines/rabbitmq/names.ts'

const DAY_MS = 24 * 3600 * 1000

function* delays(): Generator<number> {
  for (let ms = 1; ms < 5_000; ms++) yield ms
  for (let ms = 5_000; ms < 365 * DAY_MS; ms = Math.ceil(ms * 1.0007)) yield ms
}

describe('delay buckets', () => {
  test('a delay is rounded up by a second at most, or down, and then what is left is delayed again', () => {
    for (const delay of delays()) {
      const first = bucketFor(delay)
      if (first >= delay) assert.ok(first - delay <= 1000, `${delay}: ${first}`)
      // Followed to its end: it comes closer each time, and the last step is the one that may be late.
      let left = delay
      let steps = 0
      while (left > 0) {
        left -= bucketFor(left)
        steps++
        assert.ok(steps < 100, `${delay}: no end`)
      }
      assert.ok(left >= -1000, `${delay}: ${-left} ms late`)
      assert.ok(steps <= 60 || delay > 30 * DAY_MS, `${delay}: ${steps} rounds`)
    }
  })

  test('there are few buckets, and their times fit into the 32 bits that brokers have', () => {
    const buckets = new Set<number>()
    for (const delay of delays()) buckets.add(bucketFor(delay))
    assert.ok(buckets.size <= 108, `${buckets.size}`)
    assert.ok(idleLimitOf(Math.max(...buckets)) < 2 ** 32)
    assert.equal(Math.min(...buckets), 25)
  })

  test('Q2: a bucket outlives a week in which nothing could be passed on from it', () => {
    for (const bucket of new Set([...delays()].map(bucketFor))) {
      assert.ok(idleLimitOf(bucket) - bucket >= 7 * DAY_MS, `${bucket}`)
    }
  })

  test('a bucket is its own bucket', () => {
    for (const delay of delays()) assert.equal(bucketFor(bucketFor(delay)), bucketFor(delay))
  })

  test('what is no word of a topic key is written as one, and different ones stay different', () => {
    const names = ['MNP', 'a.b', 'a%2eb', '*', '#', 'MNP#3', '번호이동', 'a b']
    const words = names.map(topicWord)
    assert.equal(new Set(words).size, names.length)
    for (const word of words) assert.doesNotMatch(word, /[.*#]/)
  })
})
