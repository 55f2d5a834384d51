/** Who goes first: priorities, first in first out, ordering keys. */
import assert from 'node:assert/strict'
import {
  accepted,
  type Case,
  countsOf,
  eventually,
  ids,
  message,
  onRecord,
  request,
  SOON_MS,
  settleOne,
  stateOf,
  takeOne,
} from '../subject.ts'

const KEYED = { orderingKey: 'line-1' } as const

export const ordering: readonly Case[] = [
  {
    name: 'first in, first out',
    async run({ engine }) {
      const published: string[] = []
      for (let i = 0; i < 20; i++) published.push(await accepted(engine))
      const taken: string[] = []
      for (const max of [1, 7, 12]) taken.push(...ids(await engine.take(request({ max }))))
      assert.deepEqual(taken, published)
    },
  },
  {
    name: 'higher priorities first, within one first in first out',
    abilities: ['priority'],
    async run({ engine }) {
      const messages = [4, 0, 9, 4, 9, 0, 5].map((priority) => message({ priority }))
      await engine.publish(messages)
      const expected = messages.toSorted((a, b) => b.priority - a.priority).map(({ id }) => id)
      assert.deepEqual(ids(await engine.take(request())), expected)
    },
  },
  {
    name: 'Q5: of one ordering key at most one is out, the next when that one is done',
    abilities: ['orderingKey'],
    async run({ engine }) {
      const published: string[] = []
      for (let i = 0; i < 4; i++) published.push(await accepted(engine, KEYED))
      const free = await accepted(engine)
      const other = await accepted(engine, { orderingKey: 'line-2' })
      const taken: string[] = []
      const first = await engine.take(request())
      // Those without this key were accepted in the same millisecond, perhaps.
      assert.deepEqual(ids(first).toSorted(), [published[0], free, other].toSorted())
      let holder = first.find(({ lease }) => lease.id === published[0])
      while (holder) {
        taken.push(holder.lease.id)
        assert.deepEqual(await engine.take(request()), [])
        await settleOne(engine, holder)
        holder = (await engine.take(request()))[0]
      }
      assert.deepEqual(taken, published)
    },
  },
  {
    name: 'Q5: a key of one type does not hold another type',
    abilities: ['orderingKey'],
    async run({ engine }) {
      await accepted(engine, KEYED)
      const change = await accepted(engine, { ...KEYED, type: 'CHANGE' })
      await takeOne(engine)
      assert.deepEqual(ids(await engine.take(request({ type: 'CHANGE' }))), [change])
    },
  },
  {
    name: 'Q5: a priority does not overtake within its key',
    abilities: ['orderingKey', 'priority'],
    async run({ engine }) {
      const first = await accepted(engine, { ...KEYED, priority: 0 })
      await accepted(engine, { ...KEYED, priority: 9 })
      assert.deepEqual(ids(await engine.take(request())), [first])
    },
  },
  {
    name: 'Q5: a retry keeps its turn, those behind it wait',
    abilities: ['orderingKey'],
    async run(subject) {
      const { engine, now } = subject
      const first = await accepted(engine, KEYED)
      const second = await accepted(engine, KEYED)
      const delivery = await takeOne(engine)
      const dueAt = now() + 500
      await settleOne(engine, delivery, { kind: 'retry', delayMs: 500, error: 'later', counts: true })
      // Asked for at once, and whoever comes is that one, not before his moment.
      const [again, ...others] = await eventually(subject, 'the retry', async () => {
        const taken = await engine.take(request())
        return taken.length > 0 && taken
      })
      assert.ok(again && again.takenAt >= dueAt)
      assert.deepEqual([again.lease.id, others], [first, []])
      assert.deepEqual(await engine.take(request()), [])
      await settleOne(engine, again)
      assert.deepEqual(ids(await engine.take(request())), [second])
    },
  },
  {
    name: 'Q5: a dead, a rejected and an expired head each free their key',
    abilities: ['orderingKey'],
    async run(subject) {
      const { engine, now } = subject
      const dead = await accepted(engine, KEYED)
      const rejected = await accepted(engine, KEYED)
      await accepted(engine, { ...KEYED, expiresAt: now() + 50 })
      const last = await accepted(engine, KEYED)
      const first = await takeOne(engine)
      assert.equal(first.lease.id, dead)
      await settleOne(engine, first, { kind: 'dead', error: 'malformed' })
      const second = await takeOne(engine)
      assert.equal(second.lease.id, rejected)
      await settleOne(engine, second, { kind: 'rejected', reason: 'unpaid' })
      const third = await eventually(subject, 'the last of the key', async () => {
        await subject.tick()
        // The third may be handed out while it lives; given back, it expires.
        const [delivery] = await engine.take(request())
        if (delivery && delivery.lease.id !== last) await settleOne(engine, delivery, { kind: 'released' })
        return delivery?.lease.id === last && delivery
      })
      assert.equal(third.lease.id, last)
    },
  },
  {
    name: 'Q5: of a key, one that expired while it was held is skipped, and frees nobody early',
    abilities: ['orderingKey'],
    async run(subject) {
      const { engine, now } = subject
      await accepted(engine, KEYED)
      const brief = await accepted(engine, { ...KEYED, expiresAt: now() + 50 })
      const last = await accepted(engine, KEYED)
      const head = await takeOne(engine)
      await eventually(subject, 'the expiry', async () => countsOf(engine).expired === 1)
      await onRecord(engine, async () => assert.equal(await stateOf(engine, brief), 'expired'))
      assert.deepEqual(await engine.take(request()), [])
      await settleOne(engine, head)
      assert.deepEqual(ids(await engine.take(request())), [last])
    },
  },
  {
    name: 'Q5: a delayed head holds its key; a delayed one behind it waits for its own moment',
    abilities: ['orderingKey', 'delay'],
    async run(subject) {
      const { engine, now } = subject
      const [soon, later] = [now() + SOON_MS, now() + SOON_MS + 300]
      const head = await accepted(engine, { ...KEYED, availableAt: soon })
      const second = await accepted(engine, { ...KEYED, availableAt: later })
      const seen: [string, boolean][] = []
      await eventually(subject, 'both', async () => {
        for (const delivery of await engine.take(request())) {
          const { lease, takenAt } = delivery
          seen.push([lease.id, takenAt >= (lease.id === head ? soon : later)])
          await settleOne(engine, delivery)
        }
        return seen.length === 2
      })
      assert.deepEqual(seen, [
        [head, true],
        [second, true],
      ])
    },
  },
  {
    name: 'Q5: a dead letter that comes back waits for the one of its key that is out',
    abilities: ['orderingKey'],
    async run(subject) {
      const { engine, heldRecords } = subject
      const first = await accepted(engine, KEYED)
      await accepted(engine, KEYED)
      const third = await accepted(engine, KEYED)
      await settleOne(engine, await takeOne(engine), { kind: 'dead', error: 'malformed' })
      const holder = await takeOne(engine)
      assert.equal(await engine.retryDeadLetters({ ids: [first] }), 1)
      if (heldRecords) assert.equal(await stateOf(engine, first), 'held')
      assert.deepEqual(await engine.take(request()), [])
      await settleOne(engine, holder)
      const back = await takeOne(engine)
      assert.equal(back.lease.id, first)
      await settleOne(engine, back)
      assert.equal((await takeOne(engine)).lease.id, third)
    },
  },
  {
    name: 'Q5: dead letters of one key come back in the order they were accepted',
    abilities: ['orderingKey'],
    async run({ engine }) {
      const died = [await accepted(engine, KEYED), await accepted(engine, KEYED)]
      for (const _ of died) {
        await settleOne(engine, await takeOne(engine), { kind: 'dead', error: 'malformed' })
      }
      assert.equal(await engine.retryDeadLetters({ ids: died.toReversed() }), 2)
      assert.deepEqual(ids(await engine.take(request())), [died[0]])
    },
  },
]
