/** The waiting room's line in Redis, which any number of processes share; loaded only where REDIS_URL is set. */
import { RedisEffects, RedisLine } from '../engines/redis/index.ts'
import type { QueueDeps, RoomStore } from './queue-parts.ts'
import { maskUrl, type Settings } from './settings.ts'

export function redisRoomStore(settings: Settings, url: string, deps: QueueDeps): RoomStore {
  const { clock, random, logger } = deps
  const { queueName, roomHashTag: hashTag = '' } = settings
  const retentionMs = settings.retentionHours * 3_600_000
  const line = new RedisLine({ url, hashTag, clock, random, logger })
  const documents = new RedisEffects({ url, queueName, retentionMs, clock, random, logger })
  return {
    line,
    documents,
    place: maskUrl(url),
    async start() {
      await Promise.all([line.start(), documents.start()])
    },
    async stop() {
      await Promise.all([line.stop(), documents.stop()])
    },
  }
}
