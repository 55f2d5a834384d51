/** The line while Redis is away, hangs, is full or comes back empty: fail closed, nobody lost, nobody twice. */
import assert from 'node:assert/strict'
import { describe, type TestContext, test } from 'node:test'
import { realClock } from '../../../src/app/index.ts'
import type { RedisLine, RedisLineOptions } from '../../../src/engines/redis/index.ts'
import { DEFAULT_DOOR, type LineEngine, unaccountedVisitors } from '../../../src/waiting-room/index.ts'
import { people } from '../../conformance/line/subject.ts'
import { FakeClock } from '../../fixtures/fake-clock.ts'
import { eventually } from '../../fixtures/process.ts'
import { noRedis, type TestRedis } from '../../fixtures/redis.ts'
import { redisLine } from './line-rig.ts'
import { atOnce, CALL_LIMIT_MS, connectRaw, server, well } from './rig.ts'

const skip = noRedis({ controlled: true })
/** As often a line looks at what the others did. */
const LOOK_EVERY_MS = 200

async function started(
  context: TestContext,
  redis: TestRedis,
  more: Partial<RedisLineOptions> = {},
): Promise<RedisLine> {
  const line = redisLine(redis, { clock: realClock, ...more })
  context.after(() => line.stop())
  await line.start()
  return line
}

const unwell = (line: RedisLine) =>
  eventually(
    () => !line.health().ok || undefined,
    () => 'it says so',
  )

const everyCall = (line: LineEngine): Promise<unknown>[] => [
  line.enter('e', 'new'),
  line.admit('e', 10),
  line.claim('e', 'v1'),
  line.status('e', 'v1'),
  line.seen('e', ['v1']),
  line.snapshot('e'),
  line.events(),
  line.audit(0, 10),
  line.change('e', { cap: 99 }),
  line.define('f', DEFAULT_DOOR),
  line.prequeue('e', 'ab'.repeat(32), null),
  line.open('e', ''),
  line.clear('e', { active: true, dryRun: false }),
]

const allRefused = (line: LineEngine, code: string) =>
  Promise.all(everyCall(line).map((call) => assert.rejects(atOnce(call), { code })))

async function ticketsOf(line: RedisLine, visitors: readonly string[]) {
  const visits = await Promise.all(visitors.map((visitor) => line.status('e', visitor)))
  return visits.map(({ state, ticket, position }) => [state, ticket, position])
}

describe('the line and a Redis that fails', { skip }, () => {
  test('L3, L4: away for longer than the grace: refused at once, then all are there and present', async (context) => {
    const redis = await server(context, { durable: true })
    let now = 1_800_000_000_000
    const options = { serverTime: () => now }
    const both = [await started(context, redis, options), await started(context, redis, options)] as const
    const [line, other] = both
    await line.define('e', { ...DEFAULT_DOOR, cap: 5, graceMs: 30_000 })
    for (const visitor of people(40)) await line.enter('e', visitor)
    const before = await ticketsOf(line, people(40))
    await redis.kill()
    await Promise.all(both.map(unwell))
    await allRefused(line, 'storage_failed')
    now += 60_000
    await redis.restart()
    await Promise.all(both.map((one) => well(one)))
    assert.deepEqual(await ticketsOf(other, people(40)), before)
    await other.change('e', { cap: 8 })
    const admission = await line.admit('e', 10)
    assert.deepEqual(
      [admission.called.map(({ visitor }) => visitor), admission.parked],
      [['v6', 'v7', 'v8'], 0],
      'nobody is passed over for a silence that was ours',
    )
    const again = await line.enter('e', 'v9')
    assert.ok(again.kind === 'in' && !again.changed && again.visit.position === 1)
    const counts = (await line.snapshot('e'))?.counts
    assert.equal(counts && unaccountedVisitors(counts), 0)
    assert.equal(counts?.entered, 40)
  })

  test('L1, L2: killed under load: no ticket twice or lost, each called once, in order', async (context) => {
    const redis = await server(context, { durable: true })
    const both = [await started(context, redis), await started(context, redis)] as const
    const [line, other] = both
    await line.define('e', { ...DEFAULT_DOOR, cap: 100_000, claimMs: 3_600_000, graceMs: 3_600_000 })
    await line.change('e', { mode: 'paused' })
    const tickets = new Map<string, number>()
    const called = new Map<string, number>()
    line.follow((news) => {
      if (news.kind !== 'called') return
      for (const { visitor, ticket } of news.called) {
        assert.ok(!called.has(visitor), `${visitor} was called twice`)
        called.set(visitor, ticket)
      }
    })
    let running = true
    const wait = () => new Promise((resolve) => realClock.after(5, () => resolve(undefined)))
    const arrive = async (lane: number) => {
      for (let i = 0; running; i++) {
        // A refused entry is tried again, as a visitor does.
        for (let entered = false; !entered && running; ) {
          try {
            const result = await both[lane % 2]?.enter('e', `lane${lane}-${i}`)
            assert.ok(result?.kind === 'in')
            tickets.set(result.visit.visitor, result.visit.ticket ?? 0)
            entered = true
          } catch {
            await wait()
          }
        }
      }
    }
    const admit = async (processor: RedisLine) => {
      while (running) {
        await processor.admit('e', 3).catch(() => {})
        await wait()
      }
    }
    const work = [0, 1, 2, 3].map(arrive)
    await eventually(
      () => tickets.size > 200 || undefined,
      () => 'arrivals',
    )
    await line.change('e', { mode: 'open' })
    work.push(admit(line), admit(other))
    for (let kills = 0; kills < 3; kills++) {
      const reached = called.size + 60
      await eventually(
        () => called.size >= reached || undefined,
        () => `${called.size} of ${reached} called`,
      )
      await redis.kill()
      await redis.restart()
      await Promise.all(both.map((one) => well(one)))
    }
    running = false
    await Promise.all(work)
    const counts = (await line.snapshot('e'))?.counts
    assert.equal(counts && unaccountedVisitors(counts), 0)
    assert.equal(new Set(tickets.values()).size, tickets.size, 'L1')
    for (const [visitor, ticket] of tickets) {
      assert.equal((await line.status('e', visitor)).ticket, ticket, `L4: ${visitor}`)
    }
    const entries = []
    for (let after = 0; ; after = entries.at(-1)?.seq ?? 0) {
      const page = await line.audit(after, 1_000)
      if (page.length === 0) break
      entries.push(...page)
    }
    const calls = entries.filter(({ cause }) => cause === 'call').map(({ ticket = 0 }) => ticket)
    assert.deepEqual(
      calls,
      [...new Set(calls)].toSorted((a, b) => a - b),
      'L2',
    )
    await eventually(
      () => called.size === calls.length || undefined,
      () => `${called.size} of ${calls.length} calls told, those whose answer was lost among them`,
    )
  })

  test('an admission whose answer is lost: whoever was called by it is told once, all the same', async (context) => {
    const redis = await server(context)
    const clock = new FakeClock()
    const line = await started(context, redis, { clock })
    await line.define('e', { ...DEFAULT_DOOR, cap: 0 })
    for (const visitor of people(6)) await line.enter('e', visitor)
    await line.change('e', { cap: 4 })
    const told: string[] = []
    line.follow((news) => {
      if (news.kind === 'called') told.push(...news.called.map(({ visitor }) => visitor))
    })
    redis.pause()
    const lost = assert.rejects(line.admit('e', 2), { code: 'storage_failed' })
    await clock.advance(CALL_LIMIT_MS)
    await lost
    redis.resume()
    await well(line, clock)
    await line.admit('e', 4)
    await eventually(
      async () => {
        await clock.advance(LOOK_EVERY_MS)
        return told.length >= 4 || undefined
      },
      () => `told ${told}`,
    )
    assert.deepEqual(told.toSorted(), people(4))
    assert.equal((await line.snapshot('e'))?.counts.ready, 4)
  })

  test('full: refused as full before anything is half done; with room again it goes on', async (context) => {
    const redis = await server(context, { args: ['--maxmemory', '3mb', '--maxmemory-policy', 'noeviction'] })
    const line = await started(context, redis)
    await line.define('e', { ...DEFAULT_DOOR, cap: 10 })
    let entered = 0
    await assert.rejects(
      async () => {
        for (; entered < 100_000; entered++) await line.enter('e', `${entered}`.padEnd(250, 'x'))
      },
      { code: 'storage_full' },
    )
    assert.equal((await line.done('e', '0'.padEnd(250, 'x'))).state, 'done', 'what frees room is done, whole')
    await assert.rejects(line.admit('e', 5), { code: 'storage_full' })
    await assert.rejects(line.enter('e', 'late'), { code: 'storage_full' })
    const raw = await connectRaw(redis.url, (run) => context.after(run))
    await raw.configSet('maxmemory', '100mb')
    const counts = (await line.snapshot('e'))?.counts
    assert.equal(counts && unaccountedVisitors(counts), 0)
    assert.equal(counts?.entered, entered)
    assert.equal((await line.admit('e', 5)).called.length, 1)
  })

  test('it comes back empty: there is no event, nobody goes in, and a new one can be made', async (context) => {
    const redis = await server(context)
    const line = await started(context, redis)
    await line.define('e', { ...DEFAULT_DOOR, cap: 2 })
    await line.enter('e', 'v1')
    await redis.restart({ wiped: true })
    await well(line)
    assert.deepEqual(await line.enter('e', 'v1'), { kind: 'refused', code: 'unknown_event' })
    assert.equal(await line.define('e', { ...DEFAULT_DOOR, cap: 2 }), true)
    const entered = await line.enter('e', 'v1')
    assert.ok(entered.kind === 'in' && entered.visit.ticket === 1)
  })

  test('S1: away at the start it works when Redis comes; stopped it refuses, twice is once', async (context) => {
    const redis = await server(context)
    await redis.kill()
    const line = await started(context, redis)
    await allRefused(line, 'storage_failed')
    await redis.restart()
    await well(line)
    assert.equal(await line.define('e', DEFAULT_DOOR), true)
    await Promise.all([line.stop(), line.stop()])
    await allRefused(line, 'stopping')
    assert.deepEqual(line.health(), { ok: false, reason: 'the line is stopped' })
  })
})
