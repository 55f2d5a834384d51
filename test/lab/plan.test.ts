/** The planner's formulas: by hand, by properties, and against a queue simulated message by message. */
import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { type PlanInput, planBurst } from '../../src/lab/index.ts'
import { waitingAt } from '../../src/lab/planner/chart.ts'
import { chances, fc, seededRandom } from '../fixtures/seed.ts'
import { simulateQueue } from './queue-simulation.ts'

const given = (more: Partial<PlanInput> = {}): PlanInput => ({
  ...{ burst: 1000, overSeconds: 10, basePerSecond: 0, serviceSeconds: 1, workers: 2, slots: 10, backlog: 0 },
  ...more,
})

describe('by hand', () => {
  test('a burst of 100/s for 10 s into 20/s: 800 wait, 40 s to drain, 40 s at most', () => {
    const plan = planBurst(given())
    assert.deepEqual(
      [
        plan.inPerSecond,
        plan.outPerSecond,
        plan.limitedBy,
        plan.peak,
        plan.peakAtSeconds,
        plan.longestWaitSeconds,
      ],
      [100, 20, 'workers', 800, 10, 40],
    )
    assert.deepEqual([plan.drainSeconds, plan.meanWaitSeconds, plan.growing], [40, 20, false])
    assert.deepEqual(plan.curve, [
      { seconds: 0, waiting: 0 },
      { seconds: 10, waiting: 800 },
      { seconds: 50, waiting: 0 },
    ])
  })
  test('what comes anyway makes it longer: with 10/s the rest of the output is what drains', () => {
    const { peak, drainSeconds } = planBurst(given({ basePerSecond: 10 }))
    assert.deepEqual([peak, drainSeconds], [900, 90])
  })
  test('as much comes as leaves: never', () => {
    const { drainSeconds, growing } = planBurst(given({ basePerSecond: 20 }))
    assert.deepEqual([drainSeconds, growing], [null, false])
    const worse = planBurst(given({ basePerSecond: 30 }))
    assert.deepEqual([worse.drainSeconds, worse.growing, worse.peak], [null, true, 1100])
    assert.equal(worse.curve.at(-1)?.waiting, 1200)
  })
  test('a burst that fits: nothing waits', () => {
    const { peak, longestWaitSeconds, meanWaitSeconds, drainSeconds } = planBurst(given({ burst: 150 }))
    assert.deepEqual([peak, longestWaitSeconds, meanWaitSeconds, drainSeconds], [0, 0, 0, 0])
  })
  test('the least of workers, pace and back end is the output', () => {
    const limit = (more: Partial<PlanInput>) => {
      const { outPerSecond, limitedBy, usefulWorkers } = planBurst(given(more))
      return [outPerSecond, limitedBy, usefulWorkers]
    }
    assert.deepEqual(limit({ ratePerSecond: 5 }), [5, 'rate', 1])
    assert.deepEqual(limit({ ratePerSecond: 50, backendCapacity: 12 }), [12, 'backend', 2])
    assert.deepEqual(limit({ ratePerSecond: 50, backendCapacity: 500 }), [20, 'workers', 5])
    assert.deepEqual(limit({}), [20, 'workers', null])
  })
  test('the example of the command: 47,200 wait, 15 workers drain it in ten minutes', () => {
    const example = { burst: 50_000, overSeconds: 60, basePerSecond: 20, serviceSeconds: 1.5, workers: 10 }
    const plan = planBurst(given({ ...example, drainWithinSeconds: 600 }))
    assert.deepEqual([Math.round(plan.peak), plan.workersNeeded], [47_200, 15])
    assert.ok(Math.abs((plan.drainSeconds ?? 0) - 47_200 / (100 / 1.5 - 20)) < 1e-6)
  })
  test('beyond the cap no number of workers is enough', () => {
    assert.equal(planBurst(given({ ratePerSecond: 20, drainWithinSeconds: 39 })).workersNeeded, null)
    assert.equal(planBurst(given({ ratePerSecond: 20, drainWithinSeconds: 40 })).workersNeeded, 2)
  })
})

const inputs: fc.Arbitrary<PlanInput> = fc.record({
  burst: fc.integer({ min: 0, max: 100_000 }),
  overSeconds: fc.integer({ min: 1, max: 3600 }),
  basePerSecond: fc.integer({ min: 0, max: 200 }),
  serviceSeconds: fc.integer({ min: 1, max: 5000 }).map((ms) => ms / 1000),
  workers: fc.integer({ min: 1, max: 50 }),
  slots: fc.integer({ min: 1, max: 20 }),
  backlog: fc.oneof(fc.constant(0), fc.integer({ min: 0, max: 50_000 })),
  drainWithinSeconds: fc.integer({ min: 1, max: 3600 }),
})

describe('properties', () => {
  test('the workers it names are enough, and one less is not', () => {
    fc.assert(
      fc.property(inputs, (input) => {
        const { workersNeeded } = planBurst(input)
        assert.ok(workersNeeded !== null)
        // Rounding may go either way: it must neither make enough too few nor too few enough.
        const within = (workers: number, rounding: number) => {
          const { drainSeconds } = planBurst({ ...input, workers })
          return drainSeconds !== null && drainSeconds <= (input.drainWithinSeconds ?? 0) * (1 + rounding)
        }
        // Where exactly as much leaves as comes, one more is the answer to "never".
        const exact = (workersNeeded * input.slots) / input.serviceSeconds <= input.basePerSecond * (1 + 1e-9)
        assert.ok(within(workersNeeded, 1e-6) || exact, `${workersNeeded} are not enough`)
        const oneLess = workersNeeded - 1
        assert.ok(oneLess === 0 || !within(oneLess, -1e-6), `${oneLess} would be enough`)
      }),
      chances(500),
    )
  })

  test('the curve conserves messages: what came minus what waits is at most what could leave', () => {
    fc.assert(
      fc.property(inputs, fc.double({ min: 0, max: 1, noNaN: true }), (input, share) => {
        const { curve, inPerSecond, outPerSecond, peak } = planBurst(input)
        const at = share * (curve.at(-1)?.seconds ?? 0)
        const came =
          Math.min(at, input.overSeconds) * inPerSecond +
          Math.max(0, at - input.overSeconds) * input.basePerSecond
        const left = input.backlog + came - waitingAt(curve, at)
        const slack = 1e-6 * (input.backlog + came + 1)
        assert.ok(
          left >= -slack && left <= outPerSecond * at + slack,
          `${left} left by ${at} s at ${outPerSecond}/s`,
        )
        assert.ok(waitingAt(curve, at) <= Math.max(peak, curve.at(-1)?.waiting ?? 0) + slack)
      }),
      chances(500),
    )
  })

  test('more workers never make anything longer', () => {
    fc.assert(
      fc.property(inputs, (input) => {
        const [less, more] = [planBurst(input), planBurst({ ...input, workers: input.workers + 1 })]
        assert.ok(more.peak <= less.peak && more.longestWaitSeconds <= less.longestWaitSeconds)
        assert.ok((more.drainSeconds ?? Infinity) <= (less.drainSeconds ?? Infinity) * (1 + 1e-9) + 1e-9)
      }),
      chances(300),
    )
  })
})

describe('against a simulation, message by message', () => {
  /** Poisson arrivals at the plan's rates until well after it says that the queue is empty. */
  function arrivalsOf(
    { burst, overSeconds, basePerSecond }: PlanInput,
    until: number,
    random: () => number,
  ): number[] {
    const arrivals: number[] = []
    for (let at = 0; ; ) {
      const rate = at < overSeconds ? burst / overSeconds + basePerSecond : basePerSecond
      at += -Math.log1p(-random()) / rate
      if (!(at < until)) return arrivals
      arrivals.push(at)
    }
  }

  const exponential = (mean: number, random: () => number) => () => -Math.log1p(-random()) * mean
  const uniform = (mean: number, random: () => number) => () => mean * (0.5 + random())

  const busy = given({ burst: 20_000, overSeconds: 60, basePerSecond: 20, workers: 10 })
  const short = { burst: 5000, overSeconds: 30, basePerSecond: 5, workers: 20 }
  const trickle = { burst: 8000, overSeconds: 60, basePerSecond: 2, serviceSeconds: 0.4 }
  const cases: [name: string, input: PlanInput, times: typeof exponential][] = [
    ['limited by workers', busy, uniform],
    ['service times that vary much', busy, exponential],
    ['limited by the pace', given({ ...short, ratePerSecond: 40 }), uniform],
    ['limited by the back end', given({ ...short, backendCapacity: 30 }), uniform],
    ['a trickle after it', given(trickle), exponential],
  ]
  for (const [name, input, times] of cases) {
    test(name, () => {
      const plan = planBurst(input)
      assert.ok(plan.drainSeconds !== null && plan.drainSeconds > 0)
      const end = input.overSeconds + plan.drainSeconds
      const random = seededRandom(7)
      const all = arrivalsOf(input, end * 1.5, random)
      const simulated = (arrivals: number[]) =>
        simulateQueue({
          arrivals,
          serviceSeconds: times(input.serviceSeconds, random),
          servers: Math.min(input.workers * input.slots, input.backendCapacity ?? Infinity),
          spacingSeconds: input.ratePerSecond === undefined ? 0 : 1 / input.ratePerSecond,
        })
      // What chance does to the sum of so many arrivals and service times, each with a variation of at most 1.
      const deviation = Math.sqrt(2 * plan.inPerSecond * input.overSeconds)
      const out = plan.outPerSecond
      const near = (what: string, seen: number, planned: number, bound: number) =>
        assert.ok(
          Math.abs(seen - planned) <= bound,
          `${what}: simulated ${seen}, planned ${planned} ± ${bound}`,
        )
      const run = simulated(all)
      near('peak', run.peak, plan.peak, 3 * deviation)
      near('longest wait', run.longestWait, plan.longestWaitSeconds, (3 * deviation) / out)
      near('drained', run.emptyFrom(input.overSeconds), end, (4 * deviation) / (out - input.basePerSecond))
      const until = simulated(all.filter((at) => at <= end))
      near('mean wait', until.meanWait, plan.meanWaitSeconds, (3 * deviation) / out)
    })
  }
})
