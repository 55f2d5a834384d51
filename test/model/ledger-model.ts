/**
 * The ledger as a specification: one message at a time, in plain words, nothing grouped and nothing packed. Real
 * ledgers are compared with it move by move, so it shares no code with any of them.
 */
import {
  type BookedMessage,
  type HistoryEntry,
  type MessageState,
  type Move,
  NO_COUNTS,
  type Recorded,
  type Reservation,
  type ReservationResult,
  type StateCounts,
} from '../../src/queue/index.ts'

type State = Exclude<MessageState, 'held'> | 'deleted'

export interface ModelRecord {
  type: string
  state: State
  round: number
  attempt: number
  failures: number
  takenAt: number
  availableAt: number
  booked?: BookedMessage
  error?: string
  history: HistoryEntry[]
}

const FINAL: readonly State[] = ['done', 'rejected', 'expired', 'deleted']
const COUNTED: Record<State, keyof StateCounts> = {
  ready: 'ready',
  delayed: 'delayed',
  in_flight: 'inFlight',
  done: 'done',
  rejected: 'rejected',
  dead: 'dead',
  expired: 'expired',
  deleted: 'deleted',
}

export class LedgerModel {
  readonly records = new Map<string, ModelRecord>()
  readonly #departed = new Map<string, number>()
  readonly #keys = new Map<string, { fingerprint: string; id: string; acceptedAt?: number }>()

  record(moves: readonly Move[]): Recorded[] {
    return moves.map((move) => this.#one(move))
  }

  reserve(reservations: readonly Reservation[]): ReservationResult[] {
    return reservations.map(({ key, fingerprint, id }): ReservationResult => {
      const known = this.#keys.get(key)
      if (!known) {
        this.#keys.set(key, { fingerprint, id })
        return { kind: 'fresh' }
      }
      if (known.fingerprint !== fingerprint) return { kind: 'reused' }
      const { acceptedAt } = known
      return { kind: 'repeated', id: known.id, ...(acceptedAt !== undefined && { acceptedAt }) }
    })
  }

  release(reservations: readonly Reservation[]): void {
    for (const { key, id } of reservations) {
      const known = this.#keys.get(key)
      if (known?.id === id && known.acceptedAt === undefined) this.#keys.delete(key)
    }
  }

  /** Time passes: what was delayed until then is ready. */
  ripen(now: number): void {
    for (const record of this.records.values()) {
      const due = record.availableAt > 0 && record.availableAt <= now
      if (record.state === 'delayed' && due) record.state = 'ready'
    }
  }

  /** Counted afresh; only the hand-outs are kept. */
  counts(): Map<string, StateCounts> {
    const found = new Map<string, { -readonly [K in keyof StateCounts]: number }>()
    for (const { type, state } of this.records.values()) {
      const counts = found.get(type) ?? { ...NO_COUNTS, departed: this.#departed.get(type) ?? 0 }
      counts.accepted++
      counts[COUNTED[state]]++
      found.set(type, counts)
    }
    return found
  }

  #one(move: Move): Recorded {
    const tells = move.kind === 'accepted' || move.kind === 'taken'
    const { id, type } = tells ? move.booked.message : move
    const known = this.records.get(id)
    const record: ModelRecord = known ?? {
      type,
      state: 'ready',
      round: -1,
      attempt: 0,
      failures: 0,
      takenAt: 0,
      availableAt: 0,
      history: [],
    }
    const booked = this.#booked(record, known !== undefined, move)
    if (booked) this.records.set(id, record)
    if (tells && (booked || move.kind === 'accepted')) this.#told(record, move.booked)
    if (!booked) return { kind: 'late' }
    return { kind: 'recorded', attempt: record.attempt, failures: record.failures }
  }

  /** The message's content, and that its sender's key is in the broker. */
  #told(record: ModelRecord, booked: BookedMessage): void {
    record.booked ??= booked
    const key = this.#keys.get(booked.idempotencyKey ?? '')
    if (key?.id === booked.message.id) key.acceptedAt ??= booked.acceptedAt
  }

  /** Whether the move counts; the record is as it is afterwards. */
  #booked(record: ModelRecord, known: boolean, move: Move): boolean {
    if (move.kind === 'accepted') {
      if (known) return false
      Object.assign(record, { round: move.round, state: move.state })
      record.availableAt = move.booked.availableAt ?? 0
      return true
    }
    if (known && FINAL.includes(record.state)) {
      const again = move.kind === 'ended' && move.state === record.state
      return again && move.attempt === record.attempt
    }
    switch (move.kind) {
      case 'taken':
        return this.#taken(record, known, move)
      case 'ended':
        return this.#ended(record, known, move)
      case 'moved':
        return this.#moved(record, known, move)
      case 'ready':
        return this.#ready(record, known, move)
      case 'requeued':
        if (known && record.state === 'ready' && record.round === move.round) return true
        if (move.round <= record.round) return false
        this.#remember(record, { outcome: 'requeued', endedAt: move.at })
        Object.assign(record, { state: 'ready', round: move.round, failures: 0 })
        return true
      case 'deleted':
        if (known && record.state !== 'dead') return false
        record.state = 'deleted'
        return true
    }
  }

  #taken(record: ModelRecord, known: boolean, move: Extract<Move, { kind: 'taken' }>): boolean {
    const newer = move.round > record.round
    if (!newer && (move.round < record.round || record.state === 'dead')) return false
    if (newer) record.failures = move.failures
    else if (known && record.state === 'in_flight') {
      this.#remember(record, { outcome: 'crashed', endedAt: move.takenAt })
    }
    record.attempt = Math.max(record.attempt, record.failures) + 1
    Object.assign(record, { state: 'in_flight', round: move.round, takenAt: move.takenAt })
    this.#departed.set(record.type, (this.#departed.get(record.type) ?? 0) + 1)
    return true
  }

  #ended(record: ModelRecord, known: boolean, move: Extract<Move, { kind: 'ended' }>): boolean {
    const waits = record.state === 'ready' || record.state === 'delayed'
    const expires = move.state === 'expired' && waits
    if (known && !expires && !isCurrent(record, move.attempt)) return false
    record.attempt = Math.max(record.attempt, move.attempt)
    record.state = move.state
    if (move.error === undefined) delete record.error
    else record.error = move.error
    if (move.state === 'rejected') this.#remember(record, { outcome: 'rejected', endedAt: move.at })
    return true
  }

  #moved(record: ModelRecord, known: boolean, move: Extract<Move, { kind: 'moved' }>): boolean {
    const { state, round, attempt, failures, entry, error } = move
    const again = record.state === state && record.round === round && record.attempt === attempt
    if (known && again) return true
    if (round < record.round || (known && !isCurrent(record, attempt))) return false
    Object.assign(record, { state, round, failures, error, attempt: Math.max(record.attempt, attempt) })
    record.availableAt = move.availableAt ?? 0
    record.history.push(entry)
    return true
  }

  #ready(record: ModelRecord, known: boolean, move: Extract<Move, { kind: 'ready' }>): boolean {
    const attempt = move.entry?.attempt ?? 0
    if (move.round < record.round) return false
    // The delay of a copy is over before the book has heard of the move that made it, which has more to tell.
    if (known && record.state === 'in_flight' && !move.entry) return false
    if (known && move.round === record.round) {
      if (record.state === 'ready') return true
      if (record.state === 'dead') return false
      if (record.state === 'in_flight' && attempt < record.attempt) return false
      if (record.state === 'delayed' && move.entry && attempt <= record.attempt) return false
    }
    if (known && record.state === 'dead') record.failures = 0
    if (move.entry) record.history.push(move.entry)
    Object.assign(record, {
      state: 'ready',
      round: move.round,
      attempt: Math.max(record.attempt, attempt),
    })
    return true
  }

  #remember(record: ModelRecord, said: Pick<HistoryEntry, 'outcome' | 'endedAt'>): void {
    record.history.push({ attempt: record.attempt, takenAt: record.takenAt, ...said })
  }
}

/** The attempt is the one under way, or one that the book has not heard of. */
function isCurrent(record: ModelRecord, attempt: number): boolean {
  if (attempt > record.attempt) return true
  return record.state === 'in_flight' && attempt === record.attempt
}
