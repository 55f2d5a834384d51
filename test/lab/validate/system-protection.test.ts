/** system_protection: each way to fail, what a record says, and a real run. */
import assert from 'node:assert/strict'
import { join } from 'node:path'
import { describe, test } from 'node:test'
import type { LoggedCall } from '../../../src/lab/backend/call-log.ts'
import { insideOverTime, mostInside, wellAgainAt } from '../../../src/lab/measure/calls.ts'
import type { Verdict } from '../../../src/lab/report/document.ts'
import { systemProtection } from '../../../src/lab/validate/system-protection.ts'
import {
  busiestCpu,
  judgeProtection,
  type Protection,
  type SideFigures,
} from '../../../src/lab/validate/system-protection-judge.ts'
import { experimentContext } from './experiment-context.ts'

/** Moments of a call every so many milliseconds, for ten seconds. */
const every = (gapMs: number) =>
  Array.from({ length: Math.ceil(10_000 / gapMs) }, (_, index) => index * gapMs)

const side = (more: Partial<SideFigures> = {}): SideFigures => ({
  ...{ attempted: 600, acknowledged: 600, done: 600, calls: 600, errors: 0 },
  ...{
    mostInside: 12,
    came: every(1000 / 60),
    lateMs: 0,
    inBusiestSecond: 62,
    latencyP50: 100,
    latencyP99: 150,
  },
  ...{ backendCpu: 55, serviceCpu: 20, generatorCpu: 5 },
  ...more,
})

const protection = (queued: Partial<SideFigures> | null, more: Partial<Protection> = {}): Protection => ({
  caps: {
    backend: { capacity: 20, limit: 40, burnMs: 8 },
    ...{ slots: 15, ratePerSecond: 60, targetCpu: 80 },
  },
  queued: queued === null ? null : side(queued),
  straight: side({ mostInside: 40, done: 130, errors: 470 }),
  fallen: undefined,
  ...more,
})

const verdicts = (measured: Protection): Verdict[] => judgeProtection(measured).map(({ verdict }) => verdict)

describe('pressure, concurrency, rate and CPU', () => {
  const cases: [string, Protection, Verdict[]][] = [
    ['all kept', protection({}), ['passed', 'passed', 'passed', 'passed']],
    [
      'at their very bounds',
      protection({ mostInside: 15, came: every(1000 / 60 / 1.04), backendCpu: 80 }),
      ['passed', 'passed', 'passed', 'passed'],
    ],
    [
      'one call more than there are slots',
      protection({ mostInside: 16 }),
      ['passed', 'failed', 'passed', 'passed'],
    ],
    [
      'faster than the pace',
      protection({ came: every(1000 / 60 / 1.1) }),
      ['passed', 'passed', 'failed', 'passed'],
    ],
    [
      'faster for two seconds only',
      protection({ came: every(1000 / 120).slice(0, 240) }),
      ['passed', 'passed', 'failed', 'passed'],
    ],
    [
      'a fifth of a second at once, of a process that had to wait for a processor',
      protection({
        came: [...every(1000 / 60), ...Array.from({ length: 12 }, () => 5_000)].sort((a, b) => a - b),
      }),
      ['passed', 'passed', 'passed', 'passed'],
    ],
    ['processor above the target', protection({ backendCpu: 81 }), ['passed', 'passed', 'passed', 'failed']],
    [
      'the same, told by a machine that stood still',
      protection({ backendCpu: 81, lateMs: 500 }),
      ['passed', 'passed', 'passed', 'inconclusive'],
    ],
    [
      'a load that the back end bears alone proves nothing',
      protection({}, { straight: side({ mostInside: 20 }) }),
      ['inconclusive', 'passed', 'passed', 'passed'],
    ],
    [
      'caps that held because nothing came through',
      protection({ done: 0 }),
      ['failed', 'failed', 'failed', 'failed'],
    ],
    [
      'a service that died',
      protection({}, { fallen: 'the service: signal SIGKILL' }),
      ['failed', 'failed', 'failed', 'failed'],
    ],
    [
      'a running service whose back end tells nothing',
      protection(null, { straight: undefined }),
      ['skipped', 'skipped', 'skipped', 'skipped'],
    ],
    [
      'a running service without a pace, and a record',
      protection({}, { straight: undefined, caps: { slots: 15, ratePerSecond: null, targetCpu: 80 } }),
      ['skipped', 'passed', 'skipped', 'skipped'],
    ],
  ]
  for (const [name, measured, expected] of cases)
    test(name, () => assert.deepEqual(verdicts(measured), expected))

  test('a bound of the back end that is below the slots is the one that counts', () => {
    const caps = {
      backend: { capacity: 10, limit: 20, burnMs: 0 },
      slots: 15,
      ratePerSecond: 60,
      targetCpu: 80,
    }
    assert.equal(judgeProtection(protection({ mostInside: 11 }, { caps }))[1]?.verdict, 'failed')
  })
})

const call = (start: number, end: number, outcome: LoggedCall['outcome'] = 'served'): LoggedCall => ({
  ...{ kind: 'call', start, end, latencyMs: end - start, concurrency: 1, status: 200, outcome },
  id: `${start}`,
})

describe("the back end's record", () => {
  test('calls at once follow from starts and ends; who was refused took no place, who hung did', () => {
    const calls = [call(0, 100), call(10, 60, 'hung'), call(20, 21, 'refused'), call(60, 80)]
    assert.deepEqual(insideOverTime(calls), [
      [0, 1],
      [10, 2],
      [60, 1],
      [60, 2],
      [80, 1],
      [100, 0],
    ])
    assert.equal(mostInside(calls), 2)
    assert.equal(mostInside([]), 0)
  })

  test('well again only when a whole second of calls was', () => {
    const sick = Array.from({ length: 10 }, (_, i) => call(1000 + i * 50, 1000 + i * 50 + 900))
    const blip = [call(1500, 1600), call(1700, 1800)]
    const sickAgain = [call(2100, 3000)]
    const good = Array.from({ length: 20 }, (_, i) => call(2500 + i * 50, 2500 + i * 50 + 100))
    assert.equal(wellAgainAt([...sick, ...blip, ...sickAgain, ...good], 1000, 150), 2500)
    assert.equal(wellAgainAt([...sick, ...blip], 1000, 150), null)
    assert.equal(wellAgainAt([], 1000, 150), null)
  })

  test('the busiest stretch of a processor, not its mean and not a single moment', () => {
    const points = [0.25, 0.25, 1, 1, 0.25, 0.25].map((cpu, index) => ({
      at: index * 1000,
      spanMs: 1000,
      cpu,
      rssBytes: 0,
    }))
    assert.equal(busiestCpu(points, 2000), 100)
    assert.equal(busiestCpu(points, 4000), 62.5)
    assert.equal(busiestCpu(points.slice(0, 1), 4000), 25)
    assert.equal(busiestCpu([], 4000), null)
  })
})

test('a real run: the back end keeps within its bounds with the queue, and is overrun without', async (t) => {
  const flags = { burstSize: 300 }
  const found = await systemProtection.run(experimentContext((run) => t.after(run), { flags }))
  const ids = found.criteria.map(({ id, verdict }) => `${id} ${verdict}`)
  assert.deepEqual(ids.slice(0, 3), [
    'system_protection.pressure passed',
    'system_protection.concurrency passed',
    'system_protection.rate passed',
  ])
  // Of a machine that stood still nothing is concluded.
  assert.match(ids[3] ?? '', /^system_protection\.cpu (passed|inconclusive)$/)
  const rows = new Map(found.comparisons[0]?.rows.map(({ title, values }) => [title.en, values]))
  const [lost = 0, done = 0] = rows.get('work done') ?? []
  assert.equal(done, 300)
  assert.ok((lost ?? 0) < 300, `${lost} done without the queue`)
  for (const { series, alternative } of found.charts) {
    for (const { points } of series) assert.ok(points.length > 1)
    assert.doesNotMatch(alternative.en, /NaN|undefined|–/)
  }
})

test('a service that does not keep to its slots is found out', async (t) => {
  const flags = { burstSize: 300 }
  const main = join(import.meta.dirname, 'boundless-service.ts')
  const found = await systemProtection.run(experimentContext((run) => t.after(run), { flags }, main))
  const [, concurrency] = found.criteria
  // Its pace is ignored too; whether that shows depends on how fast this machine lets the back end be.
  assert.deepEqual([concurrency?.id, concurrency?.verdict], ['system_protection.concurrency', 'failed'])
  assert.ok((concurrency?.measured ?? 0) > 15, `${concurrency?.measured} at once`)
})
