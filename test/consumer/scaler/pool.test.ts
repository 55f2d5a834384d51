/** The pool within one process, with real lanes: it follows the load, and nobody ever waits for it. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { Scaler, WorkerPool } from '../../../src/consumer/index.ts'
import { pause, silentLogger } from '../../../src/core/index.ts'
import { NO_COUNTS, type StateCounts } from '../../../src/queue/index.ts'
import { DONE, type RigOptions, rig } from '../rig.ts'

const QUIET_MS = 300_000 + 10 * 15_000 + 10_000

interface PoolOptions {
  readonly minReplicas?: number
  readonly maxReplicas?: number
  readonly enabled?: boolean
}

function pooled(options: RigOptions & { readonly pool?: PoolOptions } = {}) {
  const made = rig(options)
  const { clock, engine, consumer } = made
  const limits = { minReplicas: 1, maxReplicas: 10, targetDrainMs: 60_000, enabled: true, ...options.pool }
  const pool = new WorkerPool(consumer, limits)
  const counts = () => {
    const of: { -readonly [Key in keyof StateCounts]: number } = { ...NO_COUNTS }
    for (const { state, attempt } of engine.entries.values()) {
      of.accepted += 1
      of.departed += attempt
      if (state === 'ready') of.ready += 1
      if (state === 'in_flight') of.inFlight += 1
    }
    return new Map([['MNP', of]])
  }
  const scaler = new Scaler({
    engine: { counts },
    types: () => {
      const rules = pool.rules('MNP', options.ratePerSecond ?? 0)
      return new Map(rules ? [['MNP', rules]] : [])
    },
    workers: (type) => pool.signals(type, clock.now()),
    actuator: pool,
    clock,
    logger: silentLogger,
  })
  consumer.onSaturated((type) => scaler.saturated(type))
  const start = () => {
    consumer.start()
    scaler.start()
  }
  return { ...made, pool, scaler, start, slots: () => consumer.lane('MNP')?.slots }
}

test('it begins full, and shrinks to the fewest only after the window', async () => {
  const { clock, engine, calls, start, slots, scaler } = pooled()
  engine.put('MNP', 20)
  start()
  await clock.advance(1)
  assert.equal(calls.length, 10)
  let answered = 0
  while (engine.count('done') < 20) {
    calls[answered++]?.answer(DONE)
    await clock.advance(1)
  }
  await clock.advance(299_000)
  assert.equal(slots(), 10)
  await clock.advance(QUIET_MS)
  assert.equal(slots(), 1)
  assert.equal(scaler.decisions()[0]?.reason, 'minimum')
  scaler.stop()
})

test('a pool that has shrunk is full again in the turn in which a burst comes', async () => {
  const { clock, engine, calls, start, slots, most } = pooled()
  start()
  await clock.advance(QUIET_MS)
  assert.equal(slots(), 1)
  engine.put('MNP', 100)
  // No time passes, so not even one timer has run.
  await clock.advance(0)
  for (let i = 0; i < 20 && calls.length < 10; i++) await clock.settle()
  assert.equal(calls.length, 10)
  assert.equal(most.running, 10)
})

test('a few more than the slots open as many as they are, not all', async () => {
  const { clock, engine, calls, start, slots } = pooled()
  start()
  await clock.advance(QUIET_MS)
  engine.put('MNP', 3)
  for (let i = 0; i < 20 && calls.length < 3; i++) await clock.settle()
  assert.equal(calls.length, 3)
  assert.equal(slots(), 3)
})

for (const latencyMs of [0, 2, 20]) {
  test(`the same load ends as soon with scaling as without, the queue answering in ${2 * latencyMs} ms`, async () => {
    const run = async (enabled: boolean) => {
      const made = pooled({ pool: { enabled }, handle: () => pause(made.clock, 100).then(() => DONE) })
      const { clock, engine, start, slots } = made
      engine.latencyMs = latencyMs
      start()
      await clock.advance(QUIET_MS)
      assert.equal(slots(), enabled ? 1 : 10)
      const begun = clock.now()
      engine.put('MNP', 500)
      await clock.until(() => engine.count('done') === 500, 60_000)
      return clock.now() - begun
    }
    const without = await run(false)
    const scaled = await run(true)
    console.log(`500 messages: ${scaled} ms scaled, ${without} ms with all slots`)
    // The first take of a pool of one brings one message; the next brings the rest. That is one round trip.
    assert.ok(scaled <= without + 4 * latencyMs + 1, `${scaled} ms, ${without} ms without`)
  })
}

test('a paced type is not opened for messages that wait for the pace', async () => {
  const made = pooled({ ratePerSecond: 10, handle: () => pause(made.clock, 20).then(() => DONE) })
  const { clock, engine, start, slots, calls } = made
  start()
  await clock.advance(QUIET_MS)
  assert.equal(slots(), 1)
  engine.put('MNP', 100)
  await clock.advance(5_000)
  assert.ok(calls.length >= 49, `${calls.length}`)
  assert.equal(slots(), 1)
})

test('but it is for one that a slow attempt keeps below its pace', async () => {
  const { clock, engine, start, slots, calls } = pooled({ ratePerSecond: 10 })
  start()
  await clock.advance(QUIET_MS)
  engine.put('MNP', 100)
  await clock.advance(1_000)
  assert.ok(calls.length >= 10, `${calls.length} started at 10 a second while none returned`)
  assert.equal(slots(), 10)
})

test('a busy pool of few whose queue is empty opens nothing', async () => {
  const { clock, engine, start, slots } = pooled()
  start()
  await clock.advance(QUIET_MS)
  engine.put('MNP', 1)
  await clock.advance(10_000)
  assert.equal(slots(), 1)
})

test('never fewer than MIN_REPLICAS, nor than all with scaling off', async () => {
  const fewest = pooled({ pool: { minReplicas: 3 } })
  fewest.start()
  await fewest.clock.advance(QUIET_MS)
  assert.equal(fewest.slots(), 3)
  const off = pooled({ pool: { enabled: false, minReplicas: 1 } })
  off.start()
  await off.clock.advance(QUIET_MS)
  assert.equal(off.slots(), 10)
  assert.equal(off.scaler.decisions()[0]?.reason, 'fixed')
})

test('a concurrency that is changed while running divides the pool anew', async () => {
  const { clock, engine, consumer, calls, start, slots, scaler } = pooled()
  start()
  consumer.change('MNP', { concurrency: 25 })
  engine.put('MNP', 60)
  await clock.advance(1)
  assert.equal(calls.length, 25, 'a whole pool stays whole')
  assert.equal(scaler.decisions()[0]?.wanted, 10)
  await clock.advance(1_000)
  assert.equal(scaler.decisions()[0]?.wanted, 9, '25 slots are nine workers of three')
  consumer.change('MNP', { concurrency: 4 })
  for (let i = 0; i < 25; i++) calls[i]?.answer(DONE)
  await clock.advance(1_000)
  assert.equal(slots(), 4)
  assert.equal(calls.length, 29)
  assert.equal(scaler.decisions()[0]?.wanted, 4)
})

test('a shrunk pool with a higher concurrency opens all of it in a burst', async () => {
  const { clock, engine, consumer, calls, start, slots } = pooled()
  start()
  await clock.advance(QUIET_MS)
  consumer.change('MNP', { concurrency: 50 })
  await clock.advance(1_000)
  engine.put('MNP', 500)
  await clock.advance(1)
  assert.equal(slots(), 50)
  assert.equal(calls.length, 50)
})

test('the adaptive limit and the open slots bound each other', async () => {
  const { clock, engine, consumer, calls, start, slots } = pooled({ maxRetries: 0, minimumVolume: 1_000 })
  engine.put('MNP', 100)
  start()
  await clock.advance(1)
  calls[0]?.answer({ kind: 'failed', failure: 'overloaded', error: '503' })
  await clock.advance(1)
  assert.equal(consumer.lane('MNP')?.concurrencyLimit, 7)
  assert.equal(slots(), 7)
  consumer.resize('MNP', 3)
  assert.equal(slots(), 3)
  assert.equal(consumer.lane('MNP')?.concurrencyLimit, 7, 'what the back end bears is told as it is')
})

test('what runs beyond a smaller pool goes on and counts as draining', async () => {
  const { clock, engine, consumer, calls, pool, start } = pooled()
  engine.put('MNP', 10)
  start()
  await clock.advance(1)
  pool.resize('MNP', 4)
  assert.deepEqual(pool.current('MNP'), { ready: 4, starting: 0, draining: 6 })
  assert.equal(consumer.lane('MNP')?.running, 10)
  for (const call of calls) call.answer(DONE)
  await clock.advance(1)
  assert.deepEqual(pool.current('MNP'), { ready: 4, starting: 0, draining: 0 })
  assert.equal(engine.count('done'), 10)
})

test('a type that is not served here has neither rules nor workers', () => {
  const { pool } = pooled()
  assert.equal(pool.rules('CHANGE', 0), undefined)
  assert.equal(pool.current('CHANGE'), undefined)
  assert.equal(pool.signals('CHANGE', 0), undefined)
})

test('the service time of a lane is the mean of its attempts, however they end', async () => {
  const { clock, engine, consumer, calls } = rig({ timeoutMs: 3_000, maxRetries: 0 })
  assert.equal(consumer.lane('MNP')?.serviceMs, undefined)
  engine.put('MNP', 3)
  consumer.start()
  await clock.advance(1_000)
  calls[0]?.answer(DONE)
  await clock.advance(1_000)
  calls[1]?.answer({ kind: 'failed', failure: 'error', error: 'no' })
  await clock.advance(5_000)
  assert.equal(consumer.lane('MNP')?.serviceMs, 2_000, '1 s done, 2 s failed, 3 s timed out')
})
