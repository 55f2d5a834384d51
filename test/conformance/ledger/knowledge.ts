/** What the book tells: records, places, counts, to this process and to others. */
import assert from 'node:assert/strict'
import { setTimeout as real } from 'node:timers/promises'
import type { BookedMessage } from '../../../src/queue/index.ts'
import {
  AT,
  accepted,
  books,
  countsOf,
  delayOver,
  deleted,
  ended,
  entry,
  givenBack,
  type LedgerCase,
  moved,
  requeued,
  TYPE,
  taken,
} from './subject.ts'

const EVERYTHING: BookedMessage = {
  message: {
    id: '아이디 with spaces\nand a line',
    type: TYPE,
    content: 'line 1\nline 2 "quoted" \u0000 and 가나다 😀',
    attributes: { phoneNumber: '01012345678', nested: { list: [1, null, true, 'x'] }, __proto__x: 1 },
    createdAt: AT - 5,
  },
  priority: 9,
  orderingKey: 'customer:1',
  idempotencyKey: 'key with spaces',
  acceptedAt: AT,
  availableAt: AT + 50,
  expiresAt: AT + 100_000,
}

async function positions({ ledger }: Parameters<LedgerCase['run']>[0], ...ids: string[]) {
  return Promise.all(ids.map(async (id) => (await ledger.find(id))?.position))
}

const cases: Readonly<Record<string, LedgerCase['run']>> = {
  'find knows everything of a message, word for word': async ({ ledger }) => {
    const { message, idempotencyKey: _, ...kept } = EVERYTHING
    const { id } = message
    await books(ledger, { kind: 'accepted', booked: EVERYTHING, round: 0, state: 'delayed' })
    const waiting = { message, state: 'delayed', attempt: 0, failures: 0, history: [], ...kept }
    assert.deepEqual(await ledger.find(id), waiting)
    await books(ledger, { kind: 'taken', booked: EVERYTHING, round: 0, failures: 0, takenAt: AT + 60 })
    assert.deepEqual(await ledger.find(id), { ...waiting, state: 'in_flight', attempt: 1, takenAt: AT + 60 })
    const result = { outcome: '이동완료', list: [1, 2.5], nothing: null }
    await books(ledger, { kind: 'ended', id, type: TYPE, attempt: 1, state: 'done', at: AT + 70, result })
    const done = { ...waiting, state: 'done', attempt: 1, takenAt: AT + 60, finishedAt: AT + 70, result }
    assert.deepEqual(await ledger.find(id), done)
  },
  'find knows why a message was refused, and its history': async ({ ledger }) => {
    await books(ledger, taken('a'), moved('a', 1, 1, 'delayed'), taken('a', 1, 1))
    await books(ledger, { ...ended('a', 2, 'rejected'), error: 'the bill is "unpaid"' } as never)
    const record = await ledger.find('a')
    assert.deepEqual([record?.state, record?.error], ['rejected', 'the bill is "unpaid"'])
    const last = { attempt: 2, takenAt: AT + 10, endedAt: AT + 20, outcome: 'rejected', error: record?.error }
    assert.deepEqual(record?.history, [entry(1), last])
  },
  'the error of an earlier attempt is gone when the message is done': async ({ ledger }) => {
    await books(ledger, taken('a'), moved('a', 1, 1, 'delayed'), taken('a', 1, 1), ended('a', 2))
    const record = await ledger.find('a')
    assert.deepEqual([record?.error, record?.history.length], [undefined, 1])
    // One that nobody counted: it came before anything else was heard of the message.
    await books(ledger, moved('b', 0, 0, 'delayed'))
    await books(ledger, taken('b'))
    await books(ledger, ended('b', 1))
    assert.equal((await ledger.find('b'))?.error, undefined)
  },
  'nothing is found of what nobody knows, of a deleted one, and of one without content': async ({
    ledger,
  }) => {
    assert.equal(await ledger.find('a'), undefined)
    await books(ledger, ended('b', 1), taken('c'), moved('c', 1, 1, 'dead'))
    assert.equal(await ledger.find('b'), undefined)
    assert.equal((await ledger.find('c'))?.state, 'dead')
    await books(ledger, deleted('c'))
    assert.equal(await ledger.find('c'), undefined)
  },
  'places count down as those before are handed out, and only waiting ones have one': async (subject) => {
    const { ledger } = subject
    const receipts = await books(ledger, accepted('a'), accepted('b'), accepted('c'))
    assert.deepEqual(
      receipts.map((one) => one.kind === 'recorded' && one.position),
      [1, 2, 3],
    )
    assert.deepEqual(await positions(subject, 'a', 'b', 'c'), [1, 2, 3])
    await books(ledger, taken('a'))
    assert.deepEqual(await positions(subject, 'a', 'b', 'c'), [undefined, 1, 2])
    await books(ledger, ended('b', 0, 'expired'))
    assert.deepEqual(await positions(subject, 'c'), [1])
  },
  'a retry whose delay is over stands at the end, as an operator’s retry does': async (subject) => {
    const { ledger } = subject
    await books(ledger, accepted('a'), taken('a'), moved('a', 1, 1, 'delayed'), accepted('b'))
    await books(ledger, delayOver('a', 1))
    assert.deepEqual(await positions(subject, 'b', 'a'), [1, 2])
    await books(ledger, taken('b'), moved('b', 1, 1, 'dead'), requeued('b', 2))
    assert.deepEqual(await positions(subject, 'a', 'b'), [1, 2])
  },
  'what was given back is first again': async (subject) => {
    const { ledger } = subject
    await books(ledger, accepted('a'), accepted('b'), taken('a'), givenBack('a', 1))
    assert.deepEqual(await positions(subject, 'a', 'b'), [1, 1])
    const [again] = await books(ledger, taken('a'))
    assert.deepEqual(again, { kind: 'recorded', attempt: 2, failures: 0 })
  },
  'another process sees the counts and the records, and hears of it': async (subject) => {
    const { ledger } = subject
    const rival = await subject.rival()
    let heard = 0
    const off = rival.onCounts(() => heard++)
    await books(ledger, accepted('a'), accepted('b'), taken('a'))
    assert.equal((await rival.find('a'))?.state, 'in_flight')
    await subject.advance(1_000)
    assert.deepEqual(rival.counts(), ledger.counts())
    assert.equal(heard, 1)
    await subject.advance(5_000)
    assert.equal(heard, 1, 'no change, no call')
    // Its own changes are known at once and are no news.
    await books(rival, taken('b'))
    assert.equal(rival.counts().get(TYPE)?.inFlight, 2)
    await subject.advance(1_000)
    assert.equal(heard, 1)
    assert.deepEqual(ledger.counts(), rival.counts())
    off()
    await books(ledger, accepted('c'))
    await subject.advance(1_000)
    assert.equal(heard, 1)
  },
  'Q4: two processes that hold the same message: one settle counts': async (subject) => {
    const rival = await subject.rival()
    const [mine] = await books(subject.ledger, taken('a'))
    const [theirs] = await books(rival, taken('a'))
    assert.ok(mine?.kind === 'recorded' && theirs?.kind === 'recorded')
    const [late] = await subject.ledger.record([ended('a', mine.attempt)])
    const [counted] = await rival.record([ended('a', theirs.attempt)])
    assert.deepEqual([late?.kind, counted?.kind], ['late', 'recorded'])
    await subject.advance(1_000)
    const counts = await countsOf(subject)
    assert.deepEqual([counts.done, counts.departed], [1, 2])
  },
  'start and stop again: nothing is lost (S1)': async (subject) => {
    await books(subject.ledger, accepted('a'))
    await subject.ledger.stop()
    await subject.ledger.stop()
    await assert.rejects(subject.ledger.record([accepted('b')]), { code: 'storage_failed' })
    await subject.ledger.start()
    await subject.ledger.start()
    assert.equal((await countsOf(subject)).ready, 1)
    assert.deepEqual(subject.ledger.health(), { ok: true })
  },
}

const RETENTION_MS = 300
const PATIENCE_MS = 30_000
const retention: LedgerCase = {
  name: 'finished messages go after the retention, waiting and dead ones stay',
  retentionMs: RETENTION_MS,
  async run({ ledger }) {
    // The store's own clock decides here, which no test can move: asked until it has.
    const keptUntil = performance.now() + RETENTION_MS
    await books(ledger, taken('done'), ended('done', 1), accepted('waits'), taken('dead'))
    await books(ledger, moved('dead', 1, 1, 'dead'))
    const found = await ledger.find('done')
    if (performance.now() < keptUntil) assert.equal(found?.state, 'done')
    const giveUpAt = performance.now() + PATIENCE_MS
    while ((await ledger.find('done')) !== undefined) {
      assert.ok(performance.now() < giveUpAt, 'the record goes')
      await real(20)
    }
    assert.equal((await ledger.find('waits'))?.state, 'ready')
    assert.equal((await ledger.find('dead'))?.state, 'dead')
    assert.equal(ledger.counts().get(TYPE)?.done, 1, 'the count stays')
  },
}

const priorities: LedgerCase = {
  name: 'places by priority, where the broker has them',
  priorities: true,
  async run(subject) {
    const { ledger } = subject
    const [low, high, low2] = await books(
      ledger,
      accepted('low', { priority: 1 }),
      accepted('high', { priority: 8 }),
      accepted('low2', { priority: 1 }),
    )
    const place = (one: typeof low) => one?.kind === 'recorded' && one.position
    assert.deepEqual([place(low), place(high), place(low2)], [1, 1, 3])
    assert.deepEqual(await positions(subject, 'high', 'low', 'low2'), [1, 2, 3])
    await books(ledger, taken('high'))
    assert.deepEqual(await positions(subject, 'low', 'low2'), [1, 2])
  },
}

export const knowledge: readonly LedgerCase[] = [
  ...Object.entries(cases).map(([name, run]) => ({ name, run })),
  retention,
  priorities,
]
