/** The loop: when it looks, whom it tells, what it keeps. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import {
  type Actuator,
  Scaler,
  type ScalingEvent,
  type ScalingRules,
  type WorkerCounts,
  type WorkerSignals,
} from '../../../src/consumer/index.ts'
import { type Logger, silentLogger } from '../../../src/core/index.ts'
import { NO_COUNTS, type StateCounts } from '../../../src/queue/index.ts'
import { FakeClock } from '../../fixtures/fake-clock.ts'
import { RULES } from './look.ts'

function world(advises?: true) {
  const clock = new FakeClock()
  const counts = new Map<string, StateCounts>()
  const rules = new Map<string, ScalingRules>([['MNP', RULES]])
  const signals: WorkerSignals = { breaker: 'closed', congested: false, serviceMs: 1_000 }
  const state = {
    workers: { ready: 1, starting: 0, draining: 0 } as WorkerCounts | undefined,
    signals: signals as WorkerSignals | undefined,
    hears: true,
    answer: (_wanted: number): void | Promise<void> => {},
  }
  const resized: number[] = []
  const events: ScalingEvent[] = []
  const logs: string[] = []
  const log = (level: string) => (_fields: object, text: string) => void logs.push(`${level}: ${text}`)
  const logger: Logger = { ...silentLogger, info: log('info'), warn: log('warn'), error: log('error') }
  const actuator: Actuator = {
    ...(advises && { advises }),
    current: () => state.workers,
    resize: (_type, wanted) => {
      resized.push(wanted)
      return state.answer(wanted)
    },
  }
  const scaler = new Scaler({
    engine: { counts: () => counts },
    types: () => rules,
    workers: () => state.signals,
    hears: () => state.hears,
    actuator,
    clock,
    logger,
    emit: (event) => events.push(event),
  })
  /** 16 a second for two workers, all of them handed out at once. */
  let accepted = 0
  const arrive = async (seconds: number, perSecond = 16) => {
    for (let i = 0; i < seconds; i++) {
      accepted += perSecond
      counts.set('MNP', { ...NO_COUNTS, accepted, departed: accepted, done: accepted })
      await clock.advance(1_000)
    }
  }
  return { clock, counts, rules, state, resized, events, logs, scaler, arrive }
}

test('start and stop are idempotent: one timer, then none', async () => {
  const { clock, scaler, resized } = world()
  assert.equal(clock.pending, 0)
  scaler.start()
  scaler.start()
  assert.equal(clock.pending, 1)
  await clock.advance(5_000)
  assert.equal(clock.pending, 1)
  scaler.stop()
  scaler.stop()
  assert.equal(clock.pending, 0)
  scaler.start()
  assert.equal(clock.pending, 1)
  scaler.stop()
  assert.deepEqual(resized, [1], 'told once, for nothing changed')
})

test('the actuator is told when the number changes, and the listener hears from, to and why', async () => {
  const { scaler, resized, events, arrive, clock } = world()
  scaler.start()
  await arrive(15)
  assert.deepEqual(resized, [1, 2])
  assert.equal(events.length, 1)
  const { at, ...event } = events[0] ?? { at: 0 }
  assert.deepEqual(event, { kind: 'scaling', type: 'MNP', from: 1, to: 2, reason: 'arrival_rate', etaMs: 0 })
  assert.ok(at <= clock.now() && at > clock.now() - 15_000)
  scaler.stop()
})

test('a resize that fails, at once or later, is tried again at the next look', async () => {
  for (const answer of [
    () => {
      throw new Error('no more processes')
    },
    () => Promise.reject(new Error('no more processes')),
  ]) {
    const { scaler, resized, state, logs, clock } = world()
    state.answer = answer
    scaler.start()
    await clock.advance(2_500)
    assert.deepEqual(resized, [1, 1, 1])
    assert.equal(logs.length, 3)
    state.answer = () => {}
    await clock.advance(5_000)
    assert.deepEqual(resized, [1, 1, 1, 1])
    scaler.stop()
  }
})

test('a slow resize is not overtaken; what changed meanwhile is told after it', async () => {
  const { scaler, resized, state, arrive, clock } = world()
  const slow = Promise.withResolvers<void>()
  state.answer = () => slow.promise
  scaler.start()
  await arrive(15)
  assert.equal(scaler.decisions()[0]?.wanted, 2)
  assert.deepEqual(resized, [1])
  state.answer = () => {}
  slow.resolve()
  await clock.advance(1_000)
  assert.deepEqual(resized, [1, 2])
  scaler.stop()
})

test('a backlog of which nothing goes out is stalled after ten seconds, with no end in sight', async () => {
  const { scaler, counts, events, logs, clock } = world()
  scaler.start()
  counts.set('MNP', { ...NO_COUNTS, accepted: 20, ready: 20 })
  await clock.advance(8_000)
  assert.notEqual(scaler.decisions()[0]?.reason, 'stalled')
  await clock.advance(4_000)
  const status = scaler.decisions()[0]
  assert.equal(status?.reason, 'stalled')
  assert.equal(status?.etaMs, Number.POSITIVE_INFINITY)
  await clock.advance(60_000)
  assert.equal(events.filter(({ reason }) => reason === 'stalled').length, 1, 'said once')
  const warned = logs.filter((line) => line.startsWith('warn'))
  assert.deepEqual(warned, ['warn: Messages wait and nothing goes out; the workers stay'])
  counts.set('MNP', { ...NO_COUNTS, accepted: 20, ready: 10, departed: 10, done: 10 })
  await clock.advance(1_000)
  const moving = scaler.decisions()[0]
  assert.notEqual(moving?.reason, 'stalled')
  assert.ok(moving?.etaMs !== undefined && Number.isFinite(moving.etaMs) && moving.etaMs > 0)
  scaler.stop()
})

test('long attempts are no stall before three of them could have ended', async () => {
  const { scaler, counts, state, clock } = world()
  state.signals = { breaker: 'closed', congested: false, serviceMs: 20_000 }
  scaler.start()
  counts.set('MNP', { ...NO_COUNTS, accepted: 20, ready: 10, inFlight: 10, departed: 10 })
  await clock.advance(55_000)
  assert.notEqual(scaler.decisions()[0]?.reason, 'stalled')
  await clock.advance(10_000)
  assert.equal(scaler.decisions()[0]?.reason, 'stalled')
  scaler.stop()
})

test('retries are arrivals too', async () => {
  const { scaler, counts, clock } = world()
  scaler.start()
  // Nothing new comes; 100 messages go round, 16 of them a second.
  for (let second = 0; second < 70; second++) {
    counts.set('MNP', { ...NO_COUNTS, accepted: 100, delayed: 84, inFlight: 16, departed: 16 * second })
    await clock.advance(1_000)
  }
  assert.equal(scaler.decisions()[0]?.wanted, 2)
  scaler.stop()
})

test('counts that step back for a moment are no arrivals and no fault', async () => {
  const { scaler, counts, clock } = world()
  scaler.start()
  counts.set('MNP', { ...NO_COUNTS, accepted: 1_000, departed: 1_000, done: 1_000 })
  await clock.advance(61_000)
  counts.set('MNP', { ...NO_COUNTS, accepted: 900, departed: 900, done: 900 })
  await clock.advance(1_000)
  assert.equal(scaler.decisions()[0]?.need, 0)
  scaler.stop()
})

test('what an actuator does not know yet is not decided', async () => {
  const { scaler, state, resized, clock } = world()
  state.workers = undefined
  scaler.start()
  await clock.advance(3_000)
  assert.deepEqual(scaler.decisions(), [])
  assert.deepEqual(resized, [])
  state.workers = { ready: 5, starting: 0, draining: 0 }
  await clock.advance(1_000)
  assert.equal(scaler.decisions()[0]?.wanted, 5, 'what runs is the beginning, not the fewest')
  scaler.stop()
})

test('with nobody heard of, a backlog changes nothing', async () => {
  const { scaler, counts, state, clock } = world()
  state.signals = undefined
  scaler.start()
  counts.set('MNP', { ...NO_COUNTS, accepted: 5_000, ready: 5_000 })
  await clock.advance(5_000)
  assert.equal(scaler.decisions()[0]?.reason, 'no_signal')
  assert.equal(scaler.decisions()[0]?.wanted, 1)
  scaler.stop()
})

test('the reports stop: the number stays whatever is counted, and afterwards nothing has come at once', async () => {
  const { scaler, state, counts, resized, events, arrive, clock } = world()
  scaler.start()
  await arrive(15)
  state.workers = { ready: 2, starting: 0, draining: 0 }
  await arrive(5)
  assert.deepEqual(resized, [1, 2])
  state.hears = false
  // Everybody seems to have gone, and what the counts say is old.
  state.workers = { ready: 0, starting: 2, draining: 0 }
  state.signals = undefined
  const before = counts.get('MNP') ?? NO_COUNTS
  counts.set('MNP', { ...before, accepted: before.accepted + 90_000, ready: 90_000 })
  await clock.advance(400_000)
  assert.equal(scaler.decisions()[0]?.reason, 'no_signal')
  assert.equal(scaler.decisions()[0]?.wanted, 2)
  // A minute of arrivals is told in one second; they were worked off as they came.
  const told = before.accepted + 60 * 16
  counts.set('MNP', { ...NO_COUNTS, accepted: told, departed: told, done: told })
  state.hears = true
  state.workers = { ready: 2, starting: 0, draining: 0 }
  state.signals = { breaker: 'closed', congested: false, serviceMs: 1_000 }
  for (let i = 1; i <= 10; i++) {
    const accepted = told + 16 * i
    await clock.advance(1_000)
    counts.set('MNP', { ...NO_COUNTS, accepted, departed: accepted, done: accepted })
  }
  assert.deepEqual(resized, [1, 2])
  assert.equal(events.length, 1)
  scaler.stop()
})

test('nobody serves a type that has messages: said once for each time, and not while one starts', async () => {
  const { scaler, state, counts, logs, clock } = world()
  scaler.start()
  await clock.advance(1_000)
  state.workers = { ready: 0, starting: 1, draining: 0 }
  state.signals = undefined
  counts.set('MNP', { ...NO_COUNTS, accepted: 9, ready: 9 })
  await clock.advance(9_000)
  assert.equal(scaler.decisions()[0]?.reason, 'no_consumer')
  assert.deepEqual(logs, [])
  await clock.advance(60_000)
  assert.deepEqual(logs, ['warn: Messages wait and no consumer of their type runs'])
  state.workers = { ready: 1, starting: 0, draining: 0 }
  await clock.advance(1_000)
  state.workers = { ready: 0, starting: 1, draining: 0 }
  await clock.advance(15_000)
  assert.equal(logs.filter((line) => /no consumer/.test(line)).length, 2)
  scaler.stop()
})

test('where nobody is started by us, the log says what is wanted and not what changes', async () => {
  const { scaler, logs, arrive } = world(true)
  scaler.start()
  await arrive(15)
  assert.deepEqual(logs, ['info: More workers are wanted'])
  scaler.stop()
})

test('a type that is taken away is forgotten', async () => {
  const { scaler, rules, clock } = world()
  rules.set('CHANGE', RULES)
  scaler.start()
  await clock.advance(1_000)
  assert.deepEqual(
    scaler.decisions().map(({ type }) => type),
    ['MNP', 'CHANGE'],
  )
  rules.delete('MNP')
  await clock.advance(1_000)
  assert.deepEqual(
    scaler.decisions().map(({ type }) => type),
    ['CHANGE'],
  )
  scaler.stop()
})

test('the last twenty changes are kept', async () => {
  const { scaler, rules, clock } = world()
  scaler.start()
  for (let i = 0; i < 50; i++) {
    rules.set('MNP', { ...RULES, fixed: 1 + (i % 2) })
    await clock.advance(1_000)
  }
  const changes = scaler.decisions()[0]?.changes ?? []
  assert.equal(changes.length, 20)
  assert.equal(changes.at(-1)?.to, 2)
  scaler.stop()
})

test('a full pool is decided upon between two looks, and not before the start or after the stop', async () => {
  const { scaler, rules, counts, resized, clock } = world()
  rules.set('MNP', { ...RULES, slotsPerWorker: 1, instant: true })
  counts.set('MNP', { ...NO_COUNTS, accepted: 6, ready: 5, inFlight: 1, departed: 1 })
  scaler.saturated('MNP')
  assert.deepEqual(resized, [])
  counts.clear()
  scaler.start()
  await clock.advance(100)
  counts.set('MNP', { ...NO_COUNTS, accepted: 6, ready: 5, inFlight: 1, departed: 1 })
  scaler.saturated('MNP')
  scaler.saturated('CHANGE')
  assert.deepEqual(resized, [1, 6])
  assert.equal(scaler.decisions()[0]?.reason, 'drain_target')
  scaler.stop()
  counts.set('MNP', { ...NO_COUNTS, accepted: 60, ready: 50, inFlight: 6, departed: 10 })
  scaler.saturated('MNP')
  assert.deepEqual(resized, [1, 6])
})
