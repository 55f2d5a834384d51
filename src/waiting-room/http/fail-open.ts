/**
 * Letting visitors in while the line is away: off unless an operator asks for it, because nobody can then keep the
 * threshold (L3) or the order (L2). Bounded twice: by minutes since the line was first missed, and by a rate, which is
 * the one measured last or the operator's, whichever is less. Afterwards the door is closed until the line is back.
 *
 * Owns what it knows of the line from before, and whom it let in, both bounded. A visitor who asks again gets the same
 * end. Only doors that were open are opened. Every admission is a line of the log, for the audit trail is away, too.
 *
 *   line there ──a call is refused──▶ open (by the rate) ──minutes over──▶ closed ──a call is answered──▶ line there
 */
import type { Clock, Logger } from '../../core/index.ts'
import type { Flows } from '../flows.ts'
import type { Look, Visit } from '../port.ts'

export interface FailOpenOptions {
  readonly flows: Pick<Flows, 'flow'>
  readonly clock: Pick<Clock, 'now'>
  readonly logger: Logger
  /** Since the line was first missed. */
  readonly limitMs: number
  /** To one event by this process. */
  readonly mostPerMinute: number
}

/** Events of which the last look is kept. */
const KNOWN = 1_000
const MINUTE_MS = 60_000

interface Known {
  readonly look: Look
  /** Admissions per minute while the line was there; undefined = too little was measured. */
  readonly perMinute: number | undefined
}

interface Bucket {
  tokens: number
  at: number
}

export interface OpenVisit {
  readonly visit: Visit
  /** As it was when the line was last seen. */
  readonly look: Look
}

export class FailOpen {
  readonly #options: FailOpenOptions
  readonly #known = new Map<string, Known>()
  #missedAt: number | undefined
  #closed = false
  #buckets = new Map<string, Bucket>()
  /** Event and visitor → the visit. As many as the rate lets in within the limit. */
  #inside = new Map<string, Visit>()

  constructor(options: FailOpenOptions) {
    this.#options = options
  }

  /** The line has answered. */
  seen(look: Look): void {
    const { flows, clock, logger } = this.#options
    const { event } = look.frame
    const flow = flows.flow(event, clock.now())
    this.#known.delete(event)
    this.#known.set(event, { look, perMinute: flow && flow.perSecond * 60 })
    const [oldest] = this.#known.keys()
    if (this.#known.size > KNOWN && oldest !== undefined) this.#known.delete(oldest)
    if (this.#missedAt === undefined) return
    logger.warn({ letIn: this.#inside.size }, 'The line is back: nobody is let in without it any more')
    this.#missedAt = undefined
    this.#closed = false
    this.#buckets = new Map()
    this.#inside = new Map()
  }

  /** The line has refused. undefined = this visitor is not let in now. */
  admit(event: string, visitor: string): OpenVisit | undefined {
    const { clock, logger } = this.#options
    const now = clock.now()
    if (!this.#isOpen(now)) return undefined
    const known = this.#known.get(event)
    if (known?.look.frame.mode !== 'open') return undefined
    const { look } = known
    const key = `${event} ${visitor}`
    const before = this.#inside.get(key)
    if (before && (before.until ?? 0) > now) return { visit: before, look }
    if (!this.#take(event, known, now)) return undefined
    const until = now + look.door.leaseMs
    const visit: Visit = {
      event,
      visitor,
      state: 'admitted',
      epoch: look.frame.epoch,
      // No ticket was given out: the line knows nothing of this visit.
      ticket: 0,
      position: 0,
      enteredAt: now,
      until,
      hardEnd: until,
    }
    this.#inside.set(key, visit)
    logger.warn({ event, visitor, until }, 'Let in without the line')
    return { visit, look }
  }

  #isOpen(now: number): boolean {
    const { limitMs, logger } = this.#options
    if (this.#missedAt === undefined) {
      this.#missedAt = now
      logger.warn(
        { minutes: limitMs / MINUTE_MS },
        'The line is away: visitors are let in without it for a while',
      )
    }
    if (now - this.#missedAt < limitMs) return true
    if (!this.#closed) logger.warn({}, 'The line has been away too long: the door is closed')
    this.#closed = true
    return false
  }

  /** A token bucket that begins with one token and holds the admissions of a second. */
  #take(event: string, { perMinute = 0 }: Known, now: number): boolean {
    const rate = Math.min(this.#options.mostPerMinute, perMinute) / MINUTE_MS
    if (rate <= 0) return false
    const bucket = this.#buckets.get(event) ?? { tokens: 1, at: now }
    const most = Math.max(1, rate * 1_000)
    bucket.tokens = Math.min(most, bucket.tokens + (now - bucket.at) * rate)
    bucket.at = now
    this.#buckets.set(event, bucket)
    if (bucket.tokens < 1) return false
    bucket.tokens -= 1
    return true
  }
}
