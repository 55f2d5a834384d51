/** Verdicts from made-up records: what passes, what fails, and what the judge refuses to conclude from. */
import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { planLoad } from '../../../src/lab/load/plan.ts'
import { perfectOutput } from '../../../src/lab/measure/smoothing.ts'
import type { Criterion } from '../../../src/lab/report/document.ts'
import { findingsOf } from '../../../src/lab/validate/burst-leveling-judge.ts'
import type { Driven } from '../../../src/lab/validate/drive.ts'
import { gradeOf, verdictOfAll } from '../../../src/lab/validate/grade.ts'
import { judgedByInterval } from '../../../src/lab/validate/interval.ts'
import { type Block, findingsOf as monitoringFindings } from '../../../src/lab/validate/monitoring-impact.ts'
import { findingsOf as stabilityFindings } from '../../../src/lab/validate/stability.ts'

const START = 1.7e12
const SPREAD = { count: 1, mean: 2, p50: 2, p90: 2, p95: 2, p99: 2, p999: 2, max: 2 }

/** A load of one message every `gapMs`, all acknowledged 1 ms later, whose calls came at the given moments. */
function driven(
  messages: number,
  gapMs: number,
  out: ArrayLike<number>,
  given: Partial<Driven> = {},
): Driven {
  const sent = Float64Array.from({ length: messages }, (_, index) => START + index * gapMs)
  const seconds = (messages * gapMs) / 1000
  const load: Driven['load'] = {
    ...{ kind: 'load', version: 1, url: 'http://x/', target: 'api', plan: planLoad({ requests: messages }) },
    ...{ batch: 1, mix: {}, size: 0, keys: false, seed: 1, run: 'r', startedAt: START, seconds },
    accounts: { attempted: messages, acknowledged: messages, refused: 0, failed: 0, unknown: 0 },
    requests: { sent: messages, unsent: 0 },
    acknowledgedPerSecond: 1000 / gapMs,
    ...{ latencyMs: SPREAD, serviceMs: SPREAD, otherAnswersMs: SPREAD, codes: {}, series: [] },
    generator: {
      ...{ cores: 0.1, loopLagMs: { p50: 0, p99: 1, max: 2 }, lateMs: null, waitedForConnection: 0 },
      ...{ bottleneck: false, why: [] },
    },
    interrupted: false,
  }
  return {
    ...{ load, sent, acknowledged: sent.map((ms) => ms + 1), depth: [], drained: true, lateMs: 2 },
    calls: Array.from(out, (start, index) => ({
      ...{ kind: 'call', start, end: start + 20, latencyMs: 20, concurrency: 1, status: 200 },
      ...{ outcome: 'served', id: `${index}`, ref: `r/${index}` },
    })),
    verdict: {
      ...{ attempted: messages, acknowledged: messages, refused: 0, unknown: 0, ok: messages },
      ...{ lost: 0, unexpected: 0, duplicated: 0, recovered: 0, reordered: 0, unfinished: 0 },
      ...{ ended: { done: messages, rejected: 0, dead: 0, expired: 0 }, findings: [], passed: true },
    },
    ...given,
  }
}

const verdicts = (criteria: readonly Criterion[]) =>
  Object.fromEntries(criteria.map(({ id, verdict }) => [id.replace(/^\w+\./, ''), verdict]))

const MESSAGES = 3_000
const sent = Float64Array.from({ length: MESSAGES }, (_, index) => START + index * 2)
const paced = perfectOutput(sent, 60)
const inWindows = (ms: number) => paced.map((at) => START + Math.ceil((at - START) / ms) * ms)
const judged = (out: ArrayLike<number>, given: Partial<Driven> = {}) =>
  verdicts(findingsOf({ pacePerSecond: 60, slots: 20 }, driven(MESSAGES, 2, out, given)).criteria)

describe('burst_leveling', () => {
  test('a perfect pacer passes everything, and is what is held up as perfect', () => {
    const { criteria } = findingsOf({ pacePerSecond: 60, slots: 20 }, driven(MESSAGES, 2, paced))
    assert.deepEqual([...new Set(criteria.map(({ verdict }) => verdict))], ['passed'])
    for (const { id, measured, ideal } of criteria.filter(({ id }) => id.includes('smoothing'))) {
      assert.equal(measured, ideal, id)
    }
  })

  for (const windowMs of [250, 500, 1_000, 2_000]) {
    test(`a pacer with windows of ${windowMs} ms fails by its peak and by being ahead of the pace`, () => {
      const found = judged(inWindows(windowMs))
      assert.deepEqual([found.peak_output, found.ahead_of_pace], ['failed', 'failed'])
      if (windowMs >= 500) assert.deepEqual([found.smoothing_100ms, found.flatness], ['failed', 'failed'])
      if (windowMs === 1_000)
        assert.equal(found.smoothing_1000ms, 'passed', 'at its own window it looks perfect')
    })
  }

  test('one that lets out more than its pace all the time fails by its peak and by its time', () => {
    const found = judged(perfectOutput(sent, 90))
    assert.deepEqual([found.peak_output, found.drain_against_plan], ['failed', 'failed'])
  })

  test('one that is too slow passes its peak and fails by its time', () => {
    const found = judged(perfectOutput(sent, 40))
    assert.deepEqual([found.peak_output, found.drain_against_plan], ['passed', 'failed'])
    assert.equal(judged(perfectOutput(sent, 40), { lateMs: 300 }).drain_against_plan, 'inconclusive')
  })

  test('one pause of the output is not blamed on the pacer, two are', () => {
    const few = sent.slice(0, 300)
    const pauses = (...from: number[]) =>
      perfectOutput(few, 60).map((at, index) => at + 1_500 * from.filter((first) => index >= first).length)
    const found = (out: ArrayLike<number>) =>
      verdicts(findingsOf({ pacePerSecond: 60, slots: 20 }, driven(300, 2, out)).criteria)
    const names = ['peak_output', 'flatness', 'drain_against_plan'] as const
    const of = (out: ArrayLike<number>) => names.map((name) => found(out)[name])
    assert.deepEqual(of(pauses(150)), ['passed', 'inconclusive', 'inconclusive'])
    assert.deepEqual(of(pauses(100, 200)), ['passed', 'failed', 'failed'])
  })

  test('a first call that was gone before the next had come does not hide the backlog that follows', () => {
    const acknowledged = sent.map((ms, index) => (index === 0 ? ms : ms + 100))
    const out = perfectOutput(acknowledged, 60)
    const { criteria, figures } = findingsOf(
      { pacePerSecond: 60, slots: 20 },
      driven(MESSAGES, 2, out, { acknowledged }),
    )
    assert.equal(verdicts(criteria).flatness, 'passed')
    const rate = figures.find(({ id }) => id === 'burst_leveling.out_rate')?.value ?? 0
    assert.ok(Math.abs(rate - 60) < 0.5, `${rate}`)
  })

  test('one call that came too early by a second is seen among thousands', () => {
    const early = Float64Array.from(paced, (at, index) =>
      index >= 1_500 && index < 1_560 ? (paced[1_500] ?? 0) : at,
    )
    assert.equal(judged(early).peak_output, 'failed')
  })

  test('where the measurement itself stood still, unevenness is not blamed on the pacer', () => {
    const stalled = Float64Array.from(paced, (at) => {
      const into = (at - START) % 5_000
      return into < 700 ? at - into + 700 : at
    })
    assert.equal(judged(stalled, { lateMs: 700 }).peak_output, 'passed')
    assert.equal(judged(stalled, { lateMs: 2 }).peak_output, 'failed')
    assert.equal(judged(inWindows(2_000), { lateMs: 700 }).flatness, 'inconclusive')
    assert.equal(judged(inWindows(2_000), { lateMs: 700 }).peak_output, 'failed')
  })

  test('without the back end’s record nothing is judged of the output, and it is said', () => {
    const { criteria, notMeasured } = findingsOf(
      { pacePerSecond: 60, slots: 20 },
      driven(MESSAGES, 2, paced, { calls: null }),
    )
    const found = verdicts(criteria)
    assert.deepEqual(
      [found.peak_output, found.flatness ?? 'skipped', found.lost],
      ['skipped', 'skipped', 'passed'],
    )
    assert.match(notMeasured[0]?.en ?? '', /--backend-log/)
  })

  test('without a pace there is nothing to exceed', () => {
    const { criteria } = findingsOf({ pacePerSecond: null, slots: 20 }, driven(MESSAGES, 2, paced))
    assert.deepEqual(verdicts(criteria).peak_output, 'skipped')
  })
})

describe('estimates', () => {
  const given = {
    ...{ id: 'x.y', title: { en: '', ko: '' }, unit: '%', evidence: { en: '', ko: '' } },
    bound: { kind: 'at-most', value: 2 },
  } as const
  const verdictOf = (low: number, high: number) =>
    judgedByInterval(given, { value: (low + high) / 2, low, high, samples: 5 }).verdict

  test('are judged by their whole interval: one that reaches over the bound decides nothing', () => {
    assert.deepEqual(
      [verdictOf(-1, 1.9), verdictOf(2.1, 9), verdictOf(-5, 9)],
      ['passed', 'failed', 'inconclusive'],
    )
    assert.equal(judgedByInterval(given, null).verdict, 'inconclusive')
  })

  /** Ten pairs of blocks of a second with 100 messages each; `cpu`: seconds with monitoring on, and off. */
  const impact = (cpu: (on: boolean, index: number) => number) => {
    const blocks = Array.from({ length: 20 }, (_, index): Block => {
      const on = index % 4 === 0 || index % 4 === 3
      const from = START + index * 1_000
      return { on, from, to: from + 1_000, cpuSeconds: cpu(on, index) }
    })
    return monitoringFindings(driven(2_100, 10, []), blocks).criteria[0]
  }

  test('monitoring that costs nothing passes although the machine gets slower all the time', () => {
    const noise = (index: number) => 1 + 0.004 * Math.sin(index * 7)
    const found = impact((_, index) => 0.1 * 1.02 ** index * noise(index))
    assert.equal(found?.verdict, 'passed', JSON.stringify(found))
  })

  test('monitoring that seems to save a fifth of the work decides nothing: something else did', () => {
    const found = impact((on, index) => (on ? 0.08 : 0.1) * (1 + 0.004 * Math.sin(index)))
    assert.equal(found?.verdict, 'inconclusive')
    assert.match(found?.evidence.en ?? '', /other work on the machine/)
  })

  test('monitoring that costs a tenth fails, and a few noisy blocks decide nothing', () => {
    assert.equal(impact((on, index) => (on ? 0.11 : 0.1) * (1 + 0.004 * Math.sin(index)))?.verdict, 'failed')
    assert.equal(impact((_, index) => 0.1 * (1 + 0.4 * Math.sin(index * 3)))?.verdict, 'inconclusive')
  })
})

describe('stability', () => {
  const growing = (bytesPerMessage: number, seconds: number) => {
    const record = driven(seconds * 100, 10, [])
    const memory = Array.from({ length: seconds * 4 }, (_, look) => {
      const noise = 4e6 * Math.sin(look * 2.3)
      return [START + look * 250, 150e6 + bytesPerMessage * look * 25 + noise] as const
    })
    const { criteria } = stabilityFindings(record, { memory, restarts: 0, how: undefined })
    return verdicts(criteria).memory_growth
  }

  test('answers that get slower fail, and single seconds at which the machine stood still do not', () => {
    const drift = (meanMs: (second: number) => number) => {
      const record = driven(12_000, 10, [])
      const row = { ...record.load.accounts, seconds: 1, maxMs: 1 }
      const series = Array.from({ length: 120 }, (_, from) => ({ ...row, from, meanMs: meanMs(from) }))
      const load = { ...record.load, series }
      const { criteria } = stabilityFindings(
        { ...record, load },
        { memory: null, restarts: 0, how: undefined },
      )
      return verdicts(criteria).latency_drift
    }
    const noise = (second: number) => 1 + 0.1 * Math.sin(second * 3)
    assert.equal(
      drift((second) => 5 * 1.01 ** second * noise(second)),
      'failed',
    )
    assert.equal(
      drift((second) => (second % 40 === 7 ? 300 : 5 * noise(second))),
      'passed',
    )
  })

  test('a leak fails over many minutes, steady memory passes, and a short run concludes nothing', () => {
    assert.deepEqual(
      [growing(5_000, 660), growing(0, 300), growing(5_000, 300)],
      ['failed', 'passed', 'inconclusive'],
    )
  })

  test('a service that ended fails', () => {
    const record = driven(1_000, 10, [])
    const { criteria } = stabilityFindings(record, { memory: null, restarts: 1, how: 'signal SIGKILL' })
    assert.deepEqual([verdicts(criteria).restarts, verdicts(criteria).memory_growth], ['failed', 'skipped'])
  })
})

describe('the grade', () => {
  const criteria = (passed: number, failed: number, id = 'x.y'): { criteria: Criterion[] }[] => {
    const one = (verdict: Criterion['verdict'], name: string): Criterion => ({
      ...{ id: name, title: { en: '', ko: '' }, bound: { kind: 'exactly', value: 0 }, measured: 0 },
      ...{ unit: '', verdict, evidence: { en: '', ko: '' } },
    })
    const list = (count: number, verdict: Criterion['verdict'], name: string) =>
      Array.from({ length: count }, () => one(verdict, name))
    return [
      { criteria: [...list(passed, 'passed', 'x.z'), ...list(failed, 'failed', id), one('skipped', 'x.s')] },
    ]
  }

  test('is A from 90, B from 80, C from 70, D from 60 percent, of those that were judged', () => {
    const grades = [100, 90, 89, 80, 79, 70, 69, 60, 59, 0].map(
      (good) => gradeOf(criteria(good, 100 - good)).grade,
    )
    assert.deepEqual(grades, ['A', 'A', 'B', 'B', 'C', 'C', 'D', 'D', 'F', 'F'])
    assert.deepEqual(gradeOf(criteria(3, 1)), { score: 75, grade: 'C', passed: false })
  })

  test('is F for a single lost message, however well the rest went', () => {
    assert.deepEqual(gradeOf(criteria(99, 1, 'burst_leveling.lost')), {
      score: 99,
      grade: 'F',
      passed: false,
    })
  })

  test('is none where nothing was judged, and that is no pass', () => {
    assert.deepEqual(gradeOf(criteria(0, 0)), { score: null, grade: null, passed: false })
  })

  test('an experiment fails by one criterion and stays open by one that could not be told', () => {
    const of = (...all: Criterion['verdict'][]) => verdictOfAll(all.map((verdict) => ({ verdict })))
    assert.deepEqual(
      [
        of('passed', 'failed', 'inconclusive'),
        of('passed', 'inconclusive'),
        of('passed', 'skipped'),
        of('skipped'),
      ],
      ['failed', 'inconclusive', 'passed', 'skipped'],
    )
  })
})
