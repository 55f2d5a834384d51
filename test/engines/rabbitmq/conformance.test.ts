/** The RabbitMQ engine keeps the promises of the port, in each of its shapes, alone and with a ledger. */
import { describe } from 'node:test'
import { setImmediate as turn } from 'node:timers/promises'
import type { RabbitMqOptions } from '../../../src/engines/rabbitmq/index.ts'
import type { QueueEngine } from '../../../src/queue/index.ts'
import { queueConformance, type Subject, type SubjectContext } from '../../conformance/queue.ts'
import { brokerMissing, shared, sharedBrokerUrl } from '../../fixtures/rabbitmq.ts'
import { noRedis, startRedis } from '../../fixtures/redis.ts'
import { engineOn, newLedger, optionsFor, RETENTION_MS, realClock, removeQueue } from './setting.ts'

async function subject(
  { cleanup }: SubjectContext,
  url: string,
  more: Partial<RabbitMqOptions>,
  redisUrl?: string,
): Promise<Subject> {
  const options = optionsFor(url, more)
  const make = () => {
    // A ledger is started and stopped with its engine, so each has its own.
    const ledger = redisUrl === undefined ? undefined : newLedger(redisUrl, options)
    const engine = engineOn({ ...options, ...(ledger && { ledger }) })
    cleanup(() => engine.stop())
    return engine
  }
  cleanup(() => removeQueue(options))
  let current = make()
  const engine = current
  await engine.start()
  return {
    engine,
    now: () => realClock.now(),
    tick: () => turn(),
    async restart(): Promise<QueueEngine> {
      await current.stop()
      current = make()
      await current.start()
      return current
    },
    fresh: make,
    retentionMs: RETENTION_MS,
  }
}

const SHAPES: Readonly<Record<string, Partial<RabbitMqOptions>>> = {
  'a quorum queue per type': {},
  'one quorum queue for all types': { topology: 'single' },
  'a classic queue per type': { queueType: 'classic' },
}

describe('RabbitMQ', { skip: brokerMissing() }, () => {
  const url = sharedBrokerUrl()
  // Alone in one shape: what the others do differently they do with a ledger too.
  queueConformance('RabbitMQ', (context) => subject(context, url(), {}))
  describe('with a ledger', { skip: noRedis() }, () => {
    const redis = shared(({ cleanup }) =>
      startRedis({
        cleanup: (run) =>
          cleanup(async () => {
            await run()
          }),
      }),
    )
    for (const [name, more] of Object.entries(SHAPES)) {
      queueConformance(`RabbitMQ, ${name}, with a ledger`, (context) =>
        subject(context, url(), more, redis().url),
      )
    }
  })
})
