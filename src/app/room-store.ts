/**
 * Where the waiting room keeps its line and its documents (accounts, keys): in Redis where REDIS_URL is set, beside the
 * embedded queue where there is one, else in an embedded store of its own.
 */
import { EmbeddedEngine } from '../engines/embedded/index.ts'
import type { QueueDeps, RoomStore, SharedStore } from './queue-parts.ts'
import type { Settings } from './settings.ts'

export async function openRoomStore(
  settings: Settings,
  deps: QueueDeps,
  shared: SharedStore | undefined,
): Promise<RoomStore> {
  const { redisUrl, dataDir } = settings
  if (redisUrl !== undefined) {
    const { redisRoomStore } = await import('./room-redis.ts')
    return redisRoomStore(settings, redisUrl, deps)
  }
  if (shared) return { ...shared, place: dataDir, start: async () => {}, stop: async () => {} }
  const engine = embeddedEngine(settings, deps)
  const why = 'The waiting room keeps its line in an embedded store of its own (REDIS_URL is not set)'
  return {
    line: engine.line,
    documents: engine.effects,
    place: dataDir,
    start() {
      deps.logger.info({ data: dataDir }, why)
      return engine.start()
    },
    stop: () => engine.stop(),
  }
}

export function embeddedEngine(settings: Settings, deps: QueueDeps): EmbeddedEngine {
  const { clock, random, logger, engineHost } = deps
  return new EmbeddedEngine({
    dataDir: settings.dataDir,
    clock,
    logger,
    random,
    retentionMs: settings.retentionHours * 3_600_000,
    diskReserveBytes: settings.diskReserveMb * 1024 * 1024,
    ...(engineHost && { host: engineHost }),
  })
}
