import assert from 'node:assert/strict'
import { test } from 'node:test'
import { WeirError } from '../../src/core/index.ts'
import { DONE, rig } from './rig.ts'

test('Q2: no verdict is lost while the store is full; they are kept and stored when it recovers', async () => {
  const { clock, engine, consumer, calls, logs } = rig({ concurrency: 5, handle: () => DONE })
  engine.put('MNP', 20)
  engine.settleFault = new WeirError('storage_full', 'no room')
  consumer.start()
  await clock.advance(10_000)
  assert.equal(engine.count('done'), 0)
  assert.match(consumer.progress().reasons.join(), /20 results wait for the store: no room/)
  engine.settleFault = undefined
  await clock.advance(5_000)
  assert.equal(engine.count('done'), 20)
  assert.equal(calls.length, 20, 'no message was handled twice')
  assert.deepEqual(consumer.progress().reasons, [])
  assert.deepEqual(
    logs.filter(({ level }) => level !== 'debug').map(({ text }) => text),
    ['The store did not take verdicts; they are kept', 'The store takes verdicts again'],
  )
})

test('what the store owes is bounded: nothing new is started beyond it', async () => {
  const { clock, engine, consumer } = rig({ concurrency: 5, handle: () => DONE })
  engine.put('MNP', 5_000)
  engine.settleFault = new WeirError('storage_failed', 'EIO')
  consumer.start()
  await clock.advance(10_000)
  assert.equal(consumer.progress().lanes[0]?.unsettled, 1_000)
  engine.settleFault = undefined
  await clock.advance(6_000)
  assert.equal(engine.count('done'), 5_000)
})

test('verdicts are stored in batches, one call at a time', async () => {
  const { clock, engine, consumer } = rig({ concurrency: 100, handle: () => DONE })
  engine.latencyMs = 2
  engine.put('MNP', 1_000)
  consumer.start()
  await clock.advance(1_000)
  assert.equal(engine.count('done'), 1_000)
  assert.equal(engine.mostSettles, 1)
  assert.ok(engine.settleCalls.length <= 40, `${engine.settleCalls.length} calls`)
})

test('Q4: a stale settle is counted and logged, and nothing else', async () => {
  const { clock, engine, consumer, calls, events, logs } = rig({ concurrency: 1, timeoutMs: 1_000 })
  const [id = ''] = engine.put('MNP', 1)
  consumer.start()
  await clock.advance(1)
  // The engine took the lease back early, as after a restart of its own.
  const entry = engine.get(id)
  entry.attempt += 1
  calls[0]?.answer(DONE)
  await clock.settle()
  assert.equal(entry.state, 'in_flight')
  assert.equal(events.filter(({ kind }) => kind === 'stale_settle').length, 1)
  assert.equal(logs.filter(({ fields }) => fields.messageId === id).length, 1)
})

test('one result that cannot be stored does not block the others', async () => {
  const { clock, engine, consumer, logs } = rig({
    concurrency: 10,
    handle: () => DONE,
  })
  const settle = engine.settle.bind(engine)
  engine.settle = async (settlements) => {
    if (settlements.some(({ lease }) => lease.id === 'MNP-4')) throw new TypeError('cannot be stored')
    return settle(settlements)
  }
  engine.put('MNP', 10)
  consumer.start()
  await clock.advance(5_000)
  assert.equal(engine.count('done'), 9)
  assert.ok(logs.some(({ level, fields }) => level === 'error' && fields.messageId === 'MNP-4'))
})

test('a result that is no JSON does not undo the work: the message is done', async () => {
  const results = [
    1n,
    () => 0,
    {
      toJSON: () => {
        throw new Error('no')
      },
    },
  ] as unknown as number[]
  const { clock, engine, consumer } = rig({ handle: () => ({ kind: 'done', result: results.pop() ?? 0 }) })
  const kept: unknown[] = []
  const settle = engine.settle.bind(engine)
  engine.settle = async (settlements) => {
    for (const { verdict } of settlements)
      if (verdict.kind === 'done') kept.push(structuredClone(verdict.result))
    return settle(settlements)
  }
  engine.put('MNP', 3)
  consumer.start()
  await clock.advance(1_000)
  assert.equal(engine.count('done'), 3)
  assert.deepEqual(new Set(kept), new Set(['the processor returned a result that is no JSON']))
})

test('results that come while a settle is under way wait for it and go together', async () => {
  const { clock, engine, consumer, calls } = rig({ concurrency: 10 })
  engine.latencyMs = 50
  engine.put('MNP', 10)
  consumer.start()
  await clock.until(() => calls.length === 10)
  for (const call of calls) {
    call.answer(DONE)
    await clock.advance(1)
  }
  await clock.advance(200)
  assert.equal(engine.mostSettles, 1)
  assert.deepEqual(engine.settleCalls, [1, 9])
})
