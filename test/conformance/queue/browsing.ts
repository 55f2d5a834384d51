/** Looking: find, depth, counts, positions. */
import assert from 'node:assert/strict'
import {
  accepted,
  type Case,
  countsOf,
  deadLetter,
  eventually,
  message,
  request,
  settleOne,
  stateOf,
  TYPE,
  takeOne,
} from '../subject.ts'

const HOUR_MS = 3_600_000

export const browsing: readonly Case[] = [
  {
    name: 'a message can be found in every state of its life',
    abilities: ['browse', 'delay'],
    async run(subject) {
      const { engine, now } = subject
      const attributes = { plan: '5G' }
      // Not due while it is looked at, however slow the machine is; the other one comes due.
      const later = await accepted(engine, { availableAt: now() + HOUR_MS, attributes, priority: 7 })
      const delayed = await engine.find(later)
      assert.deepEqual([delayed?.state, delayed?.attempt, delayed?.priority], ['delayed', 0, 7])
      assert.deepEqual(delayed?.message.attributes, attributes)
      const id = await accepted(engine, { availableAt: now() + 500 })
      await eventually(subject, 'ready', async () => (await stateOf(engine, id)) === 'ready')
      // The record says that it is due; an engine may hand it out a second later.
      const taken = async () => (await engine.take(request()))[0]
      const delivery = await eventually(subject, 'handed out', taken)
      const inFlight = await engine.find(id)
      assert.deepEqual([inFlight?.state, inFlight?.attempt], ['in_flight', 1])
      assert.equal(inFlight?.takenAt, delivery.takenAt)
      await settleOne(engine, delivery, { kind: 'done', result: { line: 1 } })
      const done = await engine.find(id)
      assert.deepEqual([done?.state, done?.result], ['done', { line: 1 }])
      const dead = await deadLetter(engine)
      assert.equal(await stateOf(engine, dead), 'dead')
      assert.equal(await engine.find('nobody'), undefined)
    },
  },
  {
    name: 'one that waits behind its ordering key is on record as held, until it may go',
    abilities: ['browse', 'orderingKey'],
    needs: ['heldRecords'],
    async run({ engine }) {
      const head = await accepted(engine, { orderingKey: 'k' })
      const held = await accepted(engine, { orderingKey: 'k' })
      assert.equal((await engine.find(head))?.orderingKey, 'k')
      assert.equal(await stateOf(engine, held), 'held')
      await settleOne(engine, await takeOne(engine))
      assert.equal(await stateOf(engine, held), 'ready')
    },
  },
  {
    name: 'positions are exact in a line that is handed out in order',
    abilities: ['position', 'browse'],
    async run({ engine }) {
      const line = Array.from({ length: 6 }, () => message())
      const receipts = await engine.publish(line)
      assert.deepEqual(
        receipts.map((one) => one.kind === 'accepted' && one.position),
        [1, 2, 3, 4, 5, 6],
      )
      await engine.take(request({ max: 2 }))
      const positions = await Promise.all(line.map(async ({ id }) => (await engine.find(id))?.position))
      assert.deepEqual(positions, [undefined, undefined, 1, 2, 3, 4])
      const [next] = await engine.publish([message()])
      assert.equal(next?.kind === 'accepted' && next.position, 5)
    },
  },
  {
    name: 'positions count those of higher priority, and only those of the type',
    abilities: ['position', 'priority', 'browse'],
    async run({ engine }) {
      const low = await accepted(engine, { priority: 1 })
      const [high] = await engine.publish([message({ priority: 9 })])
      const [middle] = await engine.publish([message({ priority: 4 })])
      const [change] = await engine.publish([message({ type: 'CHANGE' })])
      const told = [high, middle, change].map((one) => one?.kind === 'accepted' && one.position)
      assert.deepEqual(told, [1, 2, 1])
      assert.equal((await engine.find(low))?.position, 3)
      await engine.take(request({ max: 1 }))
      assert.equal((await engine.find(low))?.position, 2)
    },
  },
  {
    name: 'counts and depth tell every state by type, and the age of the oldest that waits',
    abilities: ['browse'],
    async run({ engine, now }) {
      await deadLetter(engine)
      await accepted(engine)
      const delivery = await takeOne(engine)
      const oldest = await accepted(engine)
      const last = await accepted(engine, { priority: 9 })
      await accepted(engine, { availableAt: now() + 60_000 })
      await accepted(engine, { type: 'CHANGE' })
      const counts = countsOf(engine)
      assert.deepEqual(
        [counts.accepted, counts.ready, counts.inFlight, counts.delayed, counts.dead, counts.departed],
        [5, 2, 1, 1, 1, 2],
      )
      const depth = (await engine.depth()).get(TYPE)
      assert.deepEqual(depth?.counts, counts)
      assert.equal(depth?.oldestReadyAt, (await engine.find(oldest))?.acceptedAt)
      assert.ok((await engine.find(last)) !== undefined)
      await settleOne(engine, delivery)
      assert.equal(countsOf(engine).done, 1)
      assert.equal(countsOf(engine, 'CHANGE').ready, 1)
    },
  },
  {
    name: 'Q2: the counts are what a count of the messages gives',
    needs: ['recount'],
    async run({ engine, recount }) {
      for (let i = 0; i < 10; i++) await accepted(engine, { orderingKey: `k${i % 3}` })
      for (const [i, delivery] of (await engine.take(request())).entries()) {
        await settleOne(engine, delivery, i % 2 ? { kind: 'done' } : { kind: 'dead', error: 'x' })
      }
      assert.deepEqual((await recount?.())?.[TYPE], countsOf(engine))
    },
  },
]
