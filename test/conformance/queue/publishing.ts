/** Receipts, ids and idempotency keys. */
import assert from 'node:assert/strict'
import { LIMITS } from '../../../src/core/index.ts'
import { accepted, type Case, countsOf, exactly, ids, message, request, TYPE, takeOne } from '../subject.ts'

export const publishing: readonly Case[] = [
  {
    name: 'one receipt per message, in order, with the refused ones in their places',
    async run({ engine }) {
      const [a, b, c] = [message(), message(), message()]
      const receipts = await engine.publish([a, b, a, c])
      const told = receipts.map((one) => (one.kind === 'accepted' ? one.id : one.code))
      assert.deepEqual(told, [a.id, b.id, 'duplicate_id', c.id])
      assert.equal(countsOf(engine).accepted, 3)
      assert.deepEqual(ids(await engine.take(request())), [a.id, b.id, c.id])
    },
  },
  {
    name: 'a message comes out as it went in',
    async run({ engine, now }) {
      const before = now()
      const content = '번호이동 "quoted" \u0000 \n emoji 🎟️ __proto__'
      const attributes = { nested: { list: [1, null, true, 'ㄱ'] }, __proto__x: 1, empty: {} }
      const one = message({ content, attributes, createdAt: 1_700_000_000_123 })
      await engine.publish([one])
      const delivery = await takeOne(engine)
      const { id, type, createdAt } = one
      assert.deepEqual(delivery.message, { id, type, content, attributes, createdAt })
      assert.ok(delivery.acceptedAt >= before && delivery.acceptedAt <= now())
      assert.equal(delivery.failures, 0)
      assert.ok(delivery.leaseUntil > delivery.takenAt)
    },
  },
  {
    name: 'publishing nothing answers nothing',
    async run({ engine }) {
      assert.deepEqual(await engine.publish([]), [])
    },
  },
  {
    name: 'an id is accepted once, however many publish it at once',
    async run({ engine }) {
      const one = message()
      const receipts = (await Promise.all([1, 2, 3, 4].map(() => engine.publish([one])))).flat()
      assert.equal(receipts.filter(({ kind }) => kind === 'accepted').length, 1)
      exactly(engine, () => assert.equal(countsOf(engine).ready, 1))
      assert.deepEqual(ids(await engine.take(request())), [one.id])
    },
  },
  {
    name: 'an id that was accepted is refused, also after its end',
    abilities: ['uniqueIds'],
    async run({ engine }) {
      const id = await accepted(engine)
      const refused = { kind: 'refused', code: 'duplicate_id' }
      assert.deepEqual(await engine.publish([message({ id })]), [refused])
      await engine.settle([{ lease: (await takeOne(engine)).lease, verdict: { kind: 'done' } }])
      assert.deepEqual(await engine.publish([message({ id })]), [refused])
    },
  },
  {
    name: 'a refused duplicate moves nobody in the line',
    abilities: ['position', 'browse'],
    async run({ engine }) {
      const [first, second] = [message(), message()]
      await engine.publish([first, second, first])
      assert.equal((await engine.find(second.id))?.position, 2)
      const [third] = await engine.publish([message()])
      assert.equal(third?.kind === 'accepted' && third.position, 3)
    },
  },
  {
    name: 'an idempotency key with the same body is the first message again',
    abilities: ['idempotency'],
    async run({ engine }) {
      const first = message({ idempotencyKey: 'k', content: 'same', attributes: { a: 1, b: 2 } })
      const again = message({ ...first, id: 'again', createdAt: 2, attributes: { b: 2, a: 1 } })
      const [one] = await engine.publish([first])
      const [two] = await engine.publish([again])
      assert.ok(one?.kind === 'accepted' && two?.kind === 'accepted')
      assert.deepEqual([one.repeated, two.repeated], [false, true])
      assert.deepEqual([two.id, two.acceptedAt], [first.id, one.acceptedAt])
      assert.equal(countsOf(engine).accepted, 1)
    },
  },
  {
    name: 'an idempotency key with another body is refused',
    abilities: ['idempotency'],
    async run({ engine }) {
      const first = message({ idempotencyKey: 'k', content: 'one' })
      await engine.publish([first])
      const others = [{ content: 'two' }, { type: 'CHANGE' }, { priority: 5 }, { attributes: { a: 1 } }]
      for (const other of others) {
        const [receipt] = await engine.publish([message({ ...first, id: 'other', ...other })])
        assert.deepEqual(receipt, { kind: 'refused', code: 'idempotency_key_reused' })
      }
      assert.equal(countsOf(engine).accepted, 1)
    },
  },
  {
    name: 'an idempotency key counts within one batch and across simultaneous ones',
    abilities: ['idempotency'],
    async run({ engine }) {
      const make = () => message({ idempotencyKey: 'k', content: 'same' })
      const receipts = await Promise.all([engine.publish([make(), make()]), engine.publish([make()])])
      const first = receipts[0]?.[0]
      const told = receipts.flat().map((one) => one.kind === 'accepted' && [one.id, one.repeated])
      const id = first?.kind === 'accepted' && first.id
      assert.deepEqual(told, [
        [id, false],
        [id, true],
        [id, true],
      ])
    },
  },
  {
    name: 'an idempotency key holds for 24 hours, also after the message is done, and not longer',
    abilities: ['idempotency'],
    needs: ['advance'],
    async run({ engine, advance }) {
      const first = message({ idempotencyKey: 'k', content: 'same' })
      await engine.publish([first])
      await engine.settle([{ lease: (await takeOne(engine)).lease, verdict: { kind: 'done' } }])
      await advance?.(LIMITS.idempotencyWindowMs - 1)
      const [last] = await engine.publish([message({ ...first, id: 'last' })])
      assert.equal(last?.kind === 'accepted' && last.repeated, true)
      await advance?.(1)
      const [fresh] = await engine.publish([message({ ...first, id: 'fresh' })])
      assert.deepEqual(fresh?.kind === 'accepted' && [fresh.id, fresh.repeated], ['fresh', false])
      const [other] = await engine.publish([message({ ...first, id: 'other', content: 'not the same' })])
      assert.equal(other?.kind, 'refused')
    },
  },
  {
    name: 'an idempotency key of a refused message is not used up',
    abilities: ['idempotency', 'uniqueIds'],
    async run({ engine }) {
      const id = await accepted(engine)
      const [refused] = await engine.publish([message({ id, idempotencyKey: 'k', content: 'one' })])
      assert.equal(refused?.kind, 'refused')
      const [receipt] = await engine.publish([message({ idempotencyKey: 'k', content: 'two' })])
      assert.equal(receipt?.kind === 'accepted' && receipt.repeated, false)
    },
  },
  {
    name: 'a type is taken by those who ask for it, and by nobody else',
    async run({ engine }) {
      const mnp = await accepted(engine)
      const change = await accepted(engine, { type: 'CHANGE' })
      assert.deepEqual(ids(await engine.take(request({ type: 'CHANGE' }))), [change])
      assert.deepEqual(await engine.take(request({ type: 'TERMINATION' })), [])
      assert.deepEqual(ids(await engine.take(request({ type: TYPE }))), [mnp])
    },
  },
]
