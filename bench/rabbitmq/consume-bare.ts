/** Child: the yardstick. One channel of the same client library, the same prefetch, each message acknowledged. */
import { connect } from 'amqplib'
import { answer, childConfig } from '../harness/child.ts'
import type { ConsumePlan } from './consuming.ts'
import { stopwatch } from './pace.ts'

const { shape, messages, prefetch, drive } = childConfig<ConsumePlan>()
const connection = await connect(shape.url, { noDelay: true })
const channel = await connection.createChannel()
await channel.prefetch(prefetch)
const queue = `${shape.queueName}.${shape.types[0]}`
let acknowledged = 0
const { promise, resolve } = Promise.withResolvers<void>()
const stop = stopwatch(0)
const { consumerTag } = await channel.consume(queue, (message) => {
  if (message === null) throw new Error('the consumer was cancelled')
  // A handler would need the message, so whoever writes one by hand parses it too.
  if (drive === 'parsed') JSON.parse(message.content.toString('utf8'))
  channel.ack(message)
  acknowledged += 1
  if (acknowledged === messages) resolve()
})
await promise
// A channel of RabbitMQ 3.10 that ends forgets acknowledgements which a quorum queue has not taken yet. The end of a
// consumer goes through the same log behind them; after one more answer the queue has them all.
await channel.cancel(consumerTag)
await channel.checkQueue(queue)
await channel.close()
await connection.close()
answer(stop(acknowledged))
