/** The waiting room in the process's life: alone in the role `room`, or beside gateway and consumers. */
import { roomPages } from '../console/index.ts'
import type { FlowMeter } from '../queue/index.ts'
import { type Ending, startProbes, type Urls } from './listeners.ts'
import type { QueueDeps, QueueParts } from './queue-parts.ts'
import { Room, type RoomParts } from './room.ts'
import { DoorFollower, type FollowerOptions } from './room-follow.ts'
import { openRoomStore } from './room-store.ts'
import type { Settings } from './settings.ts'
import { hasRoom } from './settings-relations.ts'

export interface RoomBeside {
  readonly room: Room
  /** Resolves with the room's URL. */
  start(): Promise<string>
  stop(): Promise<void>
}

/** Beside a queue, whose backlog its doors may follow; undefined where there is none to be. */
export async function roomBeside(
  settings: Settings,
  deps: QueueDeps,
  queue: QueueParts,
  more: Pick<RoomParts, 'monitoring'> & { readonly flow: FlowMeter },
): Promise<RoomBeside | undefined> {
  if (!hasRoom(settings, settings.role)) return undefined
  const { monitoring, flow } = more
  const store = await openRoomStore(settings, deps, queue.room)
  const follower = followerOf(settings, deps, { line: store.line, engine: queue.engine, flow })
  const slowed = follower && { slowedBy: follower.slowedBy }
  const room = new Room({
    ...deps,
    settings,
    store,
    monitoring,
    pages: roomPages(deps),
    ...slowed,
  })
  return {
    room,
    async start() {
      const url = await room.start()
      follower?.start()
      return url
    },
    async stop() {
      await follower?.stop()
      await room.stop()
    },
  }
}

function followerOf(
  settings: Settings,
  { clock, logger }: QueueDeps,
  parts: Pick<FollowerOptions, 'line' | 'engine' | 'flow'>,
): DoorFollower | undefined {
  const { roomFollowTypes: types, roomFollowWaitSec } = settings
  if (types.length === 0) return undefined
  const { roomFollowMinPerMinute: minPerMinute, roomFollowMaxPerMinute: maxPerMinute } = settings
  const targetWaitMs = roomFollowWaitSec * 1000
  return new DoorFollower({ ...parts, types, targetWaitMs, minPerMinute, maxPerMinute, clock, logger })
}

/** `weir room`: health, readiness and metrics on ports of their own, as the other roles have them. */
export async function startRoomRole(settings: Settings, deps: QueueDeps, endings: Ending[]): Promise<Urls> {
  const { clock, logger } = deps
  const store = await openRoomStore(settings, deps, undefined)
  const monitoring = { enabled: settings.monitoringEnabled }
  const room = new Room({ ...deps, settings, store, monitoring, pages: roomPages(deps) })
  // It stops before the probes do: an orchestrator asks until the end.
  const urls = await startProbes(
    settings,
    {
      clock,
      logger,
      defaultLanguage: settings.defaultLanguage,
      metrics: () => room.metrics.text(),
      readiness: () => {
        const health = room.health()
        return health.ok ? { ready: true } : { ready: false, reasons: [`the waiting room: ${health.reason}`] }
      },
    },
    endings,
  )
  endings.push(() => room.stop())
  return { url: await room.start(), urls }
}
