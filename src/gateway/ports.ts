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
import type { Abilities, Fleet, FlowMeter, QueueEngine } from '../queue/index.ts'
import type { GatewayEvent } from './events.ts'

/** The types as they are now. */
export interface TypeControl {
  all(): readonly TypeSettings[]
  /**
   * Takes effect at once on the consumers of this process; refuses as `not_available` what only consumers elsewhere
   * could obey, and as `invalid_setting` what is out of range.
   */
  change(name: MessageType, change: TypeChange): TypeSettings
}

/** What the scaler has decided for a type: so many consumer processes, or so many shares of one process's slots. */
export interface ScalingStatus {
  readonly wanted: number
  readonly ready: number
  readonly starting: number
  readonly draining: number
  /** Why, in one word of the scaler's. */
  readonly reason: string
}

/** Where the effects of processors are kept: with the queue, in Redis, or only in the memory of each process. */
export type EffectsPlace = 'queue' | 'redis' | 'memory'

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
  /** Every process that works on the queue. */
  readonly fleet: Pick<Fleet, 'members' | 'hears'>
  /** What to set for an ability that this engine does not have as it is set up. */
  readonly advice: Partial<Record<keyof Abilities, string>>
  readonly effects: EffectsPlace
  /** Messages that no type's queue took; undefined where there is no such place. */
  readonly unrouted: () => number | undefined
  /** undefined where nobody decides. */
  readonly scaling: (type: MessageType) => ScalingStatus | undefined
  /** When a message last ended, wall-clock milliseconds; undefined before the first since start. */
  readonly lastProcessedAt: () => number | undefined
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
