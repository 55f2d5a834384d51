/** What an engine comes with: effects, the switch's store, the fleet; and what the waiting room is kept in. */
import type { Clock, EffectStore, Logger, Random, SwitchStore } from '../core/index.ts'
import type { EffectsPlace, GatewayDeps } from '../gateway/index.ts'
import type { Fleet, QueueEngine } from '../queue/index.ts'
import type { LineEngine } from '../waiting-room/index.ts'

/** Where the waiting room keeps its line and its documents (accounts, keys). */
export interface RoomStore {
  readonly line: LineEngine
  readonly documents: EffectStore
  /** For the log and the banner, without a password. */
  readonly place: string
  /** Resolves also while Redis is away, which is then looked for until `stop`. */
  start(): Promise<void>
  stop(): Promise<void>
}

/** The store that a queue shares with the room; starting and stopping it is the queue's. */
export type SharedStore = Pick<RoomStore, 'line' | 'documents'>

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
