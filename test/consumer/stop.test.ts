import assert from 'node:assert/strict'
import { test } from 'node:test'
import { WeirError } from '../../src/core/index.ts'
import { DONE, rig } from './rig.ts'

/** Whether the promise has resolved, once all others had their turn. */
function watch(promise: Promise<void>): { readonly over: boolean } {
  const state = { over: false }
  void promise.then(() => {
    state.over = true
  })
  return state
}

test('S1: stop takes nothing more, gives back what was not started, and waits for what runs', async () => {
  const { clock, engine, consumer, calls } = rig({ concurrency: 3, ratePerSecond: 20 })
  engine.put('MNP', 10)
  consumer.start()
  await clock.advance(60)
  const running = calls.length
  assert.ok(engine.count('in_flight') > running, 'some are held for their turn')
  const stopping = watch(consumer.stop())
  await clock.settle()
  assert.equal(engine.count('in_flight'), running)
  assert.equal(consumer.lane('MNP')?.consumers, 0)
  await clock.advance(5_000)
  assert.equal(stopping.over, false)
  assert.equal(calls.length, running)
  for (const call of calls) call.answer(DONE)
  await clock.settle()
  assert.equal(stopping.over, true)
  assert.equal(engine.count('done'), running)
  assert.equal(engine.count('ready'), 10 - running)
})

test('S1: at the drain’s deadline what runs is aborted and given back, its late result ignored', async () => {
  const { clock, engine, consumer, calls } = rig({ concurrency: 2, timeoutMs: 300_000, drainMs: 25_000 })
  engine.put('MNP', 3)
  consumer.start()
  await clock.advance(1)
  const stopping = watch(consumer.stop())
  await clock.advance(24_999)
  assert.equal(stopping.over, false)
  assert.equal(calls[0]?.signal.aborted, false)
  await clock.advance(1)
  assert.equal(stopping.over, true)
  assert.equal(calls[0]?.signal.aborted, true)
  assert.equal(engine.count('ready'), 3)
  assert.equal(engine.get('MNP-1').failures, 0, 'stopping is not the message’s fault')
  calls[0]?.answer(DONE)
  await clock.settle()
  assert.equal(engine.count('ready'), 3)
})

test('S1: a take that is answered after the stop is given back', async () => {
  const { clock, engine, consumer, calls } = rig()
  engine.latencyMs = 10
  engine.put('MNP', 5)
  consumer.start()
  await clock.advance(6)
  assert.equal(engine.count('in_flight'), 5)
  const stopping = watch(consumer.stop())
  await clock.advance(20)
  assert.equal(stopping.over, true)
  assert.equal(calls.length, 0)
  assert.equal(engine.count('ready'), 5)
})

test('S1: stop resolves only when every verdict is stored, also through a failing store', async () => {
  const { clock, engine, consumer } = rig({ handle: () => DONE, drainMs: 10_000 })
  engine.put('MNP', 5)
  engine.settleFault = new WeirError('storage_full', 'no room')
  consumer.start()
  await clock.advance(100)
  const stopping = watch(consumer.stop())
  await clock.advance(3_000)
  assert.equal(stopping.over, false)
  engine.settleFault = undefined
  await clock.advance(5_000)
  assert.equal(stopping.over, true)
  assert.equal(engine.count('done'), 5)
})

test('Q2: a store that never recovers does not hang the stop; the leases bring the messages back', async () => {
  const { clock, engine, consumer, logs } = rig({
    handle: () => DONE,
    drainMs: 10_000,
    settleMs: 3_000,
    timeoutMs: 1_000,
  })
  engine.put('MNP', 5)
  engine.settleFault = new WeirError('storage_failed', 'EIO')
  consumer.start()
  await clock.advance(100)
  const stopping = watch(consumer.stop())
  await clock.advance(13_000)
  assert.equal(stopping.over, true)
  assert.ok(logs.some(({ level, fields }) => level === 'error' && fields.verdicts === 5))
  const tries = engine.settleTries
  await clock.advance(20_000)
  assert.equal(engine.settleTries, tries, 'nothing goes on after the stop')
  assert.equal(engine.count('ready'), 5)
})

test('S1: start and stop are idempotent, stop before start too, and start works again after stop', async () => {
  const { clock, engine, consumer } = rig({ handle: () => DONE })
  await consumer.stop()
  consumer.start()
  consumer.start()
  engine.put('MNP', 5)
  await clock.advance(10)
  assert.equal(engine.mostTakes, 1)
  const first = consumer.stop()
  assert.equal(consumer.stop(), first)
  await first
  assert.equal(clock.pending, 0, 'no timer is left behind')
  assert.equal(engine.listeners, 0, 'and no listener')
  engine.put('MNP', 5)
  await clock.advance(5_000)
  assert.equal(engine.count('ready'), 5)
  consumer.start()
  await clock.advance(10)
  assert.equal(engine.count('done'), 10)
  await consumer.stop()
})

test('S1: a settle that fails after the stop has given it up is not tried again', async () => {
  const { clock, engine, consumer, calls } = rig({ drainMs: 1_000, settleMs: 1_000 })
  engine.put('MNP', 1)
  consumer.start()
  await clock.advance(1)
  engine.latencyMs = 20_000
  engine.settleFault = new WeirError('storage_failed', 'EIO')
  calls[0]?.answer(DONE)
  const stopping = watch(consumer.stop())
  await clock.advance(2_000)
  assert.equal(stopping.over, true)
  await clock.advance(25_000)
  assert.equal(engine.settleTries, 1)
})

test('the lane tells when an attempt last ended, and nothing before the first', async () => {
  const { clock, engine, consumer } = rig({ handle: () => DONE })
  consumer.start()
  await clock.advance(100)
  assert.equal(consumer.lane('MNP')?.lastSettledAt, undefined)
  engine.put('MNP', 1)
  await clock.advance(100)
  const at = consumer.lane('MNP')?.lastSettledAt ?? 0
  assert.ok(at >= clock.now() - 100 && at <= clock.now())
  await consumer.stop()
})
