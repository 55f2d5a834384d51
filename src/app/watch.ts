/** Monitoring, wired: the switch, the metrics, readiness, and the listeners of the stages. */
import type { Consumer, ConsumerEvent, ScalingEvent } from '../consumer/index.ts'
import type { Clock, Listener, Logger } from '../core/index.ts'
import type { GatewayDeps, GatewayEvent, TypeControl } from '../gateway/index.ts'
import {
  type LaneNow,
  Metrics,
  MonitoringSwitch,
  ProgressWatch,
  type Readiness,
  RuntimeProbe,
  type ServiceHealth,
} from '../monitoring/index.ts'
import type { FlowMeter } from '../queue/index.ts'
import type { QueueParts } from './queue-parts.ts'
import type { Room } from './room.ts'
import type { Scaling } from './scaling.ts'
import type { Settings } from './settings.ts'

export interface WatchDeps {
  readonly settings: Settings
  readonly queue: QueueParts
  /** Whether this process takes messages in. */
  readonly hasGateway: boolean
  /** Absent where it works on none. */
  readonly consumer: Consumer | undefined
  readonly types: TypeControl
  /** Messages per second that this process lets out of a type; 0 = no limit. */
  readonly pace: (type: string) => number
  readonly scaling: Scaling
  /** The waiting room of this process, once there is one. */
  readonly room: () => Pick<Room, 'health' | 'metrics'> | undefined
  readonly flow: FlowMeter
  readonly clock: Clock
  readonly logger: Logger
}

export interface Watch {
  readonly monitoring: GatewayDeps['monitoring']
  readonly metrics: GatewayDeps['metrics']
  readonly readiness: GatewayDeps['readiness']
  readonly lastProcessedAt: GatewayDeps['lastProcessedAt']
  readonly onConsumer: Listener<ConsumerEvent>
  readonly onGateway: Listener<GatewayEvent>
  readonly onScaling: Listener<ScalingEvent>
  stop(): void
}

/**
 * Reads the stored switch and starts watching; the queue must be started. Readiness and what it listens to run whether
 * monitoring is on or off (M1); the metrics' listeners and the probe only while it is on.
 */
export async function startWatch(deps: WatchDeps): Promise<Watch> {
  const { settings, queue, consumer, scaling, flow, clock, logger } = deps
  const { engine, fleet, unrouted, switchStore: store } = queue
  const environment = settings.monitoringEnabled
  const monitoring = await MonitoringSwitch.load({ store, environment, clock, logger })
  const lanes = () => lanesNow(deps)
  const progress = new ProgressWatch({
    engine,
    ...(deps.hasGateway && { accepting: () => engine.accepting() }),
    lanes,
    others: () => [...scaling.reasons(), ...roomReasons(deps)],
    clock,
    logger,
  })
  const probe = new RuntimeProbe()
  const metrics = new Metrics({
    engine,
    flow,
    queueName: settings.queueName,
    monitoring,
    services: () => servicesNow(deps, progress.readiness()),
    lanes,
    fleet,
    unrouted,
    scaling: () => scaling.decisions(),
    probe,
    clock,
  })
  const measureConsumer = monitoring.guard(metrics.consumer)
  const follow = (enabled: boolean) => (enabled ? probe.start() : probe.stop())
  const forget = monitoring.onChange(follow)
  follow(monitoring.enabled)
  progress.start()
  return {
    monitoring,
    metrics: () => allMetrics(metrics, deps),
    readiness: () => progress.readiness(),
    lastProcessedAt: () => latest(progress.lastEndedAt, consumer),
    onConsumer(event) {
      if (event.kind === 'started') progress.handedOut(event.type)
      measureConsumer(event)
    },
    onGateway: monitoring.guard(metrics.gateway),
    onScaling: monitoring.guard(metrics.scaler),
    stop() {
      forget()
      monitoring.stop()
      progress.stop()
      probe.stop()
    },
  }
}

/** One text: the names of the two registries differ. */
async function allMetrics(metrics: Metrics, { room }: WatchDeps): ReturnType<Metrics['text']> {
  const own = await metrics.text()
  const rooms = await room()?.metrics.roomText()
  return rooms === undefined ? own : { ...own, body: own.body + rooms }
}

function roomReasons({ room }: WatchDeps): string[] {
  const health = room()?.health()
  return health && !health.ok ? [`the waiting room: ${health.reason}`] : []
}

/** This process's own lanes know at once; of the others the counts tell, to the second. */
function latest(heard: number | undefined, consumer: Consumer | undefined): number | undefined {
  const own = (consumer?.progress().lanes ?? []).flatMap(({ lastSettledAt = [] }) => lastSettledAt)
  const times = heard === undefined ? own : [heard, ...own]
  return times.length === 0 ? undefined : Math.max(...times)
}

function lanesNow({ types, consumer, pace }: WatchDeps): LaneNow[] {
  if (!consumer) return []
  return types.all().flatMap(({ name, timeoutMs }) => {
    const lane = consumer.lane(name)
    return lane ? [{ type: name, ratePerSecond: pace(name), timeoutMs, ...lane }] : []
  })
}

/** One service for the way in, and one for each type's processor, as the metric's users know them. */
function servicesNow(
  { queue, hasGateway, types, consumer, room }: WatchDeps,
  now: Readiness,
): ServiceHealth[] {
  // Reasons begin with the type that they are about.
  const stalled = new Set(now.ready ? [] : now.reasons.map((reason) => reason.split(':')[0]))
  const processors = types.all().flatMap(({ name }) => {
    const lane = consumer?.lane(name)
    if (!lane) return []
    return [
      {
        name: `${name.toLowerCase()}-processor`,
        type: 'consumer',
        healthy: lane.breaker !== 'open' && !stalled.has(name),
      },
    ]
  })
  const producer = { name: 'bss-producer', type: 'producer', healthy: queue.engine.accepting().ok }
  const health = room()?.health()
  const rooms = health ? [{ name: 'waiting-room', type: 'room', healthy: health.ok }] : []
  return [...(hasGateway ? [producer] : []), ...processors, ...rooms]
}
