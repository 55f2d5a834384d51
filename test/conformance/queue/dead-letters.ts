/** What operators do with dead letters. */
import assert from 'node:assert/strict'
import {
  accepted,
  type Case,
  countsOf,
  deadLetter,
  exactly,
  ids,
  refuses,
  request,
  settleOne,
  TYPE,
  takeOne,
} from '../subject.ts'

export const deadLetters: readonly Case[] = [
  {
    name: 'the list is oldest first, page after page, each once, with reason and history',
    abilities: ['browse'],
    async run({ engine }) {
      const died: string[] = []
      for (let i = 0; i < 7; i++) died.push(await deadLetter(engine))
      const listed: string[] = []
      const sizes: number[] = []
      let after: string | undefined
      do {
        const page = await engine.deadLetters({ limit: 3, ...(after !== undefined && { after }) })
        for (const { message, state, error, history } of page.items) {
          listed.push(message.id)
          assert.deepEqual([state, error], ['dead', `died: ${message.id}`])
          assert.equal(history.at(-1)?.outcome, 'dead')
        }
        sizes.push(page.items.length)
        after = page.next
      } while (after !== undefined)
      assert.deepEqual([listed, sizes], [died, [3, 3, 1]])
    },
  },
  {
    name: 'the list can be of one type; a mark that is none is refused',
    abilities: ['browse'],
    async run({ engine }) {
      await deadLetter(engine)
      const change = await deadLetter(engine, { type: 'CHANGE' })
      const page = await engine.deadLetters({ type: 'CHANGE', limit: 10 })
      assert.deepEqual(
        page.items.map(({ message }) => message.id),
        [change],
      )
      assert.deepEqual((await engine.deadLetters({ type: 'NONE', limit: 10 })).items, [])
      await refuses(engine.deadLetters({ limit: 10, after: 'not a mark' }), 'invalid_query')
    },
  },
  {
    name: 'one that is retried starts with no failures and all its retries; its history says so',
    abilities: ['browse'],
    async run({ engine }) {
      const id = await deadLetter(engine)
      const stays = await deadLetter(engine)
      assert.equal(await engine.retryDeadLetters({ ids: [id, id, 'nobody'] }), 1)
      assert.deepEqual([countsOf(engine).dead, countsOf(engine).ready], [1, 1])
      const delivery = await takeOne(engine)
      assert.deepEqual([delivery.lease.id, delivery.failures, delivery.lease.attempt], [id, 0, 2])
      await settleOne(engine, delivery)
      const record = await engine.find(id)
      assert.equal(record?.state, 'done')
      assert.deepEqual(
        record.history.map(({ outcome }) => outcome),
        ['dead', 'requeued'],
      )
      assert.equal((await engine.find(stays))?.state, 'dead')
    },
  },
  {
    name: 'all of a type, or all, can be retried',
    async run({ engine }) {
      const mnp = [await deadLetter(engine), await deadLetter(engine)]
      await deadLetter(engine, { type: 'CHANGE' })
      assert.equal(await engine.retryDeadLetters({ type: TYPE }), 2)
      assert.deepEqual(ids(await engine.take(request())), mnp)
      assert.equal(countsOf(engine, 'CHANGE').dead, 1)
      assert.equal(await engine.retryDeadLetters({}), 1)
      assert.equal(await engine.retryDeadLetters({}), 0)
    },
  },
  {
    name: 'Q2: one that is deleted is gone and counted as deleted; its id may come again',
    abilities: ['browse'],
    async run({ engine }) {
      const id = await deadLetter(engine)
      const stays = await deadLetter(engine)
      assert.equal(await engine.deleteDeadLetters({ ids: [id, 'nobody'] }), 1)
      assert.equal(await engine.find(id), undefined)
      assert.deepEqual([countsOf(engine).dead, countsOf(engine).deleted], [1, 1])
      assert.equal(await engine.deleteDeadLetters({ type: 'CHANGE' }), 0)
      assert.equal(await engine.deleteDeadLetters({}), 1)
      assert.equal(await engine.find(stays), undefined)
      assert.equal(countsOf(engine).deleted, 2)
      assert.equal(await accepted(engine, { id }), id)
    },
  },
  {
    name: 'what is not a dead letter is neither retried nor deleted',
    async run({ engine }) {
      const waiting = await accepted(engine)
      const before = { ...countsOf(engine) }
      assert.equal(await engine.retryDeadLetters({ ids: [waiting] }), 0)
      assert.equal(await engine.deleteDeadLetters({ ids: [waiting] }), 0)
      assert.equal(await engine.deleteDeadLetters({}), 0)
      exactly(engine, () => assert.deepEqual(countsOf(engine), before))
      assert.deepEqual(ids(await engine.take(request())), [waiting])
    },
  },
  {
    name: 'more of them than one round handles are all retried',
    async run({ engine }) {
      const total = 1203
      for (let i = 0; i < total; i++) void accepted(engine, { content: 'x' })
      await accepted(engine)
      for (;;) {
        const taken = await engine.take(request({ max: 1000 }))
        if (taken.length === 0) break
        await engine.settle(taken.map(({ lease }) => ({ lease, verdict: { kind: 'dead', error: 'x' } })))
      }
      assert.equal(countsOf(engine).dead, total + 1)
      assert.equal(await engine.retryDeadLetters({ type: TYPE }), total + 1)
      exactly(engine, () => assert.equal(countsOf(engine).ready, total + 1))
      let back = 0
      for (let n = 1; n > 0; back += n) n = (await engine.take(request({ max: 1000 }))).length
      assert.equal(back, total + 1)
    },
  },
]
