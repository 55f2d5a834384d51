/** throughput_gain: each way to fail, what is counted, and a real run. */
import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import type { LoggedCall } from '../../../src/lab/backend/call-log.ts'
import type { Verdict } from '../../../src/lab/report/document.ts'
import { generatorFault } from '../../../src/lab/validate/findings.ts'
import { intendedOf, planOf } from '../../../src/lab/validate/side.ts'
import { throughputGain } from '../../../src/lab/validate/throughput-gain.ts'
import {
  type Gain,
  type GainFigures,
  gainFiguresOf,
  judgeGain,
} from '../../../src/lab/validate/throughput-gain-judge.ts'
import { experimentContext } from './experiment-context.ts'
import { loadReport } from './load-report.ts'

const figures = (more: Partial<GainFigures> = {}): GainFigures => ({
  ...{ attempted: 1_000, done: 1_000, horizonSeconds: 10, goodput: 100, successPercent: 100 },
  ...{ answer: null, work: null, backend: null, recoverySeconds: 0, backlogSeconds: null },
  ...more,
})
const gain = (more: Partial<Gain> = {}): Gain => ({
  queued: figures(),
  straight: figures({ done: 200, goodput: 40, horizonSeconds: 5, successPercent: 20 }),
  ...{ unless: undefined, fallen: undefined },
  ...more,
})
const verdicts = (measured: Gain): Verdict[] => judgeGain(measured).map(({ verdict }) => verdict)

describe('goodput and success', () => {
  const late = generatorFault({
    generator: { why: ['requests left 40 ms late at p99 with connections free'] },
  })
  const cases: [string, Gain, Verdict[]][] = [
    ['more than half as much again', gain(), ['passed', 'passed']],
    ['exactly half as much again', gain({ queued: figures({ goodput: 60 }) }), ['passed', 'passed']],
    ['less than that', gain({ queued: figures({ goodput: 59 }) }), ['failed', 'passed']],
    ['one message was not done', gain({ queued: figures({ successPercent: 99.9 }) }), ['passed', 'failed']],
    [
      'nothing at all without the queue',
      gain({ straight: figures({ done: 0, goodput: 0 }) }),
      ['passed', 'passed'],
    ],
    [
      'nothing at all on either side',
      gain({ straight: figures({ goodput: 0 }), queued: figures({ goodput: 0, successPercent: 0 }) }),
      ['failed', 'failed'],
    ],
    ['the generator was the bottleneck', gain({ unless: late }), ['inconclusive', 'passed']],
    ['a process died', gain({ fallen: 'the back end: exit code 1' }), ['failed', 'failed']],
  ]
  for (const [name, measured, expected] of cases)
    test(name, () => assert.deepEqual(verdicts(measured), expected))

  test('a generator that was no bottleneck is no reason', () => {
    assert.equal(generatorFault({ generator: { why: [] } }), undefined)
    assert.match(late?.en ?? '', /40 ms late/)
  })
})

describe('what is counted', () => {
  const plan = planOf([{ seconds: 2, from: 2, to: 2 }])
  const load = loadReport({ plan, run: 'r', seed: 3, startedAt: 1_000, seconds: 2, attempted: 4 })
  const intended = [...intendedOf(load).values()]
  const call = (
    index: number,
    start: number,
    end: number,
    outcome: LoggedCall['outcome'] = 'served',
  ): LoggedCall => ({
    ...{ kind: 'call', start, end, latencyMs: end - start, concurrency: 1, status: 200, outcome },
    ...{ id: `i${start}`, ref: `r/${index}`, type: 'ORDER' },
  })

  const SETTING = { burstSeconds: 2, normalMs: 150, slots: 4 }
  const waiting = [
    [2_900, 3],
    [3_100, 9],
    [3_600, 4],
    [3_800, 5],
  ] as const

  test('the backlog is gone when no more is there than the slots hold, after the burst', () => {
    const { backlogSeconds } = gainFiguresOf({ load, calls: [], waiting }, SETTING)
    assert.equal(backlogSeconds, 0.6)
    assert.equal(gainFiguresOf({ load, calls: [], waiting: [] }, SETTING).backlogSeconds, null)
  })

  test('work once per message, over the time until the last of it was done', () => {
    const calls = [
      call(0, 1_100, 1_200),
      call(0, 1_300, 1_400),
      call(1, 1_500, 1_900, 'failed'),
      call(2, 4_900, 5_000),
    ]
    const found = gainFiguresOf({ load, calls, waiting }, SETTING)
    assert.deepEqual([found.done, found.horizonSeconds, found.goodput, found.successPercent], [2, 4, 0.5, 50])
    assert.equal(found.work?.count, 2)
    // From the moment in which it was meant to leave.
    assert.ok(Math.abs((found.work?.max ?? 0) - (5_000 - (intended[2] ?? 0))) < 1)
  })

  test('who gave up later than the last work was done makes the time longer', () => {
    const found = gainFiguresOf({ load, calls: [call(0, 1_100, 1_200)], waiting: [] }, SETTING)
    assert.deepEqual([found.horizonSeconds, found.goodput], [2, 0.5])
  })

  test('the moments of arrival are those of the seed', () => {
    assert.equal(intended.length, 4)
    assert.deepEqual(intended, [...intendedOf(load).values()])
    assert.ok(intended.every((at) => at >= 1_000 && at <= 3_000))
  })
})

test('a real run: the same arrivals get more done with the queue than without', async (t) => {
  const flags = { burstSize: 600 }
  const found = await throughputGain.run(experimentContext((run) => t.after(run), { flags }))
  const [goodput, success] = found.criteria
  // A machine that is busy elsewhere may hold up the generator; then nothing is concluded, and that is said.
  const concluded = goodput?.verdict === 'inconclusive' ? /generator was the bottleneck/ : /Work done once/
  assert.match(goodput?.evidence.en ?? '', concluded)
  assert.notEqual(goodput?.verdict, 'failed')
  assert.ok((goodput?.measured ?? 0) > 150, `${goodput?.measured} %`)
  assert.deepEqual([success?.verdict, success?.measured], ['passed', 100])
  const rows = new Map(found.comparisons[0]?.rows.map(({ title, values }) => [title.en, values]))
  assert.deepEqual(rows.get('messages sent'), [720, 720])
  for (const values of rows.values()) assert.equal(values.length, 2)
})

test('on a running service it is skipped, with the reason', async () => {
  const running = { url: 'http://127.0.0.1:9' }
  const found = await throughputGain.run(experimentContext(() => {}, { running }))
  assert.deepEqual(
    found.criteria.map(({ verdict }) => verdict),
    ['skipped'],
  )
})
