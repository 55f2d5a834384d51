/** Redis away, hanging, restarted, full, foreign: what callers are told, and that all resumes by itself. */
import assert from 'node:assert/strict'
import { describe, type TestContext, test } from 'node:test'
import { realClock } from '../../../src/app/index.ts'
import type { Logger } from '../../../src/core/index.ts'
import { faultOf } from '../../../src/engines/redis/faults.ts'
import { RedisEffects, type RedisLedger, type RedisLedgerOptions } from '../../../src/engines/redis/index.ts'
import { unaccounted } from '../../../src/queue/index.ts'
import {
  accepted,
  booked,
  books,
  delayed,
  ended,
  moved,
  TYPE,
  taken,
} from '../../conformance/ledger/subject.ts'
import { FakeClock } from '../../fixtures/fake-clock.ts'
import { eventually } from '../../fixtures/process.ts'
import { noRedis, type TestRedis } from '../../fixtures/redis.ts'
import { atOnce, CALL_LIMIT_MS, connectRaw, recount, redisLedger, server, well } from './rig.ts'

const skip = noRedis({ controlled: true })

async function started(
  context: TestContext,
  redis: TestRedis,
  more: Partial<RedisLedgerOptions> = {},
): Promise<RedisLedger> {
  const ledger = redisLedger(redis, { clock: realClock, ...more })
  context.after(() => ledger.stop())
  await ledger.start()
  return ledger
}

function reasonOf(ledger: Pick<RedisLedger, 'health'>): string {
  const health = ledger.health()
  return health.ok ? '' : health.reason
}

async function refused(work: Promise<unknown>, code: string): Promise<void> {
  await assert.rejects(work, (error: { code?: string; retryAfterMs?: number }) => {
    assert.equal(error.code, code, String(error))
    assert.doesNotMatch(
      String(error),
      /127\.0\.0\.1|localhost|:\d{4}/,
      'where Redis is, clients do not learn',
    )
    assert.ok((error.retryAfterMs ?? 0) > 0, 'it says when to try again')
    return true
  })
}

class Lines implements Logger {
  readonly all: string[] = []
  debug = (fields: object, text: string) => this.#add(fields, text)
  info = (fields: object, text: string) => this.#add(fields, text)
  warn = (fields: object, text: string) => this.#add(fields, text)
  error = (fields: object, text: string) => this.#add(fields, text)
  #add(fields: object, text: string): void {
    this.all.push(`${text} ${JSON.stringify(fields)}`)
  }
}

describe('Redis away', { skip }, () => {
  test('away at the start: refused at once, one line is logged, and it works when it comes', async (context) => {
    const redis = await server(context)
    await redis.kill()
    const lines = new Lines()
    const ledger = await started(context, redis, { logger: lines })
    assert.match(reasonOf(ledger), /^Redis at 127\.0\.0\.1:\d+: .*ECONNREFUSED/)
    for (let i = 0; i < 50; i++) await refused(atOnce(ledger.record([accepted('a')])), 'storage_failed')
    await refused(atOnce(ledger.reserve([{ key: 'k', fingerprint: 'f', id: 'a' }])), 'storage_failed')
    await refused(atOnce(ledger.find('a')), 'storage_failed')
    await redis.restart()
    await well(ledger)
    await books(ledger, accepted('a'))
    assert.equal(lines.all.filter((line) => /no Redis.*"of":"messages"/.test(line)).length, 1)
    assert.equal(lines.all.filter((line) => /Redis is back/.test(line)).length, 1)
  })

  test('it goes and comes back with its data: what was under way is refused, the rest goes on', async (context) => {
    const redis = await server(context, { durable: true })
    const ledger = await started(context, redis)
    await books(ledger, accepted('a'), taken('a'))
    await redis.kill()
    await eventually(
      () => !ledger.health().ok || undefined,
      () => 'it says so',
    )
    await refused(atOnce(ledger.record([ended('a', 1)])), 'storage_failed')
    await redis.restart()
    await well(ledger)
    await books(ledger, ended('a', 1))
    assert.equal((await ledger.find('a'))?.state, 'done')
  })

  test('it comes back empty: scripts are loaded again, and the book is right again as moves come', async (context) => {
    const redis = await server(context)
    const queueName = redis.queueName()
    const ledger = await started(context, redis, { queueName })
    await books(ledger, accepted('waits'), taken('busy'), taken('fails'))
    await redis.restart({ wiped: true })
    await well(ledger)
    await eventually(
      () => ledger.counts().size === 0 || undefined,
      () => 'the counts are those of an empty book',
    )
    await books(ledger, ended('busy', 1), moved('fails', 1, 1, 'delayed'), taken('waits'))
    const counts = ledger.counts().get(TYPE)
    assert.ok(counts)
    assert.deepEqual([counts.done, counts.delayed, counts.inFlight, unaccounted(counts)], [1, 1, 1, 0])
    assert.deepEqual({ ...counts, departed: 0 }, (await recount(redis, queueName))[TYPE])
    await books(ledger, taken('fails', 1, 1), ended('fails', 2), ended('waits', 1))
    assert.equal(ledger.counts().get(TYPE)?.done, 3)
  })

  test('its scripts are thrown away under us: nobody notices', async (context) => {
    const redis = await server(context)
    const ledger = await started(context, redis)
    const raw = await connectRaw(redis.url, (run) => context.after(run))
    await books(ledger, accepted('a'))
    await raw.sendCommand(['SCRIPT', 'FLUSH'])
    await books(ledger, taken('a'), ended('a', 1))
  })

  test('it hangs: one call waits for its limit, the next are refused at once; it goes on later', async (context) => {
    const redis = await server(context)
    const clock = new FakeClock()
    const ledger = await started(context, redis, { clock })
    await books(ledger, taken('a'))
    redis.pause()
    const call = refused(ledger.record([ended('a', 1)]), 'storage_failed')
    await clock.advance(CALL_LIMIT_MS - 1)
    assert.deepEqual(ledger.health(), { ok: true }, 'it may still answer')
    await clock.advance(1)
    await call
    assert.match(reasonOf(ledger), new RegExp(`no answer within ${CALL_LIMIT_MS} ms`))
    for (let i = 0; i < 20; i++) await refused(atOnce(ledger.record([ended('a', 1)])), 'storage_failed')
    redis.resume()
    await well(ledger, clock)
    // The one without an answer has happened after all; said again it counts once.
    await books(ledger, ended('a', 1))
    assert.equal(ledger.counts().get(TYPE)?.done, 1)
  })

  test('stopped while it is away, and while it hangs: the stop ends (S1)', async (context) => {
    const redis = await server(context)
    const clock = new FakeClock()
    const ledger = await started(context, redis, { clock })
    redis.pause()
    const call = assert.rejects(ledger.record([taken('a')]), { code: 'storage_failed' })
    const stopped = ledger.stop()
    await clock.advance(CALL_LIMIT_MS)
    await call
    await stopped
    redis.resume()
    await redis.kill()
    await ledger.start()
    assert.equal(ledger.health().ok, false)
    await ledger.stop()
  })
})

describe('a Redis that is not fit', { skip }, () => {
  test('a replica takes no writes: refused, said, and in order once it is promoted', async (context) => {
    const master = await server(context)
    const replica = await server(context, { args: ['--replicaof', '127.0.0.1', `${master.port}`] })
    const raw = await connectRaw(replica.url, (run) => context.after(run))
    const ledger = await started(context, replica)
    assert.match(reasonOf(ledger), /replica that takes no writes/)
    await refused(atOnce(ledger.record([accepted('a')])), 'storage_failed')
    await raw.sendCommand(['REPLICAOF', 'NO', 'ONE'])
    await well(ledger)
    await books(ledger, accepted('a'))
    // And the other way round: it becomes one while we are connected.
    await raw.sendCommand(['REPLICAOF', '127.0.0.1', `${master.port}`])
    await refused(ledger.record([accepted('b')]), 'storage_failed')
    assert.match(reasonOf(ledger), /replica that takes no writes/)
    await raw.sendCommand(['REPLICAOF', 'NO', 'ONE'])
    await well(ledger)
    await books(ledger, accepted('c'))
  })

  test('a wrong password: said, tried again, never shown; the right one works', async (context) => {
    const redis = await server(context, { args: ['--requirepass', 'right-secret'] })
    const lines = new Lines()
    const url = (password: string) => `redis://:${password}@127.0.0.1:${redis.port}`
    const wrong = await started(context, redis, { url: url('wrong-secret'), logger: lines })
    assert.match(reasonOf(wrong), /refuses the name or the password/)
    await assert.rejects(wrong.record([accepted('a')]), (error: Error) => {
      assert.doesNotMatch(`${error.message} ${error.stack} ${error.cause}`, /secret/)
      return true
    })
    const none = await started(context, redis, { logger: lines })
    assert.match(reasonOf(none), /refuses the name or the password/)
    const right = await started(context, redis, { url: url('right-secret'), logger: lines })
    await books(right, accepted('a'))
    assert.ok(lines.all.length >= 2)
    assert.doesNotMatch(lines.all.join('\n') + reasonOf(wrong), /secret/)
  })

  test('a URL that is none stops the start, and is not repeated', () => {
    for (const url of ['', 'not a url', 'http://u:secret@host', 'redis:']) {
      assert.throws(
        () => redisLedger({ url: '', queueName: () => 'q' } as TestRedis, { url }),
        (error: Error) =>
          (error as { code?: string }).code === 'invalid_setting' && !/secret/.test(error.message),
        url,
      )
    }
  })

  test('what an operator should set is said at every connection', async (context) => {
    const redis = await server(context, {
      args: ['--maxmemory', '50mb', '--maxmemory-policy', 'allkeys-lru'],
    })
    const lines = new Lines()
    await started(context, redis, { logger: lines })
    assert.ok(lines.all.some((line) => /appendonly yes/.test(line)))
    assert.ok(lines.all.some((line) => /maxmemory-policy noeviction/.test(line)))
    const good = await server(context, { durable: true })
    const none = new Lines()
    await started(context, good, { logger: none })
    assert.deepEqual(none.all, [])
  })
})

describe('a full Redis', { skip }, () => {
  test('new messages are refused, work that makes room goes on, and room is noticed', async (context) => {
    const redis = await server(context)
    const cleanup = (run: () => unknown) => context.after(run)
    const queueName = redis.queueName()
    const ledger = await started(context, redis, { queueName })
    const effects = new RedisEffects({
      ...{ url: redis.url, queueName, clock: realClock, random: () => 0 },
      ...{ logger: new Lines(), retentionMs: 60_000, callLimitMs: CALL_LIMIT_MS },
    })
    cleanup(() => effects.stop())
    await effects.start()
    const raw = await connectRaw(redis.url, cleanup)
    await books(ledger, accepted('a'), accepted('b'), accepted('c'))
    await books(ledger, taken('c'), moved('c', 1, 1, 'dead'))
    await raw.sendCommand(['CONFIG', 'SET', 'maxmemory', '1'])

    await refused(ledger.record([accepted('d')]), 'storage_full')
    await refused(ledger.reserve([{ key: 'k', fingerprint: 'f', id: 'd' }]), 'storage_full')
    assert.match(reasonOf(ledger), /full/)

    // Known and unknown messages are worked off; of what ends only that it ended is kept, and not for long.
    await books(ledger, taken('a'), taken('unknown'))
    assert.deepEqual(await effects.apply({ id: 'a', result: 1, writes: [] }), { kind: 'applied' })
    await books(ledger, ended('a', 1), ended('unknown', 1))
    assert.deepEqual(await ledger.record([taken('a')]), [{ kind: 'late' }])
    assert.equal(await ledger.find('a'), undefined)
    const life = await raw.pTTL(`weir:{${queueName}}:message:a`)
    assert.ok(life > 0 && life <= 5 * 60_000)
    assert.equal((await ledger.find('b'))?.state, 'ready', 'what waits is kept as it is')
    const counts = ledger.counts().get(TYPE)
    assert.deepEqual([counts?.accepted, counts?.done, counts?.ready, counts?.dead], [4, 2, 1, 1])

    await raw.sendCommand(['CONFIG', 'SET', 'maxmemory', '0'])
    await well(ledger)
    await books(ledger, accepted('d'))
  })
})

test('what older servers say of a command within a script is understood as well', () => {
  const of = (answer: string) => {
    const text = `ERR Error running script (call to f_0a1b): @user_script:338: @user_script: 338: -${answer}`
    const { error, reconnect } = faultOf(new Error(text))
    return [error.code, reconnect]
  }
  assert.deepEqual(of("OOM command not allowed when used memory > 'maxmemory'."), ['storage_full', false])
  assert.deepEqual(of("READONLY You can't write against a read only replica."), ['storage_failed', true])
  const full = new Error('MISCONF Errors writing to the AOF file: No space left on device')
  assert.equal(faultOf(full).error.code, 'storage_full')
})

describe('keys of ours that hold something else', { skip }, () => {
  test('a record: its call fails and names the key, calls that went with it are done', async (context) => {
    const redis = await server(context)
    const queueName = redis.queueName()
    const ledger = await started(context, redis, { queueName })
    const raw = await connectRaw(redis.url, (run) => context.after(run))
    await raw.set(`weir:{${queueName}}:message:bad`, 'a string')
    const calls = [[accepted('a')], [accepted('b'), accepted('bad')], [accepted('c')]]
    const settled = await Promise.allSettled(calls.map((moves) => ledger.record(moves)))
    assert.deepEqual(
      settled.map(({ status }) => status),
      ['fulfilled', 'rejected', 'fulfilled'],
    )
    const { reason } = settled[1] as PromiseRejectedResult
    assert.match(reason.message, /message:bad holds something that is not ours/)
    assert.equal(reason.code, 'storage_failed')
    assert.equal(await ledger.find('b'), undefined, 'all or nothing')
    assert.equal(ledger.counts().get(TYPE)?.ready, 2)
    await assert.rejects(ledger.find('bad'), { code: 'storage_failed' })
    assert.deepEqual(ledger.health(), { ok: true }, 'one key is no reason to stop')
  })

  test('the counters or the list of the delayed: every booking fails and says why', async (context) => {
    const redis = await server(context)
    const raw = await connectRaw(redis.url, (run) => context.after(run))
    for (const name of ['counts', 'due']) {
      const queueName = redis.queueName()
      await raw.set(`weir:{${queueName}}:${name}`, 'a string')
      const ledger = await started(context, redis, { queueName })
      await assert.rejects(ledger.record([accepted('a')]), (error: Error) => {
        assert.match(error.message, new RegExp(`:${name} holds something that is not ours`))
        return true
      })
      assert.equal(await ledger.find('a'), undefined)
    }
  })

  test('an idempotency key: its reservation fails, a message that only names it is booked', async (context) => {
    const redis = await server(context)
    const queueName = redis.queueName()
    const ledger = await started(context, redis, { queueName })
    const raw = await connectRaw(redis.url, (run) => context.after(run))
    await raw.lPush(`weir:{${queueName}}:idempotency:bad`, 'x')
    const asked = ['good', 'bad'].map((key) => ledger.reserve([{ key, fingerprint: 'f', id: key }]))
    const settled = await Promise.allSettled(asked)
    assert.deepEqual(
      settled.map(({ status }) => status),
      ['fulfilled', 'rejected'],
    )
    await books(ledger, {
      kind: 'accepted',
      booked: booked('a', { idempotencyKey: 'bad' }),
      round: 0,
      state: 'ready',
    })
  })

  test('the list of the delayed names those who are, and nobody else', async (context) => {
    const redis = await server(context)
    const queueName = redis.queueName()
    const ledger = await started(context, redis, { queueName })
    const raw = await connectRaw(redis.url, (run) => context.after(run))
    const later = realClock.now() + 3_600_000
    await books(ledger, delayed('a', later), delayed('b', later), delayed('c', later), taken('a'))
    await books(ledger, ended('b', 0, 'expired'))
    assert.deepEqual(await raw.zRange(`weir:{${queueName}}:due`, 0, -1), ['c'])
  })

  test('an id in the list of the delayed that nobody knows is taken off it', async (context) => {
    const redis = await server(context)
    const queueName = redis.queueName()
    const raw = await connectRaw(redis.url, (run) => context.after(run))
    await raw.zAdd(`weir:{${queueName}}:due`, { score: 1, value: 'nobody' })
    const ledger = await started(context, redis, { queueName })
    assert.equal(await raw.zCard(`weir:{${queueName}}:due`), 0)
    assert.equal(ledger.counts().size, 0)
  })
})
