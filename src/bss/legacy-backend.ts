/**
 * The slow system that levelling protects: an interface, and a simulation of it. The simulation is named as
 * one; it talks to nothing and keeps no subscribers, it only takes time, answers, and breaks when it is
 * given too much.
 *
 * What it answers to a message and how long that takes unhindered is a pure function of seed and message
 * id, so a repeated attempt gets the same business outcome, also from another process or after a crash.
 *
 * Past its capacity (`load` = calls inside ÷ capacity) it does what such systems do:
 *   load ≤ 1      the service time of the table;
 *   1 < load ≤ 2  slower by load² (more work at once, and each piece of it dearer); a growing share of calls
 *                 is answered 429, another is never answered: its worker hangs till the caller gives up;
 *   load > 2      503 at once, which is why more than twice the capacity is never inside.
 */
import { type Clock, type JsonObject, pause } from '../core/index.ts'
import { draw } from './draw.ts'
import { type LegacyOutcome, SERVICES, type Service } from './services.ts'

export type LegacyAnswer =
  | { readonly kind: 'answered'; readonly outcome: LegacyOutcome }
  /** 429: too much, 503: nothing goes any more. `retryAfterMs` is the pause it asks for. */
  | { readonly kind: 'refused'; readonly status: 429 | 503; readonly retryAfterMs: number }
  /** No answer came: the caller's signal aborted, or the connection broke. */
  | { readonly kind: 'timeout' }

/** What the processors need of the legacy system. */
export interface LegacyBackend {
  /** Never rejects. Idempotent by `messageId`. Resolves as `timeout` soon after `signal` aborts. */
  call(
    service: Service,
    messageId: string,
    attributes: JsonObject,
    signal: AbortSignal,
  ): Promise<LegacyAnswer>
}

export interface LegacyLoad {
  /** Calls inside now, and the most there ever were. */
  readonly running: number
  readonly peakRunning: number
  /** Calls answered with a business outcome for the first time. */
  readonly performed: number
  /** Calls answered from memory: the same message came again. */
  readonly repeated: number
  readonly refused429: number
  readonly refused503: number
  readonly timeouts: number
}

export interface SimulationSettings {
  readonly seed: number
  /** Factor on the service times: 1 = the times of the table, 0.1 = a tenth of them, 0 = at once. */
  readonly speed: number
  /** Calls at once that it bears unhindered. */
  readonly capacity: number
}

const PURPOSE = { outcome: 0, time: 1, overload: 2 } as const
/** Load beyond which everything is refused. */
const LIMIT_LOAD = 2
/** At load 2 this share of calls is answered 429, and this one hangs; both grow from 0 at load 1. */
const REFUSED_AT_LIMIT = 0.5
const HANGING_AT_LIMIT = 0.1
/** A hanging call ends as a broken connection after this long, should the caller have no time limit. */
const HANG_MS = 120_000
const SHORTEST_RETRY_AFTER_MS = 50
/** Answers remembered for repeated calls; older ones would only be computed again. */
const REMEMBERED = 10_000

/** The business outcome and the unhindered service time (before the speed factor) of a message. Pure. */
export function legacyPlan(service: Service, messageId: string, seed: number) {
  const profile = SERVICES[service]
  const serviceMs = profile.minMs + draw(seed, PURPOSE.time, messageId) * (profile.maxMs - profile.minMs)
  let rest = draw(seed, PURPOSE.outcome, messageId)
  for (const outcome of profile.outcomes) {
    rest -= outcome.share
    if (rest < 0) return { outcome, serviceMs }
  }
  // The shares add up to 1 but for rounding; what is left over belongs to the last one.
  return { outcome: profile.outcomes.at(-1) as LegacyOutcome, serviceMs }
}

/**
 * Owns its timers through the clock, each for one call. Bounded: twice the capacity inside, 10,000
 * remembered.
 */
export class SimulatedLegacyBackend implements LegacyBackend {
  readonly #settings: SimulationSettings
  readonly #clock: Clock
  readonly #remembered = new Map<string, LegacyOutcome>()
  #calls = 0
  #load = {
    running: 0,
    peakRunning: 0,
    performed: 0,
    repeated: 0,
    refused429: 0,
    refused503: 0,
    timeouts: 0,
  }

  constructor(settings: SimulationSettings, clock: Clock) {
    this.#settings = settings
    this.#clock = clock
  }

  get load(): LegacyLoad {
    return { ...this.#load }
  }

  async call(
    service: Service,
    messageId: string,
    _attributes: JsonObject,
    signal: AbortSignal,
  ): Promise<LegacyAnswer> {
    const key = `${service} ${messageId}`
    const known = this.#remembered.get(key)
    if (known) {
      this.#load.repeated += 1
      return { kind: 'answered', outcome: known }
    }
    const load = (this.#load.running + 1) / this.#settings.capacity
    if (load > LIMIT_LOAD) return this.#refuse(service, 503, load)
    this.#enter()
    try {
      return await this.#serve(service, messageId, key, load, signal)
    } finally {
      this.#load.running -= 1
    }
  }

  async #serve(
    service: Service,
    messageId: string,
    key: string,
    load: number,
    signal: AbortSignal,
  ): Promise<LegacyAnswer> {
    const { seed, speed } = this.#settings
    const plan = legacyPlan(service, messageId, seed)
    let timeMs = plan.serviceMs * speed
    if (load > 1) {
      timeMs *= load ** 2
      // The number of the call is part of the draw: a repeated attempt must not meet the same bad luck for
      // ever.
      this.#calls += 1
      const luck = draw(seed, PURPOSE.overload, `${messageId} ${this.#calls}`) / (load - 1)
      if (luck < REFUSED_AT_LIMIT) return this.#refuse(service, 429, load)
      if (luck < REFUSED_AT_LIMIT + HANGING_AT_LIMIT) {
        await this.#take(HANG_MS * speed, signal)
        return this.#timeOut()
      }
    }
    await this.#take(timeMs, signal)
    if (signal.aborted) return this.#timeOut()
    this.#remember(key, plan.outcome)
    return { kind: 'answered', outcome: plan.outcome }
  }

  /** Without a time to take there is no timer: at speed 0 the simulation must not be what is measured. */
  #take(ms: number, signal: AbortSignal): Promise<void> | undefined {
    return ms > 0 ? pause(this.#clock, ms, signal) : undefined
  }

  #enter(): void {
    this.#load.running += 1
    this.#load.peakRunning = Math.max(this.#load.peakRunning, this.#load.running)
  }

  #timeOut(): LegacyAnswer {
    this.#load.timeouts += 1
    return { kind: 'timeout' }
  }

  #refuse(service: Service, status: 429 | 503, load: number): LegacyAnswer {
    if (status === 429) this.#load.refused429 += 1
    else this.#load.refused503 += 1
    const profile = SERVICES[service]
    const meanMs = ((profile.minMs + profile.maxMs) / 2) * this.#settings.speed
    return {
      kind: 'refused',
      status,
      retryAfterMs: Math.max(SHORTEST_RETRY_AFTER_MS, Math.round(meanMs * load)),
    }
  }

  #remember(key: string, outcome: LegacyOutcome): void {
    if (!this.#remembered.has(key)) this.#load.performed += 1
    this.#remembered.set(key, outcome)
    if (this.#remembered.size <= REMEMBERED) return
    const [oldest] = this.#remembered.keys()
    if (oldest !== undefined) this.#remembered.delete(oldest)
  }
}
