import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { PACE_TOLERANCE_MS } from '../../src/consumer/index.ts'
import { pause, WeirError } from '../../src/core/index.ts'
import { DONE, rig } from './rig.ts'

const seed = Date.now() & 0x7fffffff
console.log(`seed ${seed}`)

test('Q6: output never exceeds the pace, and meets it while messages wait', async () => {
  await fc.assert(
    fc.asyncProperty(
      fc.integer({ min: 1, max: 2_000 }),
      fc.constantFrom(0, 1, 7),
      async (rate, latencyMs) => {
        const { clock, engine, consumer, calls } = rig({
          ratePerSecond: rate,
          concurrency: 50,
          handle: () => DONE,
        })
        engine.latencyMs = latencyMs
        const seconds = Math.max(2, Math.min(10, 1_000 / rate))
        engine.put('MNP', rate * 12)
        const begun = clock.now()
        consumer.start()
        await clock.advance(seconds * 1000)
        const starts = calls.map(({ at }) => at - begun)
        for (let i = 0; i < starts.length; i++) {
          for (const window of [100, 1_000]) {
            const from = starts[i] ?? 0
            const count = starts.filter((at) => at >= from && at <= from + window).length
            const bound = (rate / 1000) * (window + PACE_TOLERANCE_MS) + 1
            assert.ok(count <= bound + 0.001, `${count} in ${window} ms at ${rate}/s`)
          }
          if (starts.length > 400) i += 20
        }
        const expected = rate * seconds
        const slack = expected * 0.01 + rate * 0.02 + 1
        assert.ok(Math.abs(starts.length - expected) <= slack, `${starts.length} of ${expected}`)
      },
    ),
    { seed, numRuns: 12 },
  )
})

test('never more messages in the processor’s hands than the concurrency, and all slots are used', async () => {
  const { clock, engine, consumer, most, calls } = rig({ concurrency: 4 })
  engine.put('MNP', 20)
  consumer.start()
  await clock.advance(10)
  assert.equal(calls.length, 4)
  assert.equal(consumer.lane('MNP')?.running, 4)
  for (let i = 0; i < 20; i++) {
    calls[i]?.answer(DONE)
    await clock.advance(1)
  }
  assert.equal(most.running, 4)
  assert.equal(engine.count('done'), 20)
})

test('with slow work nothing lies in the buffer: other consumers and urgent messages can have it', async () => {
  const { clock, engine, consumer } = rig({ concurrency: 3 })
  engine.latencyMs = 2
  engine.put('MNP', 50)
  consumer.start()
  await clock.advance(1_000)
  assert.equal(engine.count('in_flight'), 3)
})

test('with a pace no more is taken than can start within the look-ahead', async () => {
  const { clock, engine, consumer, calls } = rig({ concurrency: 50, ratePerSecond: 20, handle: () => DONE })
  engine.put('MNP', 100)
  consumer.start()
  for (let i = 0; i < 40; i++) {
    await clock.advance(50)
    assert.ok(engine.count('in_flight') <= 3)
  }
  assert.ok(calls.length >= 39)
})

test('only its own type is asked for, one take at a time, and an empty queue is not polled', async () => {
  const { clock, engine, consumer } = rig({ handle: () => DONE })
  engine.latencyMs = 1
  engine.put('CHANGE', 5)
  engine.put('MNP', 100)
  consumer.start()
  await clock.advance(1_000)
  assert.equal(engine.count('done'), 100)
  assert.equal(engine.count('ready'), 5)
  assert.equal(engine.mostTakes, 1)
  const before = engine.takes.length
  await clock.advance(10_000)
  assert.ok(engine.takes.length - before <= 10, 'at most one look a second')
  assert.ok(engine.takes.every(({ type }) => type === 'MNP'))
})

test('a paced type is taken in batches, not one by one', async () => {
  const { clock, engine, consumer, calls } = rig({
    ratePerSecond: 1_000,
    concurrency: 200,
    handle: () => DONE,
  })
  engine.latencyMs = 1
  engine.put('MNP', 5_000)
  consumer.start()
  await clock.advance(2_000)
  assert.ok(calls.length >= 1_990)
  assert.ok(engine.takes.length <= 100, `${engine.takes.length} takes`)
})

test('quick work does not wait for the queue: what will be free when the answer comes is asked for too', async () => {
  const run = async (prefetchCount: number) => {
    const { clock, engine, consumer, most } = rig({
      concurrency: 10,
      prefetchCount,
      handle: () => pause(clock, 5).then(() => DONE),
    })
    engine.latencyMs = 4
    engine.put('MNP', 10_000)
    consumer.start()
    await clock.advance(2_000)
    assert.equal(most.running, 10, 'and still never more than the concurrency')
    return engine.count('done')
  }
  const without = await run(0)
  const ahead = await run(10)
  assert.ok(ahead > without * 1.2, `${ahead} against ${without}`)
})

test('the queue’s signal during a take starts no second one; that of other types none at all', async () => {
  const { clock, engine, consumer } = rig({ handle: () => DONE })
  engine.latencyMs = 10
  consumer.start()
  await clock.advance(1)
  engine.put('MNP', 1)
  await clock.settle()
  engine.put('MNP', 1)
  await clock.advance(100)
  assert.equal(engine.mostTakes, 1)
  assert.equal(engine.mostSettles, 1)
  assert.equal(engine.count('done'), 2)
  const before = engine.takes.length
  engine.put('CHANGE', 1)
  await clock.advance(100)
  assert.equal(engine.takes.length, before)
})

test('a lost signal costs a second, not for ever', async () => {
  const { clock, engine, consumer } = rig({ handle: () => DONE })
  consumer.start()
  await clock.advance(10)
  engine.mute = true
  engine.put('MNP', 1)
  await clock.advance(1_010)
  assert.equal(engine.count('done'), 1)
})

test('a message that becomes ready is started at once by the queue’s signal', async () => {
  const { clock, engine, consumer, calls } = rig({ handle: () => DONE })
  consumer.start()
  await clock.advance(500)
  engine.put('MNP', 1)
  await clock.settle()
  assert.equal(calls.length, 1)
})

test('Q4: at the timeout the attempt fails and is retried; a late result is ignored', async () => {
  const { clock, engine, consumer, calls, events } = rig({ concurrency: 1, timeoutMs: 1_000 })
  const [id = ''] = engine.put('MNP', 1)
  consumer.start()
  await clock.advance(999)
  assert.equal(engine.get(id).state, 'in_flight')
  await clock.advance(1)
  assert.equal(engine.get(id).state, 'delayed')
  assert.equal(engine.get(id).failures, 1)
  assert.equal(calls[0]?.signal.aborted, true)
  calls[0]?.answer(DONE)
  await clock.until(() => calls.length === 2)
  assert.equal(engine.get(id).verdicts.length, 1)
  assert.equal(calls[1]?.attempt, 2)
  calls[1]?.answer(DONE)
  await clock.settle()
  assert.equal(engine.get(id).state, 'done')
  assert.equal(engine.stale, 0)
  const finished = events.flatMap((event) => (event.kind === 'finished' ? [event.status] : []))
  assert.deepEqual(finished, ['retry', 'done'])
})

test('a processor that ignores its abort keeps its slot for a while and then loses it: the lane goes on', async () => {
  const { clock, engine, consumer, calls, most } = rig({ concurrency: 1, timeoutMs: 1_000, maxRetries: 0 })
  engine.put('MNP', 2)
  consumer.start()
  await clock.advance(3_000)
  assert.equal(most.running, 1, 'the back end still has the first one')
  await clock.until(() => calls.length === 2, 10_000)
})

test('a failing message is retried with growing delays as often as allowed, then a dead letter', async () => {
  const { clock, engine, consumer, calls, logs } = rig({
    handle: () => ({ kind: 'failed', failure: 'error', error: 'no luck' }),
  })
  const [id = ''] = engine.put('MNP', 1)
  consumer.start()
  await clock.until(() => engine.get(id).state === 'dead')
  assert.equal(calls.length, 4)
  const waits = calls.slice(1).map(({ at }, i) => at - (calls[i]?.at ?? 0))
  for (const [i, wait] of waits.entries()) {
    assert.ok(wait >= 2_500 * 2 ** i && wait <= 5_000 * 2 ** i + 5, `${wait}`)
  }
  const failures = logs.filter(({ text }) => text === 'An attempt failed')
  assert.equal(failures.length, 4)
  assert.partialDeepStrictEqual(failures[0], {
    level: 'warn',
    fields: { messageId: id, type: 'MNP', attempt: 1 },
  })
})

test('a throw is a failed attempt, a thing that is no outcome too; dead and rejected are final', async () => {
  const answers: Record<string, unknown> = {
    'MNP-2': undefined,
    'MNP-3': { kind: 'dead', error: 'malformed' },
    'MNP-4': { kind: 'rejected', reason: 'unpaid', result: { outcome: '변경실패' } },
    'MNP-5': { kind: 'failed', failure: 'error' },
    'MNP-6': { kind: 'failed', failure: 'error', error: 'x'.repeat(10_000) },
  }
  const { clock, engine, consumer, events } = rig({
    handle: ({ id }) => {
      if (id === 'MNP-1') throw new Error('broken')
      return answers[id] as typeof DONE
    },
  })
  engine.put('MNP', 6)
  consumer.start()
  await clock.advance(10)
  const verdict = (id: string) => engine.get(id).verdicts[0]
  assert.partialDeepStrictEqual(verdict('MNP-1'), { kind: 'retry', error: 'broken', counts: true })
  assert.partialDeepStrictEqual(verdict('MNP-2'), { kind: 'retry', counts: true })
  assert.equal(engine.get('MNP-3').state, 'dead')
  assert.equal(engine.get('MNP-4').state, 'rejected')
  assert.equal(verdict('MNP-5')?.kind, 'retry')
  const long = verdict('MNP-6')
  assert.ok(long?.kind === 'retry' && long.error.length === 2_000)
  assert.ok(events.some((event) => event.kind === 'finished' && event.outcome === '변경실패'))
})

test('business outcomes are labels of metrics: a back end that makes up new ones cannot grow them', async () => {
  const { clock, engine, consumer, events } = rig({
    handle: ({ id }) => ({ kind: 'done', result: { outcome: id } }),
  })
  engine.put('MNP', 500)
  consumer.start()
  await clock.advance(100)
  assert.equal(engine.count('done'), 500)
  const labels = new Set(events.flatMap((event) => (event.kind === 'finished' ? [event.outcome] : [])))
  assert.ok(labels.size <= 33)
})

test('a message that expired, or could not end within its lease, is given back and not started', async () => {
  const { clock, engine, consumer, calls } = rig({ concurrency: 1, timeoutMs: 20_000, prefetchCount: 5 })
  engine.latencyMs = 100
  const [late = ''] = engine.put('MNP', 1, { expiresAt: clock.now() + 80 })
  consumer.start()
  await clock.advance(2_000)
  assert.equal(calls.length, 0)
  assert.equal(engine.get(late).state, 'expired')
  engine.latencyMs = 0
  const [slow = ''] = engine.put('MNP', 1)
  // The answer to the take is stuck for longer than the lease leaves room for.
  const take = engine.take.bind(engine)
  let stuck = true
  engine.take = async (request) => {
    const taken = await take(request)
    if (stuck) await pause(clock, 16_000)
    stuck = false
    return taken
  }
  await clock.until(() => engine.get(slow).verdicts.length > 0)
  assert.deepEqual(engine.get(slow).verdicts[0], { kind: 'released' })
  await clock.until(() => calls.length === 1)
  assert.equal(calls[0]?.attempt, 2)
})

test('a queue that cannot be read is tried again with growing pauses; that is told once, and its end', async () => {
  const { clock, engine, consumer, logs } = rig({ handle: () => DONE })
  let tries = 0
  const take = engine.take.bind(engine)
  engine.takeFault = new Error('the disk is gone')
  engine.take = (request) => {
    tries += 1
    return take(request)
  }
  engine.put('MNP', 3)
  consumer.start()
  await clock.advance(60_000)
  assert.ok(tries > 10 && tries < 40, `${tries}`)
  assert.match(consumer.progress().reasons.join(), /the disk is gone/)
  engine.takeFault = undefined
  await clock.advance(5_000)
  assert.equal(engine.count('done'), 3)
  assert.deepEqual(consumer.progress().reasons, [])
  assert.deepEqual(
    logs.filter(({ level }) => level !== 'debug').map(({ level, text }) => `${level}: ${text}`),
    ['error: The queue could not be read; trying until it can', 'info: The queue can be read again'],
  )
})

test('a broker that is away is not told again by each lane: the connection says so', async () => {
  const { clock, engine, consumer, logs } = rig({ handle: () => DONE })
  engine.takeFault = new WeirError('broker_unavailable', 'ECONNREFUSED')
  consumer.start()
  await clock.advance(60_000)
  assert.match(consumer.progress().reasons.join(), /ECONNREFUSED/)
  engine.takeFault = undefined
  await clock.advance(5_000)
  assert.deepEqual(
    logs.filter(({ level }) => level !== 'debug'),
    [],
  )
})

test('pace and concurrency are changed while running, at once and without a burst', async () => {
  const { clock, engine, consumer, calls } = rig({ concurrency: 10, ratePerSecond: 1, handle: () => DONE })
  engine.put('MNP', 1_000)
  consumer.start()
  await clock.advance(500)
  assert.equal(calls.length, 1)
  consumer.change('MNP', { ratePerSecond: 100 })
  await clock.advance(1_000)
  assert.ok(calls.length >= 99 && calls.length <= 103, `${calls.length}`)
  consumer.change('MNP', { ratePerSecond: 2 })
  const before = calls.length
  await clock.advance(5_000)
  assert.ok(calls.length - before <= 11 && calls.length - before >= 9)
  consumer.change('MNP', { ratePerSecond: 0 })
  await clock.advance(100)
  assert.equal(engine.count('done'), 1_000)
})

test('a lower concurrency lets what runs go on and starts nothing until there is room', async () => {
  const { clock, engine, consumer, calls } = rig({ concurrency: 4 })
  engine.put('MNP', 10)
  consumer.start()
  await clock.advance(1)
  consumer.change('MNP', { concurrency: 2 })
  assert.equal(consumer.lane('MNP')?.concurrencyLimit, 2)
  for (const i of [0, 1]) calls[i]?.answer(DONE)
  await clock.advance(1)
  assert.equal(calls.length, 4)
  calls[2]?.answer(DONE)
  await clock.advance(1)
  assert.equal(calls.length, 5)
  consumer.change('MNP', { concurrency: 5 })
  await clock.advance(1)
  assert.equal(consumer.lane('MNP')?.running, 5)
})

test('M1: a listener that throws hurts nothing and is told of once', async () => {
  const { clock, engine, consumer, logs } = rig({ throwingListener: true, handle: () => DONE })
  engine.put('MNP', 50)
  consumer.start()
  await clock.advance(10)
  assert.equal(engine.count('done'), 50)
  assert.equal(logs.filter(({ text }) => text.includes('listener')).length, 1)
})
