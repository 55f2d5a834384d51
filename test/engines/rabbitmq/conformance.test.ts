/** The RabbitMQ engine keeps the promises of the port, in each of its shapes. */

import { describe } from 'node:test'
import { setImmediate as turn } from 'node:timers/promises'
import type { RabbitMqOptions } from '../../../src/engines/rabbitmq/index.ts'
import type { QueueEngine } from '../../../src/queue/index.ts'
import { queueConformance, type Subject, type SubjectContext } from '../../conformance/queue.ts'
import { brokerMissing, sharedBrokerUrl } from '../../fixtures/rabbitmq.ts'
import { engineOn, optionsFor, realClock, removeQueue } from './setting.ts'

async function subject(
  { cleanup }: SubjectContext,
  url: string,
  more: Partial<RabbitMqOptions>,
): Promise<Subject> {
  const options = optionsFor(url, more)
  const make = (own: RabbitMqOptions) => {
    const engine = engineOn(own)
    cleanup(() => engine.stop())
    return engine
  }
  cleanup(() => removeQueue(options))
  let current = make(options)
  const engine = current
  await engine.start()
  return {
    engine,
    now: () => realClock.now(),
    tick: () => turn(),
    async restart(): Promise<QueueEngine> {
      await current.stop()
      current = make(options)
      await current.start()
      return current
    },
    fresh: () => make(options),
    retentionMs: 3_600_000,
  }
}

const missing = brokerMissing()
const SHAPES: Readonly<Record<string, Partial<RabbitMqOptions>>> = {
  'a quorum queue per type': {},
}

describe('RabbitMQ', { skip: missing }, () => {
  const url = sharedBrokerUrl()
  for (const [name, more] of Object.entries(SHAPES)) {
    queueConformance(`RabbitMQ, ${name}`, (context) => subject(context, url(), more))
  }
})
