/**
 * The scaler's loop: looks once a second at the queue's counts and at the workers, decides by the pure function, and
 * tells the actuator. Owns one timer between `start` and `stop`, both idempotent (S1); a stop leaves the workers as
 * they are. It needs nothing of the monitoring switch (M1). Per type it keeps a minute of counts, five minutes of needs
 * and the last changes.
 */
import type { Clock, Listener, Logger, MessageType } from '../../core/index.ts'
import { NO_COUNTS, type QueueEngine, type StateCounts } from '../../queue/index.ts'
import { Arrivals } from './arrivals.ts'
import { decide } from './decide.ts'
import type {
  Actuator,
  ScalingDecision,
  ScalingInput,
  ScalingReason,
  ScalingRules,
  ScalingSignals,
  WorkerCounts,
} from './types.ts'

/** What the workers of a type tell, all of them together. */
export type WorkerSignals = Pick<ScalingSignals, 'serviceMs' | 'breaker' | 'congested' | 'cpu'>

export interface ScalerOptions {
  readonly engine: Pick<QueueEngine, 'counts'>
  /** The types to decide for, with the rules of now. Asked at every look. */
  readonly types: () => ReadonlyMap<MessageType, ScalingRules>
  /** undefined: nothing has been heard of them. */
  readonly workers: (type: MessageType) => WorkerSignals | undefined
  /**
   * false while the workers' reports do not come through: silence then says nothing about who is there, and the numbers
   * stay. Always true unless given.
   */
  readonly hears?: () => boolean
  readonly actuator: Actuator
  readonly clock: Clock
  readonly logger: Logger
  /** Must not throw. */
  readonly emit?: Listener<ScalingEvent>
}

/** The number has changed, or one of `ALARMS` is the reason now. The other reasons come and go without an effect. */
export interface ScalingEvent {
  readonly kind: 'scaling'
  readonly type: MessageType
  /** Wall-clock milliseconds. */
  readonly at: number
  readonly from: number
  readonly to: number
  readonly reason: ScalingReason
  /** See `ScalingDecision`. */
  readonly etaMs: number | undefined
}

export interface ScalingStatus extends Pick<ScalingDecision, 'reason' | 'etaMs' | 'need' | 'cap' | 'limits'> {
  readonly type: MessageType
  readonly wanted: number
  readonly workers: WorkerCounts
  /** The newest last; at most 20. */
  readonly changes: readonly ScalingEvent[]
}

interface TypeState {
  arrivals: Arrivals
  decision: ScalingDecision | undefined
  workers: WorkerCounts
  changes: ScalingEvent[]
  /** What the actuator has taken over. */
  applied: number | undefined
  applying: boolean
  /** Since when something waits and no worker is heard of, without interruption. */
  unservedSince: number | undefined
  toldUnserved: boolean
}

const LOOK_MS = 1_000
const CHANGES = 20
const ALARMS: ReadonlySet<ScalingReason> = new Set(['stalled', 'breaker_open'])
/** A worker that was just asked for needs a moment to start; one that does not come by then is missing. */
const MISSED_AFTER_MS = 10_000
const UNKNOWN: WorkerSignals = { breaker: 'closed', congested: false }

export class Scaler {
  readonly #options: ScalerOptions
  readonly #types = new Map<MessageType, TypeState>()
  #cancel: (() => void) | undefined

  constructor(options: ScalerOptions) {
    this.#options = options
  }

  start(): void {
    if (!this.#cancel) this.#look()
  }

  stop(): void {
    this.#cancel?.()
    this.#cancel = undefined
  }

  /**
   * Every slot of the type is busy, something waits, and pace and breaker would let it start: decides now instead of at
   * the next look.
   */
  saturated(type: MessageType): void {
    if (!this.#cancel) return
    const rules = this.#options.types().get(type)
    const state = this.#types.get(type)
    if (!rules || !state?.decision) return
    // A lane may only guess that something waits; the queue knows.
    const { ready, inFlight } = this.#options.engine.counts().get(type) ?? NO_COUNTS
    if (ready + inFlight > state.decision.wanted * rules.slotsPerWorker) {
      this.#decide(type, rules, state, true)
    }
  }

  /** As they are now, in the order of the types. */
  decisions(): ScalingStatus[] {
    return [...this.#types].flatMap(([type, { decision, workers, changes }]) => {
      if (!decision) return []
      const { wanted, reason, etaMs, need, cap, limits } = decision
      return [{ type, wanted, reason, etaMs, need, cap, limits, workers, changes: [...changes] }]
    })
  }

  #look(): void {
    const { engine, types, clock, hears } = this.#options
    const counts = engine.counts()
    const isDeaf = hears?.() === false
    const all = types()
    for (const type of this.#types.keys()) if (!all.has(type)) this.#types.delete(type)
    for (const [type, rules] of all) {
      const state = this.#state(type)
      // What has come meanwhile would afterwards look as if it had come at once.
      if (isDeaf) state.arrivals = new Arrivals()
      else state.arrivals.sample(clock.now(), counts.get(type) ?? NO_COUNTS)
      this.#decide(type, rules, state, false)
    }
    this.#cancel = clock.after(LOOK_MS, () => this.#look())
  }

  #state(type: MessageType): TypeState {
    const known = this.#types.get(type)
    if (known) return known
    const workers = { ready: 0, starting: 0, draining: 0 }
    const made: TypeState = {
      arrivals: new Arrivals(),
      decision: undefined,
      workers,
      changes: [],
      applied: undefined,
      applying: false,
      unservedSince: undefined,
      toldUnserved: false,
    }
    this.#types.set(type, made)
    return made
  }

  #decide(type: MessageType, rules: ScalingRules, state: TypeState, saturated: boolean): void {
    const { actuator, clock } = this.#options
    const now = clock.now()
    const workers = actuator.current(type)
    if (!workers) return
    const before = state.decision
    const signals = this.#signals(type, rules, state, saturated)
    const input: ScalingInput = { now, rules, signals, workers, memory: before?.memory }
    const decision = decide(input)
    state.decision = decision
    state.workers = workers
    const from = before?.wanted ?? workers.ready + workers.starting
    if (isMissed(state, (signals.backlog ?? 0) > 0 && workers.ready === 0, now)) {
      this.#options.logger.warn({ type }, 'Messages wait and no consumer of their type runs')
    }
    const alarm = ALARMS.has(decision.reason) && decision.reason !== before?.reason
    if (decision.wanted !== from || alarm) this.#changed(type, state, from, decision, now)
    if (decision.wanted !== state.applied && !state.applying) this.#apply(type, state, decision.wanted)
  }

  #signals(type: MessageType, rules: ScalingRules, state: TypeState, saturated: boolean): ScalingSignals {
    const workers = this.#options.workers(type) ?? UNKNOWN
    const paceMs = rules.ratePerSecond > 0 ? 1000 / rules.ratePerSecond : 0
    const flow = state.arrivals.signals(Math.max(workers.serviceMs ?? 0, paceMs))
    if (!saturated) return { ...flow, ...workers }
    // The look is up to a second old; this is about now.
    const counts: StateCounts = this.#options.engine.counts().get(type) ?? NO_COUNTS
    return { ...flow, ...workers, backlog: counts.ready, inFlight: counts.inFlight, saturated }
  }

  #changed(type: MessageType, state: TypeState, from: number, decision: ScalingDecision, at: number): void {
    const { wanted: to, reason, etaMs } = decision
    const event: ScalingEvent = { kind: 'scaling', type, at, from, to, reason, etaMs }
    state.changes = [...state.changes.slice(1 - CHANGES), event]
    const { logger, emit } = this.#options
    const fields = { type, from, to, reason }
    if (reason === 'stalled') logger.warn(fields, 'Messages wait and nothing goes out; the workers stay')
    else if (from !== to) logger.info(fields, this.#textOf(to > from))
    emit?.(event)
  }

  #textOf(more: boolean): string {
    if (!this.#options.actuator.advises) return 'The number of workers changes'
    return more ? 'More workers are wanted' : 'Fewer workers are wanted'
  }

  #apply(type: MessageType, state: TypeState, wanted: number): void {
    state.applying = true
    const failed = (error: unknown) => {
      state.applying = false
      const text = error instanceof Error ? error.message : String(error)
      this.#options.logger.error({ type, wanted, error: text }, 'The number of workers could not be changed')
    }
    const done = () => {
      state.applying = false
      state.applied = wanted
    }
    try {
      const resizing = this.#options.actuator.resize(type, wanted)
      if (resizing) resizing.then(done, failed)
      else done()
    } catch (error) {
      failed(error)
    }
  }
}

/** True once for each time that nobody is there for longer than a start takes. */
function isMissed(state: TypeState, unserved: boolean, now: number): boolean {
  if (!unserved) {
    state.unservedSince = undefined
    state.toldUnserved = false
    return false
  }
  state.unservedSince ??= now
  if (state.toldUnserved || now - state.unservedSince < MISSED_AFTER_MS) return false
  state.toldUnserved = true
  return true
}
