/** What an engine comes with: effects, the switch's store, the fleet. */
import type { Clock, EffectStore, Logger, Random, SwitchStore } from '../core/index.ts'
import type { EffectsPlace, GatewayDeps } from '../gateway/index.ts'
import type { Fleet, QueueEngine } from '../queue/index.ts'
import type { SharedStore } from './room-store.ts'

export interface QueueParts {
  readonly engine: QueueEngine
  readonly effects: EffectStore
  readonly effectsPlace: EffectsPlace
  /** The store can keep the waiting room's line, too; absent on a broker. */
  readonly room?: SharedStore
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
  /** What is the same for all processes of a supervisor, that one says. */
  readonly supervised: boolean
  /** For tests. */
  readonly engineHost?: 'worker' | 'inline'
}
