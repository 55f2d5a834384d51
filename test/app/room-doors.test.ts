/** Doors that follow: the settings at a start, and the message queue while it runs. */
import assert from 'node:assert/strict'
import { type TestContext, test } from 'node:test'
import { setImmediate as turn } from 'node:timers/promises'
import { DoorFollower } from '../../src/app/room-follow.ts'
import { RoomSetup, type RoomSetupOptions } from '../../src/app/room-setup.ts'
import { type Logger, silentLogger } from '../../src/core/index.ts'
import type { StateCounts } from '../../src/queue/index.ts'
import { DEFAULT_DOOR } from '../../src/waiting-room/index.ts'
import { embeddedEngine, newDataDir, removeDataDir } from '../fixtures/embedded.ts'
import { FakeClock } from '../fixtures/fake-clock.ts'

async function rig(t: TestContext) {
  const clock = new FakeClock()
  const dataDir = newDataDir()
  const engine = embeddedEngine(dataDir, clock)
  await engine.start()
  t.after(async () => {
    await engine.stop()
    removeDataDir(dataDir)
  })
  const said: string[] = []
  const logger: Logger = { ...silentLogger, info: (_, message) => void said.push(message) }
  const { line, effects: documents } = engine
  const pass = async (ms: number) => {
    for (let passed = 0; passed < ms; passed += 1_000) {
      await clock.advance(1_000)
      // A step is over when the store has written, and the next one is counted from there.
      for (let i = 0; i < 20; i++) await turn()
    }
  }
  /** What a start does. */
  const start = async (door: Partial<typeof DEFAULT_DOOR>, more: Partial<RoomSetupOptions> = {}) => {
    const all = { ...DEFAULT_DOOR, ...door }
    const nobody = { accounts: undefined, admin: undefined, followed: false }
    const setup = new RoomSetup({ line, documents, ...nobody, door: all, clock, logger, ...more })
    await setup.start()
    await setup.stop()
  }
  const doorOf = async (event: string) => (await line.snapshot(event))?.door
  return { clock, engine, line, documents, logger, said, pass, start, doorOf }
}

test('a threshold changed between two starts holds for events that nobody set otherwise, and no others', async (t) => {
  const { line, start, doorOf, said } = await rig(t)
  await start({ cap: 10 })
  await line.define('a', { ...DEFAULT_DOOR, cap: 10 })
  await line.define('b', { ...DEFAULT_DOOR, cap: 10 })
  await line.change('b', { cap: 77 })
  await start({ cap: 10 })
  assert.deepEqual([(await doorOf('a'))?.cap, (await doorOf('b'))?.cap], [10, 77])
  await start({ cap: 5, claimMs: 30_000 })
  assert.deepEqual([(await doorOf('a'))?.cap, (await doorOf('b'))?.cap], [5, 77])
  assert.deepEqual([(await doorOf('a'))?.claimMs, (await doorOf('b'))?.claimMs], [30_000, 30_000])
  assert.equal(said.filter((message) => /follows the settings/.test(message)).length, 2)
})

/** A queue whose predicted wait is what the test says. */
function queue() {
  const state = {
    waiting: 0,
    waitMs: undefined as number | undefined,
    drain: undefined as number | undefined,
  }
  const counts = () => new Map([['MNP', { ready: state.waiting } as StateCounts]])
  const flow = { etaMs: () => state.waitMs, drainPerSecond: () => state.drain }
  return { state, engine: { counts }, flow }
}

test('the door is slower while messages wait too long, says why, and is fast again when they do not', async (t) => {
  const { clock, line, logger, said, pass, doorOf, start } = await rig(t)
  await line.define('a', DEFAULT_DOOR)
  await line.define('shut', { ...DEFAULT_DOOR, mode: 'closed' })
  const { state, engine, flow } = queue()
  const rates = { targetWaitMs: 60_000, minPerMinute: 10, maxPerMinute: 1000 }
  const follower = new DoorFollower({
    ...rates,
    types: ['MNP'],
    line,
    engine,
    flow,
    clock,
    logger,
    stepMs: 1_000,
  })
  follower.start()
  t.after(() => follower.stop())
  const rate = async () => (await doorOf('a'))?.ratePerMinute

  await pass(1_000)
  assert.equal(await rate(), 1000, 'from no limit to the most')
  assert.equal(follower.slowedBy('a'), undefined)

  Object.assign(state, { waiting: 500, waitMs: 90_000, drain: 5 })
  await pass(1_000)
  assert.equal(await rate(), 700)
  const because = { cause: 'backlog', messageType: 'MNP', waitSeconds: 90 }
  assert.deepEqual(follower.slowedBy('a'), because)
  assert.ok(said.some((message) => /door is slower/.test(message)))

  Object.assign(state, { waitMs: undefined, drain: undefined })
  await pass(3_000)
  assert.equal(await rate(), 700, 'what cannot be told changes nothing')

  Object.assign(state, { drain: 0 })
  await pass(20_000)
  assert.equal(await rate(), 10, 'nothing comes out: as slow as it may be')
  assert.equal(follower.slowedBy('a')?.waitSeconds, null)

  Object.assign(state, { waiting: 0, waitMs: undefined, drain: 5 })
  await pass(25_000)
  assert.equal(await rate(), 1000)
  assert.equal(follower.slowedBy('a'), undefined)
  assert.ok(said.some((message) => /as fast as it may be/.test(message)))
  assert.equal((await doorOf('shut'))?.ratePerMinute, 0, 'a closed door is left alone')

  // The next starts: once with following, once without, which gives the rate back.
  await start({}, { followed: true })
  await start({})
  assert.equal(await rate(), 0)
})

test('two that follow one queue go one step at a time, and the other goes on when one ends', async (t) => {
  const { clock, line, logger, pass, doorOf } = await rig(t)
  await line.define('a', { ...DEFAULT_DOOR, ratePerMinute: 1000 })
  const { state, engine, flow } = queue()
  Object.assign(state, { waiting: 500, waitMs: 90_000, drain: 5 })
  const rates = { targetWaitMs: 60_000, minPerMinute: 10, maxPerMinute: 1000 }
  const options = { ...rates, types: ['MNP'], line, engine, flow, clock, logger, stepMs: 4_000 }
  const one = new DoorFollower(options)
  const two = new DoorFollower(options)
  t.after(() => Promise.all([one.stop(), two.stop()]))
  const rate = async () => (await doorOf('a'))?.ratePerMinute
  one.start()
  await pass(2_000)
  two.start()
  await pass(2_000)
  assert.equal(await rate(), 700)
  await pass(2_000)
  // Its first step knows of no other.
  assert.equal(await rate(), 490)
  await pass(2_000)
  assert.equal(await rate(), 490, 'the first one sees that it was moved')
  await pass(2_000)
  assert.equal(await rate(), 343)
  await pass(2_000)
  assert.equal(await rate(), 343)
  await two.stop()
  await pass(4_000)
  assert.equal(await rate(), 240)
  assert.equal(one.slowedBy('a')?.cause, 'backlog')
})
