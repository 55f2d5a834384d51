/**
 * Carries verdicts to the engine in the background: one call at a time with everything that came meanwhile,
 * so that a durable write is shared by many messages. Owns every verdict from `add` until it is stored;
 * none is dropped because the store fails (Q2), it is offered again with back-off until the store takes it.
 */
import type { Clock, Logger, Random } from '../core/index.ts'
import type { QueueEngine, Settlement } from '../queue/index.ts'

export interface SettlerDeps {
  readonly engine: Pick<QueueEngine, 'settle'>
  readonly clock: Clock
  readonly random: Random
  readonly logger: Logger
  /** A verdict came after its lease was lost; the engine has changed nothing (Q4). */
  readonly stale: (settlement: Settlement) => void
  /** Called after each answer of the engine: there is room again, or nothing is left. */
  readonly moved: () => void
}

const LARGEST_BATCH = 1_000
const FIRST_BACK_OFF_MS = 50
const LONGEST_BACK_OFF_MS = 5_000

export class Settler {
  readonly #deps: SettlerDeps
  #waiting: Settlement[] = []
  #inFlight = 0
  #busy = false
  #failures = 0
  #lastError: string | undefined
  /**
   * After a fault that is not the store's, verdicts go one by one until the one that causes it is found.
   */
  #single = 0
  #cancelRetry: (() => void) | undefined
  #abandoned = false

  constructor(deps: SettlerDeps) {
    this.#deps = deps
  }

  /** Verdicts not yet stored. */
  get unsettled(): number {
    return this.#waiting.length + this.#inFlight
  }

  /** Why the store does not take them; undefined while it does. */
  get fault(): string | undefined {
    return this.#failures > 0 ? this.#lastError : undefined
  }

  add(settlement: Settlement): void {
    this.#waiting.push(settlement)
    if (this.#busy || this.#cancelRetry) return
    this.#busy = true
    // One microtask later, so that attempts that end in the same turn share the first call too.
    queueMicrotask(() => void this.#run())
  }

  /**
   * Gives up what is not stored, and returns how many: only when the process must end. Their leases will
   * run out.
   */
  abandon(): number {
    const lost = this.unsettled
    this.#cancelRetry?.()
    this.#cancelRetry = undefined
    this.#waiting = []
    this.#abandoned = true
    return lost
  }

  async #run(): Promise<void> {
    while (this.#waiting.length > 0 && !this.#cancelRetry) {
      const batch = this.#cut()
      this.#inFlight = batch.length
      try {
        const results = await this.#deps.engine.settle(batch)
        this.#inFlight = 0
        this.#stored(batch, results)
      } catch (error) {
        this.#inFlight = 0
        this.#failed(batch, error)
      }
      this.#deps.moved()
    }
    this.#busy = false
  }

  #cut(): Settlement[] {
    const size = this.#single > 0 ? 1 : LARGEST_BATCH
    if (this.#waiting.length > size) return this.#waiting.splice(0, size)
    const batch = this.#waiting
    this.#waiting = []
    return batch
  }

  #stored(batch: readonly Settlement[], results: readonly ('settled' | 'stale')[]): void {
    if (this.#failures > 0)
      this.#deps.logger.info({ after: this.#failures }, 'The store takes verdicts again')
    this.#failures = 0
    this.#single = Math.max(0, this.#single - batch.length)
    for (let i = 0; i < batch.length; i++) {
      const settlement = batch[i]
      if (results[i] === 'stale' && settlement) this.#deps.stale(settlement)
    }
  }

  #failed(batch: Settlement[], error: unknown): void {
    const text = error instanceof Error ? error.message : String(error)
    const unstorable = isOfTheVerdict(error)
    if (unstorable && batch.length === 1) {
      // Keeping it would block all others for ever; the end of its lease brings the message back.
      const id = batch[0]?.lease.id
      this.#deps.logger.error(
        { messageId: id, error: text },
        'A verdict cannot be stored; its lease will run out',
      )
      this.#single = Math.max(0, this.#single - 1)
      return
    }
    if (this.#abandoned) return
    if (unstorable) this.#single = batch.length
    this.#waiting = batch.concat(this.#waiting)
    this.#failures += 1
    this.#lastError = text
    const full = Math.min(LONGEST_BACK_OFF_MS, FIRST_BACK_OFF_MS * 2 ** Math.min(10, this.#failures - 1))
    const delayMs = full / 2 + this.#deps.random() * (full / 2)
    // Once for an outage; that it is over is told as well.
    const level = this.#failures === 1 ? 'error' : 'debug'
    this.#deps.logger[level](
      { verdicts: this.unsettled, error: text },
      'The store did not take verdicts; they are kept',
    )
    this.#cancelRetry = this.#deps.clock.after(delayMs, () => {
      this.#cancelRetry = undefined
      this.#busy = true
      void this.#run()
    })
  }
}

/**
 * A result that is not JSON (a bigint, a loop, too deep) makes the engine throw one of these; a store never
 * does.
 */
function isOfTheVerdict(error: unknown): boolean {
  return (
    error instanceof TypeError || error instanceof RangeError || (error as Error)?.name === 'DataCloneError'
  )
}
