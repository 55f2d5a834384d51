/** What the children of these benches share: the engine as users get it, on the queues that the parent has declared. */
import { idMaker, realClock, realRandom } from '../../src/app/real.ts'
import { silentLogger } from '../../src/core/index.ts'
import { RabbitMqEngine } from '../../src/engines/rabbitmq/index.ts'
import { RedisLedger } from '../../src/engines/redis/index.ts'
import { TYPE } from '../core/messages.ts'

export interface Shape {
  readonly url: string
  readonly queueName: string
  readonly topology: 'per-type' | 'single'
  readonly queueType: 'quorum' | 'classic'
  readonly types: readonly string[]
  /** As the service has it when nothing is set. */
  readonly orderingShards: number
  /** Of a Redis that keeps the ledger. */
  readonly redisUrl?: string
}

/** As the service has it when nothing is set. */
const SHARDS = 4

let made = 0
/** Queues of their own for each run: what one leaves behind slows no other. */
export function newShape(url: string, more: Partial<Shape> = {}): Shape {
  made += 1
  return {
    url,
    queueName: `bench-${made}`,
    topology: 'per-type',
    queueType: 'quorum',
    types: [TYPE],
    orderingShards: SHARDS,
    ...more,
  }
}

/** `prefetch`: deliveries beyond what is asked for that may lie in the process. */
export function engineOn(shape: Shape, prefetch = 10): RabbitMqEngine {
  const { redisUrl, queueName } = shape
  const shared = { queueName, clock: realClock, random: realRandom, logger: silentLogger }
  const ledger = redisUrl && new RedisLedger({ ...shared, url: redisUrl, retentionMs: 24 * 3600 * 1000 })
  const self = { newId: idMaker(realClock), host: 'bench', pid: process.pid }
  return new RabbitMqEngine({ ...shape, ...shared, ...self, prefetch, ...(ledger && { ledger }) })
}
