/**
 * Who may go in now. Owns the count of messages that were handed to the engine and are not yet durable. Refuses before
 * any work is done: what is refused here has cost one look at counters.
 */
import type { MessageType, Random } from '../core/index.ts'
import type { ClosedCode, Fleet, FlowMeter, QueueEngine } from '../queue/index.ts'
import type { TypeControl } from './ports.ts'
import { Refusal } from './refusal.ts'

/** A sender is never sent away for longer: by then the measured rate says nothing any more. */
const LONGEST_RETRY_MS = 3_600_000

export interface AdmissionDeps {
  readonly engine: Pick<QueueEngine, 'accepting' | 'counts'>
  readonly flow: Pick<FlowMeter, 'etaMs' | 'drainPerSecond' | 'rates'>
  readonly types: TypeControl
  readonly fleet: Pick<Fleet, 'members'>
  readonly random: Random
}

export class Admission {
  readonly #deps: AdmissionDeps
  readonly #pendingLimit: number
  #pending = 0
  #stopping = false

  constructor(deps: AdmissionDeps, pendingLimit: number) {
    this.#deps = deps
    this.#pendingLimit = pendingLimit
  }

  /** From now on everything is refused as `stopping`; what is under way goes on. */
  stop(): void {
    this.#stopping = true
  }

  enter(messages: number): void {
    this.#pending += messages
  }

  leave(messages: number): void {
    this.#pending -= messages
  }

  /** Throws when the service as a whole takes nothing now. */
  gate(messages: number): void {
    if (this.#stopping) throw this.#closed('stopping')
    const engine = this.#deps.engine.accepting()
    if (!engine.ok) throw this.#closed(engine.code)
    if (this.#pending + messages > this.#pendingLimit) throw this.#closed('overloaded')
  }

  /** The refusal of one more message of a type with `ahead` of the same request before it, or undefined. */
  backlog(type: MessageType, ahead: number): Refusal | undefined {
    const limitSeconds = this.#limitSeconds(type)
    if (limitSeconds === 0) return undefined
    const waiting = (this.#deps.engine.counts().get(type)?.ready ?? 0) + ahead
    const waitMs = this.#predictedWaitMs(type, waiting + 1)
    if (waitMs === undefined || waitMs <= limitSeconds * 1000) return undefined
    const forecast = Number.isFinite(waitMs) ? `about ${Math.ceil(waitMs / 1000)} s` : 'not foreseeable'
    return new Refusal(
      'backlog_full',
      `The wait for ${type} is ${forecast}; the limit is ${limitSeconds} s`,
      {
        retryAfterMs: this.#retryAfterMs(type, waiting, limitSeconds),
      },
    )
  }

  #limitSeconds(type: MessageType): number {
    for (const settings of this.#deps.types.all())
      if (settings.name === type) return settings.maxBacklogSeconds
    return 0
  }

  /**
   * position ÷ measured drain rate. Where consumers were seen to let nothing out while messages waited, the
   * pace is the best that can be hoped for, and without one the wait has no end. undefined = nothing was measured.
   */
  #predictedWaitMs(type: MessageType, position: number): number | undefined {
    const measured = this.#deps.flow.etaMs(type, position)
    if (measured !== undefined) return measured
    if (this.#deps.flow.drainPerSecond(type) !== 0 || position === 1) return undefined
    const consumed = this.#deps.fleet.members().some(({ lanes }) => lanes.some((lane) => lane.type === type))
    if (!consumed) return undefined
    const pace = this.#deps.types.all().find((settings) => settings.name === type)?.ratePerSecond ?? 0
    return pace > 0 ? (position / pace) * 1000 : Number.POSITIVE_INFINITY
  }

  /**
   * Until the excess over what the limit allows has drained: (Q − Q_allowed) ÷ (μ − λ), or Q ÷ μ while as much comes in
   * as goes out. Up to a fifth longer at random, so that those refused together do not return together.
   */
  #retryAfterMs(type: MessageType, waiting: number, limitSeconds: number): number {
    const drain = this.#deps.flow.drainPerSecond(type) ?? 0
    const net = drain - this.#deps.flow.rates(type).inPerSecond
    const excess = Math.max(1, waiting - drain * limitSeconds)
    const seconds = drain <= 0 ? limitSeconds : net > 0 ? excess / net : waiting / drain
    return Math.min(LONGEST_RETRY_MS, Math.max(1000, seconds * 1000)) * (1 + this.#deps.random() * 0.2)
  }

  #closed(code: ClosedCode): Refusal {
    return new Refusal(code, CLOSED[code], { retryAfterMs: pauseMs(code, this.#deps.random) })
  }
}

const CLOSED = {
  storage_full: 'The disk is full, or nearly; what was accepted is safe',
  storage_failed: 'The store cannot make messages durable right now',
  broker_unavailable: 'The message broker cannot be reached; what was accepted is safe',
  broker_blocked: 'The message broker takes no messages right now; what was accepted is safe',
  overloaded: 'Too many messages are on their way to the disk',
  stopping: 'The service is stopping',
} as const

/** How long a sender should wait where no rate says it: a full disk needs a person, a full pipe a moment. */
export function pauseMs(code: string, random: Random): number {
  const base = code === 'storage_full' ? 10_000 : code === 'overloaded' ? 1_000 : 2_000
  return base * (1 + random())
}
