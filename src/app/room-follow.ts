/**
 * The door follows the message queue: while the messages that visitors cause wait too long, fewer visitors are let in.
 *
 * Owns its timer between `start` and `stop` (S1). One step at a time; the line being away is told by the line. The rate
 * is the door's own setting, so that it is in every frame, answer and audit trail, and holds over a restart.
 */
import type { Clock, Logger } from '../core/index.ts'
import type { FlowMeter, QueueEngine } from '../queue/index.ts'
import { type FollowSettings, followedRate, type LineEngine, type SlowedBy } from '../waiting-room/index.ts'

export interface FollowerOptions extends FollowSettings {
  /** Message types; the slowest one counts. */
  readonly types: readonly string[]
  readonly line: Pick<LineEngine, 'events' | 'change'>
  readonly engine: Pick<QueueEngine, 'counts'>
  readonly flow: Pick<FlowMeter, 'etaMs' | 'drainPerSecond'>
  readonly clock: Clock
  readonly logger: Logger
  readonly stepMs?: number
}

/** Half of the window in which the queue's pace is measured: a step sees what the one before it has done. */
const STEP_MS = 5_000

interface Wait {
  readonly type: string
  /** undefined = it cannot be told; infinite = nothing comes out. */
  readonly ms: number | undefined
}

export class DoorFollower {
  readonly #options: FollowerOptions
  #running = false
  #slow = new Map<string, SlowedBy>()
  /** As they were left after the last step. */
  #rates = new Map<string, number>()
  #cancel = (): void => {}
  #step: Promise<void> = Promise.resolve()

  constructor(options: FollowerOptions) {
    this.#options = options
  }

  start(): void {
    if (this.#running) return
    this.#running = true
    this.#later()
  }

  async stop(): Promise<void> {
    this.#running = false
    this.#cancel()
    await this.#step
  }

  /** Why an event lets in fewer than it may at most; undefined = it does not. */
  readonly slowedBy = (event: string): SlowedBy | undefined => this.#slow.get(event)

  #later(): void {
    const { clock, stepMs = STEP_MS } = this.#options
    this.#cancel = clock.after(stepMs, () => {
      this.#step = this.#follow().finally(() => {
        if (this.#running) this.#later()
      })
    })
  }

  /** Never rejects. */
  async #follow(): Promise<void> {
    const { line, logger, maxPerMinute } = this.#options
    const wait = this.#slowest()
    const slow = new Map<string, SlowedBy>()
    const rates = new Map<string, number>()
    try {
      for (const { event, door } of await line.events()) {
        if (door.mode === 'closed' || door.mode === 'prequeue') continue
        const ratePerMinute = await this.#moved(event, door.ratePerMinute, wait)
        rates.set(event, ratePerMinute)
        if (ratePerMinute > 0 && ratePerMinute < maxPerMinute) slow.set(event, because(wait))
      }
    } catch {
      // The line is away, and nobody is admitted: there is nothing to slow down.
      return
    }
    for (const [event, slowedBy] of slow) {
      if (this.#slow.has(event)) continue
      const fields = { event, ratePerMinute: rates.get(event), ...slowedBy }
      logger.info(fields, 'The door is slower: the queue behind it is too long')
    }
    for (const event of this.#slow.keys())
      if (!slow.has(event)) logger.info({ event }, 'The door is as fast as it may be again')
    this.#slow = slow
    this.#rates = rates
  }

  /** One step of one door; its rate afterwards. */
  async #moved(event: string, is: number, { ms }: Wait): Promise<number> {
    const { line, maxPerMinute } = this.#options
    // Somebody else has moved it since: the follower of another process, or an operator. Two would go twice as far.
    if ((this.#rates.get(event) ?? is) !== is) return is
    const ratePerMinute = followedRate(this.#options, is === 0 ? maxPerMinute : is, ms)
    if (ratePerMinute !== is) await line.change(event, { ratePerMinute })
    return ratePerMinute
  }

  #slowest(): Wait {
    const waits = this.#options.types.map((type) => this.#wait(type))
    // One that cannot be told hides no other that is too long.
    return waits.reduce((worst, one) => ((one.ms ?? -1) > (worst.ms ?? -1) ? one : worst))
  }

  /** Of a message that would come now. */
  #wait(type: string): Wait {
    const { engine, flow } = this.#options
    const waiting = engine.counts().get(type)?.ready ?? 0
    if (waiting === 0) return { type, ms: 0 }
    const ms = flow.etaMs(type, waiting + 1)
    // Messages waited all the time and none came out.
    if (ms === undefined && flow.drainPerSecond(type) === 0) return { type, ms: Number.POSITIVE_INFINITY }
    return { type, ms }
  }
}

function because({ type, ms }: Wait): SlowedBy {
  const isKnown = ms !== undefined && Number.isFinite(ms)
  return { cause: 'backlog', messageType: type, waitSeconds: isKnown ? Math.ceil(ms / 1000) : null }
}
