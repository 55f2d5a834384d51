/**
 * The same small durable store on either binding: rows like the engine's, one transaction and one sync for
 * each batch. Small on purpose, so that what differs is the binding and the thread and not the queue on top.
 */
import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { loadBetterSqlite } from '../harness/peers.ts'

export type Binding = 'node:sqlite' | 'better-sqlite3'

export interface Row {
  readonly id: string
  readonly body: string
}

const SCHEMA = `
PRAGMA locking_mode=EXCLUSIVE; PRAGMA journal_mode=WAL; PRAGMA synchronous=FULL;
PRAGMA cache_size=-16384; PRAGMA wal_autocheckpoint=1000;
CREATE TABLE message(seq INTEGER PRIMARY KEY, id TEXT NOT NULL, type TEXT NOT NULL, state INTEGER NOT NULL,
  priority INTEGER NOT NULL, accepted_at REAL NOT NULL, body TEXT NOT NULL) STRICT;
CREATE UNIQUE INDEX message_id ON message(id);
CREATE INDEX message_ready ON message(type, priority DESC, seq) WHERE state = 0;`
const INSERT = 'INSERT INTO message(id, type, state, priority, accepted_at, body) VALUES(?, ?, 0, 4, ?, ?)'

export interface SmallStore {
  /** Durable when it returns. */
  write(rows: readonly Row[]): void
  close(): void
}

export function openStore(binding: Binding, dir: string): SmallStore {
  const file = join(dir, 'bench.db')
  const db = binding === 'node:sqlite' ? new DatabaseSync(file) : new (loadBetterSqlite())(file)
  db.exec(SCHEMA)
  const insert: { run(...values: (string | number)[]): unknown } = db.prepare(INSERT)
  const begin: { run(): unknown } = db.prepare('BEGIN IMMEDIATE')
  const commit: { run(): unknown } = db.prepare('COMMIT')
  return {
    write(rows) {
      begin.run()
      const now = Date.now()
      for (const { id, body } of rows) insert.run(id, 'MNP', now, body)
      commit.run()
    },
    close: () => db.close(),
  }
}
