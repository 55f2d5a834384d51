/** What everything of one logical queue is called in the broker, so that all processes and versions agree. */
import type { MessageType } from '../../core/index.ts'

export interface Names {
  /** Direct exchange; the way in. Routing key: see `Topology.route`. */
  readonly exchange: string
  /** Fanout exchange and its queue: what no queue wanted. */
  readonly unrouted: string
  /** Fanout exchange and its queue: dead letters. */
  readonly dead: string
  /** Exclusive queue; whoever could declare it may browse the dead letters. */
  readonly deadLock: string
  /** Topic exchange in front of the delay buckets; routing key `<ms>.<escaped route>`. */
  readonly delay: string
  /** Topic exchange behind the delay buckets. */
  readonly due: string
  /** Fanout exchange, not durable: what the processes tell each other. */
  readonly control: string
  /** Stream: the monitoring switch. */
  readonly switch: string
  /** The delay bucket of so many milliseconds. */
  bucket(ms: number): string
}

export function namesOf(queueName: string): Names {
  return {
    exchange: queueName,
    unrouted: `${queueName}.unrouted`,
    dead: `${queueName}.dead`,
    deadLock: `${queueName}.dead.lock`,
    delay: `${queueName}.delay`,
    due: `${queueName}.due`,
    control: `${queueName}.control`,
    switch: `${queueName}.switch`,
    bucket: (ms) => `${queueName}.delay.${ms}`,
  }
}

/** One word of a topic key: its own dots and wildcards written otherwise, everything else as it is. */
export function topicWord(text: string): string {
  return text.replace(/[%.*#]/g, (sign) => `%${sign.charCodeAt(0).toString(16)}`)
}

/** Messages of this type, where each type has its queue. */
export const workQueue = (queueName: string, type: MessageType): string => `${queueName}.${type}`

/** Messages with an ordering key; `stem` is the queue of those without. */
export const shardQueue = (stem: string, shard: number): string => `${stem}.key.${shard}`

/** Routing key of a shard of a type. */
export const shardRoute = (type: MessageType, shard: number): string => `${type}#${shard}`

/** Which shard an ordering key belongs to: FNV-1a over its UTF-16 code units, the same in every process for ever. */
export function shardOf(orderingKey: string, shards: number): number {
  let hash = 0x811c9dc5
  for (let i = 0; i < orderingKey.length; i++) {
    hash ^= orderingKey.charCodeAt(i)
    hash = Math.imul(hash, 0x01000193)
  }
  return (hash >>> 0) % shards
}
