/** Monitoring, wired: the switch, the metrics, readiness, and the listeners of the stages. */
import type { Consumer, ConsumerEvent } from '../consumer/index.ts'
import type { Clock, EffectStore, Listener, Logger } from '../core/index.ts'
import type { GatewayDeps, GatewayEvent, TypeControl } from '../gateway/index.ts'
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

export async function startWatch({ settings, engine, consumer }: WatchDeps): Promise<Watch> {
  let enabled = settings.monitoringEnabled
  return {
    monitoring: {
      get enabled() {
        return enabled
      },
      async set(wanted) {
        const previous = enabled
        enabled = wanted
        return { previous, current: enabled }
      },
    },
    metrics: async () => ({
      contentType: 'text/plain; version=0.0.4; charset=utf-8',
      body: `bss_monitoring_enabled ${enabled ? 1 : 0}\n`,
    }),
    readiness: () => {
      const health = engine.health()
      const reasons = [...(health.ok ? [] : [health.reason]), ...consumer.progress().reasons]
      return reasons.length === 0 ? { ready: true } : { ready: false, reasons }
    },
    onConsumer: () => {},
    onGateway: () => {},
    stop: () => {},
  }
}
