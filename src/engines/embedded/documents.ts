/** The effects of processors beside the queue: documents with versions and a mark per message id (Q7). */
import type { DatabaseSync, StatementSync } from 'node:sqlite'
import type { ApplyResult, Effect, JsonValue, StoredDocument } from '../../core/index.ts'

export class Documents {
  readonly #read: StatementSync
  readonly #write: StatementSync
  readonly #delete: StatementSync
  readonly #effect: StatementSync
  readonly #mark: StatementSync

  constructor(db: DatabaseSync) {
    this.#read = db.prepare('SELECT key, version, value FROM document WHERE key = ?')
    this.#write = db.prepare('INSERT OR REPLACE INTO document VALUES(?, ?, ?)')
    this.#delete = db.prepare('DELETE FROM document WHERE key = ?')
    this.#effect = db.prepare('SELECT result FROM effect WHERE id = ?')
    this.#mark = db.prepare('INSERT INTO effect VALUES(?, ?)')
  }

  read(keys: readonly string[]): (StoredDocument | null)[] {
    return keys.map((key) => {
      const row = this.#read.get(key) as { version: number; value: string } | undefined
      return row ? { key, version: row.version, value: JSON.parse(row.value) as JsonValue } : null
    })
  }

  applied(id: string): { result: JsonValue } | null {
    const row = this.#effect.get(id) as { result: string } | undefined
    return row ? { result: JSON.parse(row.result) as JsonValue } : null
  }

  /** All writes and the mark, or nothing: every version is checked before the first write. */
  apply(effect: Effect): ApplyResult {
    const earlier = this.applied(effect.id)
    if (earlier) return { kind: 'already', result: earlier.result }
    for (const write of effect.writes) {
      const version = (this.#read.get(write.key) as { version: number } | undefined)?.version ?? 0
      if (version !== write.expectedVersion) return { kind: 'conflict', key: write.key }
    }
    for (const write of effect.writes) {
      if (write.value === null) this.#delete.run(write.key)
      else this.#write.run(write.key, write.expectedVersion + 1, JSON.stringify(write.value))
    }
    this.#mark.run(effect.id, JSON.stringify(effect.result))
    return { kind: 'applied' }
  }
}
