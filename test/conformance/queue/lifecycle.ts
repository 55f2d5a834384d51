/** Start and stop (S1), and the door while stopping. */
import assert from 'node:assert/strict'
import {
  accepted,
  type Case,
  countsOf,
  exactly,
  ids,
  message,
  refuses,
  request,
  takeOne,
} from '../subject.ts'

export const lifecycle: readonly Case[] = [
  {
    name: 'S1: starting twice and stopping twice is as good as once',
    async run({ engine }) {
      await Promise.all([engine.start(), engine.start()])
      await accepted(engine)
      await Promise.all([engine.stop(), engine.stop()])
      await engine.stop()
      assert.equal(engine.health().ok, false)
    },
  },
  {
    name: 'a started engine is healthy and open',
    async run({ engine }) {
      assert.deepEqual([engine.health(), engine.accepting()], [{ ok: true }, { ok: true }])
    },
  },
  {
    name: 'S1: a stop while it starts leaves nothing open',
    needs: ['fresh'],
    async run({ fresh }) {
      const engine = fresh?.()
      assert.ok(engine)
      const started = engine.start()
      await Promise.all([started, engine.stop()])
      assert.equal(engine.health().ok, false)
      await refuses(engine.publish([message()]), 'stopping')
    },
  },
  {
    name: 'S1: stopped before it was started, it does not start any more',
    needs: ['fresh'],
    async run({ fresh }) {
      const engine = fresh?.()
      assert.ok(engine)
      await engine.stop()
      await refuses(engine.start(), 'stopping')
      assert.equal(engine.health().ok, false)
    },
  },
  {
    name: 'S1: a stop finishes what was handed in and refuses what comes after',
    needs: ['restart'],
    async run({ engine, restart }) {
      await accepted(engine)
      const { lease } = await takeOne(engine)
      const late = message()
      const pending = [engine.publish([late]), engine.settle([{ lease, verdict: { kind: 'done' } }])]
      const stopped = engine.stop()
      assert.deepEqual(engine.accepting(), { ok: false, code: 'stopping' })
      await refuses(engine.publish([message()]), 'stopping')
      await refuses(engine.settle([{ lease, verdict: { kind: 'done' } }]), 'stopping')
      await refuses(engine.deadLetters({ limit: 1 }), 'stopping')
      await refuses(engine.retryDeadLetters({}), 'stopping')
      const [receipts, settled] = await Promise.all(pending)
      await stopped
      assert.deepEqual(settled, ['settled'])
      assert.equal(receipts?.length, 1)
      const next = await restart?.()
      assert.ok(next)
      assert.deepEqual(ids(await next.take(request())), [late.id])
      exactly(next, () => assert.equal(countsOf(next).done, 1))
    },
  },
  {
    name: 'a second engine on the same data is refused, and the first goes on',
    needs: ['rival'],
    async run({ engine, rival }) {
      await accepted(engine)
      const second = rival?.()
      assert.ok(second)
      await refuses(second.start(), 'data_dir_in_use')
      await second.stop()
      await accepted(engine)
      assert.equal(countsOf(engine).ready, 2)
    },
  },
]
