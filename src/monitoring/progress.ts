/**
 * Readiness that means progress: not "the process runs" but "what waits is being worked on". It needs
 * nothing of the monitoring switch, so switching that off changes no answer here (M1).
 */
import type { Clock, Logger, MessageType } from '../core/index.ts'
import type { ClosedCode, EngineHealth, QueueEngine } from '../queue/index.ts'

export type Readiness =
  | { readonly ready: true }
  | { readonly ready: false; readonly reasons: readonly string[] }

/** What is known of one type's lane. */
export interface LaneInput {
  readonly type: MessageType
  /** 0 in a role without consumers: then nobody claims to run, and nothing can stall. */
  readonly consumers: number
  readonly running: number
  readonly concurrencyLimit: number
  /** Messages per second; 0 = no limit. */
  readonly ratePerSecond: number
  readonly timeoutMs: number
  readonly breaker: 'closed' | 'open' | 'half_open'
  /** Its back end asked for a pause until then: standing still before is obedience, not a stall. */
  readonly pausedUntil: number
  /** When the oldest ready message was accepted; undefined = nothing is ready. */
  readonly oldestReadyAt?: number
  /** Since when nothing left the queue although something was ready. */
  readonly stillSince: number
}

export interface ReadinessInputs {
  readonly now: number
  readonly engine: EngineHealth
  /** Why nothing can be handed in, in a role that takes messages in; undefined = it can, or that is not its work. */
  readonly closed?: ClosedCode
  readonly lanes: readonly LaneInput[]
  /** What the parts of this process say is wrong with them. */
  readonly others?: readonly string[]
  /** A full queue that stands still for longer is stalled. */
  readonly stalledAfterMs: number
}

export const STALLED_AFTER_MS = 30_000
/** Between the end of a time limit and the next hand-out lie a settle and a take. */
const GRACE_MS = 5_000
/** Pauses of the pace that must have passed: one is normal, two may be rounding. */
const PACES = 3

/** Too much at once passes by itself and is told to those concerned; these are states of the service. */
const LASTING: Partial<Record<ClosedCode, string>> = {
  broker_unavailable: 'the message broker cannot be reached',
  broker_blocked: 'the message broker takes no messages right now',
}

/** Whether the role can do its work and gets on with it; otherwise every reason. Pure. */
export function readiness(inputs: ReadinessInputs): Readiness {
  const { now, engine, closed, lanes, others = [], stalledAfterMs } = inputs
  const reasons: string[] = []
  if (!engine.ok) reasons.push(`the queue's store is not healthy: ${engine.reason}`)
  else if (closed !== undefined && LASTING[closed] !== undefined) reasons.push(LASTING[closed])
  reasons.push(...others)
  for (const lane of lanes) {
    const reason = laneReason(lane, now, stalledAfterMs)
    if (reason !== undefined) reasons.push(reason)
  }
  return reasons.length === 0 ? { ready: true } : { ready: false, reasons }
}

function laneReason(lane: LaneInput, now: number, stalledAfterMs: number): string | undefined {
  if (lane.consumers === 0) return undefined
  if (lane.breaker === 'open') return `${lane.type}: its back end fails, the breaker is open`
  if (lane.oldestReadyAt === undefined) return undefined
  const stillSince = Math.max(lane.stillSince, lane.pausedUntil)
  if (now - stillSince <= patienceMs(lane, stalledAfterMs)) return undefined
  const age = seconds(now - lane.oldestReadyAt)
  const since = new Date(stillSince).toISOString()
  const still = `nothing has left the queue since ${since}`
  return `${lane.type}: stalled, ${still}; the oldest message is ${age} s old`
}

/**
 * How long a lane with something ready may stand still: at least `stalledAfterMs`, a few of its own steps
 * where its pace is slower than that, and the processing timeout while all its slots are busy (then it
 * waits for a slow back end).
 */
function patienceMs(lane: LaneInput, stalledAfterMs: number): number {
  const step = lane.ratePerSecond > 0 ? (PACES * 1000) / lane.ratePerSecond : 0
  const busy = lane.running >= lane.concurrencyLimit ? lane.timeoutMs + GRACE_MS : 0
  return Math.max(stalledAfterMs, step, busy)
}

function seconds(ms: number): number {
  return Math.round(ms / 1000)
}

/** A lane as the consumer tells it, with its settings. */
export type LaneNow = Omit<LaneInput, 'oldestReadyAt' | 'stillSince'>

export interface ProgressDeps {
  readonly engine: Pick<QueueEngine, 'counts' | 'depth' | 'health'>
  /** Whether a message would be taken now; only in a role that takes messages in. */
  readonly accepting?: QueueEngine['accepting']
  /** The lanes of this process; empty in a role without consumers. */
  readonly lanes: () => readonly LaneNow[]
  readonly others?: () => readonly string[]
  readonly clock: Clock
  readonly logger: Logger
  readonly stalledAfterMs?: number
}

interface Watched {
  departed: number
  stillSince: number
  oldestReadyAt?: number
}

const TICK_MS = 1_000
/**
 * Asking how old the head is costs a look-up in the store, so only a lane that stood still this long is
 * asked about.
 */
const SUSPICIOUS_AFTER_MS = 5_000

/**
 * Watches what leaves the queue. Owns one timer between `start` and `stop`; both are idempotent (S1). Feed
 * `handedOut` with the consumer's `started` events: a hand-out for a retry is progress too, and the queue's
 * counts do not show it.
 */
export class ProgressWatch {
  readonly #deps: ProgressDeps
  readonly #types = new Map<MessageType, Watched>()
  #cancel: (() => void) | undefined
  #asking = false
  #ended: number | undefined
  #lastEndedAt: number | undefined

  constructor(deps: ProgressDeps) {
    this.#deps = deps
  }

  start(): void {
    if (!this.#cancel) this.#tick()
  }

  stop(): void {
    this.#cancel?.()
    this.#cancel = undefined
  }

  /** A message of this type was given to a processor. */
  handedOut(type: MessageType): void {
    const watched = this.#types.get(type)
    if (watched) this.#moved(watched)
  }

  /** When a message last ended, wherever it was worked on, to the second; undefined before one did since the start. */
  get lastEndedAt(): number | undefined {
    return this.#lastEndedAt
  }

  readiness(): Readiness {
    const { clock, engine, accepting, lanes, others, stalledAfterMs = STALLED_AFTER_MS } = this.#deps
    const now = clock.now()
    const open = accepting?.() ?? { ok: true }
    const inputs = lanes().map((lane): LaneInput => {
      const { stillSince = now, oldestReadyAt } = this.#types.get(lane.type) ?? {}
      return { ...lane, stillSince, ...(oldestReadyAt === undefined ? {} : { oldestReadyAt }) }
    })
    return readiness({
      now,
      engine: engine.health(),
      ...(open.ok ? {} : { closed: open.code }),
      lanes: inputs,
      ...(others && { others: others() }),
      stalledAfterMs,
    })
  }

  #tick(): void {
    const now = this.#deps.clock.now()
    let suspicious = false
    let ended = 0
    const known = this.#deps.engine.counts()
    for (const [type, counts] of known) {
      const { ready, departed } = counts
      ended += counts.done + counts.rejected + counts.dead + counts.expired + counts.deleted
      const watched = this.#types.get(type) ?? { departed, stillSince: now }
      this.#types.set(type, watched)
      if (ready === 0 || departed !== watched.departed) this.#moved(watched)
      watched.departed = departed
      if (now - watched.stillSince >= SUSPICIOUS_AFTER_MS) suspicious = true
    }
    if (ended > (this.#ended ?? ended)) this.#lastEndedAt = now
    // Before a shared book was read there are no counts at all, and all that it holds then is old.
    this.#ended = known.size === 0 ? undefined : ended
    if (suspicious && !this.#asking) this.#ask()
    this.#cancel = this.#deps.clock.after(TICK_MS, () => this.#tick())
  }

  #moved(watched: Watched): void {
    watched.stillSince = this.#deps.clock.now()
    delete watched.oldestReadyAt
  }

  /** A store that cannot say makes nobody stalled; its own health is a reason of its own. */
  #ask(): void {
    this.#asking = true
    this.#deps.engine
      .depth()
      .then((depths) => this.#answered(depths))
      .catch((error: unknown) => {
        this.#deps.logger.warn({ error: String(error) }, 'The age of the oldest message cannot be read')
      })
      .finally(() => {
        this.#asking = false
      })
  }

  /** What is held behind an ordering key is not ready, so a type can stand still without an oldest. */
  #answered(depths: Awaited<ReturnType<QueueEngine['depth']>>): void {
    const now = this.#deps.clock.now()
    for (const [type, watched] of this.#types) {
      const oldest = depths.get(type)?.oldestReadyAt
      if (oldest === undefined) this.#moved(watched)
      else if (now - watched.stillSince >= SUSPICIOUS_AFTER_MS) watched.oldestReadyAt = oldest
    }
  }
}
