/** Two validations beside each other: better, worse, same, and when a comparison says less than it seems to. */
import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { chartPairs, compareReports } from '../../../src/lab/report/compare.ts'
import { renderComparisonHtml } from '../../../src/lab/report/comparison-html.ts'
import type { Bound, Criterion, Environment, ValidationReport } from '../../../src/lab/report/document.ts'
import { renderComparisonMarkdown } from '../../../src/lab/report/markdown.ts'
import { chances, fc } from '../../fixtures/seed.ts'
import { sampleReport } from './sample.ts'
import { both, criterion } from './sample-parts.ts'

const sample = sampleReport()

function report(criteria: readonly Criterion[], more: Partial<ValidationReport> = {}): ValidationReport {
  const [first] = sample.experiments
  assert.ok(first)
  return { ...sample, experiments: [{ ...first, criteria }], ...more }
}

const one = (measured: number | null, bound: Bound, verdict: Criterion['verdict'] = 'passed') =>
  report([criterion('x', both('X', 'X'), { measured, bound, verdict })])

const change = (a: ValidationReport, b: ValidationReport) => compareReports(a, b).criteria[0]?.change

const AT_MOST: Bound = { kind: 'at-most', value: 100 }
const AT_LEAST: Bound = { kind: 'at-least', value: 100 }
const ZERO: Bound = { kind: 'exactly', value: 0 }
const RANGE: Bound = { kind: 'range', from: 0.9, to: 1.1 }

describe('a criterion', () => {
  test('is better or worse by the side on which its bound is', () => {
    assert.deepEqual(
      [change(one(80, AT_MOST), one(60, AT_MOST)), change(one(60, AT_MOST), one(80, AT_MOST))],
      ['better', 'worse'],
    )
    assert.deepEqual(
      [change(one(120, AT_LEAST), one(150, AT_LEAST)), change(one(150, AT_LEAST), one(120, AT_LEAST))],
      ['better', 'worse'],
    )
    assert.deepEqual(
      [
        change(one(3, ZERO, 'failed'), one(1, ZERO, 'failed')),
        change(one(1, ZERO, 'failed'), one(3, ZERO, 'failed')),
      ],
      ['better', 'worse'],
    )
  })

  test('within a range no value is better than another', () => {
    assert.equal(change(one(0.91, RANGE), one(1.09, RANGE)), 'same')
    assert.equal(change(one(1.5, RANGE, 'failed'), one(1.2, RANGE, 'failed')), 'better')
  })

  test('a changed verdict decides, whatever the numbers', () => {
    assert.equal(change(one(99.9, AT_MOST), one(100.1, AT_MOST, 'failed')), 'worse')
    assert.equal(change(one(100.1, AT_MOST, 'failed'), one(99.9, AT_MOST)), 'better')
  })

  test('a difference of at most five in a hundred is none', () => {
    assert.equal(change(one(100, AT_MOST), one(95, AT_MOST)), 'same')
    assert.equal(change(one(100, AT_MOST), one(94, AT_MOST)), 'better')
    assert.equal(change(one(0, ZERO), one(0, ZERO)), 'same')
  })

  test('is not compared when one of them was not judged or not measured', () => {
    assert.equal(change(one(80, AT_MOST), one(80, AT_MOST, 'inconclusive')), 'not-comparable')
    assert.equal(change(one(null, AT_MOST, 'skipped'), one(80, AT_MOST)), 'not-comparable')
    assert.equal(change(one(null, AT_MOST, 'failed'), one(80, AT_MOST, 'failed')), 'not-comparable')
  })

  test('that only one of them has is named', () => {
    const [x, y] = [criterion('x', both('X', 'X')), criterion('y', both('Y', 'Y'))]
    const { criteria, counts } = compareReports(report([x]), report([y]))
    assert.deepEqual(
      criteria.map(({ id, change: kind }) => [id, kind]),
      [
        ['x', 'only-in-a'],
        ['y', 'only-in-b'],
      ],
    )
    assert.deepEqual([counts['only-in-a'], counts['only-in-b'], counts.same], [1, 1, 0])
  })

  test('with another bound says so', () => {
    const [first] = compareReports(one(80, AT_MOST), one(80, { kind: 'at-most', value: 90 })).criteria
    assert.equal(first?.boundChanged, true)
    const text = renderComparisonMarkdown(
      compareReports(one(80, AT_MOST), one(80, { kind: 'at-most', value: 90 })),
      'en',
    )
    assert.match(text, /≤ 90 \(another bound in A: ≤ 100\)/)
  })
})

describe('two reports', () => {
  test('the same report twice: all the same, nothing different, nothing regressed', () => {
    const { criteria, differences, otherMachine, regressed, counts } = compareReports(sample, sample)
    const judged = criteria.filter(({ a }) => a?.verdict === 'passed' || a?.verdict === 'failed')
    assert.ok(judged.every(({ change: kind, difference }) => kind === 'same' && difference === 0))
    assert.deepEqual(
      [differences, otherMachine, regressed, counts.better, counts.worse],
      [[], false, [], 0, 0],
    )
  })

  test('what passed and now fails is regressed; what failed before, or is not judged now, is not', () => {
    const ids = ['a', 'b', 'c', 'd'].map((id) => [id, both(id, id)] as const)
    const verdicts = (list: readonly Criterion['verdict'][]) =>
      report(ids.map(([id, title], index) => criterion(id, title, { verdict: list[index] ?? 'passed' })))
    const found = compareReports(
      verdicts(['passed', 'failed', 'passed', 'failed']),
      verdicts(['failed', 'failed', 'skipped', 'passed']),
    )
    assert.deepEqual(found.regressed, ['a'])
    assert.deepEqual(
      found.criteria.filter(({ verdictChanged }) => verdictChanged).map(({ id }) => id),
      ['a', 'c', 'd'],
    )
  })

  test('turned round, better is worse and the difference has the other sign', () => {
    const some = fc.constantFrom<Bound>(AT_MOST, AT_LEAST, ZERO, RANGE)
    const verdict = fc.constantFrom<Criterion['verdict']>('passed', 'failed', 'inconclusive', 'skipped')
    const side = fc.tuple(fc.double({ min: -1e6, max: 1e6, noNaN: true }), verdict)
    const turned = {
      better: 'worse',
      worse: 'better',
      'only-in-a': 'only-in-b',
      'only-in-b': 'only-in-a',
    } as Record<string, string>
    fc.assert(
      fc.property(some, side, side, (bound, [x, vx], [y, vy]) => {
        const [there] = compareReports(one(x, bound, vx), one(y, bound, vy)).criteria
        const [back] = compareReports(one(y, bound, vy), one(x, bound, vx)).criteria
        assert.ok(there && back)
        assert.equal(turned[there.change] ?? there.change, back.change)
        assert.equal((there.difference ?? 0) + (back.difference ?? 0), 0)
      }),
      chances(300),
    )
  })

  test('another machine is said aloud, in words that are hard to miss', () => {
    for (const other of [
      { cpu: 'Another' },
      { cores: 64 },
      { memoryBytes: 2 ** 36 },
      { platform: 'darwin arm64' },
    ] satisfies Partial<Environment>[]) {
      const b = { ...sample, environment: { ...sample.environment, ...other } }
      const found = compareReports(sample, b)
      assert.equal(found.otherMachine, true, JSON.stringify(other))
      assert.equal(found.differences.length, 1)
      assert.match(
        renderComparisonHtml(found, [], 'en'),
        /class="notice[^>]*>These runs were on different machines/,
      )
      assert.match(renderComparisonMarkdown(found, 'ko'), /> 서로 다른 기계에서 실행되었습니다/)
    }
  })

  test('other conditions are named: version, engine, service, seed, kind of run, load', () => {
    const b: ValidationReport = {
      ...{ ...sample, quick: false, seed: 8, url: 'http://queue.example:8000' },
      environment: { ...sample.environment, weir: '0.2.0', engine: null, node: 'v22.18.0', loadBefore: 1.9 },
    }
    const found = compareReports(sample, b)
    assert.equal(found.otherMachine, false)
    assert.deepEqual(
      found.differences.map((row) => [row.what.en, row.a.en, row.b.en]),
      [
        ['Weir', '0.1.0-sample', '0.2.0'],
        ['Engine', 'embedded', 'not told'],
        ['Node', 'v24.0.0', 'v22.18.0'],
        ['Service', 'started for this run', 'http://queue.example:8000'],
        ['Kind', 'quick', 'whole'],
        ['Seed', '7', '8'],
        ['Load before the run', '0.42', '1.9'],
      ],
    )
    assert.match(renderComparisonHtml(found, [], 'en'), /These runs were under different conditions/)
  })

  test('the page has each criterion with its change as word and sign, and escapes what it is told', () => {
    const evil = both('<script>alert(1)</script>', '<img src=x>')
    const a = report([criterion('x', evil, { measured: 10 })])
    const b = report([criterion('x', evil, { measured: 130, verdict: 'failed' })])
    const text = renderComparisonHtml(compareReports(a, b), chartPairs(a, b), 'en')
    assert.match(text, /▼ worse/)
    assert.match(text, /▼ 나빠짐/)
    assert.match(text, /Got worse: passed in A, failed in B \(1\)/)
    assert.match(text, /✓ passed<\/span> → <span class="chip tone-failed">✗ failed/)
    assert.doesNotMatch(text, /<script|<img/)
  })

  test('curves that both have stand beside each other, by experiment and id; others do not', () => {
    const [first, second] = sample.experiments
    assert.ok(first && second)
    const [chart] = first.charts
    assert.ok(chart)
    const only = { ...chart, id: 'only-in-one' }
    const a = { ...sample, experiments: [{ ...first, charts: [only, chart] }] }
    // The same id in another experiment is another curve.
    const b = {
      ...sample,
      experiments: [
        { ...second, charts: [chart] },
        { ...first, charts: [chart] },
      ],
    }
    const pairs = chartPairs(a, b)
    assert.deepEqual(
      pairs.map(({ title }) => title.en),
      [`${first.title.en}: ${chart.title.en}`],
    )
    const text = renderComparisonHtml(compareReports(a, b), pairs, 'en')
    assert.equal(text.match(/<figure>/g)?.length, 4, 'two in each language')
    assert.match(text, new RegExp(`<h4>A: ${chart.title.en}`))
    assert.match(text, new RegExp(`<h4>B: ${chart.title.ko}`))
    assert.doesNotMatch(renderComparisonHtml(compareReports(a, b), [], 'en'), /<figure>/)
    const nothing = { ...chart, series: chart.series.map((one) => ({ ...one, points: [] })) }
    const empty = pairs.map((pair) => ({ ...pair, a: nothing, b: nothing }))
    assert.doesNotMatch(renderComparisonHtml(compareReports(a, b), empty, 'en'), /<figure>/)
  })
})
