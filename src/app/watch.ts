/** Monitoring, wired: the switch, the metrics, readiness, and the listeners of the stages. */
import type { Consumer, ConsumerEvent } from '../consumer/index.ts'
import type { Clock, EffectStore, Listener, Logger } from '../core/index.ts'
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
import type { FlowMeter, QueueEngine } from '../queue/index.ts'
import type { Settings } from './settings.ts'

export interface WatchDeps {
  readonly settings: Settings
  readonly engine: QueueEngine
  readonly effects: EffectStore
  readonly consumer: Consumer
  readonly types: TypeControl
  readonly flow: FlowMeter
  readonly clock: Clock
  readonly logger: Logger
}

export interface Watch {
  readonly monitoring: GatewayDeps['monitoring']
  readonly metrics: GatewayDeps['metrics']
  readonly readiness: GatewayDeps['readiness']
  readonly onConsumer: Listener<ConsumerEvent>
  readonly onGateway: Listener<GatewayEvent>
  stop(): void
}

/**
 * Reads the stored switch and starts watching; the engine must be open. Readiness and what it listens to run whether
 * monitoring is on or off (M1); the metrics' listeners and the probe only while it is on.
 */
export async function startWatch(deps: WatchDeps): Promise<Watch> {
  const { settings, engine, effects: store, flow, clock, logger } = deps
  const { queueName } = settings
  const monitoring = await MonitoringSwitch.load({ store, environment: settings.monitoringEnabled, logger })
  const lanes = () => lanesNow(deps)
  const progress = new ProgressWatch({ engine, lanes, clock, logger })
  const probe = new RuntimeProbe()
  const services = () => servicesNow(deps, progress.readiness())
  const metrics = new Metrics({ engine, flow, queueName, monitoring, services, lanes, probe, clock })
  const measureConsumer = monitoring.guard(metrics.consumer)
  const follow = (enabled: boolean) => (enabled ? probe.start() : probe.stop())
  const forget = monitoring.onChange(follow)
  follow(monitoring.enabled)
  progress.start()
  return {
    monitoring,
    metrics: () => metrics.text(),
    readiness: () => progress.readiness(),
    onConsumer(event) {
      if (event.kind === 'started') progress.handedOut(event.type)
      measureConsumer(event)
    },
    onGateway: monitoring.guard(metrics.gateway),
    stop() {
      forget()
      progress.stop()
      probe.stop()
    },
  }
}

function lanesNow({ types, consumer }: WatchDeps): LaneNow[] {
  return types.all().flatMap(({ name, ratePerSecond, timeoutMs }) => {
    const lane = consumer.lane(name)
    return lane ? [{ type: name, ratePerSecond, timeoutMs, ...lane }] : []
  })
}

/** One service for the way in, and one for each type's processor, as the metric's users know them. */
function servicesNow({ engine, types, consumer }: WatchDeps, now: Readiness): ServiceHealth[] {
  // Reasons begin with the type that they are about.
  const stalled = new Set(now.ready ? [] : now.reasons.map((reason) => reason.split(':')[0]))
  const processors = types.all().flatMap(({ name }) => {
    const lane = consumer.lane(name)
    if (!lane) return []
    return [
      {
        name: `${name.toLowerCase()}-processor`,
        type: 'consumer',
        healthy: lane.breaker !== 'open' && !stalled.has(name),
      },
    ]
  })
  return [{ name: 'bss-producer', type: 'producer', healthy: engine.accepting().ok }, ...processors]
}
