/** What the tests of the Redis room share: ledgers on a Redis of the test's own, and a look around them. */
import type { TestContext } from 'node:test'
import { setImmediate as turn } from 'node:timers/promises'
import { createClient } from '@redis/client'
import { silentLogger } from '../../../src/core/index.ts'
import { RedisLedger, type RedisLedgerOptions } from '../../../src/engines/redis/index.ts'
import { type EngineHealth, NO_COUNTS, type StateCounts } from '../../../src/queue/index.ts'
import type { LedgerSubject, LedgerSubjectContext } from '../../conformance/ledger.ts'
import { FakeClock } from '../../fixtures/fake-clock.ts'
import { eventually } from '../../fixtures/process.ts'
import { type RedisOptions, startRedis, type TestRedis } from '../../fixtures/redis.ts'

const DAY_MS = 24 * 3_600_000
/** A look at Redis is some calls one after the other; this many of ours behind them, and they have been answered. */
const CALLS_OF_A_LOOK = 8
const STEP_MS = 500

/** How long a call may wait for Redis: nothing that Redis answers takes as long, on any machine. */
export const CALL_LIMIT_MS = 60_000

/** A server of the test's own, that it may stop, hang and start again. */
export function server(context: TestContext, more: Partial<RedisOptions> = {}): Promise<TestRedis> {
  return startRedis({ cleanup: (run) => context.after(run), controlled: true, ...more })
}

type Raw = ReturnType<typeof rawClient>
const rawClient = (url: string) => createClient({ url, RESP: 2 })

/** Settled before the event loop has turned: neither an answer nor a timer was waited for. */
export async function atOnce<T>(work: Promise<T>): Promise<T> {
  const late = turn().then(() => {
    throw new Error('it waits for something')
  })
  return Promise.race([work, late])
}

/** Until Redis is back for it; a clock of the test's own goes on by little, so that no answer is late by it. */
export const well = (made: { health(): EngineHealth }, clock?: FakeClock): Promise<true> =>
  eventually(
    async () => {
      await clock?.advance(STEP_MS)
      return made.health().ok || undefined
    },
    () => `well again: ${JSON.stringify(made.health())}`,
  )

/** A client of the test's own, to look at and to spoil what is stored. */
export async function connectRaw(url: string, cleanup: (run: () => unknown) => void): Promise<Raw> {
  const raw = rawClient(url)
  raw.on('error', () => {})
  await raw.connect()
  cleanup(() => raw.destroy())
  return raw
}

export function redisLedger(redis: TestRedis, more: Partial<RedisLedgerOptions> = {}): RedisLedger {
  return new RedisLedger({
    url: redis.url,
    queueName: redis.queueName(),
    clock: new FakeClock(),
    random: () => 0.5,
    logger: silentLogger,
    retentionMs: DAY_MS,
    callLimitMs: CALL_LIMIT_MS,
    ...more,
  })
}

export async function ledgerSubject(redis: TestRedis, context: LedgerSubjectContext): Promise<LedgerSubject> {
  const { cleanup, retentionMs = DAY_MS, priorities = false } = context
  const clock = new FakeClock()
  const queueName = redis.queueName()
  const ledgers: RedisLedger[] = []
  const start = async () => {
    const ledger = redisLedger(redis, { queueName, clock, retentionMs, priorities })
    cleanup(() => ledger.stop())
    await ledger.start()
    ledgers.push(ledger)
    return ledger
  }
  return {
    ledger: await start(),
    rival: start,
    now: () => clock.now(),
    async advance(ms) {
      for (let left = ms; left > 0; left -= STEP_MS) {
        await clock.advance(Math.min(STEP_MS, left))
        for (const ledger of ledgers) {
          for (let i = 0; i < CALLS_OF_A_LOOK; i++) await ledger.find('nobody').catch(() => {})
        }
      }
    },
    recount: () => recount(redis, queueName),
  }
}

const COUNTED: Readonly<Record<string, keyof StateCounts>> = { in_flight: 'inFlight' }

/** The records as they lie there, counted by type and state. */
export async function recount(redis: TestRedis, queueName: string): Promise<Record<string, StateCounts>> {
  const raw = await rawClient(redis.url).connect()
  try {
    const found: Record<string, { -readonly [K in keyof StateCounts]: number }> = {}
    for await (const keys of raw.scanIterator({ MATCH: `weir:{${queueName}}:message:*`, COUNT: 1000 })) {
      const all = await Promise.all(keys.map((key) => raw.hGet(key, 's')))
      for (const packed of all) {
        const words = String(packed).split(' ')
        const state = words[0] ?? ''
        const type = words.slice(11).join(' ')
        const counts = found[type] ?? { ...NO_COUNTS }
        found[type] = counts
        counts.accepted++
        counts[(COUNTED[state] ?? state) as keyof StateCounts]++
      }
    }
    return found
  } finally {
    raw.destroy()
  }
}
