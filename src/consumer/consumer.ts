/**
 * The consumer: one lane for each type it serves, and one breaker for each back end behind them. Owns its
 * lanes between `start` and `stop`; both are idempotent, and stop loses nothing (S1).
 */
import type { Clock, Listener, Logger, MessageType, Random, TypeChange, TypeSettings } from '../core/index.ts'
import type { QueueEngine } from '../queue/index.ts'
import { Backend } from './backend.ts'
import type { BreakerRules } from './breaker.ts'
import type { ConsumerEvent } from './events.ts'
import { Lane } from './lane.ts'
import type { LaneFigures, LaneProgress } from './lane-types.ts'
import type { Processor } from './processor.ts'

export interface ServedType {
  readonly settings: Pick<
    TypeSettings,
    'name' | 'ratePerSecond' | 'concurrency' | 'timeoutMs' | 'maxRetries' | 'retryDelayMs'
  >
  readonly processor: Processor
  /**
   * Names what fails together, for example the host behind several targets: types of one name share a
   * breaker.
   */
  readonly backend: string
}

export interface ConsumerOptions {
  readonly engine: Pick<QueueEngine, 'take' | 'settle' | 'onReady'>
  readonly types: readonly ServedType[]
  /** The most a lane takes beyond its free slots. */
  readonly prefetchCount: number
  readonly clock: Clock
  readonly random: Random
  readonly logger: Logger
  readonly emit?: Listener<ConsumerEvent>
  /** How long `stop` waits for running attempts before it aborts them; 25 s fit into Kubernetes' 30 s. */
  readonly drainMs?: number
  /** How long after that `stop` still waits for a store that does not take the results. */
  readonly settleMs?: number
  readonly breaker?: BreakerRules
}

export interface ConsumerProgress {
  /** Between `start` and `stop`. */
  readonly running: boolean
  readonly lanes: readonly LaneProgress[]
  /** Those of all lanes. */
  readonly reasons: readonly string[]
}

const DRAIN_MS = 25_000
const SETTLE_MS = 3_000

export class Consumer {
  readonly #options: ConsumerOptions
  readonly #lanes = new Map<MessageType, Lane>()
  #saturated: Listener<MessageType> = () => {}
  #running = false
  #stopped: Promise<void> = Promise.resolve()

  constructor(options: ConsumerOptions) {
    this.#options = options
    const { engine, clock, random, logger } = options
    const saturated: Listener<MessageType> = (type) => this.#saturated(type)
    const emit = guarded(options.emit, logger)
    const backends = new Map<string, Backend>()
    const rules = options.breaker
    for (const { settings, processor, backend: name } of options.types) {
      const made = { clock, random, logger, emit, ...(rules === undefined ? {} : { rules }) }
      const backend = backends.get(name) ?? new Backend(name, made)
      backends.set(name, backend)
      const { name: type, ratePerSecond, concurrency, timeoutMs, maxRetries, retryDelayMs } = settings
      const { prefetchCount } = options
      const pace = { ratePerSecond, concurrency, prefetchCount }
      const lane = { type, processor, timeoutMs, maxRetries, retryDelayMs, ...pace }
      this.#lanes.set(type, new Lane(lane, backend, { engine, clock, random, logger, emit, saturated }))
    }
  }

  /** Idempotent; after a `stop` that has resolved it starts anew. */
  start(): void {
    if (this.#running) return
    this.#running = true
    for (const lane of this.#lanes.values()) lane.start()
  }

  /**
   * Takes nothing more at once; resolves when nothing is held and all results are stored. Idempotent, never
   * rejects.
   */
  stop(): Promise<void> {
    if (!this.#running) return this.#stopped
    this.#running = false
    const { drainMs = DRAIN_MS, settleMs = SETTLE_MS } = this.#options
    const stops = [...this.#lanes.values()].map((lane) => lane.stop(drainMs, settleMs))
    this.#stopped = Promise.all(stops).then(() => undefined)
    return this.#stopped
  }

  /** Takes effect at once; a type that is served elsewhere is none of ours and left alone. */
  change(type: MessageType, change: TypeChange): void {
    this.#lanes.get(type)?.change(change)
  }

  /** Slots of a type in all, at most its concurrency; Infinity = all of it. The worker pool's way in. */
  resize(type: MessageType, slots: number): void {
    this.#lanes.get(type)?.resize(slots)
  }

  /**
   * Hears, within the turn in which it happens, of a type whose slots are all busy while more could start if `resize`
   * had opened more. One listener; must not throw.
   */
  onSaturated(listener: Listener<MessageType>): void {
    this.#saturated = listener
  }

  /** undefined: this consumer does not serve the type. */
  lane(type: MessageType): LaneFigures | undefined {
    const progress = this.#lanes.get(type)?.progress()
    if (!progress) return undefined
    const { type: _type, held: _held, unsettled: _unsettled, lastProgressAt: _at, ...rest } = progress
    const { reasons: _reasons, ...figures } = rest
    return figures
  }

  progress(): ConsumerProgress {
    const lanes = [...this.#lanes.values()].map((lane) => lane.progress())
    return { running: this.#running, lanes, reasons: lanes.flatMap(({ reasons }) => reasons) }
  }
}

/** A listener that throws is told off in the log, once, and hurts nothing. */
function guarded(listener: Listener<ConsumerEvent> | undefined, logger: Logger): Listener<ConsumerEvent> {
  if (!listener) return () => {}
  let told = false
  return (event) => {
    try {
      listener(event)
    } catch (error) {
      if (told) return
      told = true
      const text = error instanceof Error ? error.message : String(error)
      logger.error({ event: event.kind, error: text }, 'A listener of the consumer throws; this is said once')
    }
  }
}
