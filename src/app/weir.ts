/**
 * One running Weir in one of its roles: the only place where the rooms are put together. Owns everything it starts and
 * stops it in the reverse order; start and stop are idempotent and stop loses nothing (S1).
 *
 *   start: queue → monitoring → listeners → flow meter → scaler, supervisor → consumer
 *   stop:  gateway takes nothing new, consumers finish what is in work → flow meter, monitoring → queue → probes
 *
 * The consumer starts last, so that a start that fails (a taken port) has touched no message.
 */
import { consolePage } from '../console/index.ts'
import { Consumer, type ConsumerEvent, type ScalingEvent } from '../consumer/index.ts'
import {
  type Clock,
  type Listener,
  type Logger,
  type MessageType,
  type Random,
  silentLogger,
} from '../core/index.ts'
import type { GatewayDeps, GatewayEvent, GatewayOptions } from '../gateway/index.ts'
import { FlowMeter, type QueueEngine } from '../queue/index.ts'
import { openQueue } from './engine.ts'
import { type Ending, makeGateway, startProbes, type Urls } from './listeners.ts'
import { PaceShare } from './pace-share.ts'
import type { QueueParts } from './queue-parts.ts'
import { idMaker, realClock, realRandom } from './real.ts'
import type { Room } from './room.ts'
import { roomBeside, startRoomRole } from './room-role.ts'
import { fleetScaling, NO_SCALING, poolScaling, type Scaling } from './scaling.ts'
import { Self } from './self.ts'
import { maskedConfig, type Settings } from './settings.ts'
import { Supervisor } from './supervisor.ts'
import { servedTypes } from './targets.ts'
import { typeControl } from './type-control.ts'
import { packageVersion } from './version.ts'
import { startWatch, type Watch } from './watch.ts'
import type { WorkerCommand } from './worker-process.ts'

/** What a test may put in the place of the real thing. */
export interface WeirOverrides {
  readonly clock?: Clock
  readonly random?: Random
  readonly logger?: Logger
  readonly gateway?: Partial<GatewayOptions>
  readonly engineHost?: 'worker' | 'inline'
  /** Makes the scaler's windows pass faster than the messages. */
  readonly scalerClock?: Clock
  /** Started by another process of this program, which tells what is the same for all of its children. */
  readonly supervised?: boolean
  /** Consumers in processes of their own, started by this command, instead of in this one. */
  readonly workers?: (type: MessageType) => WorkerCommand
}

export interface RunningWeir extends Urls {
  /** Resolves when everything has ended. Idempotent. */
  stop(): Promise<void>
}

/** Starts everything; what had started is stopped again when a later step fails. */
export async function startWeir(settings: Settings, overrides: WeirOverrides = {}): Promise<RunningWeir> {
  const endings: Ending[] = []
  let stopped: Promise<void> | undefined
  const stop = () => {
    stopped ??= runInReverse(endings)
    return stopped
  }
  try {
    return { ...(await startAll(settings, overrides, endings)), stop }
  } catch (error) {
    await stop()
    throw error
  }
}

/** What every part is handed. */
interface Base {
  readonly settings: Settings
  readonly clock: Clock
  readonly random: Random
  readonly logger: Logger
  readonly newId: () => string
  readonly queue: QueueParts
}

async function startAll(settings: Settings, overrides: WeirOverrides, endings: Ending[]): Promise<Urls> {
  const { clock = realClock, random = realRandom, logger = silentLogger, engineHost } = overrides
  const { supervised = false } = overrides
  const newId = idMaker(clock)
  const engineDeps = { clock, random, logger, newId, supervised, ...(engineHost && { engineHost }) }
  if (settings.role === 'room') return startRoomRole(settings, engineDeps, endings)
  const queue = await openQueue(settings, engineDeps)
  const base: Base = { settings, clock, random, logger, newId, queue }
  const { role } = settings
  let room: Room | undefined
  const hasGateway = role !== 'consumer'

  const events = new Events()
  const supervisor = overrides.workers && supervisorOf(base, overrides.workers)
  const work = role === 'gateway' || supervisor ? undefined : consumerOf(base, events)
  const consumer = work?.consumer
  const types = typeControl(settings.types, work && { change: work.change })
  const self = new Self({ role: supervisor ? 'gateway' : role, consumer, clock })
  queue.fleet.describe(self.describe)
  endings.push(() => queue.stop())
  await queue.start()

  const flow = new FlowMeter(queue.engine, clock)
  const scaling = scalingOf({ ...base, clock: overrides.scalerClock ?? clock }, types, {
    consumer,
    supervisor,
    events,
  })
  const pace = (type: string) => work?.pace(types, type) ?? 0
  const watch = await startWatch({
    ...base,
    hasGateway,
    consumer,
    types,
    pace,
    scaling,
    flow,
    room: () => room,
  })
  endings.push(() => watch.stop())
  events.consumer = watch.onConsumer
  events.gateway = watch.onGateway
  events.scaling = watch.onScaling

  const deps = gatewayDeps({ base, flow, types, watch, scaling })
  const urls = await startProbes(settings, deps, endings)
  const gateway = hasGateway ? await makeGateway(settings, deps, overrides.gateway) : undefined
  const beside = await roomBeside(settings, engineDeps, queue, { monitoring: watch.monitoring, flow })
  room = beside?.room
  endings.push(async () => {
    self.drain()
    // Side by side: both refuse anything new at once, and what each still has to finish needs only the engine.
    await Promise.all([gateway?.stop(), consumer?.stop(), supervisor?.stop(), beside?.stop()])
  })
  const api = await gateway?.start()
  const roomUrl = await beside?.start()
  flow.start()
  endings.push(() => flow.stop())
  scaling.start()
  endings.push(() => scaling.stop())
  work?.start(types, endings)
  const all = { ...urls, ...(roomUrl !== undefined && { room: roomUrl }) }
  return { url: api?.url ?? urls.health ?? urls.metrics ?? '', urls: all }
}

/** Where the stages tell what happens; who listens is known only when they are made. */
class Events {
  consumer: Listener<ConsumerEvent> = () => {}
  gateway: Listener<GatewayEvent> = () => {}
  scaling: Listener<ScalingEvent> = () => {}
}

interface Work {
  readonly consumer: Consumer
  /** A change of settings while running. */
  readonly change: Consumer['change']
  /** Messages per second that this process lets out. */
  pace(types: GatewayDeps['types'], type: string): number
  start(types: GatewayDeps['types'], endings: Ending[]): void
}

/** The consumer of this process; beside others it takes its share of each pace. */
function consumerOf({ settings, clock, random, logger, queue }: Base, events: Events): Work {
  let share: PaceShare | undefined
  const take: QueueEngine['take'] = async (request) =>
    share && !share.mayTake(request.type) ? [] : queue.engine.take(request)
  const consumer: Consumer = new Consumer({
    engine: {
      take,
      settle: (settlements) => queue.engine.settle(settlements),
      onReady: (listener) => queue.engine.onReady(listener),
    },
    types: servedTypes({ settings, effects: queue.effects, clock }),
    // An upper bound: how much is really taken ahead follows what the lane measures, and is nothing for slow work.
    prefetchCount: Math.max(
      settings.consumerPrefetchCount,
      ...settings.types.map((type) => type.concurrency),
    ),
    clock,
    random,
    logger,
    emit: (event) => events.consumer(event),
    drainMs: settings.drainTimeoutSec * 1000,
  })
  return {
    consumer,
    change(type, { ratePerSecond, ...rest }) {
      // A shared pace is for the share to set, which looks at the types as they are.
      const own = queue.shared || ratePerSecond === undefined ? rest : { ...rest, ratePerSecond }
      consumer.change(type, own)
    },
    pace(types, type) {
      return share?.share(type) ?? types.all().find(({ name }) => name === type)?.ratePerSecond ?? 0
    },
    start(types, endings) {
      if (queue.shared) {
        const served = () => types.all().filter(({ name }) => settings.consumed.includes(name))
        share = new PaceShare({
          fleet: queue.fleet,
          health: () => queue.engine.health(),
          types: served,
          apply: (type, ratePerSecond) => consumer.change(type, { ratePerSecond }),
          clock,
        })
        share.start()
        endings.push(() => share?.stop())
      }
      consumer.start()
    },
  }
}

/** A child's own stop takes this long at most; ours must still come after it, within its limit. */
const LONGEST_DRAIN_MS = 29_000

function supervisorOf(base: Base, command: (type: MessageType) => WorkerCommand): Supervisor {
  const { settings, clock, random, logger } = base
  const drainLimitMs = Math.max(LONGEST_DRAIN_MS, settings.drainTimeoutSec * 1000 + 4000)
  return new Supervisor({ types: settings.consumed, command, drainLimitMs, clock, random, logger })
}

interface Movable {
  readonly consumer: Consumer | undefined
  readonly supervisor: Supervisor | undefined
  readonly events: Events
}

function scalingOf(
  base: Base,
  types: GatewayDeps['types'],
  { consumer, supervisor, events }: Movable,
): Scaling {
  const deps = { ...base, types, emit: (event: ScalingEvent) => events.scaling(event) }
  if (base.settings.role === 'consumer') return NO_SCALING
  return consumer ? poolScaling(deps, consumer) : fleetScaling(deps, supervisor)
}

interface Parts {
  readonly base: Base
  readonly flow: FlowMeter
  readonly types: GatewayDeps['types']
  readonly watch: Watch
  readonly scaling: Scaling
}

function gatewayDeps({ base, flow, types, watch, scaling }: Parts): GatewayDeps {
  const { settings, queue, clock, random, logger, newId } = base
  const page = consolePage()
  return {
    engine: queue.engine,
    flow,
    types,
    fleet: queue.fleet,
    advice: queue.advice,
    effects: queue.effectsPlace,
    unrouted: queue.unrouted,
    scaling: (type) => scaling.status(type),
    lastProcessedAt: watch.lastProcessedAt,
    monitoring: watch.monitoring,
    metrics: watch.metrics,
    readiness: watch.readiness,
    // As it is now: types and the switch can be changed while running.
    config: () => ({
      ...maskedConfig({ ...settings, types: types.all() }),
      monitoringEnabled: watch.monitoring.enabled,
    }),
    page: () => page,
    emit: watch.onGateway,
    clock,
    random,
    logger,
    newId,
    queueName: settings.queueName,
    defaultLanguage: settings.defaultLanguage,
    version: packageVersion(),
    startedAt: clock.now(),
  }
}

/** Every ending runs, even when one before it fails; the first failure is told. */
async function runInReverse(endings: readonly Ending[]): Promise<void> {
  const failures: unknown[] = []
  for (const end of [...endings].reverse()) {
    try {
      await end()
    } catch (error) {
      failures.push(error)
    }
  }
  if (failures.length > 0) throw failures[0]
}
