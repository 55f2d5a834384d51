/** The decision as a table: every reason, and both sides of each boundary. */
import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import {
  decide,
  type ScalingDecision,
  type ScalingMemory,
  type ScalingReason,
  STEP_DOWN_MS,
  WINDOW_MS,
} from '../../../src/consumer/index.ts'
import { type Case, look, NOW } from './look.ts'

const INFINITY = Number.POSITIVE_INFINITY

interface Row extends Case {
  readonly name: string
  readonly wanted: number
  readonly reason: ScalingReason
  readonly limits?: ScalingDecision['limits']
  readonly etaMs?: number
  readonly cap?: number
}

const memory = (wanted: number, needs: ScalingMemory['needs'] = [], loweredAt = -INFINITY) => ({
  wanted,
  loweredAt,
  needs,
})

/** By reason, so that the type forbids a reason without a row. */
const TABLE: Record<ScalingReason, readonly Omit<Row, 'reason'>[]> = {
  minimum: [
    {
      name: 'idle without a service time is no missing figure',
      signals: { serviceMs: Number.NaN },
      wanted: 1,
    },
    { name: 'nothing to do: the fewest', wanted: 1, etaMs: 0 },
    {
      name: 'a process that idles uses a little CPU: that is no reason',
      rules: { targetCpuPercent: 70 },
      signals: { cpu: 0.01 },
      wanted: 1,
    },
    {
      name: 'no fewer than the fewest',
      rules: { min: 3 },
      signals: { arrivalFast: 3 },
      workers: { ready: 3 },
      wanted: 3,
      limits: ['min'],
    },
    {
      name: 'nothing waits, and no attempt has been measured',
      signals: { serviceMs: Number.NaN, arrivalSlow: 1 },
      wanted: 1,
    },
    {
      name: 'nothing waits, at the first look',
      signals: { arrivalFast: Number.NaN, arrivalSlow: Number.NaN },
      rules: { min: 2 },
      workers: { ready: 0 },
      wanted: 2,
    },
    {
      name: 'nothing is known yet: the fewest are started',
      signals: { backlog: Number.NaN },
      workers: { ready: 0 },
      memory: undefined,
      wanted: 1,
    },
  ],
  arrival_rate: [
    { name: 'a little comes: one keeps up', signals: { arrivalFast: 0.1 }, wanted: 1, etaMs: 0 },
    {
      name: 'the CPU asks for no more workers than the queue does',
      rules: { targetCpuPercent: 70 },
      signals: { arrivalFast: 0.1, cpu: 0.5 },
      wanted: 1,
    },
    { name: '10 % under: one fewer', signals: { arrivalFast: 14.4 }, workers: { ready: 3 }, wanted: 2 },
    { name: '16 a second at 8 a worker', signals: { arrivalFast: 16 }, wanted: 2 },
    {
      name: 'work that waits for its back end and uses 5 % of the CPU: the queue wins',
      rules: { targetCpuPercent: 70 },
      signals: { arrivalFast: 16, cpu: 0.05 },
      wanted: 2,
    },
    { name: 'the higher of both rates counts', signals: { arrivalFast: 0, arrivalSlow: 16 }, wanted: 2 },
    { name: 'a backlog too small to matter', signals: { arrivalFast: 15, backlog: 6 }, wanted: 2 },
    {
      name: 'no more than the most',
      signals: { arrivalFast: 500 },
      workers: { ready: 9 },
      wanted: 10,
      limits: ['max'],
    },
    {
      name: 'a count above the most comes down at once: the setting was changed',
      signals: { arrivalFast: 32 },
      rules: { max: 4 },
      workers: { ready: 8 },
      wanted: 4,
    },
    {
      name: 'an open breaker with nothing waiting holds nobody',
      signals: { breaker: 'open' },
      workers: { ready: 3 },
      wanted: 2,
    },
  ],
  drain_target: [
    { name: '960 in 60 s are 16 a second', signals: { backlog: 960 }, wanted: 2, etaMs: 960_000 },
    { name: 'arrivals and backlog add up', signals: { arrivalFast: 8, backlog: 480 }, wanted: 2 },
    { name: 'more than 10 % over', signals: { backlog: 1_057 }, workers: { ready: 2 }, wanted: 3 },
    {
      name: 'half the time needs twice the workers',
      rules: { targetDrainMs: 30_000 },
      signals: { backlog: 480 },
      wanted: 2,
    },
    { name: 'attempts twice as long as well', signals: { backlog: 480, serviceMs: 2_000 }, wanted: 2 },
    {
      name: 'up at most twofold',
      signals: { backlog: 4_800 },
      workers: { ready: 2 },
      wanted: 4,
      limits: ['doubling'],
    },
    {
      name: 'a pool has no steps',
      rules: { instant: true },
      signals: { backlog: 4_800 },
      workers: { ready: 2 },
      wanted: 10,
    },
    {
      name: 'a full pool that could start more: a worker for each that waits',
      rules: { instant: true, slotsPerWorker: 1 },
      signals: { saturated: true, inFlight: 1, backlog: 6, serviceMs: Number.NaN },
      wanted: 7,
      etaMs: 6_000,
    },
    {
      name: 'a full pool: at least twice as many',
      rules: { instant: true, slotsPerWorker: 1 },
      signals: { saturated: true, inFlight: 3, backlog: 1 },
      workers: { ready: 3 },
      wanted: 6,
    },
    {
      name: 'a full pool: its size is the bound, not what the pace should need',
      rules: { instant: true, slotsPerWorker: 1, ratePerSecond: 1 },
      signals: { saturated: true, inFlight: 3, backlog: 100 },
      workers: { ready: 3 },
      wanted: 10,
      limits: ['max'],
      cap: 2,
    },
  ],
  at_backend_cap: [
    {
      name: 'a pace of 16 feeds two workers, whatever waits',
      rules: { ratePerSecond: 16 },
      signals: { backlog: 100_000 },
      wanted: 2,
      limits: ['backend_rate'],
      cap: 2,
    },
    {
      name: 'a pace of 17: the third is needed to reach it',
      rules: { ratePerSecond: 17 },
      signals: { backlog: 100_000 },
      workers: { ready: 2 },
      wanted: 2,
      limits: ['backend_rate'],
      cap: 3,
    },
    {
      name: 'and stays there',
      rules: { ratePerSecond: 16 },
      signals: { backlog: 100_000 },
      workers: { ready: 2 },
      wanted: 2,
      limits: ['backend_rate'],
      cap: 2,
    },
    {
      name: 'a back end that holds 35 calls has room for three workers of ten',
      rules: { backendSlots: 35 },
      signals: { backlog: 100_000 },
      workers: { ready: 2 },
      wanted: 3,
      limits: ['backend_slots'],
      cap: 3,
    },
    {
      name: 'one worker is always allowed',
      rules: { backendSlots: 4, min: 2 },
      signals: { backlog: 100_000 },
      wanted: 1,
      limits: ['backend_slots'],
      cap: 1,
    },
    {
      name: 'the fewest that are set win over the pace, which is kept elsewhere',
      rules: { ratePerSecond: 1, min: 3 },
      signals: { backlog: 100_000 },
      workers: { ready: 3 },
      wanted: 3,
      limits: ['backend_rate'],
      cap: 3,
    },
    {
      name: 'a back end that shows overload gets no more workers',
      signals: { backlog: 4_800, congested: true },
      workers: { ready: 4 },
      wanted: 4,
      limits: ['congestion'],
    },
    {
      name: 'nor for a busy CPU',
      rules: { targetCpuPercent: 70, backendSlots: 50 },
      signals: { cpu: 1 },
      workers: { ready: 4 },
      wanted: 5,
      limits: ['backend_slots'],
      cap: 5,
    },
  ],
  warming: [
    {
      name: 'those asked for come first',
      signals: { backlog: 4_800 },
      workers: { ready: 2, starting: 2 },
      wanted: 4,
    },
    {
      name: 'also when none is there yet',
      signals: { backlog: 4_800 },
      workers: { ready: 0, starting: 1 },
      wanted: 1,
    },
  ],
  stabilising: [
    { name: '10 % over and not more', signals: { backlog: 1_056 }, workers: { ready: 2 }, wanted: 2 },
    { name: '10 % under and not less', signals: { arrivalFast: 14.5 }, workers: { ready: 3 }, wanted: 3 },
    {
      name: 'a need of the last 300 s',
      memory: memory(5, [{ from: NOW - WINDOW_MS, need: 4.4 }]),
      workers: { ready: 5 },
      wanted: 5,
    },
    {
      name: 'one step every 15 s',
      memory: memory(5, [], NOW - STEP_DOWN_MS + 1),
      workers: { ready: 5 },
      wanted: 5,
    },
    { name: 'not while one drains', workers: { ready: 5, draining: 1 }, wanted: 5 },
    { name: 'the first look knows no past', memory: undefined, workers: { ready: 5 }, wanted: 5 },
    {
      name: 'not while one fewer would let what waits stand for more than half of the target',
      rules: { targetDrainMs: 10_000 },
      signals: { backlog: 110, serviceMs: 1_000 },
      workers: { ready: 3 },
      memory: memory(3),
      wanted: 3,
    },
  ],
  stalled: [
    {
      name: 'nothing goes out: no end in sight, and no change',
      signals: { backlog: 4_800, outPerSecond: 0 },
      workers: { ready: 3 },
      wanted: 3,
      etaMs: INFINITY,
    },
    {
      name: 'one message is enough',
      signals: { backlog: 1, outPerSecond: 0 },
      workers: { ready: 3 },
      wanted: 3,
      etaMs: INFINITY,
    },
  ],
  breaker_open: [
    {
      name: 'no scaling out',
      signals: { backlog: 4_800, breaker: 'open' },
      workers: { ready: 3 },
      wanted: 3,
    },
    {
      name: 'nor while it probes',
      signals: { backlog: 4_800, breaker: 'half_open' },
      workers: { ready: 3 },
      wanted: 3,
    },
    {
      name: 'its quick failures are no reason to shrink either',
      signals: { backlog: 1, breaker: 'open', serviceMs: 1, outPerSecond: 0 },
      workers: { ready: 3 },
      wanted: 3,
      etaMs: INFINITY,
    },
    {
      name: 'arrivals alone',
      signals: { arrivalFast: 80, breaker: 'open' },
      workers: { ready: 3 },
      wanted: 3,
    },
    {
      name: 'a full pool',
      rules: { instant: true },
      signals: { saturated: true, backlog: 10, breaker: 'half_open' },
      workers: { ready: 3 },
      wanted: 3,
    },
  ],
  cpu_target: [
    {
      name: 'HPA: ceil(4 × 0.9 ÷ 0.7)',
      rules: { targetCpuPercent: 70 },
      signals: { cpu: 0.9 },
      workers: { ready: 4 },
      wanted: 6,
    },
    {
      name: 'the queue asks for fewer than the CPU does',
      rules: { targetCpuPercent: 70 },
      signals: { cpu: 0.9, arrivalFast: 8 },
      workers: { ready: 4 },
      wanted: 6,
    },
    {
      name: 'no more than the most',
      rules: { targetCpuPercent: 70, max: 5 },
      signals: { cpu: 0.9 },
      workers: { ready: 4 },
      wanted: 5,
      limits: ['max'],
    },
  ],
  no_consumer: [
    {
      name: 'something waits, and nobody is there',
      signals: { backlog: 1, serviceMs: Number.NaN },
      workers: { ready: 0, starting: 2 },
      wanted: 2,
    },
  ],
  no_signal: [
    {
      name: 'nothing waits, and more are there than always',
      signals: { arrivalFast: Number.NaN, arrivalSlow: Number.NaN },
      workers: { ready: 4 },
      wanted: 4,
    },
    { name: 'no backlog', signals: { backlog: Number.NaN }, workers: { ready: 4 }, wanted: 4 },
    {
      name: 'no rate',
      signals: { arrivalFast: Number.NaN, arrivalSlow: Number.NaN, backlog: 5_000 },
      workers: { ready: 4 },
      wanted: 4,
    },
    {
      name: 'work and no service time',
      signals: { backlog: 1, serviceMs: Number.NaN },
      workers: { ready: 4 },
      wanted: 4,
    },
  ],
  fixed: [
    { name: 'more than the load asks for', rules: { fixed: 4 }, wanted: 4 },
    { name: 'fewer', rules: { fixed: 4 }, signals: { backlog: 100_000 }, workers: { ready: 8 }, wanted: 4 },
  ],
}

for (const [reason, rows] of Object.entries(TABLE)) {
  describe(reason, () => {
    for (const row of rows) {
      test(row.name, () => {
        const decision = decide(look(row))
        const { wanted, limits, cap } = decision
        assert.deepEqual({ wanted, reason: decision.reason }, { wanted: row.wanted, reason })
        if (row.limits) assert.deepEqual(limits, row.limits)
        if (row.cap !== undefined) assert.equal(cap, row.cap)
        if (row.etaMs !== undefined) assert.equal(decision.etaMs, row.etaMs)
      })
    }
  })
}
