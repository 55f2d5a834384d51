import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { Outcome } from '../../src/core/index.ts'
import { DONE, rig } from './rig.ts'

const DOWN: Outcome = { kind: 'failed', failure: 'unavailable', error: 'connection refused' }

test('an outage opens the breaker, nothing is taken, and the messages keep their attempts', async () => {
  let up = false
  const { clock, engine, consumer, calls, events } = rig({
    concurrency: 10,
    minimumVolume: 10,
    handle: () => (up ? DONE : DOWN),
  })
  engine.put('MNP', 200)
  consumer.start()
  await clock.advance(3_600_000)
  assert.equal(consumer.lane('MNP')?.breaker, 'open')
  assert.match(consumer.progress().reasons.join(), /legacy/)
  assert.ok(calls.length < 200, `${calls.length} calls in an hour`)
  assert.equal(engine.count('dead'), 0)
  const burnt = [...engine.entries.values()].filter(({ failures }) => failures > 0).length
  assert.ok(burnt <= 10, 'only those that found the outage out')
  up = true
  await clock.advance(120_000)
  assert.equal(engine.count('done'), 200)
  assert.equal(consumer.lane('MNP')?.breaker, 'closed')
  assert.equal(events.findLast(({ kind }) => kind === 'breaker')?.kind, 'breaker')
})

test('while half-open only one probe is in the back end’s hands, then two, then four', async () => {
  let up = false
  const { clock, engine, consumer, calls } = rig({ concurrency: 50, minimumVolume: 10, retryDelayMs: 10 })
  engine.put('MNP', 200)
  consumer.start()
  await clock.advance(1)
  const answered = new Set<number>()
  const answerAll = async () => {
    for (const [i, call] of calls.entries()) {
      if (answered.has(i)) continue
      answered.add(i)
      call.answer(up ? DONE : DOWN)
    }
    await clock.settle()
  }
  await answerAll()
  assert.equal(consumer.lane('MNP')?.breaker, 'open')
  up = true
  const widths: number[] = []
  for (let i = 0; i < 4; i++) {
    const before = answered.size
    await clock.until(() => calls.length > before)
    await clock.advance(50)
    widths.push(calls.length - before)
    await answerAll()
  }
  assert.deepEqual(widths, [1, 2, 4, 8])
  assert.equal(consumer.lane('MNP')?.breaker, 'closed')
})

test('types in front of the same back end stop together', async () => {
  const { clock, engine, consumer, calls } = rig({
    types: ['MNP', 'CHANGE'],
    minimumVolume: 5,
    concurrency: 5,
    handle: ({ type }) => (type === 'MNP' ? DOWN : DONE),
  })
  engine.put('MNP', 5)
  consumer.start()
  await clock.advance(1)
  assert.equal(consumer.lane('CHANGE')?.breaker, 'open')
  engine.put('CHANGE', 5)
  await clock.settle()
  assert.ok(calls.every(({ message }) => message.type === 'MNP'))
})

test('business refusals and dead letters are no failures of the back end', async () => {
  const { clock, engine, consumer } = rig({
    minimumVolume: 5,
    handle: ({ id }) =>
      id.endsWith('0') ? { kind: 'dead', error: 'malformed' } : { kind: 'rejected', reason: 'unpaid' },
  })
  engine.put('MNP', 100)
  consumer.start()
  await clock.advance(10)
  assert.equal(consumer.lane('MNP')?.breaker, 'closed')
  assert.equal(engine.count('rejected') + engine.count('dead'), 100)
})

test('Retry-After pauses the whole lane until then and costs the message nothing', async () => {
  let first = true
  const { clock, engine, consumer, calls } = rig({
    concurrency: 1,
    handle: () => {
      if (!first) return DONE
      first = false
      return { kind: 'failed', failure: 'overloaded', error: 'slow down', retryAfterMs: 7_000 }
    },
  })
  engine.put('MNP', 20)
  consumer.start()
  await clock.advance(1)
  assert.equal(calls.length, 1)
  await clock.advance(6_900)
  assert.equal(calls.length, 1)
  assert.equal(engine.count('in_flight'), 0, 'what waits stays in the queue')
  await clock.advance(3_000)
  assert.equal(engine.count('done'), 20)
  assert.ok([...engine.entries.values()].every(({ failures }) => failures === 0))
})

test('an absurd Retry-After stops a type for ten minutes at most', async () => {
  const { clock, engine, consumer, calls } = rig({
    concurrency: 1,
    handle: ({ id }) =>
      id === 'MNP-1' ? { kind: 'failed', failure: 'overloaded', error: 'never', retryAfterMs: 1e12 } : DONE,
  })
  engine.put('MNP', 2)
  consumer.start()
  await clock.advance(601_000)
  assert.equal(engine.get('MNP-2').state, 'done')
  assert.ok(calls.length >= 2)
})

test('overload lowers the concurrency and successes bring it back', async () => {
  let overloaded = true
  const { clock, engine, consumer } = rig({
    concurrency: 10,
    minimumVolume: 1_000,
    maxRetries: 100,
    retryDelayMs: 10,
    handle: () => (overloaded ? { kind: 'failed', failure: 'overloaded', error: '429' } : DONE),
  })
  engine.put('MNP', 500)
  consumer.start()
  await clock.until(() => consumer.lane('MNP')?.concurrencyLimit === 4, 10_000)
  overloaded = false
  await clock.until(() => consumer.lane('MNP')?.concurrencyLimit === 10, 60_000)
})

test('two types half-open together: one probe between them, the second after the first has passed', async () => {
  const { clock, engine, consumer, calls } = rig({
    types: ['MNP', 'CHANGE'],
    minimumVolume: 5,
    concurrency: 5,
    retryDelayMs: 60_000,
  })
  engine.latencyMs = 2
  engine.put('MNP', 5)
  consumer.start()
  await clock.advance(10)
  for (const call of calls) call.answer(DOWN)
  await clock.settle()
  assert.equal(consumer.lane('CHANGE')?.breaker, 'open')
  const outage = calls.length
  engine.put('MNP', 1)
  engine.put('CHANGE', 4)
  await clock.until(() => calls.length > outage)
  await clock.advance(100)
  assert.equal(calls.length, outage + 1, 'one probe')
  for (let i = 0; i < 5; i++) {
    for (const call of calls.slice(outage)) call.answer(DONE)
    await clock.advance(20)
  }
  assert.equal(engine.count('done'), 5)
})

test('a probe that is given up by a stop does not block the next start', async () => {
  const { clock, engine, consumer, calls } = rig({
    minimumVolume: 5,
    concurrency: 5,
    drainMs: 100,
    retryDelayMs: 60_000,
  })
  engine.put('MNP', 5)
  consumer.start()
  await clock.advance(1)
  for (const call of calls) call.answer(DOWN)
  engine.put('MNP', 3)
  await clock.until(() => calls.length === 6)
  const stopped = consumer.stop()
  await clock.advance(100)
  await stopped
  consumer.start()
  await clock.advance(10)
  assert.equal(calls.length, 7)
})

test('what is held for its turn goes back to the queue when the back end asks for a pause', async () => {
  const { clock, engine, consumer, calls } = rig({ concurrency: 10, ratePerSecond: 50 })
  engine.put('MNP', 20)
  consumer.start()
  await clock.advance(1)
  assert.equal(calls.length, 1)
  assert.ok(engine.count('in_flight') > 1)
  calls[0]?.answer({ kind: 'failed', failure: 'overloaded', error: '429', retryAfterMs: 5_000 })
  await clock.settle()
  assert.equal(engine.count('in_flight'), 0)
  await clock.advance(4_900)
  assert.equal(calls.length, 1)
})
