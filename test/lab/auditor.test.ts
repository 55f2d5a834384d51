/** The auditor names every way in which a queue can fail its users, and calls nothing else a failure. */
import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { Auditor, type AuditVerdict, describeVerdict, type HistoryEvent } from '../../src/lab/index.ts'
import { chances, fc } from '../fixtures/seed.ts'

const sent = (ref: string, more: { orderingKey?: string; mayExpire?: boolean } = {}): HistoryEvent => ({
  kind: 'attempted',
  ref,
  ...more,
})
const ack = (ref: string, id = `id-${ref}`): HistoryEvent => ({ kind: 'acknowledged', ref, id })
const refused = (ref: string): HistoryEvent => ({ kind: 'refused', ref, code: 'overloaded' })
const unknown = (ref: string): HistoryEvent => ({ kind: 'unknown', ref, why: 'connection lost' })
const effect = (ref: string, id = `id-${ref}`): HistoryEvent => ({ kind: 'effect', id, ref })
const ended = (ref: string, state: 'done' | 'rejected' | 'dead' | 'expired' = 'done'): HistoryEvent => ({
  kind: 'ended',
  id: `id-${ref}`,
  state,
})
const good = (ref: string, more = {}): HistoryEvent[] => [sent(ref, more), ack(ref), effect(ref), ended(ref)]

function judge(...events: (HistoryEvent | HistoryEvent[])[]): AuditVerdict {
  const auditor = new Auditor({ effects: true })
  for (const event of events.flat()) auditor.observe(event)
  return auditor.verdict()
}

const CLEAN = { lost: 0, unexpected: 0, duplicated: 0, reordered: 0, unfinished: 0 }

function assertFault(verdict: AuditVerdict, kind: keyof typeof CLEAN, subject: string, why: RegExp): void {
  const { lost, unexpected, duplicated, reordered, unfinished } = verdict
  assert.deepEqual({ lost, unexpected, duplicated, reordered, unfinished }, { ...CLEAN, [kind]: 1 })
  assert.equal(verdict.passed, false)
  const finding = verdict.findings.find((one) => one.kind === kind)
  assert.ok([finding?.ref, finding?.id].includes(subject), `${subject} is not named: ${finding?.ref}`)
  assert.match(finding?.why ?? '', why)
}

describe('a history without fault', () => {
  test('passes, and its counts add up', () => {
    const verdict = judge(
      good('a'),
      [sent('b'), refused('b')],
      [sent('c'), unknown('c')],
      [sent('d'), ack('d'), ended('d', 'rejected')],
      [sent('e'), ack('e'), ended('e', 'dead')],
      [sent('f', { mayExpire: true }), ack('f'), ended('f', 'expired')],
    )
    assert.equal(verdict.passed, true, describeVerdict(verdict))
    assert.equal(verdict.ok, 4)
    assert.deepEqual(verdict.ended, { done: 1, rejected: 1, dead: 1, expired: 1 })
    assert.equal(verdict.attempted, verdict.acknowledged + verdict.refused + verdict.unknown)
    assert.deepEqual([verdict.acknowledged, verdict.refused, verdict.unknown], [4, 1, 1])
  })
  test('one in which nothing was acknowledged proves nothing', () => {
    assert.equal(judge(sent('a'), refused('a')).passed, false)
  })
  test('a try repeated under one name is one message', () => {
    const verdict = judge(sent('a'), unknown('a'), sent('a'), ack('a'), ack('a'), effect('a'), ended('a'))
    assert.equal(verdict.passed, true)
    assert.deepEqual([verdict.attempted, verdict.acknowledged, verdict.unknown], [1, 1, 0])
  })
  test('what came out before its answer was recorded is known by the answer', () => {
    const verdict = judge(sent('a'), { kind: 'effect', id: 'id-a' }, ended('a'), ack('a'))
    assert.equal(verdict.passed, true)
    assert.equal(verdict.ok, 1)
  })
})

describe('Q2: what was acknowledged and did not come out is lost', () => {
  test('no end at all', () =>
    assertFault(judge(good('a'), sent('b'), ack('b')), 'lost', 'b', /never came out/))
  test('done without its effect', () => {
    assertFault(judge(sent('a'), ack('a'), ended('a')), 'lost', 'a', /effect was never seen/)
  })
  test('expired though no time to live was asked for', () => {
    assertFault(judge(sent('a'), ack('a'), ended('a', 'expired')), 'lost', 'a', /expired/)
  })
  test('two sends that were given one id: the second is lost', () => {
    assertFault(judge(good('a'), sent('b'), ack('b', 'id-a')), 'lost', 'b', /the id of a/)
  })
  test('still under way when nobody looked any more is told apart', () => {
    const waiting: HistoryEvent = { kind: 'waiting', id: 'id-b', state: 'delayed' }
    assertFault(judge(good('a'), sent('b'), ack('b'), waiting), 'unfinished', 'b', /still delayed/)
  })
})

describe('Q4, Q7: what happened twice is duplicated', () => {
  test('two effects', () => assertFault(judge(good('a'), effect('a')), 'duplicated', 'a', /effect 2 times/))
  test('two ends', () =>
    assertFault(judge(good('a'), ended('a', 'dead')), 'duplicated', 'a', /ended 2 times/))
  test('a repeated try that became a message of its own', () => {
    assertFault(judge(good('a'), ack('a', 'id-2')), 'duplicated', 'a', /id-a and id-2/)
  })
  test('the same, seen only by what came out', () => {
    const second = effect('a', 'id-2')
    assertFault(
      judge(sent('a'), ack('a'), ended('a'), second, effect('a')),
      'duplicated',
      'a',
      /two messages/,
    )
  })
  test('a send without an answer that came out twice', () => {
    const verdict = judge(good('x'), sent('a'), unknown('a'), effect('a'), effect('a'), ended('a'))
    assertFault(verdict, 'duplicated', 'a', /2 times/)
    assert.equal(verdict.recovered, 1)
  })
})

describe('what nobody sent is unexpected', () => {
  test('by id', () => {
    const phantom: HistoryEvent = { kind: 'ended', id: 'ghost', state: 'done' }
    assertFault(judge(good('a'), phantom), 'unexpected', 'ghost', /nobody/)
  })
  test('by a name that was never used', () => {
    assertFault(judge(good('a'), effect('ghost')), 'unexpected', 'ghost', /nobody/)
  })
})

describe('what was not acknowledged and came out is recovered, which is no fault', () => {
  for (const [name, answer] of [
    ['no answer', unknown('a')],
    ['a refusal', refused('a')],
  ] as const) {
    test(name, () => {
      const verdict = judge(good('x'), sent('a'), answer, effect('a'), ended('a'))
      assert.equal(verdict.passed, true)
      assert.equal(verdict.recovered, 1)
      assert.equal(verdict.ok, 1)
    })
  }
})

describe('Q5: order within an ordering key', () => {
  const keyed = (ref: string) => sent(ref, { orderingKey: 'k' })
  const out = (ref: string) => [effect(ref), ended(ref)]
  test('the one sent later came out first: the earlier one is reordered', () => {
    const verdict = judge(keyed('a'), ack('a'), keyed('b'), ack('b'), out('b'), out('a'))
    assertFault(verdict, 'reordered', 'a', /sent later/)
  })
  test('in order passes', () => {
    assert.equal(judge(keyed('a'), ack('a'), keyed('b'), ack('b'), out('a'), out('b')).passed, true)
  })
  test('sends that overlapped have no order between them', () => {
    assert.equal(judge(keyed('a'), keyed('b'), ack('a'), ack('b'), out('b'), out('a')).passed, true)
  })
  test('another key is another line', () => {
    const other = [sent('b', { orderingKey: 'other' }), ack('b'), out('b')].flat()
    assert.equal(judge(keyed('a'), ack('a'), other, out('a')).passed, true)
  })
})

test('any number of faults put into a clean history is found, each under its own name', async () => {
  const fates = fc.array(fc.constantFrom('good', 'lost', 'doubled', 'phantom', 'recovered', 'refused'), {
    maxLength: 300,
  })
  await fc.assert(
    fc.asyncProperty(fates, async (list) => {
      const events = list.flatMap((fate, i): HistoryEvent[] => {
        const ref = `m${i}`
        if (fate === 'good') return good(ref)
        if (fate === 'lost') return [sent(ref), ack(ref)]
        if (fate === 'doubled') return [...good(ref), effect(ref)]
        if (fate === 'phantom') return [effect(ref), ended(ref)]
        if (fate === 'recovered') return [sent(ref), unknown(ref), effect(ref), ended(ref)]
        return [sent(ref), refused(ref)]
      })
      const verdict = judge(events)
      const planted = (fate: string) => list.filter((one) => one === fate).length
      assert.deepEqual(
        [
          verdict.ok,
          verdict.lost,
          verdict.duplicated,
          verdict.unexpected,
          verdict.recovered,
          verdict.refused,
        ],
        ['good', 'lost', 'doubled', 'phantom', 'recovered', 'refused'].map(planted),
      )
    }),
    chances(100),
  )
})

test('a broken million does not fill the report: findings are named up to a bound, counted beyond it', () => {
  const verdict = judge(Array.from({ length: 1000 }, (_, i) => [sent(`m${i}`), ack(`m${i}`)]).flat())
  assert.equal(verdict.lost, 1000)
  assert.equal(verdict.findings.length, 100)
})
