/** The RabbitMQ engine in one of its shapes, alone or with a ledger, as the conformance of the queue wants it. */
import { setImmediate as turn } from 'node:timers/promises'
import type { RabbitMqOptions } from '../../../src/engines/rabbitmq/index.ts'
import type { QueueEngine } from '../../../src/queue/index.ts'
import type { Subject, SubjectContext } from '../../conformance/queue.ts'
import { shared } from '../../fixtures/rabbitmq.ts'
import { startRedis } from '../../fixtures/redis.ts'
import { engineOn, newLedger, optionsFor, RETENTION_MS, realClock, removeQueue } from './setting.ts'

/** For the suite in whose body it is called. */
export const sharedRedis = () => shared(startRedis)

export async function subject(
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
