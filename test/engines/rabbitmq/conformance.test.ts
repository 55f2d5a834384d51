/** The RabbitMQ engine keeps the promises of the port with a queue per type, alone and with a ledger. */
import { describe } from 'node:test'
import { queueConformance } from '../../conformance/queue.ts'
import { brokerMissing, sharedBrokerUrl } from '../../fixtures/rabbitmq.ts'
import { noRedis } from '../../fixtures/redis.ts'
import { sharedRedis, subject } from './conformance-rig.ts'

describe('RabbitMQ', { skip: brokerMissing() }, () => {
  const url = sharedBrokerUrl()
  // Alone in one shape: what the others do differently they do with a ledger too.
  queueConformance('RabbitMQ', (context) => subject(context, url(), {}))
  describe('with a ledger', { skip: noRedis() }, () => {
    const redis = sharedRedis()
    queueConformance('RabbitMQ, a quorum queue per type, with a ledger', (context) =>
      subject(context, url(), {}, redis().url),
    )
  })
})
