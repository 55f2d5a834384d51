/** Copies, rounds, repetitions and batches: the book stays right whatever order it hears things in. */
import assert from 'node:assert/strict'
import { LIMITS } from '../../../src/core/index.ts'
import {
  AT,
  accepted,
  booked,
  books,
  countsOf,
  delayed,
  delayOver,
  ended,
  entry,
  givenBack,
  type LedgerCase,
  moved,
  requeued,
  TYPE,
  taken,
} from './subject.ts'

const cases: Readonly<Record<string, LedgerCase['run']>> = {
  'a consumer that is faster than the receipt loses nothing': async (subject) => {
    const { ledger } = subject
    const [took] = await books(ledger, { ...taken('a'), booked: booked('a', { priority: 7 }) } as never)
    assert.deepEqual(took, { kind: 'recorded', attempt: 1, failures: 0 })
    assert.deepEqual(await ledger.record([accepted('a')]), [{ kind: 'late' }])
    await books(ledger, ended('a', 1))
    const counts = await countsOf(subject)
    assert.deepEqual([counts.accepted, counts.done, counts.departed], [1, 1, 1])
    assert.equal((await ledger.find('a'))?.priority, 7)
  },
  'Q4: of two copies that are both handed out the later attempt counts, and the first settles late': async (
    subject,
  ) => {
    const { ledger } = subject
    const [, first, second] = await books(ledger, accepted('a'), taken('a'), taken('a'))
    assert.deepEqual(
      [first, second],
      [
        { kind: 'recorded', attempt: 1, failures: 0 },
        { kind: 'recorded', attempt: 2, failures: 0 },
      ],
    )
    assert.deepEqual(await ledger.record([ended('a', 1)]), [{ kind: 'late' }])
    await books(ledger, ended('a', 2))
    assert.deepEqual(await ledger.record([taken('a'), ended('a', 3)]), [{ kind: 'late' }, { kind: 'late' }])
    const record = await ledger.find('a')
    assert.equal(record?.state, 'done')
    assert.deepEqual(
      record?.history.map(({ attempt, outcome }) => [attempt, outcome]),
      [[1, 'crashed']],
    )
    assert.equal((await countsOf(subject)).departed, 2)
  },
  'a retry: the new copy counts, the old one is late, failures and history go on': async (subject) => {
    const { ledger } = subject
    await books(ledger, accepted('a'), taken('a'), moved('a', 1, 1, 'delayed'))
    assert.deepEqual(await ledger.record([taken('a')]), [{ kind: 'late' }])
    const [second] = await books(ledger, taken('a', 1, 1))
    assert.deepEqual(second, { kind: 'recorded', attempt: 2, failures: 1 })
    await books(ledger, moved('a', 2, 2, 'dead'))
    const record = await ledger.find('a')
    assert.deepEqual([record?.state, record?.failures, record?.error], ['dead', 2, 'attempt 2 failed'])
    assert.deepEqual(record?.history, [entry(1), entry(2, 'dead')])
    assert.equal((await countsOf(subject)).dead, 1)
  },
  'a copy that is handed out before the book hears of it: the move that made it is late': async (subject) => {
    const { ledger } = subject
    await books(ledger, accepted('a'), taken('a'))
    const [faster] = await books(ledger, taken('a', 1, 1))
    assert.deepEqual(faster, { kind: 'recorded', attempt: 2, failures: 1 })
    assert.deepEqual(await ledger.record([moved('a', 1, 1, 'delayed')]), [{ kind: 'late' }])
    assert.equal((await countsOf(subject)).inFlight, 1)
  },
  'the delay of a copy that is over before the book hears of it: the move that made it still tells what it has to':
    async (subject) => {
      const { ledger } = subject
      await books(ledger, accepted('a'), taken('a'))
      assert.deepEqual(await ledger.record([delayOver('a', 1)]), [{ kind: 'late' }])
      await books(ledger, moved('a', 1, 1, 'delayed'))
      const record = await ledger.find('a')
      assert.deepEqual([record?.state, record?.failures, record?.history], ['delayed', 1, [entry(1)]])
      const [second] = await books(ledger, taken('a', 1, 1))
      assert.deepEqual(second, { kind: 'recorded', attempt: 2, failures: 1 })
    },
  'an operator’s retry: failures anew, attempts go on': async (subject) => {
    const { ledger } = subject
    await books(ledger, taken('a'), moved('a', 1, 1, 'dead'), requeued('a', 2))
    assert.deepEqual(await ledger.record([taken('a')]), [{ kind: 'late' }])
    const [third] = await books(ledger, taken('a', 2))
    assert.deepEqual(third, { kind: 'recorded', attempt: 2, failures: 0 })
    const outcomes = (await ledger.find('a'))?.history.map(({ outcome }) => outcome)
    assert.deepEqual(outcomes, ['dead', 'requeued'])
  },
  'what is told twice, because no answer came, counts once and is answered the same': async (subject) => {
    const { ledger } = subject
    await books(ledger, accepted('a'), accepted('b'), taken('a'), taken('b'))
    for (const move of [moved('a', 1, 1, 'delayed'), ended('b', 1), moved('c', 1, 1, 'dead')]) {
      const first = await books(ledger, move)
      const before = await countsOf(subject)
      assert.deepEqual(await books(ledger, move), first)
      assert.deepEqual(await countsOf(subject), before)
    }
    await books(ledger, requeued('c', 2))
    await books(ledger, requeued('c', 2))
    assert.equal((await countsOf(subject)).ready, 1)
    assert.equal((await ledger.find('a'))?.history.length, 1)
  },
  'a batch is booked in order, also several moves of one message': async (subject) => {
    const { ledger } = subject
    const results = await ledger.record([
      accepted('a'),
      taken('a'),
      ended('a', 2),
      givenBack('a', 1),
      taken('a'),
      ended('a', 2),
      accepted('b'),
      taken('a'),
    ])
    const kinds = results.map((one) => (one.kind === 'late' ? 'late' : one.attempt))
    // An attempt that the book has not heard of counts: it has missed that hand-out.
    assert.deepEqual(kinds, [0, 1, 2, 'late', 'late', 2, 0, 'late'])
    assert.equal((await countsOf(subject)).accepted, 2)
  },
  'batches of a thousand at once, each answered with its own': async (subject) => {
    const { ledger } = subject
    const answers = await Promise.all(
      Array.from({ length: 20 }, (_, n) =>
        ledger.record(Array.from({ length: 50 }, (_, i) => accepted(`m${n}-${i}`))),
      ),
    )
    const places = answers.flat().map((one) => (one.kind === 'recorded' ? one.position : 0))
    assert.deepEqual(
      places,
      Array.from({ length: 1000 }, (_, i) => i + 1),
    )
    assert.equal((await countsOf(subject)).ready, 1000)
  },
  'types are counted apart': async (subject) => {
    const { ledger } = subject
    const odd = 'a type: with {braces}, 한글 and a colon:'
    await books(ledger, accepted('a'), accepted('b', {}, odd), taken('b', 0, 0, odd))
    assert.equal((await countsOf(subject)).ready, 1)
    assert.equal((await countsOf(subject, odd)).inFlight, 1)
    assert.equal((await ledger.find('b'))?.message.type, odd)
  },
  'the history keeps the newest entries and no more': async (subject) => {
    const { ledger } = subject
    await books(ledger, accepted('a'))
    const attempts = LIMITS.historyEntries + 20
    for (let n = 1; n <= attempts; n += 10) {
      const ten = Array.from({ length: 10 }, (_, i) => [taken('a'), givenBack('a', n + i)]).flat()
      await books(ledger, ...ten)
    }
    const history = (await ledger.find('a'))?.history ?? []
    assert.equal(history.length, LIMITS.historyEntries)
    assert.deepEqual([history.at(0)?.attempt, history.at(-1)?.attempt], [21, attempts])
  },
  'an endless error text is cut': async (subject) => {
    const { ledger } = subject
    const endless = '가"\n\\'.repeat(LIMITS.errorLength)
    const cut = endless.slice(0, LIMITS.errorLength)
    await books(ledger, taken('a'), { ...ended('a', 1, 'rejected'), error: endless } as never)
    const long = { ...moved('b', 1, 1, 'dead'), error: endless, entry: { ...entry(1), error: endless } }
    await books(ledger, taken('b'), long as never)
    const [a, b] = [await ledger.find('a'), await ledger.find('b')]
    assert.deepEqual([a?.error, a?.history[0]?.error], [cut, cut])
    assert.deepEqual([b?.error, b?.history[0]?.error], [cut, cut])
  },
  'nothing is booked for nothing': async ({ ledger }) => {
    assert.deepEqual(await ledger.record([]), [])
    assert.deepEqual(await ledger.reserve([]), [])
    await ledger.release([])
  },
  'a delayed message is ready when its moment has come, without anybody saying so': async (subject) => {
    const { ledger } = subject
    const dueAt = subject.now() + 5_000
    await books(ledger, delayed('a', dueAt), delayed('b', dueAt + 60_000))
    await subject.advance(3_000)
    assert.equal((await countsOf(subject)).delayed, 2)
    await subject.advance(4_000)
    const counts = await countsOf(subject)
    assert.deepEqual([counts.ready, counts.delayed], [1, 1])
    assert.equal((await ledger.find('a'))?.state, 'ready')
    // Taken before its moment, which is the broker's to decide, it must not become ready in somebody's hands.
    await books(ledger, taken('b'))
    await subject.advance(60_000)
    assert.equal((await ledger.find('b'))?.state, 'in_flight')
    assert.equal((await countsOf(subject)).inFlight, 1)
  },
  'a delayed message of an unknown moment waits until it is taken': async (subject) => {
    const { ledger } = subject
    const { availableAt: _, ...unknown } = moved('a', 1, 1, 'delayed') as { availableAt?: number }
    await books(ledger, taken('a'), unknown as never)
    await subject.advance(10_000)
    assert.equal((await countsOf(subject)).delayed, 1)
    await books(ledger, taken('a', 1))
    assert.equal((await countsOf(subject)).inFlight, 1)
    assert.equal((await ledger.find('a'))?.message.type, TYPE)
    assert.equal((await ledger.find('a'))?.takenAt, AT + 10)
  },
}

export const booking: readonly LedgerCase[] = Object.entries(cases).map(([name, run]) => ({ name, run }))
