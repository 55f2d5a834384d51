/** Several processes on one line in Redis, by the server's clock: racing, telling each other, drawing, in a cluster. */
import assert from 'node:assert/strict'
import { after, before, describe, type TestContext, test } from 'node:test'
import { realClock } from '../../../src/app/index.ts'
import { silentLogger } from '../../../src/core/index.ts'
import type { RedisLine, RedisLineOptions } from '../../../src/engines/redis/index.ts'
import { LineCalls } from '../../../src/engines/redis/line/calls.ts'
import { PLACE } from '../../../src/engines/redis/line/draw-scripts.ts'
import { Draws } from '../../../src/engines/redis/line/draws.ts'
import {
  type Called,
  DEFAULT_DOOR,
  type LineNews,
  unaccountedVisitors,
  verifyDraw,
} from '../../../src/waiting-room/index.ts'
import { people } from '../../conformance/line/subject.ts'
import { eventually } from '../../fixtures/process.ts'
import { noRedis, startRedis, type TestRedis } from '../../fixtures/redis.ts'
import { twoNodes } from './cluster-rig.ts'
import { redisLine } from './line-rig.ts'
import { CALL_LIMIT_MS, connectRaw } from './rig.ts'

const LINE = '../../../src/engines/redis/line'
const skip = noRedis()
const cleanups: (() => unknown)[] = []
let redis: TestRedis
before(async () => {
  if (!skip) redis = await startRedis({ cleanup: (run) => cleanups.push(run) })
})
after(async () => {
  for (const run of cleanups.reverse()) await run()
})

async function lines(context: TestContext, count: number, more: Partial<RedisLineOptions> = {}) {
  const hashTag = redis.queueName()
  const start = async (): Promise<RedisLine> => {
    const line = redisLine(redis, { hashTag, clock: realClock, ...more })
    context.after(() => line.stop())
    await line.start()
    return line
  }
  const all = await Promise.all(Array.from({ length: count }, start))
  const [first] = all
  assert.ok(first)
  return { all, first, hashTag }
}

/** What a listener was told: the calls, one by one. */
function callsTo(line: RedisLine): string[] {
  const told: string[] = []
  line.follow((news) => {
    if (news.kind === 'called') told.push(...news.called.map(({ visitor }) => visitor))
  })
  return told
}

describe('several processes, one line in Redis', { skip }, () => {
  test('L1, L3: 20,000 arrive through eight processes, cap 1,000: exactly 1,000 go in, none twice', async (context) => {
    const { all, first } = await lines(context, 8)
    await first.define('e', { ...DEFAULT_DOOR, cap: 1_000 })
    const arrivals = [...people(20_000), ...people(500)]
    const results = await Promise.all(arrivals.map((visitor, i) => (all[i % 8] ?? first).enter('e', visitor)))
    const inside = new Set<string>()
    const tickets = new Map<string, number>()
    for (const result of results) {
      assert.ok(result.kind === 'in')
      const { visitor, state, ticket = 0 } = result.visit
      if (state === 'admitted') inside.add(visitor)
      assert.equal(tickets.get(visitor) ?? ticket, ticket, 'L1')
      tickets.set(visitor, ticket)
    }
    assert.deepEqual([inside.size, tickets.size, new Set(tickets.values()).size], [1_000, 20_000, 20_000])
    const counts = (await first.snapshot('e'))?.counts
    assert.deepEqual([counts?.admitted, counts?.waiting, counts?.entered], [1_000, 19_000, 20_000])
  })

  test('L2, L3: eight processors race: in order, once, never over the cap', async (context) => {
    const { all, first } = await lines(context, 8)
    await first.define('e', { ...DEFAULT_DOOR, cap: 40 })
    await Promise.all(people(1_000).map((visitor, i) => (all[i % 8] ?? first).enter('e', visitor)))
    const called: number[] = []
    let over = 0
    const processor = async (line: RedisLine): Promise<void> => {
      for (let waiting = 1; waiting > 0; ) {
        const admission = await line.admit('e', 7)
        const tickets = admission.called.map(({ ticket }) => ticket)
        assert.deepEqual(
          tickets,
          tickets.toSorted((x, y) => x - y),
          'L2',
        )
        called.push(...tickets)
        await visits(line, admission.called)
        // Those of the first rush go as places are wanted.
        await line.done('e', people(40)[called.length % 40] ?? '')
        const snapshot = await line.snapshot('e')
        assert.ok(snapshot)
        if (snapshot.frame.active > 40) over++
        assert.equal(unaccountedVisitors(snapshot.counts), 0)
        waiting = snapshot.frame.waiting
      }
    }
    await Promise.all(all.map(processor))
    assert.equal(over, 0, 'L3')
    assert.deepEqual(
      called.sort((a, b) => a - b),
      Array.from({ length: 960 }, (_, i) => i + 41),
      'everybody once',
    )
    const audit = (await auditOf(first)).filter(({ cause }) => cause === 'call').map(({ ticket }) => ticket)
    assert.deepEqual(audit, called, 'L2: over all processors')
  })

  test('a call, a clearing and a freed place are heard by every process, once', async (context) => {
    const { all, first } = await lines(context, 3)
    const heard = all.map(callsTo)
    const news: LineNews[] = []
    all[2]?.follow((one) => news.push(one))
    await first.define('e', { ...DEFAULT_DOOR, cap: 0 })
    await Promise.all(people(30).map((visitor) => first.enter('e', visitor)))
    await first.change('e', { cap: 30 })
    for (let i = 0; i < 6; i++) await all[i % 2]?.admit('e', 5)
    await first.claim('e', 'v1')
    await first.done('e', 'v1')
    await first.clear('e', { active: true, dryRun: false })
    await eventually(
      () =>
        (heard.every(({ length }) => length >= 30) && news.some(({ kind }) => kind === 'cleared')) ||
        undefined,
      () => `${heard.map(({ length }) => length)} calls heard`,
    )
    for (const one of heard) assert.deepEqual(one.toSorted(), people(30).toSorted())
    const cleared = news.filter(({ kind }) => kind === 'cleared')
    assert.deepEqual(cleared, [{ kind: 'cleared', event: 'e', epoch: 2, active: true }])
    await eventually(
      () => news.some((one) => one.kind === 'moved' && one.freed) || undefined,
      () => 'a freed place',
    )
  })

  test('times are the server’s: the moment of an answer is its, whatever this process believes', async (context) => {
    const { first } = await lines(context, 1, { clock: { ...realClock, now: () => 5 } })
    const raw = await connectRaw(redis.url, (run) => context.after(run))
    await first.define('e', DEFAULT_DOOR)
    const serverTime = async () => {
      const [seconds, micros] = await raw.sendCommand<string[]>(['TIME'])
      return Number(seconds) * 1000 + Math.floor(Number(micros) / 1000)
    }
    const before = await serverTime()
    const entered = await first.enter('e', 'v1')
    const at = entered.kind === 'in' ? (entered.visit.enteredAt ?? 0) : 0
    const after = await serverTime()
    assert.ok(before <= at && at <= after, `${before} <= ${at} <= ${after}`)
  })

  test('a draw that a process left half done is finished by another, and can be verified', async (context) => {
    const { first, hashTag } = await lines(context, 1)
    await first.define('e', { ...DEFAULT_DOOR, cap: 0 })
    await first.prequeue('e', 'ab'.repeat(32), null)
    const all = people(2_500)
    for (const visitor of all.slice(0, 3)) await first.enter('e', visitor)
    await Promise.all(all.slice(3).map((visitor) => first.enter('e', visitor)))
    const calls = new LineCalls({
      url: redis.url,
      clock: realClock,
      random: Math.random,
      logger: silentLogger,
      callLimitMs: CALL_LIMIT_MS,
      hashTag,
    })
    context.after(() => calls.stop())
    await calls.start()
    let placed = 0
    const dying = new Draws(async (script, event, args) => {
      if (script === PLACE && ++placed > 1) throw new Error('it died')
      const reply = await calls.ask(script, event, args, 'dying')
      return Array.isArray(reply) ? reply.slice(2) : undefined
    })
    const door = async () => String(await calls.command(['HGET', calls.keys.of('e', 'meta'), 'door']))
    await assert.rejects(dying.open('e', 'beacon', door), /it died/)
    assert.deepEqual((await first.admit('e', 5)).called, [], 'nobody goes in meanwhile')
    const late = await first.enter('e', 'late')
    assert.ok(late.kind === 'in' && late.visit.position === 2_501, JSON.stringify(late))
    assert.equal((await first.snapshot('e'))?.draw?.revealed, undefined, 'nothing is told yet')

    assert.equal((await first.events())[0]?.door.mode, 'open')
    const draw = (await first.snapshot('e'))?.draw
    assert.equal(draw?.revealed?.beacon, 'beacon')
    const list = (await auditOf(first)).filter(({ cause }) => cause === 'register')
    const verdict = verifyDraw(
      draw ?? assert.fail(),
      list.map(({ visitor = '' }) => visitor),
    )
    assert.ok(verdict.ok)
    for (const [i, { visitor = '' }] of list.entries()) {
      if (i % 100 !== 0) continue
      assert.equal((await first.status('e', visitor)).ticket, verdict.tickets[i])
    }
    assert.equal((await first.status('e', 'late')).position, 2_501)
    assert.equal((await first.snapshot('e'))?.counts.waiting, 2_501)
  })

  test('two processes open the same pre-queue at once: one order', async (context) => {
    const { all, first } = await lines(context, 2)
    await first.define('e', { ...DEFAULT_DOOR, cap: 0 })
    await first.prequeue('e', 'cd'.repeat(32), null)
    await Promise.all(people(2_200).map((visitor) => first.enter('e', visitor)))
    const draws = await Promise.all(all.map((line) => line.open('e', 'b')))
    const drawn = draws.filter((draw) => draw !== undefined)
    assert.ok(drawn.length > 0)
    for (const draw of drawn) assert.deepEqual(draw, drawn[0])
    const snapshot = await first.snapshot('e')
    assert.deepEqual([snapshot?.counts.waiting, snapshot?.counts.registered], [2_200, 0])
    assert.equal((await auditOf(first)).filter(({ cause }) => cause === 'open').length, 1)
  })
})

async function visits(line: RedisLine, called: readonly Called[]): Promise<void> {
  for (const { visitor } of called) {
    await line.claim('e', visitor)
    await line.done('e', visitor)
  }
}

async function auditOf(line: RedisLine) {
  const entries = []
  for (let after = 0; ; ) {
    const page = await line.audit(after, 1_000)
    if (page.length === 0) return entries
    entries.push(...page)
    after = page.at(-1)?.seq ?? 0
  }
}

test('every key that a script touches is one of those it declares', async () => {
  const modules = ['visitor-scripts', 'event-scripts', 'draw-scripts', 'news'].map(
    (name) => `${LINE}/${name}.ts`,
  )
  let calls = 0
  for (const path of modules) {
    for (const [name, one] of Object.entries((await import(path)) as Record<string, unknown>)) {
      const { source } = (typeof one === 'object' && one ? one : {}) as { source?: string }
      for (const [call, key] of source?.matchAll(/redis\.call\('[A-Z]+'(?:, ([^,)]+))?/g) ?? []) {
        calls++
        if (call === "redis.call('TIME'") continue
        assert.match(key ?? '', /^(K\.\w+|K\[name\]|KEYS\[\d\])$/, `${path} ${name}: ${call}`)
      }
    }
  }
  assert.ok(calls > 100, `${calls} calls looked at`)
})

test('operators find the line under its names: queue:<event> a sorted set by ticket, active:<event> a set', {
  skip: noRedis({ controlled: true }),
}, async (context) => {
  const cleanup = (run: () => unknown) => context.after(run)
  const own = await startRedis({ cleanup, controlled: true })
  const raw = await connectRaw(own.url, cleanup)
  const line = redisLine(own, { clock: realClock })
  cleanup(() => line.stop())
  await line.start()
  await line.define('1', { ...DEFAULT_DOOR, cap: 2 })
  for (const visitor of people(5)) await line.enter('1', visitor)
  assert.equal(await raw.sendCommand(['ZCARD', 'queue:1']), 3)
  assert.deepEqual(await raw.sendCommand(['ZRANGE', 'queue:1', '0', '-1', 'WITHSCORES']), [
    ...['v3', '3', 'v4', '4', 'v5', '5'],
  ])
  assert.equal(await raw.sendCommand(['SCARD', 'active:1']), 2)
  await raw.sendCommand(['DEL', 'queue:1'])
  for (const visitor of ['v4', 'v3', 'v5']) await line.enter('1', visitor)
  assert.equal(
    (await line.status('1', 'v4')).position,
    2,
    'whoever was taken out by hand stands where the ticket says',
  )
  assert.equal((await line.snapshot('1'))?.counts.waiting, 3)
  await raw.sendCommand(['SET', 'queue:2', 'somebody else’s'])
  await assert.rejects(line.define('2', DEFAULT_DOOR), { code: 'storage_failed', message: /queue:2/ })
  assert.deepEqual(await raw.sendCommand(['GET', 'queue:2']), 'somebody else’s')
})

test('a cluster of two nodes: with a hash tag the whole line lies on one, and is found from either', {
  skip: noRedis({ controlled: true }),
}, async (context) => {
  const { redis, names } = await twoNodes(context, (hashTag) => `weir:{${hashTag}}:queue:e`)
  for (const hashTag of names) {
    const line = redisLine(redis, { hashTag, clock: realClock })
    context.after(() => line.stop())
    await line.start()
    await eventually(
      async () => {
        await line.define('e', { ...DEFAULT_DOOR, cap: 1 }).catch(() => {})
        return line.health().ok || undefined
      },
      () => `the right node: ${JSON.stringify(line.health())}`,
    )
    await line.define('e', { ...DEFAULT_DOOR, cap: 1 })
    for (const visitor of people(4)) await line.enter('e', visitor)
    await line.done('e', 'v1')
    assert.deepEqual(
      (await line.admit('e', 5)).called.map(({ visitor }) => visitor),
      ['v2'],
    )
    await line.clear('e', { active: true, dryRun: false })
    assert.equal((await line.audit(0, 100)).at(-1)?.cause, 'clear_all')
  }
})
