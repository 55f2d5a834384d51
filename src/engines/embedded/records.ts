/** Looking at messages: one by id, the dead letters, the oldest waiting; and the operators' work on dead letters. */
import type { DatabaseSync, StatementSync } from 'node:sqlite'
import { type JsonValue, type Message, type MessageType, PRIORITIES } from '../../core/index.ts'
import type { DeadLetterPage, HistoryEntry, MessageRecord, StateCounts } from '../../queue/index.ts'
import type { Messages } from './messages.ts'
import type { DeadLetterQuery } from './protocol.ts'
import { STATE, STATES } from './schema.ts'
import { ROW, type Row } from './statements.ts'
import type { Tallies } from './tallies.ts'

type FullRow = Row & {
  readonly accepted_at: number
  readonly finished_at: number | null
  readonly result: string | null
  readonly error: string | null
  readonly body: string
}

/** A page ends early rather than carry more characters than this: a thousand large messages would be a gigabyte. */
const PAGE_LENGTH = 4 * 1024 * 1024

const FULL = `SELECT message.*, body FROM message JOIN body ON body.seq = message.seq`
const DEAD = `state = ${STATE.dead}`

export class Records {
  readonly #tallies: Tallies
  readonly #messages: Messages
  readonly #byId: StatementSync
  readonly #history: StatementSync
  readonly #deadPage: StatementSync
  readonly #deadRows: StatementSync
  readonly #deadById: StatementSync
  readonly #oldest: StatementSync
  readonly #recount: StatementSync

  constructor(db: DatabaseSync, tallies: Tallies, messages: Messages) {
    this.#tallies = tallies
    this.#messages = messages
    this.#byId = db.prepare(`${FULL} WHERE id = ?`)
    this.#history = db.prepare('SELECT * FROM attempt WHERE seq = ? ORDER BY attempt, ended_at LIMIT 200')
    this.#deadPage = db.prepare(
      `${FULL} WHERE ${DEAD} AND message.seq > ? AND type = coalesce(?, type) ORDER BY message.seq LIMIT ?`,
    )
    this.#deadRows = db.prepare(
      `SELECT ${ROW} FROM message WHERE ${DEAD} AND type = coalesce(?, type) AND finished_at < ? ORDER BY seq LIMIT ?`,
    )
    this.#deadById = db.prepare(
      `SELECT ${ROW} FROM message WHERE ${DEAD} AND id = ? AND type = coalesce(?, type)`,
    )
    this.#oldest = db.prepare(
      'SELECT accepted_at AS at FROM message WHERE type = ? AND state = 0 AND priority = ? ORDER BY lane_seq LIMIT 1',
    )
    this.#recount = db.prepare('SELECT type, state, count(*) AS n FROM message GROUP BY type, state')
  }

  find(id: string): MessageRecord | null {
    const row = this.#byId.get(id) as unknown as FullRow | undefined
    return row ? this.#record(row) : null
  }

  deadLetters(type: MessageType | null, limit: number, after: number): DeadLetterPage {
    const items: MessageRecord[] = []
    let size = 0
    for (const row of this.#deadPage.iterate(after, type, limit) as Iterable<unknown> as Iterable<FullRow>) {
      items.push(this.#record(row))
      size += row.body.length
      if (items.length === limit || size >= PAGE_LENGTH) return { items, next: String(row.seq) }
    }
    return { items }
  }

  requeue(query: DeadLetterQuery, now: number): number {
    const rows = this.#selectDead(query)
    for (const row of rows) this.#messages.requeue(row, now)
    return rows.length
  }

  deleteDead(query: DeadLetterQuery): number {
    const rows = this.#selectDead(query)
    for (const row of rows) {
      this.#messages.erase(row)
      this.#tallies.deletedDead(row.type)
    }
    return rows.length
  }

  /** When the oldest ready message of each type was accepted: one index look-up per type and priority. */
  oldest(): Record<MessageType, number> {
    const oldest: Record<MessageType, number> = {}
    for (const type of this.#tallies.types()) {
      if (this.#tallies.counts(type).ready === 0) continue
      for (let priority = 0; priority < PRIORITIES; priority++) {
        const row = this.#oldest.get(type, priority) as { at: number } | undefined
        if (row) oldest[type] = Math.min(oldest[type] ?? row.at, row.at)
      }
    }
    return oldest
  }

  /** Every row counted afresh. What was pruned cannot be counted: those states are at most the tallies. */
  recount(): Record<MessageType, StateCounts> {
    const counts: Record<string, Record<string, number>> = {}
    for (const row of this.#recount.all() as { type: string; state: number; n: number }[]) {
      const state = STATES[row.state] ?? 'unknown'
      counts[row.type] = { ...counts[row.type], [state]: row.n }
    }
    return Object.fromEntries(
      Object.entries(counts).map(([type, n]) => [
        type,
        {
          ...this.#tallies.counts(type),
          ready: (n.ready ?? 0) + (n.held ?? 0),
          inFlight: n.in_flight ?? 0,
          delayed: n.delayed ?? 0,
          done: n.done ?? 0,
          rejected: n.rejected ?? 0,
          dead: n.dead ?? 0,
          expired: n.expired ?? 0,
        },
      ]),
    )
  }

  #selectDead(query: DeadLetterQuery): Row[] {
    if (query.ids === null) {
      return this.#deadRows.all(query.type, query.diedBefore, query.limit) as unknown as Row[]
    }
    const rows: Row[] = []
    for (const id of new Set(query.ids)) {
      const row = this.#deadById.get(id, query.type) as Row | undefined
      if (row) rows.push(row)
    }
    // In the order accepted, or two of one ordering key would come back the wrong way round (Q5).
    return rows.sort((a, b) => a.seq - b.seq)
  }

  #record(row: FullRow): MessageRecord {
    const waiting = row.state === STATE.ready || row.state === STATE.held
    return {
      message: JSON.parse(row.body) as Message,
      state: STATES[row.state] ?? 'dead',
      priority: row.priority,
      ...(row.ordering_key !== null && { orderingKey: row.ordering_key }),
      attempt: row.attempt,
      failures: row.failures,
      acceptedAt: row.accepted_at,
      ...(row.available_at !== null && { availableAt: row.available_at }),
      ...(row.expires_at !== null && { expiresAt: row.expires_at }),
      ...(row.taken_at !== null && { takenAt: row.taken_at }),
      ...(row.finished_at !== null && { finishedAt: row.finished_at }),
      ...(row.result !== null && { result: JSON.parse(row.result) as JsonValue }),
      ...(row.error !== null && { error: row.error }),
      ...(waiting && { position: this.#tallies.position(row.type, row.priority, row.lane_seq) }),
      history: this.#historyOf(row.seq),
    }
  }

  #historyOf(seq: number): HistoryEntry[] {
    const rows = this.#history.all(seq) as unknown as {
      attempt: number
      taken_at: number
      ended_at: number
      outcome: HistoryEntry['outcome']
      error: string | null
    }[]
    return rows.map((row) => ({
      attempt: row.attempt,
      takenAt: row.taken_at,
      endedAt: row.ended_at,
      outcome: row.outcome,
      ...(row.error !== null && { error: row.error }),
    }))
  }
}
