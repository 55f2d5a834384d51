/**
 * What came out, read from the file of a service that has ended: every message with its end, and the subscriber
 * registry that the processors wrote. Only so can a message be seen that nobody sent, or one that became two.
 */
import assert from 'node:assert/strict'
import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { isOpen, type Line } from '../../src/bss/line.ts'
import { STATES } from '../../src/engines/embedded/schema.ts'
import type { Auditor, FinalState } from '../../src/lab/index.ts'
import { DATABASE } from '../fixtures/embedded.ts'

interface MessageRow {
  readonly id: string
  readonly state: number
  readonly body: string
}

interface DocumentRow {
  readonly key: string
  readonly version: number
  readonly value: string
}

export interface CameOut {
  /** State by id. */
  readonly states: ReadonlyMap<string, string>
}

const FINAL: readonly string[] = ['done', 'rejected', 'dead', 'expired']

/**
 * Tells the auditor, in the order in which the messages ended. Each message names a line of its own, and every effect
 * is one write of that line: its version is the number of times that the effect happened (Q7).
 */
export function tellWhatCameOut(dataDir: string, auditor: Auditor): CameOut {
  const db = new DatabaseSync(join(dataDir, DATABASE))
  try {
    const rows = db
      .prepare('SELECT id, state, body FROM message JOIN body USING(seq) ORDER BY finished_at, seq')
      .all() as unknown as MessageRow[]
    const documents = db.prepare('SELECT key, version, value FROM document').all() as unknown as DocumentRow[]
    const lines = new Map<string, { line: Line; version: number }>()
    for (const { key, version, value } of documents) {
      if (key.startsWith('bss/line/')) lines.set(key, { line: JSON.parse(value) as Line, version })
    }
    const states = new Map<string, string>()
    const told = new Set<string>()
    for (const { id, state, body } of rows) {
      const ref = (JSON.parse(body) as { content: string }).content
      const name = STATES[state] ?? `state ${state}`
      states.set(id, name)
      const key = `bss/line/${ref}`
      if (!told.has(key)) tellEffects(auditor, lines.get(key))
      told.add(key)
      if (FINAL.includes(name)) auditor.observe({ kind: 'ended', id, ref, state: name as FinalState })
      else auditor.observe({ kind: 'waiting', id, ref, state: name })
    }
    for (const [key, line] of lines) if (!told.has(key)) tellEffects(auditor, line)
    assertCustomersAddUp(documents, lines)
    return { states }
  } finally {
    db.close()
  }
}

function tellEffects(auditor: Auditor, seen: { line: Line; version: number } | undefined): void {
  if (!seen) return
  const { number, changedBy } = seen.line
  for (let i = 0; i < seen.version; i++) auditor.observe({ kind: 'effect', id: changedBy, ref: number })
}

/** Customers are changed by many messages at once: a lost or doubled effect shows in their counts as well. */
function assertCustomersAddUp(documents: readonly DocumentRow[], lines: ReadonlyMap<string, { line: Line }>) {
  const open = new Map<string, number>()
  for (const { line } of lines.values()) {
    if (line.customer === null || !isOpen(line)) continue
    open.set(line.customer, (open.get(line.customer) ?? 0) + 1)
  }
  for (const { key, value } of documents) {
    if (!key.startsWith('bss/customer/')) continue
    const { customer, openLines } = JSON.parse(value) as { customer: string; openLines: number }
    assert.equal(openLines, open.get(customer) ?? 0, `open lines of customer ${customer}`)
  }
}
