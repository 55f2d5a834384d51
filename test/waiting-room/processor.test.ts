/** Who lets people in, and when: at the interval, at once for the rest of a long batch, early where that is asked. */
import assert from 'node:assert/strict'
import { type TestContext, test } from 'node:test'
import { setImmediate as turn } from 'node:timers/promises'
import { type Logger, silentLogger, WeirError } from '../../src/core/index.ts'
import {
  ADMIT_MAX,
  DEFAULT_DOOR,
  type DoorSettings,
  type LineEngine,
  LineProcessor,
  type ProcessorOptions,
  placeFrom,
} from '../../src/waiting-room/index.ts'
import { embeddedEngine, newDataDir, removeDataDir } from '../fixtures/embedded.ts'
import { FakeClock } from '../fixtures/fake-clock.ts'

interface Room {
  readonly clock: FakeClock
  readonly line: LineEngine
  readonly processor: LineProcessor
  readonly lines: string[]
  /** Lets time pass in small steps, with the turns of the event loop that the store's answers take. */
  pass(ms: number): Promise<void>
  waiting(): Promise<number>
}

async function room(
  t: TestContext,
  door: Partial<DoorSettings>,
  more: Partial<ProcessorOptions> = {},
): Promise<Room> {
  const clock = new FakeClock()
  const dataDir = newDataDir()
  const engine = embeddedEngine(dataDir, clock)
  await engine.start()
  const { line } = engine
  await line.define('e', { ...DEFAULT_DOOR, graceMs: 3_600_000, ...door })
  const lines: string[] = []
  const logger: Logger = {
    ...silentLogger,
    info: (_, message) => lines.push(message),
    warn: (_, message) => lines.push(message),
  }
  const options = { line, clock, logger, intervalMs: 10_000, admitEarly: false, ...more }
  const processor = new LineProcessor(options)
  t.after(async () => {
    await processor.stop()
    await engine.stop()
    removeDataDir(dataDir)
  })
  processor.start()
  const turns = async () => {
    for (let i = 0; i < 30; i++) await turn()
  }
  return {
    clock,
    line,
    processor,
    lines,
    async pass(ms) {
      for (let left = ms; left > 0; left -= 500) {
        await clock.advance(Math.min(500, left))
        await turns()
      }
    },
    waiting: async () => (await line.snapshot('e'))?.counts.waiting ?? -1,
  }
}

const enterAll = (line: LineEngine, count: number) =>
  Promise.all(Array.from({ length: count }, (_, i) => line.enter('e', `v${i}`)))

test('L2: after the process stood still those who could not be heard are not passed over', async (t) => {
  const { clock, line, pass } = await room(
    t,
    { cap: 0, graceMs: 3_000 },
    { intervalMs: 200, admitEarly: true },
  )
  await enterAll(line, 3)
  await pass(1_000)
  clock.jump(60_000)
  await line.enter('e', 'later')
  await line.change('e', { cap: 1 })
  await pass(200)
  const states = ['v0', 'v1', 'later'].map(async (visitor) => (await line.status('e', visitor)).state)
  assert.deepEqual(await Promise.all(states), ['ready', 'waiting', 'waiting'])
  // A silence of their own is one as before.
  await line.done('e', 'v0')
  await pass(4_000)
  await line.seen('e', ['later'])
  await line.change('e', { cap: 2 })
  await pass(200)
  assert.equal((await line.status('e', 'later')).state, 'ready')
  assert.equal((await line.status('e', 'v1')).state, 'parked')
})

test('L3: threshold 5, twenty users: five at a time, one batch an interval, until all are in', async (t) => {
  const { line, pass, waiting, lines } = await room(t, { cap: 5 })
  await enterAll(line, 20)
  assert.equal(await waiting(), 15)
  for (const left of [10, 5, 0]) {
    const inside = (await line.snapshot('e'))?.frame.serving ?? 0
    for (let i = inside - 5; i < inside; i++) {
      await line.claim('e', `v${i}`)
      await line.done('e', `v${i}`)
    }
    assert.equal(await waiting(), left + 5, 'not before the interval')
    await pass(10_500)
    assert.equal(await waiting(), left)
  }
  assert.equal(lines[0], 'Queue processor started (interval: 10000ms)')
  assert.ok(lines.includes('Processing 1 queue(s)...'))
})

test('a tick that hits the bound of a batch goes on at once', async (t) => {
  const { line, pass, waiting } = await room(t, { cap: 0 })
  await enterAll(line, 2 * ADMIT_MAX + 100)
  await line.change('e', { cap: 5_000 })
  await pass(11_500)
  assert.equal(await waiting(), 0)
})

test('with ADMIT_EARLY a freed place is used at once, and only with it', async (t) => {
  for (const admitEarly of [true, false]) {
    const { line, pass, waiting } = await room(t, { cap: 2 }, { admitEarly })
    await enterAll(line, 5)
    await pass(500)
    await line.done('e', 'v0')
    await pass(500)
    assert.equal(await waiting(), admitEarly ? 2 : 3)
  }
})

test('a pre-queue opens when its moment has come, with the beacon of that moment, and not before', async (t) => {
  const beacon = async (event: string) => `beacon of ${event}`
  const { clock, line, pass } = await room(t, { cap: 3 }, { beacon })
  await line.prequeue('e', 'ab'.repeat(32), clock.now() + 25_000)
  await enterAll(line, 10)
  await pass(21_000)
  assert.equal((await line.snapshot('e'))?.frame.mode, 'prequeue')
  await pass(10_000)
  const snapshot = await line.snapshot('e')
  assert.deepEqual([snapshot?.frame.mode, snapshot?.counts.ready, snapshot?.counts.waiting], ['open', 3, 7])
  assert.equal(snapshot?.draw?.revealed?.beacon, 'beacon of e')
})

test('S1: stopped, it admits nobody; stopping twice, or before the start, is well', async (t) => {
  const { line, pass, processor, waiting } = await room(t, { cap: 1 })
  await enterAll(line, 3)
  await Promise.all([processor.stop(), processor.stop()])
  processor.start()
  await line.done('e', 'v0')
  await pass(30_000)
  assert.equal(await waiting(), 2)
  const never = new LineProcessor({
    line,
    clock: new FakeClock(),
    logger: silentLogger,
    intervalMs: 1,
    admitEarly: true,
  })
  await never.stop()
})

test('a line that fails is tried again at every interval, said once, and goes on by itself', async (t) => {
  const { line: real, clock } = await room(t, { cap: 1 })
  await real.enter('e', 'v0')
  await real.enter('e', 'v1')
  await real.done('e', 'v0')
  let away = true
  const line = Object.create(real, {
    events: {
      value: async () => {
        if (away) throw new WeirError('storage_failed', 'away')
        return real.events()
      },
    },
    admit: { value: (event: string, max: number) => real.admit(event, max) },
    follow: { value: () => () => {} },
  }) as LineEngine
  const lines: string[] = []
  const logger: Logger = { ...silentLogger, warn: (_, message) => lines.push(message) }
  const processor = new LineProcessor({ line, clock, logger, intervalMs: 1_000, admitEarly: false })
  t.after(() => processor.stop())
  processor.start()
  const later = async () => {
    await clock.advance(1_000)
    for (let i = 0; i < 30; i++) await turn()
  }
  for (let i = 0; i < 4; i++) await later()
  assert.deepEqual(lines, ['nobody can be admitted'])
  away = false
  await later()
  await later()
  assert.equal((await real.status('e', 'v1')).state, 'ready')
})

test('the wait is estimated from what was admitted, and falls as the visitor moves up', async (t) => {
  const { line, pass, processor, clock } = await room(t, { cap: 0, claimMs: 2_000, claimTries: 1 })
  await enterAll(line, 300)
  // Each batch of five lets its call pass: five places an interval.
  await line.change('e', { cap: 5 })
  await pass(100_000)
  const shown: number[] = []
  for (let i = 0; i < 4; i++) {
    const frame = (await line.snapshot('e'))?.frame
    const ticket = (await line.status('e', 'v250')).ticket ?? 0
    assert.ok(frame)
    const eta = processor.flows.eta(frame, placeFrom(frame, ticket) - 1, clock.now())
    assert.ok(eta.known && eta.p50 !== null && eta.p90 !== null && eta.p90 >= eta.p50, JSON.stringify(eta))
    shown.push(eta.p50)
    await pass(60_000)
  }
  // 200 ahead at a place every two seconds, at first.
  assert.ok((shown[0] ?? 0) >= 360 && (shown[0] ?? 0) <= 480, `${shown}`)
  assert.deepEqual(
    shown,
    [...shown].sort((a, b) => b - a),
    'it never grows',
  )
})
