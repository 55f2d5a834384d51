import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { collect, type Look } from '../../../src/lab/index.ts'
import { FakeClock } from '../../fixtures/fake-clock.ts'

function collecting(options: { takesMs?: (nth: number) => number; most?: number; durationMs?: number }) {
  const clock = new FakeClock()
  const begun = clock.now()
  const abort = new AbortController()
  const seen: Look[] = []
  const done = collect({
    clock,
    intervalMs: 1000,
    signal: abort.signal,
    ...(options.durationMs !== undefined && { durationMs: options.durationMs }),
    look: () => {
      const at = clock.now()
      const takes = options.takesMs?.(seen.length) ?? 0
      return new Promise((resolve) => {
        clock.after(takes, () => resolve({ at, ...(seen.length === 1 && { away: 'gone' }) }))
      })
    },
    sink: (look) => seen.push(look) < (options.most ?? Number.POSITIVE_INFINITY),
  })
  return { clock, abort, done, moments: () => seen.map(({ at }) => at - begun) }
}

describe('collecting', () => {
  it('looks at each moment of the grid until the time is over, and counts what was away', async () => {
    const { clock, done, moments } = collecting({ durationMs: 3500, takesMs: () => 300 })
    await clock.advance(3400)
    let ended = false
    void done.then(() => (ended = true))
    await clock.settle()
    assert.equal(ended, false, 'the last interval is waited out')
    await clock.advance(100)
    assert.deepEqual(await done, { why: 'duration', samples: 3, gaps: 1, missed: 0 })
    assert.deepEqual(moments(), [0, 1000, 2000, 3000])
    assert.equal(clock.pending, 0)
  })

  it('leaves out the moments that a slow answer took, and is on the grid again after it', async () => {
    const { clock, done, moments } = collecting({
      durationMs: 6000,
      takesMs: (nth) => (nth === 0 ? 2500 : 0),
    })
    await clock.advance(6000)
    assert.deepEqual(await done, { why: 'duration', samples: 4, gaps: 1, missed: 1 })
    // Due at 1 s and at 2 s while it waited: one look makes up for both.
    assert.deepEqual(moments(), [0, 2500, 3000, 4000, 5000])
  })

  it('ends in good order at the signal, also while it waits for an answer that it then leaves out', async () => {
    const waiting = collecting({})
    await waiting.clock.advance(1500)
    waiting.abort.abort()
    assert.deepEqual(await waiting.done, { why: 'signal', samples: 1, gaps: 1, missed: 0 })
    const asking = collecting({ takesMs: () => 800 })
    await asking.clock.advance(100)
    asking.abort.abort()
    await asking.clock.advance(700)
    assert.deepEqual(await asking.done, { why: 'signal', samples: 0, gaps: 0, missed: 0 })
    assert.equal(asking.clock.pending, 0)
  })

  it('ends when no more can be kept', async () => {
    const { clock, done } = collecting({ most: 3 })
    await clock.advance(10_000)
    assert.deepEqual(await done, { why: 'size', samples: 2, gaps: 1, missed: 0 })
  })
})
