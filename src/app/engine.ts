/** Which engine keeps the queue, and what comes with it: effects, the switch's store, the fleet. */
import {
  type Clock,
  type EffectStore,
  type Logger,
  type Random,
  type SwitchStore,
  WeirError,
} from '../core/index.ts'
import { EmbeddedEngine } from '../engines/embedded/index.ts'
import type { EffectsPlace, GatewayDeps } from '../gateway/index.ts'
import { DocumentSwitchStore } from '../monitoring/index.ts'
import type { Fleet, QueueEngine } from '../queue/index.ts'
import { withDefaultTtl } from './default-ttl.ts'
import { SoleMember } from './self.ts'
import type { Settings } from './settings.ts'

export interface QueueParts {
  readonly engine: QueueEngine
  readonly effects: EffectStore
  readonly effectsPlace: EffectsPlace
  readonly switchStore: SwitchStore
  readonly fleet: Fleet
  /** Whether other processes may work on the same queue. */
  readonly shared: boolean
  readonly unrouted: () => number | undefined
  /** What to set for the abilities that are missing. */
  readonly advice: GatewayDeps['advice']
  /** Opens everything; on a broker it resolves also while that is away. Rejects with the one line to show. */
  start(): Promise<void>
  stop(): Promise<void>
}

export interface QueueDeps {
  readonly clock: Clock
  readonly random: Random
  readonly logger: Logger
  readonly newId: () => string
  /** For tests. */
  readonly engineHost?: 'worker' | 'inline'
}

/** The queue of the engine in force. */
export async function openQueue(settings: Settings, deps: QueueDeps): Promise<QueueParts> {
  if (settings.engineName === 'embedded') return embeddedQueue(settings, deps)
  throw new WeirError(
    'invalid_setting',
    'RABBITMQ_URL must be unset: this version has the embedded engine only',
  )
}

function embeddedQueue(settings: Settings, deps: QueueDeps): QueueParts {
  const { clock, random, logger, newId, engineHost } = deps
  const embedded = new EmbeddedEngine({
    dataDir: settings.dataDir,
    clock,
    logger,
    random,
    retentionMs: settings.retentionHours * 3_600_000,
    diskReserveBytes: settings.diskReserveMb * 1024 * 1024,
    ...(engineHost && { host: engineHost }),
  })
  return {
    engine: withDefaultTtl(embedded, settings.messageTtl),
    effects: embedded.effects,
    effectsPlace: 'queue',
    switchStore: new DocumentSwitchStore(embedded.effects),
    fleet: new SoleMember(newId(), clock),
    shared: false,
    unrouted: () => undefined,
    advice: {},
    start: () => embedded.start(),
    stop: () => embedded.stop(),
  }
}
