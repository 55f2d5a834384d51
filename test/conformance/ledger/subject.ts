/** What the ledger's suite needs of a test set-up, and the moves that its cases share. */
import assert from 'node:assert/strict'
import {
  type BookedMessage,
  type HistoryEntry,
  type Ledger,
  type Move,
  NO_COUNTS,
  type Recorded,
  type StateCounts,
  unaccounted,
} from '../../../src/queue/index.ts'

export interface LedgerSubject {
  /** Started. */
  readonly ledger: Ledger
  /** Another one on the same data, as in another process; started. */
  rival(): Promise<Ledger>
  /** A look at the clock that the ledgers were given. */
  now(): number
  /** Moves that clock, running its timers. */
  advance(ms: number): Promise<void>
  /** Counts every stored record afresh; hand-outs are not among what records tell (0). */
  recount(): Promise<Readonly<Record<string, StateCounts>>>
}

export interface LedgerSubjectContext {
  /** Runs after the case, the last one first. */
  cleanup(run: () => unknown): void
  /** How long finished messages are kept; a day unless a case says otherwise. */
  readonly retentionMs?: number
  readonly priorities?: boolean
}

export type MakeLedger = (context: LedgerSubjectContext) => Promise<LedgerSubject>

export interface LedgerCase {
  readonly name: string
  readonly retentionMs?: number
  readonly priorities?: boolean
  run(subject: LedgerSubject): Promise<void>
}

export const TYPE = 'MNP'
export const AT = 1_700_000_000_000

export function booked(id: string, more: Partial<BookedMessage> = {}, type = TYPE): BookedMessage {
  const message = { id, type, content: `work of ${id}`, createdAt: AT - 5 }
  return { message, priority: 4, acceptedAt: AT, ...more }
}

export const accepted = (id: string, more: Partial<BookedMessage> = {}, type = TYPE): Move => ({
  kind: 'accepted',
  booked: booked(id, more, type),
  round: 0,
  state: 'ready',
})

export const delayed = (id: string, availableAt: number): Move => ({
  kind: 'accepted',
  booked: booked(id, { availableAt }),
  round: 0,
  state: 'delayed',
})

export const taken = (id: string, round = 0, failures = 0, type = TYPE): Move => ({
  kind: 'taken',
  booked: booked(id, {}, type),
  round,
  failures,
  takenAt: AT + 10,
})

type Ended = Extract<Move, { kind: 'ended' }>
export const ended = (id: string, attempt: number, state: Ended['state'] = 'done'): Move => ({
  kind: 'ended',
  id,
  type: TYPE,
  attempt,
  state,
  at: AT + 20,
})

export const entry = (attempt: number, outcome: HistoryEntry['outcome'] = 'retry'): HistoryEntry => ({
  attempt,
  takenAt: AT + 10,
  endedAt: AT + 20,
  outcome,
  error: `attempt ${attempt} failed`,
})

/** A retry in an hour, or a dead letter. */
export const moved = (id: string, attempt: number, round: number, state: 'delayed' | 'dead'): Move => ({
  kind: 'moved',
  id,
  type: TYPE,
  attempt,
  round,
  state,
  failures: attempt,
  at: AT + 20,
  ...(state === 'delayed' && { availableAt: AT + 3_600_000 }),
  entry: entry(attempt, state === 'dead' ? 'dead' : 'retry'),
  error: `attempt ${attempt} failed`,
})

export const givenBack = (id: string, attempt: number, round = 0): Move => ({
  kind: 'ready',
  id,
  type: TYPE,
  round,
  entry: entry(attempt, 'released'),
})

export const delayOver = (id: string, round: number): Move => ({ kind: 'ready', id, type: TYPE, round })
export const requeued = (id: string, round: number): Move => ({
  kind: 'requeued',
  id,
  type: TYPE,
  round,
  at: AT + 30,
})
export const deleted = (id: string): Move => ({ kind: 'deleted', id, type: TYPE })

/** Books them and sees each one recorded. */
export async function books(ledger: Ledger, ...moves: Move[]): Promise<Recorded[]> {
  const results = await ledger.record(moves)
  for (const [i, { kind }] of results.entries()) {
    assert.equal(kind, 'recorded', `${moves[i]?.kind} (number ${i}) is recorded`)
  }
  return results
}

/** The counts as the ledger tells them, the conservation law and the records being the proof. */
export async function countsOf({ ledger, recount }: LedgerSubject, type = TYPE): Promise<StateCounts> {
  const told = ledger.counts().get(type) ?? NO_COUNTS
  assert.equal(unaccounted(told), 0, 'Q2: everything accepted is somewhere')
  const counted = (await recount())[type] ?? NO_COUNTS
  assert.deepEqual({ ...told, departed: 0 }, counted, 'the counters are those of the records')
  return told
}
