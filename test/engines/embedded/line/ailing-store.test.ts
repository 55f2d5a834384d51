/** What the line does when its store fails: nobody is admitted, nobody is lost, and it goes on by itself. */
import assert from 'node:assert/strict'
import { type TestContext, test } from 'node:test'
import { setImmediate as turn } from 'node:timers/promises'
import { InlineHost, type StoreHost } from '../../../../src/engines/embedded/host.ts'
import type { Batch, BatchReply } from '../../../../src/engines/embedded/protocol.ts'
import { DEFAULT_DOOR, type LineNews, unaccountedVisitors } from '../../../../src/waiting-room/index.ts'
import { embeddedEngine, newDataDir, removeDataDir } from '../../../fixtures/embedded.ts'
import { FakeClock } from '../../../fixtures/fake-clock.ts'

/** Fails batches that write, on demand: all of them, or one of the next ones and not those after it. */
class AilingHost implements StoreHost {
  readonly #host: InlineHost
  fails: 'never' | 'once' | 'always' = 'never'
  /** A batch whose sync failed may be in the log all the same. */
  keepsWhatFailed = false
  /** Batches that write have to wait for it. */
  gate: Promise<void> = Promise.resolve()
  ran = 0
  /** How much the writes of the line held, one by one. */
  readonly rows: number[] = []

  constructor(dataDir: string) {
    this.#host = new InlineHost({ dataDir, retentionMs: 3_600_000 }, () => 0)
  }

  open(now: number) {
    return this.#host.open(now)
  }

  async run(batch: Batch): Promise<BatchReply> {
    const writes = batch.operations.some(([name]) => name === 'lineWrite' || name === 'probe')
    if (writes) await this.gate
    if (writes) this.ran++
    for (const [name, ask] of batch.operations) if (name === 'lineWrite') this.rows.push(ask.rows.length)
    if (this.fails === 'never' || !writes) return this.#host.run(batch)
    if (this.fails === 'once') this.fails = 'never'
    if (this.keepsWhatFailed) await this.#host.run(batch)
    const fault = { code: 'storage_failed', detail: 'EIO of the test' } as const
    const faults = batch.operations.map((_, i) => [i, fault] as const)
    return { answers: [], faults, counts: [], nextDueAt: null, freeBytes: null }
  }

  close(): Promise<void> {
    return this.#host.close()
  }
}

async function ailing(t: TestContext) {
  const clock = new FakeClock()
  const dataDir = newDataDir()
  const host = new AilingHost(dataDir)
  const engine = embeddedEngine(dataDir, clock, { host })
  t.after(async () => {
    host.fails = 'never'
    await engine.stop()
    removeDataDir(dataDir)
  })
  await engine.start()
  const { line } = engine
  await line.define('e', { ...DEFAULT_DOOR, cap: 2 })
  const positions = (visitors: readonly string[]) =>
    Promise.all(visitors.map(async (visitor) => (await line.status('e', visitor)).position))
  /** One try of the line to heal, and the few turns of the event loop that reading it anew takes. */
  const tries = async (): Promise<boolean> => {
    await clock.advance(500)
    for (let turns = 0; turns < 50 && !line.health().ok; turns++) await turn()
    return line.health().ok
  }
  return { clock, host, line, positions, tries }
}

test('L3: while nothing can be written nobody is admitted, and everything is refused with a code', async (t) => {
  const { host, line, tries } = await ailing(t)
  for (const visitor of ['a', 'b', 'c', 'd']) await line.enter('e', visitor)
  await line.done('e', 'a')
  const news: LineNews[] = []
  line.follow((one) => news.push(one))
  host.fails = 'always'
  await assert.rejects(line.admit('e', 10), { code: 'storage_failed' })
  assert.deepEqual(line.health(), { ok: false, reason: 'EIO of the test' })
  for (const work of [line.enter('e', 'x'), line.status('e', 'b'), line.admit('e', 1), line.snapshot('e')]) {
    await assert.rejects(work, { code: 'storage_failed' })
  }
  assert.deepEqual(news, [], 'nobody hears of what did not happen')
  for (let i = 0; i < 3; i++) assert.equal(await tries(), false)
  host.fails = 'never'
  assert.ok(await tries())
  assert.deepEqual(
    (await line.admit('e', 10)).called.map(({ visitor }) => visitor),
    ['c'],
  )
})

test('L4: a step that failed has not happened, and those answered before keep their tickets and places', async (t) => {
  const { host, line, positions, tries } = await ailing(t)
  for (const visitor of ['a', 'b', 'c', 'd']) await line.enter('e', visitor)
  host.fails = 'once'
  await assert.rejects(line.leave('e', 'c'), { code: 'storage_failed' })
  assert.ok(await tries())
  assert.deepEqual(await positions(['c', 'd']), [1, 2])
  const late = await line.enter('e', 'late')
  assert.equal(late.kind === 'in' && late.visit.ticket, 5)
})

test('L3, L4: writes behind one that failed are not done either, though the store has recovered by then', async (t) => {
  const { host, line, tries } = await ailing(t)
  for (const visitor of ['a', 'b', 'c', 'd']) await line.enter('e', visitor)
  host.fails = 'once'
  let release = () => {}
  host.gate = new Promise((resolve) => {
    release = resolve
  })
  const before = host.ran
  // The first batch frees a place and fails; the second would give that very place away.
  const freed = assert.rejects(line.done('e', 'a'), { code: 'storage_failed' })
  await turn()
  const admitted = assert.rejects(line.admit('e', 10), { code: 'storage_failed', message: /before this one/ })
  release()
  await Promise.all([freed, admitted])
  assert.equal(host.ran - before, 2, 'in two batches')
  assert.ok(await tries())
  const snapshot = await line.snapshot('e')
  assert.deepEqual([snapshot?.counts.admitted, snapshot?.counts.ready], [2, 0])
})

test('L4: nobody is told anything that is not durable yet, not even about somebody else', async (t) => {
  const { host, line } = await ailing(t)
  for (const visitor of ['a', 'b', 'c', 'd']) await line.enter('e', visitor)
  let release = () => {}
  host.gate = new Promise((resolve) => {
    release = resolve
  })
  const told: string[] = []
  const left = line.leave('e', 'c').then(() => told.push('left'))
  const moved = line.status('e', 'd').then(({ position }) => told.push(`place ${position}`))
  const frame = line.snapshot('e').then((snapshot) => told.push(`waiting ${snapshot?.counts.waiting}`))
  for (let turns = 0; turns < 10; turns++) await turn()
  assert.deepEqual(told, [])
  release()
  await Promise.all([left, moved, frame])
  assert.deepEqual(told.sort(), ['left', 'place 1', 'waiting 1'])
})

test('L1: a write that failed and is on the disk all the same is found: nobody has two tickets', async (t) => {
  const { host, line, positions, tries } = await ailing(t)
  for (const visitor of ['a', 'b', 'c']) await line.enter('e', visitor)
  host.fails = 'once'
  host.keepsWhatFailed = true
  await assert.rejects(line.enter('e', 'd'), { code: 'storage_failed' })
  assert.ok(await tries())
  const again = await line.enter('e', 'd')
  assert.equal(again.kind === 'in' && again.visit.ticket, 4)
  const next = await line.enter('e', 'x')
  assert.equal(next.kind === 'in' && next.visit.ticket, 5)
  assert.deepEqual(await positions(['c', 'd', 'x']), [1, 2, 3])
  const counts = (await line.snapshot('e'))?.counts
  assert.equal(counts && unaccountedVisitors(counts), 0)
})

test('L4: steps that come while the store is busy are one write, and happen or fail together', async (t) => {
  const { host, line, positions, tries } = await ailing(t)
  await line.define('f', { ...DEFAULT_DOOR, cap: 0 })
  for (const visitor of ['a', 'b']) await line.enter('e', visitor)
  const busyWith = async (steps: () => Promise<unknown>[], fails: AilingHost['fails'] = 'never') => {
    const { promise, resolve } = Promise.withResolvers<void>()
    host.gate = promise
    const first = line.enter('e', `first of ${host.ran}`)
    for (let turns = 0; turns < 3; turns++) await turn()
    host.rows.length = 0
    const all = Promise.allSettled(steps())
    resolve()
    await first
    host.fails = fails
    return (await all).map(({ status }) => status)
  }
  const crowd = Array.from({ length: 20 }, (_, i) => `v${i}`)
  const both = await busyWith(() => [
    ...crowd.map((visitor) => line.enter('e', visitor)),
    line.enter('f', 'x'),
    line.leave('e', 'v0'),
    line.enter('f', 'y'),
    line.status('e', 'v19'),
  ])
  assert.deepEqual(both, Array(24).fill('fulfilled'))
  assert.deepEqual(host.rows, [1, 20, 2], 'a row for each visitor, however many steps')
  assert.deepEqual(await positions(['v1', 'v19']), [2, 20])

  const many = Array.from({ length: 1_200 }, (_, i) => `m${i}`)
  await busyWith(() => many.map((visitor) => line.enter('e', visitor)))
  assert.equal(
    host.rows.reduce((sum, count) => sum + count, 0),
    1_201,
  )
  assert.ok(Math.max(...host.rows) <= 500, `no longer than that: ${host.rows}`)

  const failed = await busyWith(() => [line.leave('e', 'v1'), line.enter('f', 'z')], 'once')
  assert.deepEqual(failed, ['rejected', 'rejected'])
  assert.ok(await tries())
  assert.deepEqual(
    [(await line.status('e', 'v1')).state, (await line.status('f', 'z')).state],
    ['waiting', 'none'],
  )
})

test('L4: half a step, broken off by a fault, is not on the disk, nor is what would have gone with it', async (t) => {
  const { clock, line, tries } = await ailing(t)
  for (const visitor of ['a', 'b', 'c', 'd', 'e']) await line.enter('e', visitor)
  await clock.advance(DEFAULT_DOOR.graceMs + 1)
  await line.done('e', 'a')
  assert.equal((await line.admit('e', 1)).parked, 3)
  const broken = {
    *[Symbol.iterator]() {
      yield 'c'
      throw new Error('a fault of the test')
    },
  } as unknown as readonly string[]
  const joined = assert.rejects(line.enter('e', 'x'), { code: 'storage_failed' })
  await assert.rejects(line.seen('e', broken), /a fault of the test/)
  await joined
  assert.ok(await tries())
  assert.deepEqual(
    [(await line.status('e', 'c')).state, (await line.status('e', 'x')).state],
    ['parked', 'none'],
  )
})

test('S1: stopping while the store fails ends, and what came before is there afterwards', async (t) => {
  const clock = new FakeClock()
  const dataDir = newDataDir()
  t.after(() => removeDataDir(dataDir))
  const host = new AilingHost(dataDir)
  const engine = embeddedEngine(dataDir, clock, { host })
  await engine.start()
  await engine.line.define('e', { ...DEFAULT_DOOR, cap: 1 })
  await engine.line.enter('e', 'a')
  host.fails = 'always'
  const refused = assert.rejects(engine.line.enter('e', 'b'), { code: 'storage_failed' })
  await engine.stop()
  await refused
  await assert.rejects(engine.line.enter('e', 'c'), { code: 'stopping' })
  assert.equal(engine.line.health().ok, false)
  const next = embeddedEngine(dataDir, clock)
  await next.start()
  t.after(() => next.stop())
  const states = await Promise.all(['a', 'b'].map((visitor) => next.line.status('e', visitor)))
  assert.deepEqual(
    states.map(({ state }) => state),
    ['admitted', 'none'],
  )
})
