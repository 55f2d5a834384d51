/** The way to the broker is cut again and again, or something else comes among the broker's bytes. */
import assert from 'node:assert/strict'
import { describe, type TestContext, test } from 'node:test'
import { halfOpenProxy } from '../../fixtures/half-open.ts'
import { sharedBroker } from '../../fixtures/rabbitmq.ts'
import { seededRandom } from '../../fixtures/seed.ts'
import { garblingProxy } from './garbling-proxy.ts'
import { Scenario, scenariosMissing, sharedRedis } from './scenario.ts'

/** The beginning of a method of 16 MB: whoever reads it takes all that follows, heartbeats too, for the rest. */
const NEVER_ENDING = Buffer.from([1, 0, 1, 0, 255, 255, 255, 0, 10])

describe('a way to the broker that does not hold', { skip: scenariosMissing() }, () => {
  const broker = sharedBroker()
  const redis = sharedRedis()
  const brokerPort = () => Number(new URL(broker().url).port)
  const engine = { confirmTimeoutMs: 2_000, heartbeatSec: 2 }
  const load = { clients: 3, pauseMs: 120 }
  const work = { concurrency: 4, speed: 0.03 }
  /** A sender and a worker that come to the broker by this port alone. */
  const atWork = async (t: TestContext, port: number) => {
    const url = `amqp://guest:guest@127.0.0.1:${port}`
    const scenario = new Scenario(t, { broker: broker(), redisUrl: redis().url, ledger: false, url, engine })
    const sender = await scenario.start('sender', { load })
    const worker = await scenario.start('worker', { work })
    sender.tell('publish')
    return { scenario, sender, worker }
  }

  test('Q1, Q2, Q7: connections are cut again and again, and nobody gets in for a while', async (t) => {
    const random = seededRandom()
    const proxy = await halfOpenProxy(brokerPort())
    t.after(() => proxy.close())
    const { scenario, sender, worker } = await atWork(t, proxy.port)
    for (let cut = 0; cut < 6; cut++) {
      await Promise.all([
        sender.more('acknowledged', 1 + Math.floor(random() * 100)),
        worker.more('applied', 1 + Math.floor(random() * 100)),
      ])
      if (cut === 3) {
        proxy.refuse(true)
        proxy.cut()
        await sender.until('kept out', ({ accepting }) => accepting === 'broker_unavailable')
        await sender.more('refused', 20)
        proxy.refuse(false)
      } else proxy.cut()
    }
    await Promise.all([sender.more('acknowledged', 50), worker.more('applied', 50)])
    await scenario.finish()
    const { handOuts, messages } = await scenario.judge()
    scenario.measured({ case: 'cut six times', duplicates: handOuts - messages, messages })
  })

  test('Q1, Q2, Q7: bytes that are no AMQP end the connection, not the process', async (t) => {
    const random = seededRandom()
    const proxy = await garblingProxy(brokerPort())
    t.after(() => proxy.close())
    const { scenario, sender, worker } = await atWork(t, proxy.port)
    for (let i = 0; i < 8; i++) {
      await Promise.all([sender.more('acknowledged', 30), worker.more('applied', 30)])
      const garbage = Array.from({ length: 8 + Math.floor(random() * 200) }, () => random() * 256)
      const bytes = i % 4 === 1 ? NEVER_ENDING : Buffer.from(garbage)
      assert.ok(proxy.garble(bytes) >= 4, 'the processes were not connected')
    }
    await Promise.all([sender.more('acknowledged', 50), worker.more('applied', 50)])
    await scenario.finish()
    const { handOuts, messages } = await scenario.judge()
    scenario.measured({ case: 'garbled eight times', duplicates: handOuts - messages, messages })
  })
})
