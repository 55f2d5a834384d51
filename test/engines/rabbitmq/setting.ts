/** What tests of the RabbitMQ engine share: engines on queues of their own, which are removed afterwards. */
import { randomUUID } from 'node:crypto'
import { connect } from 'amqplib'
import { realClock } from '../../../src/app/index.ts'
import { type Logger, silentLogger } from '../../../src/core/index.ts'
import { RabbitMqEngine, type RabbitMqOptions } from '../../../src/engines/rabbitmq/index.ts'
import { namesOf } from '../../../src/engines/rabbitmq/names.ts'
import { Topology } from '../../../src/engines/rabbitmq/topology.ts'
import { RedisLedger } from '../../../src/engines/redis/index.ts'
import type { Ledger } from '../../../src/queue/index.ts'

export { realClock }

export const TYPES = ['MNP', 'CHANGE', 'TERMINATION'] as const

/**
 * For engines whose time is a fake clock's: it can pass faster than any broker answers, and a connection that does not
 * answer by the next heartbeats is given up. The longest that the protocol has, 18 hours.
 */
export const UNHURRIED = { heartbeatSec: 65_535 } as const

export const RETENTION_MS = 3_600_000

let made = 0
/** Unique among processes that share a broker. */
export const newQueueName = (): string => `t${process.pid}.${made++}`

export function optionsFor(url: string, more: Partial<RabbitMqOptions> = {}): RabbitMqOptions {
  return {
    url,
    queueName: newQueueName(),
    topology: 'per-type',
    queueType: 'quorum',
    types: TYPES,
    orderingShards: 2,
    prefetch: 10,
    clock: realClock,
    random: Math.random,
    logger: silentLogger,
    newId: randomUUID,
    host: 'localhost',
    pid: process.pid,
    ...more,
  }
}

export const engineOn = (options: RabbitMqOptions): RabbitMqEngine => new RabbitMqEngine(options)

/** The ledger of a queue on the Redis at `url`; its keys go with that server, or expire. */
export function newLedger(
  url: string,
  { queueName, queueType, clock, random, logger }: RabbitMqOptions,
): Ledger {
  return new RedisLedger({
    ...{ url, queueName, clock, random, logger, priorities: queueType === 'classic' },
    // No Redis that lives takes as long for an answer.
    ...{ retentionMs: RETENTION_MS, callLimitMs: 60_000 },
  })
}

/** Everything of that name goes, whatever is in it; but for one queue, if its ending is told. */
export async function removeQueue(options: RabbitMqOptions, butFor?: string): Promise<void> {
  const names = namesOf(options.queueName)
  const connection = await connect(options.url)
  try {
    const channel = await connection.createChannel()
    const { workQueues } = new Topology(options)
    const queues = [...workQueues.map(({ name }) => name), names.dead, names.unrouted, names.switch]
    for (const queue of queues) {
      if (butFor === undefined || queue !== `${options.queueName}${butFor}`) await channel.deleteQueue(queue)
    }
    const { exchange, unrouted, dead, delay, due, control } = names
    for (const one of [exchange, unrouted, dead, delay, due, control]) await channel.deleteExchange(one)
  } finally {
    await connection.close()
  }
}

export interface LogLine {
  readonly level: 'debug' | 'info' | 'warn' | 'error'
  readonly message: string
  readonly fields: Readonly<Record<string, unknown>>
}

/** Remembers what was logged. */
export function recordingLogger(): { logger: Logger; lines: LogLine[] } {
  const lines: LogLine[] = []
  const at = (level: LogLine['level']) => (fields: object, message: string) => {
    lines.push({ level, message, fields: { ...fields } })
  }
  return { logger: { debug: at('debug'), info: at('info'), warn: at('warn'), error: at('error') }, lines }
}
