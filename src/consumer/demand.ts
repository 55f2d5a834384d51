/**
 * How many messages a lane asks the queue for: its free slots, plus those that will become free while the
 * answer is on its way (twice completion rate × measured latency of a take: Little's law, doubled because
 * completions come in clusters, and because waiting for the queue holds the measured rate down), so that a
 * fast processor never waits for the queue and a slow one has nothing lying in its buffer. Never more than
 * the pace lets start within the look-ahead.
 */

/**
 * What cannot start within this time stays in the queue, where its order and other consumers can still get
 * at it.
 */
export const LOOK_AHEAD_MS = 100
const LARGEST_TAKE = 1_000
const SAMPLE_MS = 100
/** Weight of the newest measurement in the moving averages. */
const WEIGHT = 0.3

export interface Room {
  /** Free slots; negative when a lowered limit is being waited for. */
  readonly free: number
  /** Taken and not started. */
  readonly held: number
  /** What the pace lets start within the look-ahead, what is held included. */
  readonly paced: number
  /** What the back end's breaker lets start. */
  readonly admitted: number
}

export class Demand {
  readonly #prefetchCount: number
  #latencyMs = 0
  #completionsPerMs = 0
  #completions = 0
  #sampledAt: number | undefined

  /** `prefetchCount`: the most that is ever taken beyond the free slots. */
  constructor(prefetchCount: number) {
    this.#prefetchCount = prefetchCount
  }

  size(room: Room): number {
    const beyond = Math.min(this.#prefetchCount, Math.floor(2 * this.#completionsPerMs * this.#latencyMs))
    const wanted = Math.min(room.free + beyond, room.paced, room.admitted) - room.held
    // Topping up one by one would cost a take per message; half of the stock is still there when the answer
    // comes.
    if (wanted < room.held) return 0
    return Math.max(0, Math.min(LARGEST_TAKE, Math.floor(wanted)))
  }

  completed(): void {
    this.#completions += 1
  }

  /** A take was answered at `now` after `latencyMs`. */
  took(latencyMs: number, now: number): void {
    this.#latencyMs += WEIGHT * (latencyMs - this.#latencyMs)
    this.#sampledAt ??= now
    const elapsed = now - this.#sampledAt
    if (elapsed < SAMPLE_MS) return
    this.#completionsPerMs += WEIGHT * (this.#completions / elapsed - this.#completionsPerMs)
    this.#completions = 0
    this.#sampledAt = now
  }
}
