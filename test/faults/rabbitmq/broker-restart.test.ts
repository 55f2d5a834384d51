/**
 * The broker is killed while messages are on their way in, and comes back: what was confirmed comes out, once, and
 * everything goes on without being restarted. With a ledger and without one.
 */
import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { sharedBroker } from '../../fixtures/rabbitmq.ts'
import { seededRandom } from '../../fixtures/seed.ts'
import { gaps } from './gaps.ts'
import { Scenario, scenariosMissing, sharedRedis } from './scenario.ts'

const MOST_ACKNOWLEDGED = 500
const random = seededRandom()

describe('the broker is killed and restarted', { skip: scenariosMissing() }, () => {
  const broker = sharedBroker()
  const redis = sharedRedis()

  for (const ledger of [false, true]) {
    const book = ledger ? 'with a ledger' : 'without a ledger'

    test(`Q1, Q2, Q7: kill -9 mid-confirm, twice: every receipt is kept, ${book}`, async (t) => {
      const scenario = new Scenario(t, { broker: broker(), redisUrl: redis().url, ledger })
      const sender = await scenario.start('sender', { load: { clients: 6, pauseMs: 100 } })
      const worker = await scenario.start('worker', { work: { concurrency: 10, speed: 0.01 } })
      sender.tell('publish')
      for (let kill = 0; kill < 2; kill++) {
        await sender.more('acknowledged', 200 + Math.floor(random() * MOST_ACKNOWLEDGED))
        await broker().stop('kill')
        const killedAt = Date.now()
        await sender.until('refused at once', ({ accepting }) => accepting === 'broker_unavailable')
        await broker().restart()
        const backAt = Date.now()
        await Promise.all([sender.more('acknowledged', 100), worker.more('applied', 100)])
        scenario.measured(gaps(scenario.lines(), killedAt, backAt))
      }
      await scenario.finish()
      const { verdict, handOuts, messages } = await scenario.judge()
      assert.ok(verdict.acknowledged > 500, `only ${verdict.acknowledged} acknowledged`)
      scenario.measured({ duplicates: handOuts - messages, messages })
    })
  }
})
