/** A walk through a queue sees everything once, in order, and leaves what it does not take in that order. */
import assert from 'node:assert/strict'
import { describe, type TestContext, test } from 'node:test'
import { type ChannelModel, connect, type GetMessage } from 'amqplib'
import { type Look, walk } from '../../../src/engines/rabbitmq/walk.ts'
import { eventually } from '../../fixtures/process.ts'
import { brokerMissing, sharedBrokerUrl } from '../../fixtures/rabbitmq.ts'
import { newQueueName, realClock } from './setting.ts'

describe('a walk through a queue', { skip: brokerMissing() }, () => {
  const url = sharedBrokerUrl()

  async function queueOf(t: TestContext, type: string, count: number) {
    const connection = await connect(url(), { noDelay: true })
    connection.on('error', () => {})
    t.after(() => connection.close().catch(() => {}))
    const channel = await connection.createConfirmChannel()
    const queue = newQueueName()
    await channel.assertQueue(queue, { durable: true, arguments: { 'x-queue-type': type } })
    t.after(() => channel.deleteQueue(queue).catch(() => {}))
    for (let n = 0; n < count; n++) channel.sendToQueue(queue, Buffer.from(String(n)), { persistent: true })
    await channel.waitForConfirms()
    return { connection, queue }
  }

  const numberOf = (message: GetMessage): number => Number(message.content.toString())
  /** What a walk sees, which takes those that `takes` says. */
  async function seen(
    connection: ChannelModel,
    queue: string,
    takes: (n: number) => boolean = () => false,
  ): Promise<number[]> {
    const all: number[] = []
    const look = (batch: readonly GetMessage[]) =>
      batch.map((message): Look => {
        all.push(numberOf(message))
        return takes(numberOf(message)) ? 'take' : 'keep'
      })
    await walk(connection, { queue, clock: realClock, window: 5, look })
    return all
  }
  const range = (count: number): number[] => Array.from({ length: count }, (_, n) => n)

  for (const type of ['quorum', 'classic']) {
    test(`${type}: far more than the broker gives at once, again and again, in order`, async (t) => {
      const { connection, queue } = await queueOf(t, type, 400)
      assert.deepEqual(await seen(connection, queue), range(400))
      assert.deepEqual(await seen(connection, queue), range(400))
      const isThird = (n: number) => n % 3 === 0
      assert.deepEqual(await seen(connection, queue, isThird), range(400))
      const rest = range(400).filter((n) => !isThird(n))
      assert.deepEqual(await seen(connection, queue, (n) => n > 390), rest)
      assert.deepEqual(
        await seen(connection, queue, () => true),
        rest.filter((n) => n <= 390),
      )
      assert.deepEqual(await seen(connection, queue), [])
    })
  }

  test('a look that fails breaks the walk off, and nothing is lost', async (t) => {
    const { connection, queue } = await queueOf(t, 'quorum', 20)
    const failing = walk(connection, {
      queue,
      clock: realClock,
      window: 5,
      look: () => {
        throw new Error('a fault')
      },
    })
    await assert.rejects(failing, /a fault/)
    // The broker has answered to the end of the channel, and the queue may hear of it a moment later.
    const channel = await connection.createChannel()
    await eventually(
      async () => (await channel.checkQueue(queue)).messageCount === 20 || undefined,
      () => 'all to be back',
    )
    assert.deepEqual(
      (await seen(connection, queue)).sort((a, b) => a - b),
      range(20),
    )
  })

  test('a queue that is deleted under the walk ends it with that reason', async (t) => {
    const { connection, queue } = await queueOf(t, 'quorum', 20)
    const other = await connection.createChannel()
    const going = walk(connection, {
      queue,
      clock: realClock,
      window: 5,
      look: async (batch) => {
        await other.deleteQueue(queue)
        return batch.map(() => 'keep')
      },
    })
    await assert.rejects(going, /deleted|NOT_FOUND|NOT-FOUND/)
  })
})
