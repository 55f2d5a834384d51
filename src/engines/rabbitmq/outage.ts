/**
 * What the connections of one process say about a broker that is away or refuses them: once for all of them that it is
 * lost, each reason why it cannot be reached once, and once that the last of them is back. The first connections of a
 * start are no news.
 */
import type { Logger } from '../../core/index.ts'

/** A broker that fails in more ways than this within one outage is not described better by one more line. */
const MOST_REASONS = 20

export class Outage {
  readonly #logger: Logger
  /** Those that are away. */
  readonly #away = new Set<string>()
  readonly #told = new Set<string>()

  constructor(logger: Logger) {
    this.#logger = logger
  }

  /** It was up. The connections and their channels each have words of their own for the same end. */
  lost(connection: string, reason: string, mine: boolean): void {
    const isNews = mine || this.#away.size === 0
    this.#away.add(connection)
    if (isNews) this.failed(connection, reason, mine)
  }

  /** `mine`: a fault to mend on this side, such as a wrong password, and not a broker that is away. */
  failed(connection: string, reason: string, mine: boolean): void {
    this.#away.add(connection)
    if (this.#told.has(reason) || this.#told.size >= MOST_REASONS) return
    this.#told.add(reason)
    const fields = { connection, reason }
    if (mine) this.#logger.error(fields, 'the broker refuses us; trying again')
    else this.#logger.warn(fields, 'no connection to the broker; trying again')
  }

  /** `after`: attempts that failed before. */
  connected(connection: string, after: number): void {
    const isOver = this.#away.delete(connection) && this.#away.size === 0
    if (isOver) this.#told.clear()
    this.#logger[isOver ? 'info' : 'debug']({ connection, after }, 'connected to the broker')
  }
}
