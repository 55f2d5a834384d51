/** In its other shapes, too, the RabbitMQ engine keeps the promises of the port; all of them with a ledger. */
import { describe } from 'node:test'
import type { RabbitMqOptions } from '../../../src/engines/rabbitmq/index.ts'
import { queueConformance } from '../../conformance/queue.ts'
import { brokerMissing, sharedBrokerUrl } from '../../fixtures/rabbitmq.ts'
import { noRedis } from '../../fixtures/redis.ts'
import { sharedRedis, subject } from './conformance-rig.ts'

const SHAPES: Readonly<Record<string, Partial<RabbitMqOptions>>> = {
  'one quorum queue for all types': { topology: 'single' },
  'a classic queue per type': { queueType: 'classic' },
}

describe('RabbitMQ with a ledger', { skip: brokerMissing() || noRedis() }, () => {
  const url = sharedBrokerUrl()
  const redis = sharedRedis()
  for (const [name, more] of Object.entries(SHAPES)) {
    queueConformance(`RabbitMQ, ${name}, with a ledger`, (context) =>
      subject(context, url(), more, redis().url),
    )
  }
})
