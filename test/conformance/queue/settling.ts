/** Leases and verdicts: one holder, and a settle counts once. */
import assert from 'node:assert/strict'
import type { Verdict } from '../../../src/core/index.ts'
import {
  accepted,
  type Case,
  countsOf,
  eventually,
  exactly,
  ids,
  onRecord,
  request,
  settleOne,
  stateOf,
  takeOne,
  until,
} from '../subject.ts'

const VERDICTS: readonly Verdict[] = [
  { kind: 'done', result: { ok: true } },
  { kind: 'rejected', reason: 'unpaid' },
  { kind: 'retry', delayMs: 60_000, error: 'later', counts: true },
  { kind: 'dead', error: 'malformed' },
  { kind: 'released' },
]

export const settling: readonly Case[] = [
  {
    name: 'Q3: simultaneous takes share the messages, none gets the same one',
    async run({ engine }) {
      const published: string[] = []
      for (let i = 0; i < 30; i++) published.push(await accepted(engine))
      const takes = await Promise.all(Array.from({ length: 8 }, () => engine.take(request({ max: 5 }))))
      const taken = takes.flatMap(ids)
      assert.deepEqual(taken.toSorted(), published.toSorted())
      assert.deepEqual(await engine.take(request()), [])
      assert.equal(countsOf(engine).inFlight, 30)
    },
  },
  {
    name: 'a take gives at most what was asked for',
    async run({ engine }) {
      for (let i = 0; i < 5; i++) await accepted(engine)
      assert.equal((await engine.take(request({ max: 2 }))).length, 2)
      assert.equal((await engine.take(request({ max: 0 }))).length, 0)
      assert.equal((await engine.take(request({ max: 9 }))).length, 3)
    },
  },
  {
    name: 'each verdict has its end, its count and its record',
    async run({ engine }) {
      const ended: Record<string, string> = {}
      for (const verdict of VERDICTS.toReversed().filter(({ kind }) => kind !== 'released')) {
        const id = await accepted(engine)
        const delivery = await takeOne(engine)
        assert.equal(await settleOne(engine, delivery, verdict), 'settled')
        ended[verdict.kind] = id
      }
      await onRecord(engine, async () => {
        const find = async (kind: string) => await engine.find(ended[kind] ?? '')
        const [done, rejected, dead] = [await find('done'), await find('rejected'), await find('dead')]
        assert.deepEqual([done?.state, done?.result, done?.error], ['done', { ok: true }, undefined])
        assert.deepEqual([rejected?.state, rejected?.error], ['rejected', 'unpaid'])
        assert.deepEqual([dead?.state, dead?.error], ['dead', 'malformed'])
        for (const one of [done, rejected, dead]) {
          assert.ok(one?.takenAt !== undefined && one.finishedAt !== undefined)
          assert.ok(one.finishedAt >= one.takenAt)
        }
      })
      const { done: d, rejected: r, dead: x } = countsOf(engine)
      assert.deepEqual([d, r, x], [1, 1, 1])
    },
  },
  {
    name: 'Q4: a second settle of a lease is stale and changes nothing, whatever both say',
    async run({ engine }) {
      for (const first of VERDICTS) {
        for (const second of VERDICTS) {
          await accepted(engine)
          const delivery = await takeOne(engine)
          assert.equal(await settleOne(engine, delivery, first), 'settled')
          const before = { ...countsOf(engine) }
          assert.equal(await settleOne(engine, delivery, second), 'stale', `${first.kind}, ${second.kind}`)
          exactly(engine, () => assert.deepEqual(countsOf(engine), before))
          for (const rest of await engine.take(request())) await settleOne(engine, rest)
        }
      }
    },
  },
  {
    name: 'Q4: within one call too, the first settle of a lease counts',
    async run({ engine }) {
      const id = await accepted(engine)
      const { lease } = await takeOne(engine)
      const results = await engine.settle([
        { lease, verdict: { kind: 'rejected', reason: 'first' } },
        { lease, verdict: { kind: 'done' } },
      ])
      assert.deepEqual(results, ['settled', 'stale'])
      const { rejected, done } = countsOf(engine)
      assert.deepEqual([rejected, done], [1, 0])
      await onRecord(engine, async () => assert.equal(await stateOf(engine, id), 'rejected'))
    },
  },
  {
    name: 'Q4: a settle by somebody who never held the message is stale',
    async run({ engine }) {
      await accepted(engine)
      const waiting = await accepted(engine)
      const { lease } = await takeOne(engine)
      const before = { ...countsOf(engine) }
      for (const foreign of [
        { id: lease.id, attempt: lease.attempt + 1 },
        { id: lease.id, attempt: lease.attempt - 1 },
        { id: waiting, attempt: 0 },
        { id: waiting, attempt: 1 },
        { id: 'nobody', attempt: 1 },
      ]) {
        assert.deepEqual(await engine.settle([{ lease: foreign, verdict: { kind: 'done' } }]), ['stale'])
      }
      exactly(engine, () => assert.deepEqual(countsOf(engine), before))
      assert.deepEqual(await engine.settle([{ lease, verdict: { kind: 'done' } }]), ['settled'])
    },
  },
  {
    name: 'Q3, Q4: a lease that runs out goes to another, and the late settle of the first is stale',
    async run(subject) {
      const { engine } = subject
      const id = await accepted(engine)
      const late = await takeOne(engine, { leaseMs: 50 })
      const next = await eventually(subject, 'the second attempt', async () => {
        const [delivery] = await engine.take(request({ retryDelayMs: 50 }))
        return delivery
      })
      assert.deepEqual([next.lease.id, next.lease.attempt, next.failures], [id, 2, 1])
      assert.ok(next.takenAt >= late.leaseUntil, 'Q3: not before the first lease ended')
      assert.equal(await settleOne(engine, late), 'stale')
      await onRecord(engine, async () => assert.equal(await stateOf(engine, id), 'in_flight'))
      assert.equal(await settleOne(engine, next), 'settled')
      await onRecord(engine, async () => {
        const record = await engine.find(id)
        assert.deepEqual(
          record?.history.map(({ attempt, outcome }) => [attempt, outcome]),
          [[1, 'lease_lost']],
        )
      })
    },
  },
  {
    name: 'leases that run out are failures: after maxRetries the message is a dead letter with its history',
    async run(subject) {
      const { engine } = subject
      const id = await accepted(engine)
      const attempts: number[] = []
      await eventually(subject, 'the end of it', async () => {
        const taken = await engine.take(request({ leaseMs: 30, maxRetries: 2, retryDelayMs: 20 }))
        for (const { lease } of taken) attempts.push(lease.attempt)
        return countsOf(engine).dead === 1
      })
      assert.deepEqual(attempts, [1, 2, 3])
      await onRecord(engine, async () => {
        const record = await engine.find(id)
        assert.deepEqual([record?.state, record?.failures, record?.history.length], ['dead', 3, 3])
      })
    },
  },
  {
    name: 'a retry comes back not before its delay, with its failure counted or not as the verdict says',
    async run(subject) {
      const { engine, now } = subject
      await accepted(engine)
      const settledAt = now()
      const failures: number[] = []
      for (const counts of [true, false, true]) {
        const delivery = await eventually(
          subject,
          'the attempt',
          async () => (await engine.take(request()))[0],
        )
        failures.push(delivery.failures)
        const back = now() + 60
        await settleOne(engine, delivery, { kind: 'retry', delayMs: 60, error: 'later', counts })
        until(subject, back, () => assert.equal(countsOf(engine).delayed, 1))
      }
      const last = await eventually(
        subject,
        'the last attempt',
        async () => (await engine.take(request()))[0],
      )
      assert.deepEqual([...failures, last.failures], [0, 1, 1, 2])
      assert.ok(last.takenAt >= settledAt + 3 * 60)
      await onRecord(engine, async () => {
        const record = await engine.find(last.lease.id)
        assert.deepEqual(
          record?.history.map(({ outcome, error }) => [outcome, error]),
          [1, 2, 3].map(() => ['retry', 'later']),
        )
      })
    },
  },
  {
    name: 'a released message is ready at once, in its old place, and it cost it nothing',
    async run({ engine }) {
      const first = await accepted(engine)
      await accepted(engine)
      const delivery = await takeOne(engine)
      assert.equal(await settleOne(engine, delivery, { kind: 'released' }), 'settled')
      const again = await takeOne(engine)
      assert.deepEqual([again.lease.id, again.lease.attempt, again.failures], [first, 2, 0])
      await onRecord(engine, async () => {
        const record = await engine.find(first)
        assert.deepEqual(
          record?.history.map(({ outcome }) => outcome),
          ['released'],
        )
      })
    },
  },
  {
    name: 'departures count every hand-out, repeated ones too',
    async run({ engine }) {
      await accepted(engine)
      for (let i = 0; i < 3; i++) await settleOne(engine, await takeOne(engine), { kind: 'released' })
      assert.equal(countsOf(engine).departed, 3)
    },
  },
]
