/** What a restart and a crash leave: everything that was acknowledged (Q1). */
import assert from 'node:assert/strict'
import { LIMITS } from '../../../src/core/index.ts'
import type { QueueEngine } from '../../../src/queue/index.ts'
import {
  accepted,
  type Case,
  countsOf,
  deadLetter,
  eventually,
  ids,
  message,
  request,
  settleOne,
  stateOf,
  takeOne,
} from '../subject.ts'

/** One of each kind of end and of waiting; answers what must be found again. */
async function variety(
  engine: QueueEngine,
  now: number,
  heldRecords: true | undefined,
): Promise<Map<string, string>> {
  const states = new Map<string, string>()
  const done = await accepted(engine)
  await settleOne(engine, await takeOne(engine), { kind: 'done', result: [1] })
  const rejected = await accepted(engine)
  await settleOne(engine, await takeOne(engine), { kind: 'rejected', reason: 'unpaid' })
  states.set(done, 'done').set(rejected, 'rejected')
  states.set(await deadLetter(engine), 'dead')
  states.set(await accepted(engine, { availableAt: now + 3_000_000 }), 'delayed')
  states.set(await accepted(engine, { orderingKey: 'k' }), 'ready')
  states.set(await accepted(engine, { orderingKey: 'k' }), heldRecords ? 'held' : 'ready')
  return states
}

async function found(engine: QueueEngine, states: ReadonlyMap<string, string>): Promise<void> {
  for (const [id, state] of states) assert.equal(await stateOf(engine, id), state)
}

export const survival: readonly Case[] = [
  {
    name: 'Q1: a restart finds everything that was acknowledged, in its state, with the same counts',
    abilities: ['browse', 'delay', 'orderingKey'],
    needs: ['restart'],
    async run({ engine, restart, now, heldRecords }) {
      const states = await variety(engine, now(), heldRecords)
      const before = { ...countsOf(engine) }
      const next = await restart?.()
      assert.ok(next)
      await found(next, states)
      assert.deepEqual(countsOf(next), before)
    },
  },
  {
    name: 'Q1: so does an engine that opens what a crash left',
    abilities: ['browse', 'delay', 'orderingKey'],
    needs: ['crash'],
    async run({ engine, crash, now, heldRecords }) {
      const states = await variety(engine, now(), heldRecords)
      const before = { ...countsOf(engine) }
      const next = await crash?.()
      assert.ok(next)
      await found(next, states)
      assert.deepEqual(countsOf(next), before)
    },
  },
  {
    name: 'after a restart the line goes on: same order, same positions, keys known',
    abilities: ['position', 'idempotency'],
    needs: ['restart'],
    async run({ engine, restart }) {
      const first = await accepted(engine, { idempotencyKey: 'k', content: 'same' })
      const second = await accepted(engine)
      const next = await restart?.()
      assert.ok(next)
      const [again] = await next.publish([message({ idempotencyKey: 'k', content: 'same' })])
      assert.deepEqual(again?.kind === 'accepted' && [again.id, again.repeated], [first, true])
      const third = message()
      const [receipt] = await next.publish([third])
      assert.equal(receipt?.kind === 'accepted' && receipt.position, 3)
      assert.deepEqual(ids(await next.take(request())), [first, second, third.id])
    },
  },
  {
    name: 'what was in flight at the end of the process is ready at once, first, and no failure is counted',
    abilities: ['browse'],
    needs: ['crash'],
    async run({ engine, crash }) {
      const first = await accepted(engine)
      const second = await accepted(engine)
      const old = await takeOne(engine)
      const next = await crash?.()
      assert.ok(next)
      assert.deepEqual([countsOf(next).ready, countsOf(next).inFlight], [2, 0])
      const delivery = await takeOne(next)
      assert.deepEqual([delivery.lease.id, delivery.lease.attempt, delivery.failures], [first, 2, 0])
      assert.equal(await settleOne(next, old), 'stale', 'Q4: the lease of the process before is void')
      const record = await next.find(first)
      assert.deepEqual(
        record?.history.map(({ outcome }) => outcome),
        ['crashed'],
      )
      assert.equal(await stateOf(next, second), 'ready')
    },
  },
  {
    name: 'a message that was in flight at too many ends of the process is a dead letter',
    abilities: ['browse'],
    needs: ['restart', 'unattended'],
    async run({ engine, restart }) {
      const id = await accepted(engine)
      let current: QueueEngine = engine
      for (let crash = 1; crash <= LIMITS.crashesPerMessage; crash++) {
        await takeOne(current)
        current = (await restart?.()) ?? assert.fail()
        assert.equal(await stateOf(current, id), 'ready', `after ${crash} crashes`)
      }
      await takeOne(current)
      current = (await restart?.()) ?? assert.fail()
      const record = await current.find(id)
      assert.deepEqual([record?.state, record?.failures], ['dead', 0])
      assert.match(record?.error ?? '', /crash/)
      assert.equal(await current.retryDeadLetters({ ids: [id] }), 1)
      await takeOne(current)
      current = (await restart?.()) ?? assert.fail()
      assert.equal(await stateOf(current, id), 'ready', 'a retried one may crash anew')
    },
  },
  {
    name: 'timers that came due while nothing ran go off after the start',
    abilities: ['browse', 'delay'],
    needs: ['restart', 'unattended'],
    async run(subject) {
      const { engine, restart, now } = subject
      const delayed = await accepted(engine, { availableAt: now() + 30 })
      const brief = await accepted(engine, { expiresAt: now() + 30 })
      const next = await restart?.()
      assert.ok(next)
      await eventually(subject, 'the delayed one', async () => (await stateOf(next, delayed)) === 'ready')
      await eventually(subject, 'the expiry', async () => (await stateOf(next, brief)) === 'expired')
    },
  },
]
