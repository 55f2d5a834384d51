/**
 * The synchronous store: one batch of operations, one transaction, one sync. Runs in a worker thread (or in line, for
 * tests) and owns the database file from `open` to `close`.
 *
 * Keeps Q1: an answer leaves only after COMMIT returned, and COMMIT returns only after the log was synced. When
 * anything fails, everybody in it is told so. After an I/O error the file is closed and opened anew, because pages that
 * failed to sync must not be trusted to be what the cache says they are. A batch whose sync failed may be in the
 * log all the same and come back with it: its publishes are then accepted after all, its settles find themselves
 * done, and its takes, which nobody holds, are given back.
 */
import { statfsSync } from 'node:fs'
import type { DatabaseSync } from 'node:sqlite'
import type { MessageType, Random } from '../../core/index.ts'
import type { RetryPolicy } from '../../queue/index.ts'
import { Documents } from './documents.ts'
import { executeLine, LineStore } from './line/store.ts'
import { Messages } from './messages.ts'
import type { Batch, BatchReply, Fault, FaultCode, Operation } from './protocol.ts'
import { Records } from './records.ts'
import { openDatabase } from './schema.ts'
import { Tallies } from './tallies.ts'
import { Timers } from './timers.ts'

export interface StoreOptions {
  readonly dataDir: string
  readonly retentionMs: number
}

const FREE_SPACE_EVERY_MS = 250
const LOCK_TRIES = 6
const LONGEST_LOCK_PAUSE_MS = 150

interface Opened {
  readonly db: DatabaseSync
  readonly tallies: Tallies
  readonly messages: Messages
  readonly timers: Timers
  readonly records: Records
  readonly documents: Documents
  readonly line: LineStore
  readonly begin: () => void
  readonly commit: () => void
}

export class Store {
  readonly #options: StoreOptions
  readonly #random: Random
  readonly #policies = new Map<MessageType, RetryPolicy>()
  #opened: Opened | undefined
  #broken = false
  /** Leases that consumers hold, as of the last commit before the file failed; known only until it works again. */
  #heldAtFailure: ReadonlySet<string> | undefined
  /** The counts of every type are due: the file was opened anew and may hold what nobody was told of. */
  #countsDue = false
  #lookedAtDisk = Number.NEGATIVE_INFINITY

  constructor(options: StoreOptions, random: Random) {
    this.#options = options
    this.#random = random
  }

  /** Takes over what a process before left in flight. Throws what SQLite throws. Returns how many that were. */
  open(now: number): { recovered: number; reply: BatchReply } {
    const opened = this.#openContended()
    opened.begin()
    const recovered = opened.timers.recover(now)
    const reply = this.#reply(opened, [], opened.tallies.types(), now)
    opened.tallies.save()
    opened.commit()
    return { recovered, reply }
  }

  close(): void {
    const opened = this.#opened
    this.#opened = undefined
    if (!opened) return
    // Leaves one tidy file; a failure here costs nothing, the log is replayed at the next open.
    try {
      opened.db.exec('PRAGMA wal_checkpoint(TRUNCATE)')
    } catch {
      // A full disk must not turn an orderly stop into an error.
    }
    opened.db.close()
  }

  run(batch: Batch): BatchReply {
    try {
      return this.#transaction(batch.operations, batch.now)
    } catch (error) {
      const fault = this.#recover(error)
      if (fault.code !== 'internal' || batch.operations.length === 1) return allFailed(batch, fault)
      // A bug of ours in one operation must not take the others down with it: each on its own.
      return merged(
        batch.operations.map((operation) => this.run({ now: batch.now, operations: [operation] })),
      )
    }
  }

  #transaction(operations: readonly Operation[], now: number): BatchReply {
    if (this.#broken || !this.#opened) this.#reopen(now)
    const opened = this.#opened as Opened
    opened.begin()
    const answers = operations.map((operation) => execute(opened, operation, now))
    const changed = opened.tallies.save()
    const reply = this.#reply(opened, answers, this.#countsDue ? opened.tallies.types() : changed, now)
    opened.commit()
    this.#countsDue = false
    this.#heldAtFailure = undefined
    return reply
  }

  /** Throws while the disk still fails, and is then tried again by the next batch. */
  #reopen(now: number): void {
    this.#broken = true
    this.#countsDue = true
    const opened = this.#openFile()
    const held = this.#heldAtFailure
    if (held) {
      // Without this they would be out of reach until the end of their leases.
      const rows = opened.messages.inFlight().filter((row) => !held.has(leaseName(row)))
      opened.begin()
      opened.messages.settle(
        rows.map((row) => [row.id, row.attempt, 'released', null]),
        now,
      )
      opened.tallies.save()
      opened.commit()
    }
    this.#heldAtFailure = undefined
    this.#broken = false
  }

  #reply(opened: Opened, answers: unknown[], changed: string[], now: number): BatchReply {
    const nextDueAt = opened.messages.nextDueAt
    return {
      answers,
      faults: [],
      counts: changed.map((type) => [type, opened.tallies.counts(type)] as const),
      nextDueAt: Number.isFinite(nextDueAt) ? nextDueAt : null,
      freeBytes: this.#freeBytes(now),
    }
  }

  #freeBytes(now: number): number | null {
    if (now - this.#lookedAtDisk < FREE_SPACE_EVERY_MS) return null
    this.#lookedAtDisk = now
    const { bavail, bsize } = statfsSync(this.#options.dataDir)
    return bavail * bsize
  }

  /**
   * Two processes that start at once on a new directory can each keep the other from the lock, and both would be told
   * that it is taken. So each tries again after a random pause: one of two gets it, and keeps it.
   */
  #openContended(): Opened {
    for (let tries = 1; ; tries++) {
      try {
        return this.#openFile()
      } catch (error) {
        if (!isLocked(error) || tries === LOCK_TRIES) throw error
        Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, this.#random() * LONGEST_LOCK_PAUSE_MS)
      }
    }
  }

  #openFile(): Opened {
    this.#closeQuietly()
    const db = openDatabase(this.#options.dataDir)
    const tallies = new Tallies(db)
    const messages = new Messages(db, tallies, this.#options.retentionMs, this.#policies)
    const begin = db.prepare('BEGIN IMMEDIATE')
    const commit = db.prepare('COMMIT')
    this.#opened = {
      db,
      tallies,
      messages,
      timers: new Timers(db, messages, this.#random),
      records: new Records(db, tallies, messages),
      documents: new Documents(db),
      line: new LineStore(db),
      begin: () => begin.run(),
      commit: () => commit.run(),
    }
    // After a failed sync the end of the log may be in the page cache only, marked clean. Copied into the database and
    // synced there, it is on the disk before anything is built upon it (Q1).
    db.exec('PRAGMA wal_checkpoint(TRUNCATE)')
    return this.#opened
  }

  #recover(error: unknown): Fault {
    const code = faultCode(error)
    const opened = this.#opened
    if (opened) {
      try {
        if (opened.db.isTransaction) opened.db.exec('ROLLBACK')
        opened.tallies.reload()
        opened.messages.reload()
        if (!this.#broken) this.#heldAtFailure = new Set(opened.messages.inFlight().map(leaseName))
      } catch {
        this.#broken = true
      }
    }
    if (code === 'storage_failed') this.#broken = true
    return { code, detail: error instanceof Error ? error.message : String(error) }
  }

  #closeQuietly(): void {
    try {
      this.#opened?.db.close()
    } catch {
      // It is being replaced because it failed; that its end fails too adds nothing.
    }
    this.#opened = undefined
  }
}

const leaseName = ({ id, attempt }: { id: string; attempt: number }): string => `${attempt} ${id}`

function execute(opened: Opened, operation: Operation, now: number): unknown {
  const [name, ask] = operation
  switch (name) {
    case 'publish':
      return opened.messages.publish(ask, now)
    case 'take':
      return opened.messages.take(ask, now)
    case 'settle':
      return opened.messages.settle(ask, now)
    case 'sweep':
      return opened.timers.sweep(now)
    case 'find':
      return opened.records.find(ask)
    case 'oldest':
      return opened.records.oldest()
    case 'deadLetters':
      return opened.records.deadLetters(ask.type, ask.limit, ask.after)
    case 'requeue':
      return opened.records.requeue(ask, now)
    case 'deleteDead':
      return opened.records.deleteDead(ask)
    case 'readDocuments':
      return opened.documents.read(ask)
    case 'appliedEffect':
      return opened.documents.applied(ask)
    case 'applyEffect':
      return opened.documents.apply(ask)
    case 'probe':
      opened.db.prepare('INSERT OR REPLACE INTO probe VALUES(1, ?)').run(now)
      return null
    case 'recount':
      return opened.records.recount()
    default:
      return executeLine(opened.line, operation)
  }
}

function allFailed(batch: Batch, fault: Fault): BatchReply {
  const faults = batch.operations.map((_, i) => [i, fault] as const)
  return { answers: [], faults, counts: [], nextDueAt: null, freeBytes: null }
}

function merged(single: readonly BatchReply[]): BatchReply {
  return {
    answers: single.map((reply) => reply.answers[0]),
    faults: single.flatMap((reply, i) => reply.faults.map(([, fault]) => [i, fault] as const)),
    counts: [...new Map(single.flatMap((reply) => reply.counts))],
    nextDueAt: single.at(-1)?.nextDueAt ?? null,
    freeBytes: single.find((reply) => reply.freeBytes !== null)?.freeBytes ?? null,
  }
}

/** SQLITE_BUSY: another process has the file open. */
export function isLocked(error: unknown): boolean {
  return ((error as { errcode?: number }).errcode ?? 0) % 256 === 5
}

/** SQLite's result code (low byte): 13 = full; 10 = I/O error, 11 = corrupt, 14 = cannot open, 26 = not a database. */
export function faultCode(error: unknown): FaultCode {
  const code = (error as { errcode?: number }).errcode
  if (code === undefined) return 'internal'
  const primary = code & 0xff
  if (primary === 13) return 'storage_full'
  return [5, 6, 8, 10, 11, 14, 26].includes(primary) ? 'storage_failed' : 'internal'
}
