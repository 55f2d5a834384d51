/** The broker is away for two minutes. Callers are told so at once, nobody ends, and then everything goes on alone. */
import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { setTimeout as wait } from 'node:timers/promises'
import { sharedBroker } from '../../fixtures/rabbitmq.ts'
import { gaps } from './gaps.ts'
import { Scenario, scenariosMissing, sharedRedis } from './scenario.ts'

const OUTAGE_MS = 120_000
/** The longest pause between two attempts to connect, and room for a busy machine. */
const RESUME_MS = 25_000

describe('a long outage', { skip: scenariosMissing() }, () => {
  const broker = sharedBroker()
  const redis = sharedRedis()

  test('Q1, Q2, Q7: two minutes without a broker: refused at once, then progress resumes alone', async (t) => {
    const scenario = new Scenario(t, { broker: broker(), redisUrl: redis().url, ledger: true })
    const sender = await scenario.start('sender', { load: { clients: 4, pauseMs: 100 } })
    const worker = await scenario.start('worker', { work: { concurrency: 10, speed: 0.01 } })
    sender.tell('publish')
    await Promise.all([sender.more('acknowledged', 200), worker.more('applied', 200)])
    await broker().stop('kill')
    const killedAt = Date.now()
    await sender.until('refused at once', ({ accepting }) => accepting === 'broker_unavailable')
    // Not a pause of the test: this long is what the scenario is about. Meanwhile it looks in every ten seconds.
    while (Date.now() < killedAt + OUTAGE_MS) {
      await wait(10_000)
      assert.ok(sender.running && worker.running, `${sender.output}\n${worker.output}`)
      assert.equal(sender.last.ready, false)
      assert.match(sender.last.health, /^broker_unavailable: .*(ECONNREFUSED|ECONNRESET|closed)/)
      assert.equal(worker.last.ready, false)
      await sender.more('refused', 1, 15_000)
    }
    await broker().restart()
    const backAt = Date.now()
    await Promise.all([
      sender.more('acknowledged', 100, RESUME_MS),
      worker.more('applied', 100, RESUME_MS),
      sender.until('ready', ({ ready }) => ready, RESUME_MS),
    ])
    scenario.measured({ case: 'outage', ...gaps(scenario.lines(), killedAt, backAt) })
    await scenario.finish()
    const { handOuts, messages, verdict } = await scenario.judge()
    scenario.measured({ case: 'outage', duplicates: handOuts - messages, messages, refused: verdict.refused })
  })
})
