/**
 * Where the waiting room keeps its line and its documents (accounts, keys): in Redis where REDIS_URL is set, beside the
 * embedded queue where there is one, else in an embedded store of its own.
 */
import { WeirError } from '../core/index.ts'
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
    async start() {
      deps.logger.info({ data: dataDir }, why)
      try {
        await engine.start()
      } catch (error) {
        throw advised(error)
      }
    },
    stop: () => engine.stop(),
  }
}

/** On a broker several processes of one directory are usual; their rooms are what cannot share it. */
function advised(error: unknown): unknown {
  if (!(error instanceof WeirError) || error.code !== 'data_dir_in_use') return error
  const advice =
    'the waiting room keeps its line there: set another DATA_DIR, or REDIS_URL, or ROOM_PORT to off'
  return new WeirError('data_dir_in_use', `${error.message}; ${advice}`, { cause: error })
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
