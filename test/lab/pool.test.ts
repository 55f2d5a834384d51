/** The fragile back end's curve and its pool: what the formulas in their docstrings say. */
import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { fateOf, serviceTimeMs, speedAt } from '../../src/lab/backend/curve.ts'
import { SharingPool } from '../../src/lab/backend/pool.ts'
import { FakeClock } from '../fixtures/fake-clock.ts'
import { chances, fc } from '../fixtures/seed.ts'

const curve = { capacity: 10, limit: 20 }

describe('the curve', () => {
  test('up to capacity nothing happens to anyone, beyond the limit everyone is refused', () => {
    for (const luck of [0, 0.5, 0.999]) {
      assert.equal(fateOf(10, curve, luck), 'serve')
      assert.equal(fateOf(21, curve, luck), 'refuse')
    }
    assert.equal(speedAt(10, curve), 1)
    assert.equal(speedAt(20, curve), 0.25)
  })
  test('at the limit half fail and a tenth hang; half-way half of that', () => {
    assert.deepEqual(
      [0, 0.49, 0.51, 0.59, 0.61].map((luck) => fateOf(20, curve, luck)),
      ['fail', 'fail', 'hang', 'hang', 'serve'],
    )
    assert.deepEqual(
      [0.24, 0.26, 0.29, 0.31].map((luck) => fateOf(15, curve, luck)),
      ['fail', 'hang', 'hang', 'serve'],
    )
  })
  test('the service time is around its mean, within its spread', () => {
    assert.deepEqual(
      [0, 0.5, 1].map((luck) => serviceTimeMs(200, 0.5, luck)),
      [100, 200, 300],
    )
  })
})

/** The same by hand: every job's rest, recomputed at every event. */
function byHand(jobs: readonly { at: number; work: number }[], speed: (calls: number) => number): number[] {
  const ends: number[] = new Array(jobs.length).fill(Number.NaN)
  const rest = new Map<number, number>()
  let now = 0
  let next = 0
  while (next < jobs.length || rest.size > 0) {
    const arrival = jobs[next]?.at ?? Number.POSITIVE_INFINITY
    const pace = speed(rest.size)
    const end = now + Math.min(...rest.values()) / pace
    const until = Math.min(arrival, end)
    for (const [job, left] of rest) rest.set(job, left - (until - now) * pace)
    now = until
    for (const [job, left] of [...rest]) {
      if (left > 1e-6) continue
      ends[job] = now
      rest.delete(job)
    }
    if (now === arrival) rest.set(next, jobs[next++]?.work ?? 0)
  }
  return ends
}

describe('the pool', () => {
  const jobs = fc
    .array(fc.record({ at: fc.integer({ min: 0, max: 2000 }), work: fc.integer({ min: 1, max: 800 }) }), {
      minLength: 1,
      maxLength: 40,
    })
    .map((list) => list.sort((a, b) => a.at - b.at))

  test('everyone ends when sharing says so', () => {
    fc.assert(
      fc.property(jobs, (list) => {
        const small = { capacity: 3, limit: 6 }
        const clock = new FakeClock(0)
        const pool = new SharingPool(clock, (calls) => speedAt(calls, small))
        const ends: number[] = new Array(list.length).fill(Number.NaN)
        for (const [job, { at, work }] of list.entries()) {
          clock.after(at, () =>
            pool.enter(work, () => {
              ends[job] = clock.now()
            }),
          )
        }
        // Forty of 800 ms each, all at once, at the slowest speed there is.
        clock.advanceSync(40 * 800 * (40 / 3) ** 2)
        const wanted = byHand(list, (calls) => speedAt(calls, small))
        for (const [job, end] of ends.entries()) {
          const want = wanted[job] ?? Number.NaN
          assert.ok(Math.abs(end - want) < 0.01, `job ${job} ended at ${end}, by hand ${want}`)
        }
        assert.equal(pool.size, 0)
        assert.equal(clock.pending, 0)
      }),
      chances(150),
    )
  })

  test('who hangs slows the others, and no longer once gone', () => {
    const clock = new FakeClock(0)
    const pool = new SharingPool(clock, (calls) => speedAt(calls, { capacity: 1, limit: 4 }))
    let endedAt = 0
    const leave = pool.occupy()
    pool.enter(100, () => {
      endedAt = clock.now()
    })
    clock.advanceSync(200)
    assert.equal(pool.size, 2)
    leave()
    leave()
    clock.advanceSync(1000)
    // 200 ms at a quarter of the speed did half of the work.
    assert.equal(endedAt, 250)
    assert.equal(pool.size, 0)
  })

  test('cleared: nobody is told, no timer is left', () => {
    const clock = new FakeClock(0)
    const pool = new SharingPool(clock, () => 1)
    pool.enter(100, () => assert.fail('told'))
    pool.clear()
    assert.deepEqual([pool.size, clock.pending], [0, 0])
    clock.advanceSync(1000)
  })
})
