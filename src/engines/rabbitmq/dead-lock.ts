/**
 * Only one at a time walks through the dead letters of a queue, for a walk takes them all into its hands. Within a
 * process by turns; between processes by a queue that only one connection can have, and that goes with it.
 */
import type { ChannelModel } from 'amqplib'
import { type Clock, LIMITS, pause, type Random, WeirError } from '../../core/index.ts'

const LOCKED = 405
const FIRST_PAUSE_MS = 20
const LONGEST_PAUSE_MS = 500

export interface DeadLockDeps {
  readonly name: string
  readonly clock: Clock
  readonly random: Random
  /** Longest wait for one's turn. */
  readonly waitMs: number
}

export class DeadLock {
  readonly #deps: DeadLockDeps
  #last: Promise<unknown> = Promise.resolve()
  #waiting = 0

  constructor(deps: DeadLockDeps) {
    this.#deps = deps
  }

  /** Runs `work` alone. Rejects with `overloaded` when its turn does not come in time. */
  async hold<T>(connection: () => ChannelModel, work: (connection: ChannelModel) => Promise<T>): Promise<T> {
    const { clock, waitMs } = this.#deps
    if (this.#waiting >= LIMITS.pageSize) throw this.#busy()
    this.#waiting += 1
    const until = clock.now() + waitMs
    const { promise: own, resolve: passOn } = Promise.withResolvers<void>()
    const before = this.#last
    this.#last = before.then(() => own)
    const limit = new AbortController()
    try {
      await Promise.race([before, pause(clock, waitMs, limit.signal)])
      return await this.#locked(connection, until, work)
    } finally {
      limit.abort()
      passOn()
      this.#waiting -= 1
    }
  }

  async #locked<T>(
    connection: () => ChannelModel,
    until: number,
    work: (connection: ChannelModel) => Promise<T>,
  ): Promise<T> {
    const { clock, random } = this.#deps
    for (let pauseMs = FIRST_PAUSE_MS; ; pauseMs = Math.min(pauseMs * 2, LONGEST_PAUSE_MS)) {
      if (clock.now() >= until) throw this.#busy()
      const made = connection()
      if (await this.#acquire(made)) {
        try {
          return await work(made)
        } finally {
          await this.#release(made)
        }
      }
      await pause(clock, pauseMs / 2 + (random() * pauseMs) / 2)
    }
  }

  async #acquire(connection: ChannelModel): Promise<boolean> {
    const channel = await connection.createChannel()
    // A refusal ends the channel; the rejected request tells why.
    channel.on('error', () => {})
    try {
      await channel.assertQueue(this.#deps.name, { exclusive: true, autoDelete: false, durable: false })
      await channel.close()
      return true
    } catch (error) {
      if ((error as { code?: unknown }).code === LOCKED) return false
      throw error
    }
  }

  /** Where the connection is lost, so is the lock. */
  async #release(connection: ChannelModel): Promise<void> {
    try {
      const channel = await connection.createChannel()
      channel.on('error', () => {})
      await channel.deleteQueue(this.#deps.name)
      await channel.close()
    } catch {
      // Lost with the connection.
    }
  }

  #busy(): WeirError {
    return new WeirError('overloaded', 'others are working on the dead letters right now', {
      retryAfterMs: this.#deps.waitMs,
    })
  }
}
