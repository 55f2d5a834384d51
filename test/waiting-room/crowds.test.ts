/** What a line promises to a few it promises to very many: the same crowds over both engines. */
import assert from 'node:assert/strict'
import { after, before, describe, type TestContext, test } from 'node:test'
import {
  DEFAULT_DOOR,
  type EnterResult,
  type LineEngine,
  unaccountedVisitors,
  type Visit,
} from '../../src/waiting-room/index.ts'
import { people } from '../conformance/line/subject.ts'
import { movableLine } from '../engines/redis/line-rig.ts'
import { embeddedEngine, newDataDir, removeDataDir } from '../fixtures/embedded.ts'
import { FakeClock } from '../fixtures/fake-clock.ts'
import { noRedis, startRedis, type TestRedis } from '../fixtures/redis.ts'
import { roomRig } from './http/rig.ts'

const JOINS = 20_000
const CAP = 1_000
const AT_ONCE = 10_000

interface Subject {
  readonly line: LineEngine
  advance(ms: number): unknown
}

async function embedded(t: TestContext): Promise<Subject> {
  const dir = newDataDir()
  t.after(() => removeDataDir(dir))
  const clock = new FakeClock()
  const engine = embeddedEngine(dir, clock, { host: 'worker' })
  await engine.start()
  t.after(() => engine.stop())
  return { line: engine.line, advance: (ms) => clock.advance(ms) }
}

const skip = noRedis()
const cleanups: (() => unknown)[] = []
let redis: TestRedis
before(async () => {
  if (!skip) redis = await startRedis({ cleanup: (run) => cleanups.push(run) })
})
after(async () => {
  for (const run of cleanups.reverse()) await run()
})

async function onRedis(t: TestContext): Promise<Subject> {
  const moved = await movableLine(redis, { cleanup: (run) => t.after(() => run()) })
  return { line: moved.engine, advance: moved.advance }
}

for (const [name, subject, options] of [
  ['embedded', embedded, {}],
  ['redis', onRedis, { skip }],
] as const) {
  describe(`crowds on ${name}`, options, () => {
    test('L1, L3: 20,000 joins at cap 1,000, some of them twice: exactly 1,000 in, none twice', async (t) => {
      const { line } = await subject(t)
      await line.define('e', { ...DEFAULT_DOOR, cap: CAP })
      // Who comes twice does so while the first try is on its way.
      const arrivals = people(JOINS).flatMap((visitor, i) => (i % 40 === 0 ? [visitor, visitor] : [visitor]))
      const results: EnterResult[] = []
      // As many at once as an engine takes before it refuses as overloaded.
      for (let i = 0; i < arrivals.length; i += AT_ONCE) {
        const some = arrivals.slice(i, i + AT_ONCE).map((visitor) => line.enter('e', visitor))
        results.push(...(await Promise.all(some)))
      }
      const tickets = new Map<string, number>()
      const inside = new Set<string>()
      for (const result of results) {
        assert.ok(result.kind === 'in')
        const { visitor, ticket = 0, state } = result.visit
        assert.equal(tickets.get(visitor) ?? ticket, ticket, `L1: ${visitor}`)
        tickets.set(visitor, ticket)
        if (state === 'admitted') inside.add(visitor)
      }
      assert.deepEqual([tickets.size, new Set(tickets.values()).size, inside.size], [JOINS, JOINS, CAP])
      assert.deepEqual((await line.admit('e', 500)).called, [], 'L3: no place is free')
      const counts = (await line.snapshot('e'))?.counts
      assert.deepEqual([counts?.entered, counts?.admitted, counts?.waiting], [JOINS, CAP, JOINS - CAP])
      assert.equal(counts && unaccountedVisitors(counts), 0)
      const places: Visit[] = []
      for (const half of [people(JOINS).slice(AT_ONCE), people(JOINS).slice(0, AT_ONCE)])
        places.push(...(await Promise.all(half.map((visitor) => line.status('e', visitor)))))
      const found = places.map(({ position }) => position).filter((position) => position > 0)
      assert.equal(new Set(found).size, JOINS - CAP, 'each its own place')
      assert.equal(Math.max(...found), JOINS - CAP)
    })

    test('L2, L5: 9,000 of 10,000 at the front are absent: those present are not held up', async (t) => {
      const { line, advance } = await subject(t)
      await line.define('e', { ...DEFAULT_DOOR, cap: 0 })
      // Nine absent ones before each who is there.
      const all = people(10_000)
      const there = all.filter((_, i) => i % 10 === 9)
      await Promise.all(all.map((visitor) => line.enter('e', visitor)))
      const before = await Promise.all(there.map((visitor) => line.status('e', visitor)))
      await advance(DEFAULT_DOOR.graceMs + 1_000)
      for (let i = 0; i < there.length; i += 500) await line.seen('e', there.slice(i, i + 500))
      await line.change('e', { cap: 800 })
      const called: string[] = []
      let steps = 0
      for (let more = true; more; steps++) {
        const admission = await line.admit('e', 500)
        called.push(...admission.called.map(({ visitor }) => visitor))
        more = admission.more
      }
      // In order of tickets, which many who come at once do not have in the order of their names.
      const ticketOf = new Map(before.map(({ visitor, ticket = 0 }) => [visitor, ticket]))
      const wanted = there.toSorted((a, b) => (ticketOf.get(a) ?? 0) - (ticketOf.get(b) ?? 0)).slice(0, 800)
      assert.deepEqual(called, wanted)
      assert.ok(steps <= 20, `they go on at once, and ${steps} steps are many`)
      const counts = (await line.snapshot('e'))?.counts
      assert.deepEqual(
        [counts?.ready, counts?.expired, counts?.left],
        [800, 0, 0],
        'the absent keep their tickets',
      )
      assert.equal(counts && unaccountedVisitors(counts), 0)
    })
  })
}

test('L1, L3: 2,000 joins over HTTP at cap 100, each of them twice at the same time: exactly 100 in', async (t) => {
  const { ask, engine } = await roomRig(t)
  await engine.line.define('1', { ...DEFAULT_DOOR, cap: 100 })
  const arrivals = people(2_000).flatMap((visitor) => [visitor, visitor])
  const answers = await Promise.all(arrivals.map((visitor) => ask('POST', '/api/queue/check/1', visitor)))
  assert.ok(answers.every(({ status }) => status === 200))
  const inside = answers.filter(({ body }) => body.queued === false)
  assert.deepEqual([inside.length, new Set(inside.map(({ body }) => body.ticket)).size], [200, 100])
  const tickets = new Map<string, unknown>()
  for (const [i, { body }] of answers.entries()) {
    const visitor = arrivals[i] ?? ''
    assert.equal(tickets.get(visitor) ?? body.ticket, body.ticket, `L1: ${visitor}`)
    tickets.set(visitor, body.ticket)
  }
  const counts = (await engine.line.snapshot('1'))?.counts
  assert.deepEqual([counts?.admitted, counts?.waiting, counts?.entered], [100, 1_900, 2_000])
})
