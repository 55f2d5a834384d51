/** Arrivals: as many as asked for, when the shape says so, and the same again from the same seed. */
import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { seeded } from '../../../src/lab/chance.ts'
import { LoadPlanError, type LoadWishes, planLoad, presetOf } from '../../../src/lab/load/plan.ts'
import { areaOf, arrivalsOf, shapeOf, shareOf, TEST_TYPES, Timeline } from '../../../src/lab/load/shape.ts'
import { chances, fc } from '../../fixtures/seed.ts'

const shapes = fc.record({
  type: fc.constantFrom(...TEST_TYPES),
  rate: fc.double({ min: 0.5, max: 5000, noNaN: true }),
  seconds: fc.double({ min: 0.5, max: 600, noNaN: true }),
})

describe('shapes', () => {
  test('the area is rate × seconds × share, the highest rate is the rate, the end is the end', () => {
    fc.assert(
      fc.property(shapes, ({ type, rate, seconds }) => {
        const shape = shapeOf(type, rate, seconds)
        const close = (a: number, b: number) => assert.ok(Math.abs(a - b) <= 1e-9 * b, `${a}, not ${b}`)
        close(areaOf(shape), rate * seconds * shareOf(type))
        close(Math.max(...shape.flatMap(({ from, to }) => [from, to])), rate)
        close(
          shape.reduce((sum, piece) => sum + piece.seconds, 0),
          seconds,
        )
      }),
      chances(200),
    )
  })

  test('the timeline undoes the area: up to the moment it gives, the shape has held so many', () => {
    fc.assert(
      fc.property(shapes, fc.double({ min: 0, max: 1, noNaN: true }), ({ type, rate, seconds }, share) => {
        const shape = shapeOf(type, rate, seconds)
        const wanted = share * areaOf(shape)
        let rest = new Timeline(shape).secondsAt(wanted)
        let held = 0
        for (const { seconds: length, from, to } of shape) {
          const t = Math.min(rest, length)
          held += from * t + (((to - from) / length) * t ** 2) / 2
          rest -= t
        }
        assert.ok(Math.abs(held - wanted) <= 1e-6 * Math.max(1, wanted), `${held}, not ${wanted}`)
      }),
      chances(300),
    )
  })
})

describe('arrivals', () => {
  test('exactly as many as asked for, in order, within the shape, and repeated by the seed', () => {
    fc.assert(
      fc.property(
        shapes,
        fc.integer({ min: 1, max: 500 }),
        fc.constantFrom('poisson', 'constant'),
        (shape, n, how) => {
          const segments = shapeOf(shape.type, shape.rate, shape.seconds)
          const drawn = (seed: number) => [...arrivalsOf(segments, n, how, () => seeded(seed, 'arrivals'))]
          const moments = drawn(5)
          assert.equal(moments.length, n)
          let last = 0
          for (const at of moments) {
            assert.ok(
              at >= last && at <= shape.seconds * (1 + 1e-9),
              `${at} after ${last}, of ${shape.seconds}`,
            )
            last = at
          }
          assert.deepEqual(drawn(5), moments)
        },
      ),
      chances(200),
    )
  })

  test('constant: evenly spaced at a constant rate', () => {
    const at = [...arrivalsOf(shapeOf('sustained', 10, 1), 10, 'constant', () => seeded(1, 'x'))]
    for (const [index, moment] of at.entries()) assert.ok(Math.abs(moment - index / 10) < 1e-12)
  })

  test('poisson: counts per bin vary as much as their mean, which an even spacing would not', () => {
    const seconds = 2000
    const counts = (how: 'poisson' | 'constant') => {
      const bins = new Array<number>(seconds).fill(0)
      for (const at of arrivalsOf(shapeOf('sustained', 20, seconds), 20 * seconds, how, () =>
        seeded(3, 'x'),
      )) {
        const bin = Math.min(seconds - 1, Math.floor(at))
        bins[bin] = (bins[bin] ?? 0) + 1
      }
      const variance = bins.reduce((sum, count) => sum + (count - 20) ** 2, 0) / seconds
      return variance / 20
    }
    // The index of dispersion of 2,000 bins has a standard error of sqrt(2 / 2000), about 0.03.
    const dispersion = counts('poisson')
    assert.ok(dispersion > 0.85 && dispersion < 1.15, `dispersion ${dispersion}`)
    assert.ok(counts('constant') < 0.1)
  })
})

describe('a plan follows from what was given', () => {
  const plan = (wishes: LoadWishes) => planLoad(wishes)

  test('nothing: the basic burst, closed', () => {
    assert.deepEqual(plan({}), { mode: 'closed', testType: 'burst', concurrency: 50, requests: 1000 })
  })
  test('requests and concurrency, as users of the older test give them', () => {
    assert.deepEqual(plan({ requests: 10_000, concurrency: 150 }), {
      ...{ mode: 'closed', testType: 'burst', concurrency: 150, requests: 10_000 },
    })
  })
  test('a closed loop for a time has no number of requests', () => {
    assert.deepEqual(plan({ durationMs: 5000 }), {
      ...{ mode: 'closed', testType: 'burst', concurrency: 50, durationMs: 5000 },
    })
  })

  const facts = (wishes: LoadWishes) => {
    const made = plan(wishes)
    assert.equal(made.mode, 'open')
    return made.mode === 'open' ? [made.requests, made.ratePerSecond, made.durationMs] : []
  }
  const open: [name: string, wishes: LoadWishes, requests: number, rate: number, ms: number][] = [
    [
      'rate and duration',
      { testType: 'sustained', ratePerSecond: 200, durationMs: 30_000 },
      6000,
      200,
      30_000,
    ],
    ['requests and rate', { testType: 'sustained', requests: 600, ratePerSecond: 20 }, 600, 20, 30_000],
    ['requests and duration', { testType: 'sustained', requests: 600, durationMs: 60_000 }, 600, 10, 60_000],
    ['requests alone last a minute', { testType: 'sustained', requests: 1200 }, 1200, 20, 60_000],
    ['a rate alone lasts a minute', { testType: 'sustained', ratePerSecond: 5 }, 300, 5, 60_000],
    ['a ramp holds half', { testType: 'ramp', ratePerSecond: 100, durationMs: 10_000 }, 500, 100, 10_000],
    [
      'a burst with a rate is open',
      { testType: 'burst', requests: 50_000, ratePerSecond: 5000 },
      50_000,
      5000,
      10_000,
    ],
    [
      'spikes and a tenth between',
      { testType: 'spike-train', ratePerSecond: 100, durationMs: 10_000 },
      280,
      100,
      10_000,
    ],
  ]
  for (const [name, wishes, ...wanted] of open) test(name, () => assert.deepEqual(facts(wishes), wanted))

  const wrong: [name: string, wishes: LoadWishes, says: RegExp][] = [
    ['all three', { testType: 'ramp', requests: 1, ratePerSecond: 1, durationMs: 1000 }, /give two of/],
    [
      'nothing comes',
      { testType: 'sustained', ratePerSecond: 0.01, durationMs: 1000 },
      /not a single request/,
    ],
    ['too many', { testType: 'sustained', ratePerSecond: 1e6, durationMs: 3.6e6 }, /at most/],
    ['arrivals without a rate', { arrivals: 'poisson' }, /--arrivals needs --rate/],
  ]
  for (const [name, wishes, says] of wrong) {
    test(`refused: ${name}`, () =>
      assert.throws(
        () => plan(wishes),
        (error) => error instanceof LoadPlanError && says.test(error.message),
      ))
  }

  test('presets by their old names and volumes', () => {
    assert.deepEqual(presetOf('basic'), { requests: 1000, concurrency: 50 })
    const volumes = [5_000, 10_000, 20_000, 50_000].map(
      (volume) => presetOf('high-volume', volume).concurrency,
    )
    assert.deepEqual(volumes, [100, 150, 200, 300])
    assert.throws(() => presetOf('high-volume', 7), /one of 5000, 10000, 20000, 50000/)
    assert.throws(() => presetOf('extreme'), /there are basic, high-volume/)
  })
})
