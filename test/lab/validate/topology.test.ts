/** topology: what its sides amount to, and a real run on the embedded engine and on a broker of its own. */
import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { removeBrokerQueue } from '../../../src/app/index.ts'
import type { Criterion, Verdict } from '../../../src/lab/report/document.ts'
import { words } from '../../../src/lab/validate/findings.ts'
import { topology } from '../../../src/lab/validate/topology.ts'
import {
  judgeTopology,
  LAYOUTS,
  type LayoutFigures,
  topologyTable,
} from '../../../src/lab/validate/topology-judge.ts'
import { privateBrokerMissing, sharedBroker } from '../../fixtures/rabbitmq.ts'
import { experimentContext } from './experiment-context.ts'

const side = (more: Partial<LayoutFigures> = {}): LayoutFigures => ({
  ...{
    layout: 'per-type',
    attempted: 400,
    acknowledged: 400,
    done: 400,
    answerP99: 20,
    fallen: undefined,
    unless: undefined,
  },
  ...{ quickP50: 4, quickP99: 30, slowMax: 3_000, seconds: 5 },
  ...more,
})

describe('the sides amount to', () => {
  const late = words('The generator was late.', '늦었습니다.')
  const cases: [string, Partial<LayoutFigures>, Record<string, Verdict>][] = [
    ['all done, and the quick type not held up', {}, { done: 'passed', independent: 'passed' }],
    ['one message short', { done: 399 }, { done: 'failed', independent: 'passed' }],
    [
      'a quick type that waits for the slow one',
      { quickP50: 1_500 },
      { done: 'passed', independent: 'failed' },
    ],
    ['a late generator', { quickP50: 1_500, unless: late }, { done: 'passed', independent: 'inconclusive' }],
    ['a late generator that did no harm', { unless: late }, { done: 'passed', independent: 'passed' }],
    [
      'nothing was sent',
      { attempted: 0, done: 0, quickP50: null, slowMax: null },
      { done: 'inconclusive', independent: 'inconclusive' },
    ],
    [
      'a process that ended',
      { fallen: 'the service: signal SIGKILL' },
      { done: 'failed', independent: 'passed' },
    ],
  ]
  for (const [name, more, expected] of cases) {
    test(name, () => {
      const found = judgeTopology([side(more)], new Map())
      assert.deepEqual(
        Object.fromEntries(found.map(({ id, verdict }) => [id.split('.').at(-1), verdict])),
        expected,
      )
    })
  }

  test('one queue for all: that the quick type waits is shown, and is no fault', () => {
    const single = side({ layout: 'single', quickP99: 2_900 })
    const found = judgeTopology([single], new Map())
    assert.deepEqual(
      found.map(({ id, verdict }) => [id, verdict]),
      [['topology.single.done', 'passed']],
    )
    assert.equal(
      topologyTable([side(), single]).rows.find(({ title }) => /p99/.test(title.en) && /quick/.test(title.en))
        ?.values[1],
      2_900,
    )
  })

  test('what was not tried is skipped with its reason', () => {
    const why = words('set it', '설정하세요')
    const found = judgeTopology(
      [side({ layout: 'embedded' })],
      new Map([
        ['per-type', why],
        ['single', why],
      ]),
    )
    const skippedOnes = found.filter(({ verdict }) => verdict === 'skipped')
    assert.equal(skippedOnes.length, 3)
    for (const { evidence, measured } of skippedOnes) assert.deepEqual([evidence, measured], [why, null])
  })
})

/** Nothing failed; a machine that is busy elsewhere may hold up the generator, and then that is said. */
function unspoilt(criteria: readonly Criterion[]): void {
  for (const { id, verdict, evidence } of criteria) {
    assert.notEqual(verdict, 'failed', `${id}: ${evidence.en}`)
    if (verdict === 'inconclusive') assert.match(evidence.en, /generator was the bottleneck/)
  }
}

test('without a broker the embedded engine is measured, and the rest says what to set', async (t) => {
  const found = await topology.run(experimentContext((run) => t.after(run)))
  const verdicts = Object.fromEntries(found.criteria.map(({ id, verdict }) => [id, verdict]))
  assert.equal(verdicts['topology.embedded.done'], 'passed')
  unspoilt(found.criteria)
  assert.equal(verdicts['topology.single.done'], 'skipped')
  assert.match(found.criteria.at(-1)?.evidence.en ?? '', /set RABBITMQ_URL/)
  const slowMax = found.comparisons[0]?.rows.find(({ title }) => /slow type/.test(title.en))?.values[0] ?? 0
  assert.ok(slowMax > 500, `the slow type piled up: ${slowMax} ms`)
})

describe('on a broker', { skip: privateBrokerMissing() }, () => {
  const broker = sharedBroker()

  test('both topologies side by side, and nothing is left on the broker', async (t) => {
    const { url, ctl } = broker()
    const removeQueue = (name: string, types: readonly string[]) => removeBrokerQueue(url, name, types)
    const brokers = { rabbitmqUrl: url, removeQueue }
    const found = await topology.run(experimentContext((run) => t.after(run), { brokers }))
    const judged = found.criteria.map(({ id, verdict, measured }) => ({ id, verdict, measured }))
    assert.equal(judged.length, 5)
    unspoilt(found.criteria)
    for (const { id, measured } of judged) if (id.endsWith('.done')) assert.equal(measured, 100, id)
    assert.equal(found.comparisons[0]?.sides.length, LAYOUTS.length)
    assert.deepEqual(found.notMeasured, [])
    assert.doesNotMatch(await ctl('-q', 'list_queues', 'name'), /weir-validate/)
    assert.doesNotMatch(await ctl('-q', 'list_exchanges', 'name'), /weir-validate/)
  })
})
