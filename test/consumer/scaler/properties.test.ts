/** What holds whatever is measured: bounds, monotony, no restlessness, no fault of arithmetic. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import {
  decide,
  type ScalingInput,
  type ScalingMemory,
  type ScalingRules,
  type ScalingSignals,
  type WorkerCounts,
} from '../../../src/consumer/index.ts'
import { chances, fc, seed } from '../../fixtures/seed.ts'
import { NOW } from './look.ts'

/** What is promised, said a second time on purpose: a rule that is changed by accident must show here. */
const WINDOW_MS = 300_000
const STEP_DOWN_MS = 15_000
const TOLERANCE = 0.1

const positive = (max: number) => fc.double({ min: 0, max, noNaN: true })
/** Missing and impossible figures come from processes that just started, and from faults of ours. */
const figure = (max: number) =>
  fc.oneof(
    { weight: 9, arbitrary: positive(max) },
    { weight: 1, arbitrary: fc.constantFrom(Number.NaN, -1, Infinity) },
  )

const optional = <T extends object>(record: { [Key in keyof T]: fc.Arbitrary<T[Key]> }) =>
  fc.record(record, { requiredKeys: [] })

const rules: fc.Arbitrary<ScalingRules> = fc
  .tuple(
    fc.record({
      min: fc.integer({ min: 1, max: 12 }),
      max: fc.integer({ min: 1, max: 30 }),
      slotsPerWorker: fc.integer({ min: 1, max: 50 }),
      targetDrainMs: fc.integer({ min: 1_000, max: 600_000 }),
      ratePerSecond: fc.oneof(fc.constant(0), positive(500)),
      instant: fc.boolean(),
    }),
    optional({
      backendSlots: fc.integer({ min: 1, max: 500 }),
      targetCpuPercent: fc.integer({ min: 1, max: 100 }),
    }),
  )
  .map(([some, more]) => ({ ...some, ...more, min: Math.min(some.min, some.max) }))

const signals: fc.Arbitrary<ScalingSignals> = fc
  .tuple(
    optional({
      arrivalFast: figure(500),
      arrivalSlow: figure(500),
      backlog: figure(100_000),
      outPerSecond: figure(500),
      serviceMs: figure(60_000),
      cpu: figure(4),
    }),
    fc.record({
      inFlight: fc.nat(1_000),
      breaker: fc.constantFrom('closed' as const, 'open' as const, 'half_open' as const),
      congested: fc.boolean(),
      saturated: fc.boolean(),
    }),
  )
  .map(([some, more]) => ({ ...some, ...more }))

const workers: fc.Arbitrary<WorkerCounts> = fc.record({
  ready: fc.nat(40),
  starting: fc.nat(5),
  draining: fc.nat(5),
})

const memory: fc.Arbitrary<ScalingMemory | undefined> = fc.option(
  fc.record({
    wanted: fc.integer({ min: 1, max: 40 }),
    loweredAt: fc.integer({ min: NOW - 2 * WINDOW_MS, max: NOW }),
    needs: fc.array(
      fc.record({ from: fc.integer({ min: NOW - 2 * WINDOW_MS, max: NOW }), need: positive(60) }),
      { maxLength: 10 },
    ),
  }),
  { nil: undefined },
)

const input: fc.Arbitrary<ScalingInput> = fc.record({
  now: fc.constant(NOW),
  rules,
  signals,
  workers,
  memory,
})

function hardCap({ backendSlots, slotsPerWorker, max }: ScalingRules): number {
  return Math.min(
    max,
    backendSlots === undefined ? max : Math.max(1, Math.floor(backendSlots / slotsPerWorker)),
  )
}

/** What was wanted before, within the bounds of now. */
function before({ rules: of, memory: past, workers: now }: ScalingInput): number {
  const cap = hardCap(of)
  return Math.min(cap, Math.max(Math.min(of.min, cap), past?.wanted ?? now.ready + now.starting))
}

test(`an integer, never above what the back end holds or is set, never below the fewest (seed ${seed})`, () => {
  fc.assert(
    fc.property(input, (given) => {
      const { wanted, memory: kept } = decide(given)
      assert.ok(Number.isInteger(wanted) && wanted >= 1, `${wanted}`)
      assert.ok(wanted <= hardCap(given.rules), `${wanted} above ${hardCap(given.rules)}`)
      assert.ok(wanted >= Math.min(given.rules.min, hardCap(given.rules)), `${wanted}`)
      assert.equal(kept.wanted, wanted)
      for (const { need } of kept.needs) assert.ok(Number.isFinite(need) && need >= 0, `${need}`)
    }),
    chances(2_000),
  )
})

test('nothing but a full pool is raised beyond what the pace can feed', () => {
  fc.assert(
    fc.property(input, (given) => {
      const { wanted, cap } = decide(given)
      const rose = wanted > before(given)
      if (rose && cap !== undefined && !given.signals.saturated)
        assert.ok(wanted <= cap, `${wanted} of ${cap}`)
    }),
    chances(2_000),
  )
})

test('at rest the number comes down to the cap of the pace', () => {
  fc.assert(
    fc.property(rules, signals, positive(500), (of, shown, arrivalFast) => {
      const rest = { breaker: 'closed' as const, saturated: false, congested: false, outPerSecond: 1 }
      const calm = { ...shown, ...rest, arrivalFast }
      let kept: ScalingMemory | undefined
      let last = { wanted: of.max, cap: undefined as number | undefined }
      for (let now = NOW; now < NOW + 3 * WINDOW_MS + of.max * STEP_DOWN_MS; now += 5_000) {
        const ready = { ready: last.wanted, starting: 0, draining: 0 }
        const decision = decide({
          now,
          rules: of,
          signals: { ...calm, backlog: 0 },
          workers: ready,
          memory: kept,
        })
        kept = decision.memory
        last = decision
      }
      const served = Number.isFinite(shown.serviceMs) && (shown.serviceMs ?? -1) >= 0
      if (last.cap === undefined || !served) return
      // A cap that is hardly below the number is left alone, like any need within the tolerance.
      assert.ok(
        last.wanted <= Math.ceil(last.cap / (1 - TOLERANCE)),
        `${last.wanted} with a cap of ${last.cap}`,
      )
    }),
    chances(100),
  )
})

test('with more waiting there are never fewer', () => {
  fc.assert(
    fc.property(input, positive(100_000), positive(100_000), (given, some, more) => {
      const { saturated: _saturated, ...shown } = given.signals
      const of = (backlog: number) => decide({ ...given, signals: { ...shown, backlog } }).wanted
      const few = of(Math.min(some, more))
      const many = of(Math.max(some, more))
      assert.ok(few <= many, `${few} for ${Math.min(some, more)}, ${many} for ${Math.max(some, more)}`)
    }),
    chances(2_000),
  )
})

test('a need within 10 % of what there is moves nothing, however it wavers', () => {
  fc.assert(
    fc.property(
      fc.integer({ min: 1, max: 10 }),
      fc.array(fc.double({ min: -1, max: 1, noNaN: true }), { minLength: 100, maxLength: 1_000 }),
      (count, wavering) => {
        let kept: ScalingMemory | undefined
        wavering.forEach((waver, i) => {
          const decision = decide({
            now: NOW + i * 5_000,
            rules: { min: 1, max: 10, slotsPerWorker: 10, targetDrainMs: 60_000, ratePerSecond: 0 },
            signals: {
              // 8 a second each.
              arrivalFast: 8 * count * (1 + waver * TOLERANCE * 0.99),
              backlog: 0,
              inFlight: 0,
              outPerSecond: 1,
              serviceMs: 1_000,
              breaker: 'closed',
              congested: false,
            },
            workers: { ready: count, starting: 0, draining: 0 },
            memory: kept,
          })
          kept = decision.memory
          assert.equal(decision.wanted, count)
        })
      },
    ),
    chances(100),
  )
})

test('a number that rose does not fall within the window, and then by one at a time', () => {
  fc.assert(
    fc.property(
      fc.array(fc.record({ forMs: fc.integer({ min: 1_000, max: 400_000 }), arrivals: positive(100) }), {
        minLength: 2,
        maxLength: 8,
      }),
      (curve) => {
        let kept: ScalingMemory | undefined
        let now = NOW
        let ready = 1
        let roseAt = NOW
        let fellAt = Number.NEGATIVE_INFINITY
        for (const { forMs, arrivals } of curve) {
          for (const end = now + forMs; now < end; now += 1_000) {
            const { wanted, memory: next } = decide({
              now,
              rules: { min: 1, max: 10, slotsPerWorker: 10, targetDrainMs: 60_000, ratePerSecond: 0 },
              signals: {
                arrivalFast: arrivals,
                backlog: 0,
                inFlight: 0,
                outPerSecond: 1,
                serviceMs: 1_000,
                breaker: 'closed',
                congested: false,
              },
              workers: { ready, starting: 0, draining: 0 },
              memory: kept,
            })
            kept = next
            if (wanted > ready) roseAt = now
            if (wanted < ready) {
              assert.equal(wanted, ready - 1)
              assert.ok(now - roseAt >= WINDOW_MS, `${now - roseAt} ms after it rose`)
              assert.ok(now - fellAt >= STEP_DOWN_MS, `${now - fellAt} ms after it fell`)
              fellAt = now
            }
            ready = wanted
          }
        }
      },
    ),
    chances(50),
  )
})

test('what is remembered does not grow', () => {
  let kept: ScalingMemory | undefined
  let most = 0
  for (let i = 0; i < 20_000; i++) {
    const { memory: next } = decide({
      now: NOW + i * 250,
      rules: { min: 1, max: 10, slotsPerWorker: 10, targetDrainMs: 60_000, ratePerSecond: 0 },
      signals: {
        arrivalFast: i % 50,
        backlog: 0,
        inFlight: 0,
        serviceMs: 1_000,
        breaker: 'closed',
        congested: false,
      },
      workers: { ready: kept?.wanted ?? 1, starting: 0, draining: 0 },
      memory: kept,
    })
    kept = next
    most = Math.max(most, next.needs.length)
  }
  assert.ok(most <= WINDOW_MS / 5_000 + 2, `${most} entries`)
})
