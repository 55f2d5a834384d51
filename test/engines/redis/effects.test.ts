/** Effects in Redis: the rules of every effect store, and processors exactly once across processes (Q7). */
import assert from 'node:assert/strict'
import { spawn } from 'node:child_process'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { after, before, describe, test } from 'node:test'
import { realClock } from '../../../src/app/index.ts'
import { type EffectStore, type JsonObject, type Outcome, silentLogger } from '../../../src/core/index.ts'
import { RedisEffects, type RedisEffectsOptions } from '../../../src/engines/redis/index.ts'
import { runner, ScriptedBackend } from '../../bss/fixtures.ts'
import { effectsConformance } from '../../conformance/effects.ts'
import { books, deleted, ended, moved, taken } from '../../conformance/ledger/subject.ts'
import { bareEnvironment } from '../../fixtures/environment.ts'
import { noRedis, startRedis, type TestRedis } from '../../fixtures/redis.ts'
import { Counting, jobOf, type Told, untilDecided } from './jobs.ts'
import { CALL_LIMIT_MS, connectRaw, redisLedger, well } from './rig.ts'

const RETENTION_MS = 60_000
const skip = noRedis({ controlled: true })
const cleanups: (() => unknown)[] = []
let redis: TestRedis
before(async () => {
  if (!skip)
    redis = await startRedis({ cleanup: (run) => cleanups.push(run), durable: true, controlled: true })
})
after(async () => {
  for (const run of cleanups.reverse()) await run()
})

type Cleanup = (run: () => unknown) => void

async function startEffects(
  cleanup: Cleanup,
  queueName: string,
  more: Partial<RedisEffectsOptions> = {},
): Promise<RedisEffects> {
  const effects = new RedisEffects({
    ...{ url: redis.url, queueName, clock: realClock, random: () => 0, logger: silentLogger },
    ...{ retentionMs: RETENTION_MS, callLimitMs: CALL_LIMIT_MS },
    ...more,
  })
  cleanup(() => effects.stop())
  await effects.start()
  return effects
}

effectsConformance(
  'Redis',
  async (cleanup) => {
    const queueName = redis.queueName()
    return {
      effects: await startEffects(cleanup, queueName),
      async crash() {
        await redis.kill()
        await redis.restart()
        return startEffects(cleanup, queueName)
      },
    }
  },
  skip,
)

/** The registry's own bookkeeping: each customer's open lines are the lines that are open in his name. */
async function assertConsistent(effects: EffectStore): Promise<void> {
  const lines = Array.from({ length: 7 }, (_, n) => `bss/line/0101111000${n}`)
  const open = new Map<string, number>()
  for (const document of await effects.read(lines)) {
    const { customer, status } = (document?.value ?? {}) as JsonObject
    if (typeof customer === 'string' && (status === 'active' || status === 'porting')) {
      open.set(customer, (open.get(customer) ?? 0) + 1)
    }
  }
  for (const customer of ['C0', 'C1', 'C2']) {
    const [document] = await effects.read([`bss/customer/${customer}`])
    const kept = (document?.value as JsonObject | undefined)?.openLines ?? 0
    assert.equal(kept, open.get(customer) ?? 0, `open lines of ${customer}`)
  }
}

describe('processors over one Redis', { skip }, () => {
  test('two of them on every message at once: each effect once, and both tell the same (Q7)', async (context) => {
    const cleanup: Cleanup = (run) => context.after(run)
    const queueName = redis.queueName()
    const happened: string[] = []
    const runs = await Promise.all(
      [1, 2].map(async () => {
        const effects = await startEffects(cleanup, queueName)
        return runner(new Counting(effects, happened), new ScriptedBackend())
      }),
    )
    const jobs = Array.from({ length: 120 }, (_, n) => jobOf(n))
    const outcomes = await Promise.all(
      runs.map((run) =>
        Promise.all(
          jobs.map(({ service, id, attributes }) => untilDecided((n) => run(service, id, attributes, n))),
        ),
      ),
    )
    assert.deepEqual(outcomes[0], outcomes[1])
    assert.deepEqual([...happened].sort(), jobs.map(({ id }) => id).sort())
    await assertConsistent(await startEffects(cleanup, queueName))
  })

  test('one process is killed at work, the other does it all: once each (Q7)', async (context) => {
    const cleanup: Cleanup = (run) => context.after(run)
    const queueName = redis.queueName()
    const COUNT = 400
    const child = spawn(
      process.execPath,
      [join(import.meta.dirname, 'effects-child.ts'), redis.url, queueName, `${COUNT}`],
      { env: bareEnvironment(), stdio: ['ignore', 'pipe', 'inherit'] },
    )
    cleanup(() => child.kill('SIGKILL'))
    const exited = new Promise((resolve) => child.once('close', resolve))
    const told = new Map<string, Outcome>()
    const others: string[] = []
    const busy = Promise.withResolvers<void>()
    createInterface({ input: child.stdout }).on('line', (line) => {
      const { id, outcome, isOwn } = JSON.parse(line) as Told
      told.set(id, outcome)
      if (isOwn) others.push(id)
      if (told.size === 60) {
        child.kill('SIGKILL')
        busy.resolve()
      }
    })
    exited.then(() => busy.reject(new Error('it ended before it was killed')))
    const happened: string[] = []
    const effects = await startEffects(cleanup, queueName)
    const run = runner(new Counting(effects, happened), new ScriptedBackend())
    const mine = new Map<string, Outcome>()
    const work = async (from: number, to: number) => {
      for (let n = from; n < to; n++) {
        const { service, id, attributes } = jobOf(n)
        mine.set(id, await untilDecided((attempt) => run(service, id, attributes, attempt)))
      }
    }
    const half = work(0, COUNT / 2)
    await busy.promise
    await exited
    await half
    await work(COUNT / 2, COUNT)
    assert.equal(new Set(happened).size, happened.length, 'no effect twice')
    const both = others.filter((id) => happened.includes(id))
    assert.deepEqual(both, [], 'what the other has done is not done again')
    for (const [id, outcome] of told) assert.deepEqual(mine.get(id), outcome, id)
    const raw = await connectRaw(redis.url, cleanup)
    const marks = new Set<string>()
    for await (const keys of raw.scanIterator({ MATCH: `weir:{${queueName}}:effect:*`, COUNT: 1000 })) {
      for (const key of keys) marks.add(key)
    }
    assert.equal(marks.size, COUNT)
    await assertConsistent(effects)
  })

  test('the connection is cut again and again in the middle of work: still once each (Q7)', async (context) => {
    const cleanup: Cleanup = (run) => context.after(run)
    const queueName = redis.queueName()
    const raw = await connectRaw(redis.url, cleanup)
    const effects = await startEffects(cleanup, queueName)
    const run = runner(effects, new ScriptedBackend())
    const jobs = Array.from({ length: 60 }, (_, n) => jobOf(n))
    const outcomes = new Map<string, Outcome>()
    for (let round = 0; outcomes.size < jobs.length; round++) {
      assert.ok(round < 500, 'it comes to an end')
      const left = jobs.filter(({ id }) => !outcomes.has(id))
      const attempts = left.map(async ({ service, id, attributes }) => {
        const outcome = await run(service, id, attributes, round + 1)
        if (outcome.kind !== 'failed') outcomes.set(id, outcome)
      })
      if (round < 10) await raw.sendCommand(['CLIENT', 'KILL', 'TYPE', 'normal', 'SKIPME', 'yes'])
      await Promise.all(attempts)
      await well(effects)
    }
    for (const { service, id, attributes } of jobs) {
      assert.deepEqual(await run(service, id, attributes, 99), outcomes.get(id))
    }
    await assertConsistent(effects)
  })
})

describe('marks', { skip }, () => {
  test('a mark stays while its message can come back, and goes with the record of its end', async (context) => {
    const cleanup: Cleanup = (run) => context.after(run)
    const queueName = redis.queueName()
    const raw = await connectRaw(redis.url, cleanup)
    const effects = await startEffects(cleanup, queueName)
    const ledger = redisLedger(redis, { queueName, retentionMs: RETENTION_MS })
    cleanup(() => ledger.stop())
    await ledger.start()
    const life = (id: string) => raw.pTTL(`weir:{${queueName}}:effect:${id}`)
    for (const id of ['done', 'dead', 'gone']) {
      await books(ledger, taken(id))
      await effects.apply({ id, result: null, writes: [] })
    }
    const YEAR_MS = 365 * 24 * 3_600_000
    await books(ledger, moved('dead', 1, 1, 'dead'), moved('gone', 1, 1, 'dead'))
    for (const id of ['done', 'dead', 'gone']) assert.ok((await life(id)) > YEAR_MS - 60_000, id)
    await books(ledger, ended('done', 1), deleted('gone'))
    for (const id of ['done', 'gone']) {
      const left = await life(id)
      assert.ok(left > 0 && left <= RETENTION_MS, `${id}: ${left} ms`)
    }
    assert.ok((await life('dead')) > YEAR_MS - 60_000)
  })

  test('a key that holds something else is named, and nothing is changed', async (context) => {
    const cleanup: Cleanup = (run) => context.after(run)
    const queueName = redis.queueName()
    const raw = await connectRaw(redis.url, cleanup)
    const effects = await startEffects(cleanup, queueName)
    const key = (name: string) => `weir:{${queueName}}:${name}`
    await raw.lPush(key('document:list'), 'x')
    await raw.set(key('document:text'), 'no version')
    for (const name of ['list', 'text']) {
      const writes = [
        { key: 'good', expectedVersion: 0, value: 1 },
        { key: name, expectedVersion: 0, value: 1 },
      ]
      await assert.rejects(effects.apply({ id: name, result: 1, writes }), (error: Error) => {
        assert.match(error.message, new RegExp(`document:${name} holds something that is not ours`))
        return (error as { code?: string }).code === 'storage_failed'
      })
      assert.equal(await effects.applied(name), undefined)
    }
    assert.deepEqual(await effects.read(['good']), [undefined])
    await assert.rejects(effects.read(['text']), { code: 'storage_failed' })
  })
})
