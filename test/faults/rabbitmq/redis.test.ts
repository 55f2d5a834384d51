/**
 * Redis, which has the ledger and the effects, is away, hangs, and comes back while messages flow. The broker has the
 * messages, so none is lost; work stands still because effects cannot be kept, and goes on by itself.
 */
import { describe, test } from 'node:test'
import { sharedBroker } from '../../fixtures/rabbitmq.ts'
import type { TestRedis } from '../../fixtures/redis.ts'
import { gaps } from './gaps.ts'
import { Scenario, scenariosMissing, sharedRedis } from './scenario.ts'

interface Fault {
  readonly name: string
  readonly strike: (redis: TestRedis) => Promise<void> | void
  readonly mend: (redis: TestRedis) => Promise<void> | void
}

const FAULTS: readonly Fault[] = [
  { name: 'killed and restarted', strike: (redis) => redis.kill(), mend: (redis) => redis.restart() },
  { name: 'hanging and awake again', strike: (redis) => redis.pause(), mend: (redis) => redis.resume() },
]

describe('Redis under load', { skip: scenariosMissing() }, () => {
  const broker = sharedBroker()
  const redis = sharedRedis()

  for (const { name, strike, mend } of FAULTS) {
    test(`Q1, Q2, Q4, Q7: ${name}, twice: nothing lost, no effect twice, the book is right again`, async (t) => {
      const scenario = new Scenario(t, { broker: broker(), redisUrl: redis().url, ledger: true })
      const sender = await scenario.start('sender', { load: { clients: 6, pauseMs: 100 } })
      const worker = await scenario.start('worker', { work: { concurrency: 10, speed: 0.02 } })
      sender.tell('publish')
      for (let i = 0; i < 2; i++) {
        await Promise.all([sender.more('acknowledged', 200), worker.more('applied', 200)])
        await strike(redis())
        const struckAt = Date.now()
        await sender.until('it says so', ({ health }) => health.includes('Redis'))
        await worker.until('it says so', ({ health }) => health.includes('Redis'))
        // Who has no idempotency key needs nobody but the broker.
        await sender.more('acknowledged', 150)
        await sender.more('refused', 10)
        await mend(redis())
        const mendedAt = Date.now()
        await Promise.all([sender.more('acknowledged', 100), worker.more('applied', 100)])
        const { handedAfterMs = 0, awayMs = 0 } = gaps(scenario.lines(), struckAt, mendedAt)
        scenario.measured({ case: `Redis ${name}`, awayMs, handedAfterMs })
      }
      await scenario.finish()
      const { handOuts, messages } = await scenario.judge()
      scenario.measured({ case: `Redis ${name}`, duplicates: handOuts - messages, messages })
    })
  }
})
