/** The queue in a broker: the engine, and what the processes on it share, or lack. */
import { hostname } from 'node:os'
import { pause, WeirError } from '../core/index.ts'
import { LocalEffects } from '../engines/local/index.ts'
import { RabbitMqEngine } from '../engines/rabbitmq/index.ts'
import { RedisEffects, RedisLedger } from '../engines/redis/index.ts'
import { withDefaultTtl } from './default-ttl.ts'
import type { QueueDeps, QueueParts } from './queue-parts.ts'
import type { Settings } from './settings.ts'

const WITHOUT_REDIS =
  'REDIS_URL is not set: effects of processors are kept in the memory of each process until it ends, so a message ' +
  'that is tried again elsewhere may have its effect twice; lives of messages and idempotency keys are not available'

const START_LIMIT_MS = 2_000

const REDIS = 'set REDIS_URL'
const ADVICE: QueueParts['advice'] = {
  browse: REDIS,
  idempotency: REDIS,
  position: REDIS,
  exactCounts: REDIS,
  priority: 'set RABBITMQ_QUEUE_TYPE to classic (on a new QUEUE_NAME)',
  orderingKey: 'set ORDERING_SHARDS above 0',
}

/** Loaded only where a broker is used: the embedded engine starts without its clients. */
export function brokerQueue(settings: Settings, deps: QueueDeps): QueueParts {
  const { rabbitmqUrl: url, queueName, rabbitmqQueueType: queueType, orderingShards } = settings
  if (url === undefined) throw new WeirError('invalid_setting', 'RABBITMQ_URL must be set')
  const { clock, random, logger, newId } = deps
  const redis = redisParts(settings, deps)
  const engine = new RabbitMqEngine({
    url,
    queueName,
    topology: settings.queueTopology,
    queueType,
    types: settings.types.map(({ name }) => name),
    orderingShards,
    prefetch: settings.consumerPrefetchCount,
    confirmTimeoutMs: settings.confirmTimeoutMs,
    clock,
    random,
    logger,
    newId,
    host: hostname(),
    pid: process.pid,
    // Of several processes the consumers are many, and none of them took such a message in.
    tellsUnrouted: settings.role !== 'consumer',
    ...(redis && { ledger: redis.ledger }),
  })
  const effects = redis?.effects ?? new LocalEffects()
  return {
    engine: withDefaultTtl(engine, settings.messageTtl),
    effects,
    effectsPlace: redis ? 'redis' : 'memory',
    switchStore: engine.switchStore,
    fleet: engine.fleet,
    shared: true,
    unrouted: () => engine.unrouted(),
    advice: ADVICE,
    async start() {
      if (!redis && !deps.supervised) logger.warn({}, WITHOUT_REDIS)
      const started = Promise.all([redis?.effects.start(), engine.start()])
      // Neither rejects for what the world does; told also when it comes after the limit.
      started.catch((error: unknown) => logger.error({ err: error }, 'The queue could not be started'))
      // An address that does not answer at all must not keep /health from answering.
      await Promise.race([started, pause(clock, START_LIMIT_MS)])
    },
    async stop() {
      // The engine stops its ledger; what the processors still apply is done before.
      await engine.stop()
      await redis?.effects.stop()
    },
  }
}

function redisParts(settings: Settings, { clock, random, logger }: QueueDeps) {
  const { redisUrl: url, queueName, rabbitmqQueueType } = settings
  if (url === undefined) return undefined
  const retentionMs = settings.retentionHours * 3_600_000
  const common = { url, queueName, clock, random, logger, retentionMs }
  const priorities = rabbitmqQueueType === 'classic'
  return { ledger: new RedisLedger({ ...common, priorities }), effects: new RedisEffects(common) }
}
