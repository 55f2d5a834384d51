/**
 * The rows of the line, in the store's thread and inside its transactions. It decides nothing: it keeps after-images,
 * and hands them back at a start.
 *
 * The chain: a write carries a number and applies only right after the one before it. So what is on the disk is always
 * some prefix of what happened in memory (L4), also when one write of many failed.
 */
import type { DatabaseSync, StatementSync } from 'node:sqlite'
import { type AuditEntry, DEFAULT_DOOR, type DoorSettings } from '../../../waiting-room/index.ts'
import {
  type EventState,
  type LineOperation,
  type LineWrite,
  type LoadAsk,
  type LoadedEvent,
  type LoadedRows,
  NUMBERS_PER_ROW,
} from './rows.ts'
import { stateOf } from './visitors.ts'

export const LINE_SCHEMA = `
CREATE TABLE line_event(id INTEGER PRIMARY KEY, event TEXT NOT NULL UNIQUE, door TEXT NOT NULL,
  next INTEGER NOT NULL DEFAULT 0, serving INTEGER NOT NULL DEFAULT 0, epoch INTEGER NOT NULL DEFAULT 1,
  cleared_to INTEGER NOT NULL DEFAULT 0, entered INTEGER NOT NULL DEFAULT 0, "left" INTEGER NOT NULL DEFAULT 0,
  done INTEGER NOT NULL DEFAULT 0, expired INTEGER NOT NULL DEFAULT 0, cleared INTEGER NOT NULL DEFAULT 0,
  departed INTEGER NOT NULL DEFAULT 0, missed INTEGER NOT NULL DEFAULT 0,
  admissions TEXT NOT NULL DEFAULT '[]', draw TEXT) STRICT;
CREATE TABLE line_visit(event INTEGER, no INTEGER, visitor TEXT NOT NULL, ticket INTEGER NOT NULL,
  state INTEGER NOT NULL, entered_at REAL NOT NULL, until REAL NOT NULL, hard_end REAL NOT NULL,
  misses INTEGER NOT NULL, epoch INTEGER NOT NULL, PRIMARY KEY(event, no)) STRICT, WITHOUT ROWID;
CREATE TABLE line_audit(seq INTEGER PRIMARY KEY, at REAL NOT NULL, event INTEGER NOT NULL, visitor TEXT,
  ticket INTEGER, from_state INTEGER, to_state INTEGER, cause TEXT NOT NULL, detail TEXT) STRICT;
CREATE TABLE line_chain(id INTEGER PRIMARY KEY, chain INTEGER NOT NULL) STRICT;
INSERT INTO line_chain VALUES(1, 0);
`

/** Rows in one deletion: a bound on how long one transaction may hold up the others. */
const CHUNK = 5_000

const SQL = {
  chain: 'SELECT chain FROM line_chain WHERE id = 1',
  step: 'UPDATE line_chain SET chain = ?1 WHERE id = 1 AND chain = ?1 - 1',
  idOf: 'SELECT id FROM line_event WHERE event = ?',
  define: 'INSERT INTO line_event(event, door) VALUES(?, ?)',
  setDoor: 'UPDATE line_event SET door = ? WHERE id = ?',
  setState: `UPDATE line_event SET next = ?, serving = ?, epoch = ?, cleared_to = ?, entered = ?, "left" = ?, done = ?,
    expired = ?, cleared = ?, departed = ?, missed = ?, admissions = coalesce(?, admissions), draw = coalesce(?, draw)
    WHERE id = ?`,
  put: 'INSERT OR REPLACE INTO line_visit VALUES(?, ?, ?, ?, ?, ?, ?, ?, ?, ?)',
  remove: 'DELETE FROM line_visit WHERE event = ? AND no = ?',
  note: `INSERT INTO line_audit(at, event, visitor, ticket, from_state, to_state, cause, detail)
    VALUES(?, ?, ?, ?, ?, ?, ?, ?)`,
  events: `SELECT event, door, next, serving, epoch, cleared_to AS clearedTo, entered, "left", done, expired, cleared,
    departed, missed, admissions, draw FROM line_event ORDER BY id`,
  rows: `SELECT no, visitor, ticket, state, entered_at, until, hard_end, misses, epoch FROM line_visit
    WHERE event = ? AND no > ? ORDER BY no LIMIT ?`,
  purge: `DELETE FROM line_visit WHERE event = ?1 AND no IN (SELECT no FROM line_visit
    WHERE event = ?1 AND no <= ?2 AND epoch < ?3 ORDER BY no LIMIT ${CHUNK})`,
  audit: `SELECT seq, at, line_event.event AS event, visitor, ticket, from_state, to_state, cause, detail
    FROM line_audit JOIN line_event ON line_event.id = line_audit.event WHERE seq > ? ORDER BY seq LIMIT ?`,
  // The newest stays, or numbers that were seen would be given out again.
  forget: `DELETE FROM line_audit WHERE at < ? AND seq < (SELECT max(seq) FROM line_audit) AND seq IN
    (SELECT seq FROM line_audit WHERE seq > 0 ORDER BY seq LIMIT ${CHUNK})`,
}

type EventColumns = Omit<EventState, 'window' | 'draw'> & {
  readonly event: string
  readonly door: string
  readonly admissions: string
  readonly draw: string | null
}

interface AuditColumns {
  readonly seq: number
  readonly at: number
  readonly event: string
  readonly visitor: string | null
  readonly ticket: number | null
  readonly from_state: number | null
  readonly to_state: number | null
  readonly cause: AuditEntry['cause']
  readonly detail: string | null
}

export function executeLine(store: LineStore, [name, ask]: LineOperation): unknown {
  switch (name) {
    case 'lineWrite':
      return store.write(ask)
    case 'lineEvents':
      return store.events()
    case 'lineRows':
      return store.rows(ask)
    case 'linePurge':
      return store.purge(ask.event, ask.epoch, ask.upTo)
    case 'lineAudit':
      return store.audit(ask.after, ask.limit)
    case 'lineForget':
      return store.forget(ask.before)
  }
}

export class LineStore {
  readonly #sql: Record<keyof typeof SQL, StatementSync>

  constructor(db: DatabaseSync) {
    const prepared = Object.entries(SQL).map(([name, text]) => [name, db.prepare(text)])
    this.#sql = Object.fromEntries(prepared) as Record<keyof typeof SQL, StatementSync>
    this.#sql.rows.setReturnArrays(true)
  }

  /** False, and nothing done, when the write before this one is not there. */
  write({ chain, event, door, state, rows, forgotten, audit }: LineWrite): boolean {
    if (Number(this.#sql.step.run(chain).changes) === 0) return false
    const known = this.#idOf(event)
    const id = known ?? Number(this.#sql.define.run(event, door ?? '{}').lastInsertRowid)
    if (known !== undefined && door !== null) this.#sql.setDoor.run(door, known)
    this.#sql.setState.run(...state, id)
    for (const no of forgotten) this.#sql.remove.run(id, no)
    for (const [no, visitor, ticket, code, enteredAt, until, hardEnd, misses, epoch] of rows)
      this.#sql.put.run(id, no, visitor, ticket, code, enteredAt, until, hardEnd, misses, epoch)
    for (const [at, ...rest] of audit) this.#sql.note.run(at, id, ...rest)
    return true
  }

  events(): { readonly chain: number; readonly events: readonly LoadedEvent[] } {
    const { chain } = this.#sql.chain.get() as { chain: number }
    const rows = this.#sql.events.all() as unknown as EventColumns[]
    const events = rows.map(({ event, door, admissions, draw, ...numbers }) => {
      const state: EventState = {
        ...numbers,
        window: JSON.parse(admissions) as EventState['window'],
        draw: draw === null ? null : (JSON.parse(draw) as EventState['draw']),
      }
      // A setting that came later than the row has its default.
      const settings = { ...DEFAULT_DOOR, ...(JSON.parse(door) as Partial<DoorSettings>) }
      return { event, door: settings, state }
    })
    return { chain, events }
  }

  /** Of this epoch and not yet deleted ones of earlier epochs; the caller tells them apart. */
  rows({ event, after, limit }: LoadAsk): LoadedRows {
    const rows = this.#sql.rows.all(this.#idOf(event) ?? 0, after, limit) as unknown as [
      no: number,
      visitor: string,
      ...rest: number[],
    ][]
    const numbers = new Float64Array(rows.length * NUMBERS_PER_ROW)
    const visitors = rows.map(([no, visitor, ...rest], i) => {
      numbers[i * NUMBERS_PER_ROW] = no
      numbers.set(rest, i * NUMBERS_PER_ROW + 1)
      return visitor
    })
    return { visitors, numbers }
  }

  purge(event: string, epoch: number, upTo: number): boolean {
    return Number(this.#sql.purge.run(this.#idOf(event) ?? 0, upTo, epoch).changes) === CHUNK
  }

  forget(before: number): boolean {
    return Number(this.#sql.forget.run(before).changes) >= CHUNK - 1
  }

  audit(after: number, limit: number): AuditEntry[] {
    const rows = this.#sql.audit.all(after, limit) as unknown as AuditColumns[]
    return rows.map(({ seq, at, event, visitor, ticket, from_state, to_state, cause, detail }) => ({
      seq,
      at,
      event,
      ...(visitor !== null && { visitor }),
      ...(ticket !== null && { ticket }),
      ...(from_state !== null && { from: stateOf(from_state) }),
      ...(to_state !== null && { to: stateOf(to_state) }),
      cause,
      ...(detail !== null && { detail }),
    }))
  }

  #idOf(event: string): number | undefined {
    return (this.#sql.idOf.get(event) as { id: number } | undefined)?.id
  }
}
