/** What the store does by itself: ends leases, delays, times to live and retention, and takes over after a crash. */
import type { DatabaseSync, StatementSync } from 'node:sqlite'
import type { Random } from '../../core/index.ts'
import type { Messages } from './messages.ts'
import { STATE } from './schema.ts'
import { ROW, type Row } from './statements.ts'

/** Rows per state in one sweep: a bound on how long one transaction may hold up the others. */
const CHUNK = 500

export class Timers {
  readonly #messages: Messages
  readonly #random: Random
  readonly #due: StatementSync
  readonly #earliest: StatementSync
  readonly #forgetKeys: StatementSync

  constructor(db: DatabaseSync, messages: Messages, random: Random) {
    this.#messages = messages
    this.#random = random
    this.#due = db.prepare(
      `SELECT ${ROW} FROM message WHERE state = ? AND due_at <= ? ORDER BY due_at LIMIT ${CHUNK}`,
    )
    this.#earliest = db.prepare(
      'SELECT min(due_at) AS at FROM message WHERE state = ? AND due_at IS NOT NULL',
    )
    this.#forgetKeys = db.prepare(
      `DELETE FROM idempotency WHERE key IN
        (SELECT key FROM idempotency WHERE expires_at <= ? ORDER BY expires_at LIMIT ${CHUNK})`,
    )
  }

  /** Runs what is due at `now`, at most a chunk of each kind. True when more is due already. */
  sweep(now: number): boolean {
    let full = false
    for (const state of Object.values(STATE)) {
      const rows = this.#due.all(state, now) as unknown as Row[]
      for (const row of rows) this.#run(row, now)
      full ||= rows.length === CHUNK
    }
    full ||= Number(this.#forgetKeys.run(now).changes) === CHUNK
    this.#messages.nextDueAt = full ? now : this.#earliestDue()
    return full
  }

  /** At start: every lease of the process before is void. Its messages are ready again, in their old places. */
  recover(now: number): number {
    const rows = this.#messages.inFlight()
    for (const row of rows) this.#messages.loseLease(row, now, this.#random, true)
    return rows.length
  }

  #run(row: Row, now: number): void {
    switch (row.state) {
      case STATE.ready:
      case STATE.held:
        return this.#messages.expire(row, now)
      case STATE.delayed:
        return this.#messages.ripen(row, now)
      case STATE.in_flight:
        return this.#messages.loseLease(row, now, this.#random, false)
      default:
        this.#messages.erase(row)
    }
  }

  #earliestDue(): number {
    let earliest = Number.POSITIVE_INFINITY
    for (const state of Object.values(STATE)) {
      const { at } = this.#earliest.get(state) as { at: number | null }
      if (at !== null && at < earliest) earliest = at
    }
    return earliest
  }
}
