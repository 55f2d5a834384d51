/**
 * The broker is killed while messages are being worked on: what was out comes again, and no effect happens twice. With
 * a ledger and without one.
 */
import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { sharedBroker } from '../../fixtures/rabbitmq.ts'
import { seededRandom } from '../../fixtures/seed.ts'
import { gaps } from './gaps.ts'
import { Scenario, scenariosMissing, sharedRedis } from './scenario.ts'

const BACKLOG = 1_500
const random = seededRandom()

describe('the broker is killed while it is consumed from', { skip: scenariosMissing() }, () => {
  const broker = sharedBroker()
  const redis = sharedRedis()

  for (const ledger of [false, true]) {
    const book = ledger ? 'with a ledger' : 'without a ledger'

    test(`Q2, Q4, Q7: kill -9 mid-consume, twice, with a backlog: nothing twice, ${book}`, async (t) => {
      const scenario = new Scenario(t, { broker: broker(), redisUrl: redis().url, ledger })
      const load = { clients: 8, pauseMs: 0, most: BACKLOG }
      const sender = await scenario.start('sender', { load })
      sender.tell('publish')
      await sender.until('published', ({ tally, quiet }) => quiet && tally.acknowledged >= BACKLOG)
      // So slow that there is a backlog to the end, and that some have happened and are not settled at any moment.
      const work = { concurrency: 2, speed: 0.05, lingerMs: 100 }
      const workers = await Promise.all(['one', 'two'].map((name) => scenario.start(name, { work })))
      for (let kill = 0; kill < 2; kill++) {
        await Promise.any(workers.map((worker) => worker.more('applied', 20 + Math.floor(random() * 80))))
        await broker().stop('kill')
        const killedAt = Date.now()
        await broker().restart()
        const backAt = Date.now()
        await Promise.any(workers.map((worker) => worker.more('applied', 20)))
        scenario.measured(gaps(scenario.lines(), killedAt, backAt))
      }
      await scenario.start('helper', { work: { concurrency: 20, speed: 0.01 } })
      await scenario.finish()
      const { handOuts, messages, repeats } = await scenario.judge()
      assert.ok(repeats > 0, 'no kill fell between an effect and its settle')
      scenario.measured({ duplicates: handOuts - messages, repeats, messages })
    })
  }
})
