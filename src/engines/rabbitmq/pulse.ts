/**
 * Whether the broker still answers on one connection, whatever it is used for.
 *
 * Heartbeats show that bytes come, and not that anybody understands them: a side that was sent half of something waits
 * for the rest of it, and takes the heartbeats for that rest. Whoever asked a question then waits for ever. So every
 * connection asks one of its own, again and again, and one that is not answered in time is given up.
 *
 *   resting ──everyMs──▶ asking ──answer──▶ resting …
 *                          ├──neither an answer nor anything else for limitMs, and the broker reads──▶ silent
 *                          └──the question is refused: its channel is over──▶ silent
 *
 * Anything else: on a connection with much to send, the question waits behind all of it, and an answer may take long;
 * but whoever confirms and delivers has understood what was sent before.
 */
import type { Channel } from 'amqplib'
import type { Clock } from '../../core/index.ts'

export interface PulseOptions {
  readonly clock: Clock
  /** From one answer to the next question. */
  readonly everyMs: number
  readonly limitMs: number
  /** While it takes no messages the broker reads nothing on the connection, so its silence means nothing. */
  readonly isBlocked: () => boolean
  /** Called at most once, with one sentence. */
  readonly silent: (reason: string) => void
}

export class Pulse {
  readonly #options: PulseOptions
  readonly #channel: Channel
  #cancelTimer = () => {}
  #isOver = false
  /** Something that was understood, since the limit began. */
  #isHeard = false

  /** Begins at once. `channel`: of its own, without consumers. */
  constructor(channel: Channel, options: PulseOptions) {
    this.#channel = channel
    this.#options = options
    // Without a listener its end would be the end of the process; the next question hears of it.
    channel.on('error', () => {})
    this.#rest()
  }

  /** No question is asked any more and no timer is left. Idempotent. */
  stop(): void {
    this.#isOver = true
    this.#cancelTimer()
  }

  /** Something came that is more than a heartbeat. */
  heard(): void {
    this.#isHeard = true
  }

  #rest(): void {
    this.#after(this.#options.everyMs, () => void this.#ask())
  }

  async #ask(): Promise<void> {
    this.#listen()
    try {
      // Changes nothing: there are no consumers on this channel. It costs no look at any queue.
      await this.#channel.prefetch(0)
    } catch (error) {
      return this.#end(`the channel for asking is over: ${(error as Error).message}`)
    }
    this.#cancelTimer()
    if (!this.#isOver) this.#rest()
  }

  #listen(): void {
    const { limitMs, isBlocked } = this.#options
    const wasBlocked = isBlocked()
    this.#isHeard = false
    this.#after(limitMs, () => {
      // One that has only just begun to read again has its time from now on.
      if (this.#isHeard || wasBlocked || isBlocked()) this.#listen()
      else this.#end(`no answer within ${limitMs} ms`)
    })
  }

  #after(delayMs: number, run: () => void): void {
    this.#cancelTimer = this.#options.clock.after(delayMs, run)
  }

  #end(reason: string): void {
    if (this.#isOver) return
    this.stop()
    this.#options.silent(reason)
  }
}
