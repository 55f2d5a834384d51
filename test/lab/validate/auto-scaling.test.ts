/** auto_scaling: changes, turns and stays of a number of workers, each way to fail, and a real run. */
import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import type { QueueStatus } from '../../../src/client/index.ts'
import type { Verdict } from '../../../src/lab/report/document.ts'
import { autoScaling, poolOf } from '../../../src/lab/validate/auto-scaling.ts'
import {
  changesOf,
  judgeScaling,
  type Scaling,
  shortestStayMs,
  turnsOf,
  type WorkerLook,
  wayOf,
} from '../../../src/lab/validate/auto-scaling-judge.ts'
import { lookOf } from '../../../src/lab/validate/auto-scaling-watch.ts'
import { words } from '../../../src/lab/validate/findings.ts'
import { experimentContext } from './experiment-context.ts'

/** One look a second with these numbers wanted, all of them at work. */
const looks = (...wanted: number[]): WorkerLook[] =>
  wanted.map((workers, second) => ({
    ...{
      at: second * 1000,
      heardAt: second * 1000 + 10,
      wanted: workers,
      ready: workers,
      reason: 'drain_target',
    },
    ...{ waiting: 0, oldestMs: 0, cpu: null },
  }))

test('changes, turns, and the shortest stay after a rise', () => {
  const changes = changesOf(looks(3, 2, 1, 1, 2, 3, 3, 3, 2))
  assert.equal(wayOf(changes.slice(0, 2)), '3→2 drain_target, 2→1 drain_target')
  assert.equal(turnsOf(changes), 2)
  // From after the look at 4 s until the look at 8 s was answered.
  assert.equal(shortestStayMs(changes), 4_010)
  assert.equal(shortestStayMs(changesOf(looks(3, 2, 1))), null)
  // A pool that was full since 4 s before the first look.
  assert.equal(shortestStayMs(changesOf(looks(3, 3, 2, 1)), -4_000), 6_010)
  assert.equal(shortestStayMs(changesOf(looks(3, 2, 1, 3, 3, 2)), -4_000), 3_010)
  assert.deepEqual(changesOf(looks(2, 2, 2)), [])
  assert.equal(turnsOf([]), 0)
  assert.equal(turnsOf(changesOf(looks(1, 2, 1, 2, 1))), 3)
})

const scaling = (more: Partial<Scaling> = {}): Scaling => ({
  ...{ id: 'auto_scaling', looks: looks(3, 2, 1, 1, 2, 3, 3, 3, 2), loadFrom: 3_000 },
  ...{
    expected: 3,
    max: 3,
    windowMs: 3_000,
    downTo: 2,
    unless: undefined,
    fallen: undefined,
    fullSince: null,
  },
  ...more,
})
const NAMES = ['up', 'cap', 'down', 'window', 'flapping']
const verdicts = (measured: Scaling): Record<string, Verdict> =>
  Object.fromEntries(judgeScaling(measured).map(({ id, verdict }) => [id.split('.').at(-1), verdict]))
const but = (more: Record<string, Verdict>): Record<string, Verdict> => ({
  ...Object.fromEntries(NAMES.map((name) => [name, 'passed' as const])),
  ...more,
})

describe('up, cap, down, window, flapping', () => {
  const late = words('The generator was late.', '늦었습니다.')
  const cases: [string, Partial<Scaling>, Record<string, Verdict>][] = [
    ['up with the load and down after it', {}, {}],
    ['too few', { looks: looks(3, 2, 1, 1, 2, 2, 2, 2, 1) }, { up: 'failed' }],
    [
      'too few, because too little was sent',
      { looks: looks(3, 2, 1, 1, 2, 2, 2, 2, 1), unless: late },
      { up: 'inconclusive' },
    ],
    ['above the most', { looks: looks(3, 2, 1, 1, 2, 4, 4, 4, 2) }, { cap: 'failed' }],
    ['never down again', { looks: looks(3, 2, 1, 1, 2, 3, 3, 3, 3) }, { down: 'failed', window: 'skipped' }],
    ['down before the window is over', { looks: looks(3, 2, 1, 1, 2, 3, 2) }, { window: 'failed' }],
    ['a full pool that does not wait for its window', { fullSince: 500 }, { window: 'failed' }],
    ['up and down and up', { looks: looks(3, 2, 1, 1, 3, 3, 3, 2, 3, 3, 3, 2) }, { flapping: 'failed' }],
    ['up only', { looks: looks(1, 2, 3), loadFrom: 0, downTo: late }, { down: 'skipped', window: 'skipped' }],
    [
      'down before the load counts as one turn, and after it as none',
      { looks: looks(1, 1, 3, 3, 3, 2, 1, 2, 2), loadFrom: 0 },
      { flapping: 'failed' },
    ],
    [
      'a service that tells neither bound',
      { max: null, windowMs: null },
      { cap: 'skipped', window: 'skipped' },
    ],
    [
      'nothing was seen',
      { looks: [] },
      Object.fromEntries(NAMES.map((name) => [name, name === 'window' ? 'skipped' : 'inconclusive'])),
    ],
    [
      'the service died',
      { fallen: 'the service: exit code 1' },
      Object.fromEntries(NAMES.map((name) => [name, 'failed'])),
    ],
  ]
  for (const [name, more, expected] of cases) {
    test(name, () => assert.deepEqual(verdicts(scaling(more)), but(expected)))
  }
})

test('a look takes the workers of the type, and the processors of all processes', () => {
  const depth = { ready: 3, inFlight: 2, delayed: 1, dead: 9, inPerSecond: 0, outPerSecond: 0 }
  const status = {
    ...{ queue: 'q', depth, inPerSecond: 0, outPerSecond: 0, members: [{ cpu: 0.5 }, { cpu: 0.25 }, {}] },
    types: {
      ORDER: {
        ...depth,
        oldestAgeMs: 40,
        scaling: { wanted: 3, ready: 2, starting: 1, draining: 0, reason: 'warming' },
      },
      OTHER: depth,
    },
  } as unknown as QueueStatus
  assert.deepEqual(lookOf(status, 'ORDER', 7, 9), {
    ...{ at: 7, heardAt: 9, wanted: 3, ready: 2, reason: 'warming', waiting: 6, oldestMs: 40, cpu: 75 },
  })
  assert.equal(lookOf(status, 'OTHER', 7, 9), undefined)
})

test('a pool has as many workers as its slots divide into, and no more than are set', () => {
  assert.deepEqual(
    [poolOf(12, 10), poolOf(10, 10), poolOf(3, 10), poolOf(6, 3), poolOf(7, 3)],
    [6, 10, 3, 3, 3],
  )
})

test('a real run: a pool goes down to the fewest, up with the load, and begins to go down after it', async (t) => {
  const found = await autoScaling.run(experimentContext((run) => t.after(run)))
  const judged = Object.fromEntries(found.criteria.map(({ id, verdict }) => [id.split('.').at(-1), verdict]))
  // A machine that is busy elsewhere may hold up the generator; then it is not concluded that workers were missing.
  const isLate = /generator was the bottleneck/.test(found.criteria[0]?.evidence.en ?? '')
  assert.deepEqual(
    judged,
    but(isLate ? { up: 'inconclusive' } : {}),
    JSON.stringify(found.criteria.map(({ evidence }) => evidence.en)),
  )
  const [workers] = found.charts
  const wanted = workers?.series[0]?.points.map(([, value]) => value) ?? []
  assert.ok(wanted.includes(1) && wanted.includes(3), String(wanted))
  assert.match(found.notMeasured[0]?.en ?? '', /RABBITMQ_URL/)
})
