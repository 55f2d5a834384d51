/** What the gateway needs of the rest, handed in by `app/`; it knows none of their makers. */
import type {
  Clock,
  JsonObject,
  Listener,
  Logger,
  MessageType,
  Random,
  TypeChange,
  TypeSettings,
} from '../core/index.ts'
import type { FlowMeter, QueueEngine } from '../queue/index.ts'
import type { GatewayEvent } from './events.ts'

/** The types as they are now; `change` takes effect at once on the running consumer. */
export interface TypeControl {
  all(): readonly TypeSettings[]
  change(name: MessageType, change: TypeChange): TypeSettings
  /** Live figures of the type's lane, for `GET /api/queue/status` and `GET /api/router/info`. */
  lane(name: MessageType): LaneStatus | undefined
}

export interface LaneStatus {
  readonly consumers: number
  readonly running: number
  /** The adaptive limit now, at most the type's concurrency. */
  readonly concurrencyLimit: number
  readonly breaker: 'closed' | 'open' | 'half_open'
  /** When a message of this lane last ended; absent when none did since start. */
  readonly lastSettledAt?: number
}

export interface MonitoringSwitch {
  readonly enabled: boolean
  set(enabled: boolean): Promise<{ previous: boolean; current: boolean }>
  toggle(): Promise<{ previous: boolean; current: boolean }>
}

export type Readiness =
  | { readonly ready: true }
  | { readonly ready: false; readonly reasons: readonly string[] }

export interface GatewayDeps {
  readonly engine: QueueEngine
  readonly flow: FlowMeter
  readonly types: TypeControl
  readonly monitoring: MonitoringSwitch
  /** Prometheus text and its content type; empty of all but switch and health while monitoring is off. */
  readonly metrics: () => Promise<{ contentType: string; body: string }>
  readonly readiness: () => Readiness
  /** The resolved settings, secrets masked. */
  readonly config: () => JsonObject
  /** The HTML page for a browser at `/`. */
  readonly page: () => string
  readonly emit: Listener<GatewayEvent>
  readonly clock: Clock
  readonly random: Random
  readonly logger: Logger
  /** A new message id; sorts by time. */
  readonly newId: () => string
  readonly queueName: string
  readonly defaultLanguage: 'en' | 'ko'
  readonly version: string
  readonly startedAt: number
}
