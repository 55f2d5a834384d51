/**
 * The tables of the embedded store and how the file is opened.
 *
 * `message` holds what changes during a message's life and stays narrow; `body` holds what never changes, so that
 * a take or a settle rewrites some 150 bytes and not the whole message. `due_at` is the one moment at which a row
 * changes by itself, whatever its state: the end of its time to live (ready, held), of its delay (delayed), of its
 * lease (in flight), of its retention (finished). One index on (state, due_at) is every timer of the queue.
 */
import { mkdirSync } from 'node:fs'
import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import type { MessageState } from '../../queue/index.ts'
import { LINE_SCHEMA } from './line/store.ts'

/** Position in this list is the number stored; append only. The partial indexes below name these numbers. */
export const STATES: readonly MessageState[] = [
  'ready',
  'held',
  'delayed',
  'in_flight',
  'done',
  'rejected',
  'dead',
  'expired',
]
export const STATE = {
  ready: 0,
  held: 1,
  delayed: 2,
  in_flight: 3,
  done: 4,
  rejected: 5,
  dead: 6,
  expired: 7,
} as const satisfies Record<MessageState, number>

/** 2: the line of the waiting room. */
const SCHEMA_VERSION = 2

const SCHEMA = `
CREATE TABLE message(
  seq INTEGER PRIMARY KEY, id TEXT NOT NULL, type TEXT NOT NULL, state INTEGER NOT NULL,
  priority INTEGER NOT NULL, lane_seq INTEGER NOT NULL, attempt INTEGER NOT NULL, failures INTEGER NOT NULL,
  crashes INTEGER NOT NULL, ordering_key TEXT, accepted_at REAL NOT NULL, available_at REAL, expires_at REAL,
  due_at REAL, taken_at REAL, finished_at REAL, result TEXT, error TEXT) STRICT;
CREATE UNIQUE INDEX message_id ON message(id);
CREATE INDEX message_ready ON message(type, priority DESC, lane_seq) WHERE state = 0;
CREATE INDEX message_due ON message(state, due_at) WHERE due_at IS NOT NULL;
CREATE INDEX message_dead ON message(seq, type) WHERE state = 6;
CREATE INDEX message_keyed ON message(type, ordering_key, seq) WHERE ordering_key IS NOT NULL AND state < 4;
CREATE TABLE body(seq INTEGER PRIMARY KEY, body TEXT NOT NULL) STRICT;
CREATE TABLE attempt(seq INTEGER, attempt INTEGER, taken_at REAL NOT NULL, ended_at REAL NOT NULL,
  outcome TEXT NOT NULL, error TEXT, PRIMARY KEY(seq, attempt, ended_at, outcome)) STRICT, WITHOUT ROWID;
CREATE TABLE tally(type TEXT PRIMARY KEY, counts TEXT NOT NULL) STRICT, WITHOUT ROWID;
CREATE TABLE idempotency(key TEXT PRIMARY KEY, fingerprint TEXT NOT NULL, id TEXT NOT NULL,
  accepted_at REAL NOT NULL, expires_at REAL NOT NULL) STRICT, WITHOUT ROWID;
CREATE INDEX idempotency_expiry ON idempotency(expires_at);
CREATE TABLE document(key TEXT PRIMARY KEY, version INTEGER NOT NULL, value TEXT NOT NULL) STRICT, WITHOUT ROWID;
CREATE TABLE effect(id TEXT PRIMARY KEY, result TEXT NOT NULL) STRICT, WITHOUT ROWID;
CREATE TABLE probe(id INTEGER PRIMARY KEY, at REAL NOT NULL) STRICT;
`

/**
 * Opens `<dataDir>/weir.db`, making it when new. The exclusive lock is taken here and kept: a second process gets
 * SQLITE_BUSY at once instead of a share of the messages. `synchronous=FULL` syncs the log at every commit (Q1).
 */
export function openDatabase(dataDir: string): DatabaseSync {
  mkdirSync(dataDir, { recursive: true })
  const db = new DatabaseSync(join(dataDir, 'weir.db'))
  try {
    db.exec(`PRAGMA locking_mode=EXCLUSIVE; PRAGMA journal_mode=WAL; PRAGMA synchronous=FULL;
      PRAGMA cache_size=-16384; PRAGMA temp_store=MEMORY; PRAGMA wal_autocheckpoint=4000;
      PRAGMA journal_size_limit=16777216; PRAGMA foreign_keys=OFF;`)
    const { user_version: version } = db.prepare('PRAGMA user_version').get() as { user_version: number }
    if (version > SCHEMA_VERSION)
      throw new Error(`the data is of a newer version of Weir (schema ${version})`)
    if (version === 0) {
      db.exec(`BEGIN IMMEDIATE; ${SCHEMA} ${LINE_SCHEMA} PRAGMA user_version=${SCHEMA_VERSION}; COMMIT;`)
    } else if (version === 1) {
      db.exec(`BEGIN IMMEDIATE; ${LINE_SCHEMA} PRAGMA user_version=${SCHEMA_VERSION}; COMMIT;`)
    } else {
      // In exclusive mode the lock is taken by the first write; take it now, so that a second process fails at start.
      db.exec('BEGIN IMMEDIATE; COMMIT;')
    }
    return db
  } catch (error) {
    db.close()
    throw error
  }
}
