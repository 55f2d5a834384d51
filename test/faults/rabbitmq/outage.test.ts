/** The broker is away for two minutes. Callers are told so at once, nobody ends, and then everything goes on alone. */
import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { setTimeout as wait } from 'node:timers/promises'
import { silentLogger } from '../../../src/core/index.ts'
import { Link } from '../../../src/engines/rabbitmq/link.ts'
import { FakeClock } from '../../fixtures/fake-clock.ts'
import { freePort } from '../../fixtures/ports.ts'
import { sharedBroker } from '../../fixtures/rabbitmq.ts'
import { gaps } from './gaps.ts'
import { Scenario, scenariosMissing, sharedRedis } from './scenario.ts'

const OUTAGE_MS = 120_000
const LONGEST_PAUSE_MS = 10_000

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
      sender.more('acknowledged', 100),
      worker.more('applied', 100),
      sender.until('ready', ({ ready }) => ready),
    ])
    scenario.measured({ case: 'outage', ...gaps(scenario.lines(), killedAt, backAt) })
    await scenario.finish()
    const { handOuts, messages, verdict } = await scenario.judge()
    scenario.measured({ case: 'outage', duplicates: handOuts - messages, messages, refused: verdict.refused })
  })
})

test('however long it lasts, the broker is asked for every ten seconds', async (t) => {
  const clock = new FakeClock()
  const url = `amqp://127.0.0.1:${await freePort()}`
  const link = new Link({ url, name: 'nobody', clock, random: () => 1, logger: silentLogger })
  t.after(() => link.stop())
  await link.start()
  const pauses: number[] = []
  for (let attempt = 0; attempt < 20; attempt++) {
    const pauseMs = (clock.nextAt ?? Number.POSITIVE_INFINITY) - clock.now()
    pauses.push(pauseMs)
    const failed = new Promise<void>((resolve) => link.onChange(resolve))
    await clock.advance(pauseMs)
    await failed
  }
  assert.equal(Math.max(...pauses), LONGEST_PAUSE_MS)
  assert.deepEqual(
    pauses,
    pauses.toSorted((a, b) => a - b),
  )
})
