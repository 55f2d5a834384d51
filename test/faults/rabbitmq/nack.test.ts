/** The broker says no to a message for a while, or for good: the engine asks again, but not for ever. */
import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { connect } from 'amqplib'
import { realClock } from '../../../src/app/index.ts'
import { silentLogger, WeirError } from '../../../src/core/index.ts'
import { RabbitMqEngine } from '../../../src/engines/rabbitmq/index.ts'
import { privateBrokerMissing, sharedBroker } from '../../fixtures/rabbitmq.ts'

const TAKE = { type: 'MNP', max: 10, leaseMs: 60_000, maxRetries: 0, retryDelayMs: 100 }

describe('a broker that says no (nack)', { skip: privateBrokerMissing() }, () => {
  const broker = sharedBroker()

  async function full(queueName: string) {
    const engine = new RabbitMqEngine({
      ...{ url: broker().url, queueName, topology: 'per-type', queueType: 'quorum', types: ['MNP'] },
      ...{ orderingShards: 0, prefetch: 10, clock: realClock, random: Math.random, logger: silentLogger },
      ...{ newId: () => 'a', host: 'test', pid: process.pid },
    })
    await engine.start()
    let made = 0
    const publish = () => {
      const id = `m${made++}`
      return engine.publish([{ id, type: 'MNP', content: id, createdAt: 0, priority: 4 }])
    }
    await publish()
    await broker().ctl('set_policy', queueName, `^${queueName}\\.MNP$`, '{"max-length":2}')
    // The policy reaches the queue's process a moment later, and then the queue remembers to say no.
    await assert.rejects(async () => {
      for (;;) await publish()
    }, notKept)
    return { engine, publish, queue: `${queueName}.MNP` }
  }
  const notKept = (error: unknown) => error instanceof WeirError && error.code === 'storage_failed'

  test('Q1: for good: refused with storage_failed, and what was confirmed is there', async (t) => {
    const { engine } = await full('nack.good')
    t.after(() => engine.stop())
    assert.ok(engine.accepting().ok)
    assert.ok((await engine.take(TAKE)).length > 0)
  })

  test('Q1: for a while: whoever waits meanwhile gets his receipt', async (t) => {
    const { engine, publish, queue } = await full('nack.while')
    t.after(() => engine.stop())
    const connection = await connect(broker().url)
    t.after(() => connection.close())
    const channel = await connection.createChannel()
    const [receipt] = await Promise.all([publish(), channel.purgeQueue(queue)])
    assert.equal(receipt[0]?.kind, 'accepted')
  })
})
