/** Moves as the script reads them, and records as it has written them. The layout is told nowhere else. */
import {
  DEFAULT_PRIORITY,
  type JsonObject,
  type JsonValue,
  LIMITS,
  type Message,
  type MessageType,
  PRIORITIES,
} from '../../core/index.ts'
import type { BookedMessage, HistoryEntry, MessageRecord, MessageState, Move } from '../../queue/index.ts'
import type { Keys } from './keys.ts'

/** Found in the book itself, not told by the engine: the moment of a delayed message has come. */
export interface DueMove {
  readonly kind: 'due'
  readonly id: string
  readonly at: number
}

export interface Encoding {
  readonly keys: Keys
  readonly retentionMs: number
  /** Whether the broker hands out by priority; otherwise a type is one line. */
  readonly priorities: boolean
}

/** How long a finished message is known when Redis is full: long enough for copies on their way. */
const LEAN_RETENTION_MS = 5 * 60_000

interface Encoded {
  readonly keys: string[]
  readonly args: string[]
}

/** The fields of one move, in the script's order. */
interface Fields {
  readonly kind: string
  readonly id: string
  readonly type: string
  readonly round: number
  readonly attempt: number
  readonly failures: number
  readonly state: string
  readonly at: number
  readonly available: number
  readonly acceptedAt: number
  readonly lane: number
  /** Of the key that the move names beside its record: a sender's key, or an effect's mark. */
  readonly refers: string | undefined
  readonly body: string
  readonly entry: string
  readonly error: string
}

/** `lean`: bodies are not kept, and of finished messages only that they are finished, for some minutes. */
export function encodeMoves(moves: readonly (Move | DueMove)[], encoding: Encoding, lean = false): Encoded {
  const { keys: names, retentionMs, priorities } = encoding
  const keys = [names.counts, names.due]
  const args = [
    String(retentionMs),
    String(LIMITS.historyEntries),
    String(priorities ? PRIORITIES : 1),
    lean ? String(Math.min(LEAN_RETENTION_MS, retentionMs)) : '',
    String(moves.length),
  ]
  const all = moves.map((move) => fieldsOf(move, encoding))
  for (const { id } of all) keys.push(names.message(id))
  for (const { refers, ...fields } of all) {
    const { kind, id, type, round, attempt, failures, state, at, available, acceptedAt, lane } = fields
    const refersTo = refers === undefined ? 0 : keys.push(refers)
    args.push(kind, id, type, String(round), String(attempt), String(failures), state, String(at))
    args.push(String(available), String(acceptedAt), String(lane), String(refersTo))
    args.push(fields.body, fields.entry, fields.error)
  }
  return { keys, args }
}

function fieldsOf(move: Move | DueMove, { keys, priorities }: Encoding): Fields {
  const none = {
    kind: move.kind,
    type: '',
    round: 0,
    attempt: 0,
    failures: 0,
    state: '',
    at: 0,
    available: 0,
    acceptedAt: 0,
    lane: priorities ? DEFAULT_PRIORITY : 0,
    refers: undefined,
    body: '',
    entry: '',
    error: '',
  }
  switch (move.kind) {
    case 'accepted':
    case 'taken': {
      const { booked, round } = move
      const { id, type } = booked.message
      const { acceptedAt, availableAt: available = 0, idempotencyKey } = booked
      const lane = priorities ? booked.priority : 0
      const refers = idempotencyKey === undefined ? undefined : keys.idempotency(idempotencyKey)
      const fields = { ...none, id, type, round, acceptedAt, available, lane, refers, body: bodyOf(booked) }
      if (move.kind === 'accepted') return { ...fields, state: move.state, at: acceptedAt }
      return { ...fields, failures: move.failures, at: move.takenAt }
    }
    case 'ended': {
      const { id, type, attempt, state, at, result } = move
      const body = result === undefined || result === null ? '' : JSON.stringify(result)
      const refers = keys.effect(id)
      return { ...none, id, type, attempt, state, at, refers, body, error: clip(move.error) }
    }
    case 'moved': {
      const { id, type, round, attempt, failures, state, at, availableAt: available = 0 } = move
      const error = clip(move.error)
      return {
        ...none,
        id,
        type,
        round,
        attempt,
        failures,
        state,
        at,
        available,
        error,
        entry: lineOf(move.entry),
      }
    }
    case 'ready': {
      const { id, type, round, entry } = move
      return { ...none, id, type, round, attempt: entry?.attempt ?? 0, entry: entry ? lineOf(entry) : '' }
    }
    case 'requeued':
      return { ...none, id: move.id, type: move.type, round: move.round, at: move.at }
    case 'deleted':
      return { ...none, id: move.id, type: move.type, refers: keys.effect(move.id) }
    case 'due':
      return { ...none, id: move.id, at: move.at }
  }
}

export const idOf = (move: Move | DueMove): string =>
  move.kind === 'accepted' || move.kind === 'taken' ? move.booked.message.id : move.id

const clip = (text = ''): string => text.slice(0, LIMITS.errorLength)

function lineOf(entry: HistoryEntry): string {
  return JSON.stringify(entry.error === undefined ? entry : { ...entry, error: clip(entry.error) })
}

type Body = readonly [
  content: string,
  createdAt: number,
  acceptedAt: number,
  priority: number,
  expiresAt: number | null,
  orderingKey: string | null,
  attributes: JsonObject | null,
]

/** A list, because names would be kept a million times over. */
function bodyOf({ message, acceptedAt, priority, expiresAt, orderingKey }: BookedMessage): string {
  const { content, createdAt, attributes } = message
  const body: Body = [
    content,
    createdAt,
    acceptedAt,
    priority,
    expiresAt ?? null,
    orderingKey ?? null,
    attributes ?? null,
  ]
  return JSON.stringify(body)
}

const PACKED = /^(\S+) (\S+) (\S+) (\S+) (\S+) (\S+) (\S+) (\S+) (\S+) (\S+) (\S+) (.*)$/s

/** What `find` needs beside the record itself. */
export interface Found {
  readonly record: Omit<MessageRecord, 'position'>
  readonly type: MessageType
  /** Its number in the line of its type and lane, while it waits; one that was given back has an old one. */
  readonly place?: { readonly seq: number; readonly lane: number }
}

/**
 * The hash of a record as HGETALL gives it. Undefined for none, for a deleted dead letter, and for a message of which
 * the book has heard moves only, never its content.
 */
export function decodeRecord(id: string, hash: ReadonlyMap<string, string>): Found | undefined {
  const packed = PACKED.exec(hash.get('s') ?? '')
  const body = hash.get('m')
  if (!packed || body === undefined || packed[1] === 'deleted') return undefined
  const type = packed[12] ?? ''
  const [, attempt, failures, seq, lane, _gone, taken, finished, available] = packed.slice(2, 11).map(Number)
  const [content, createdAt, acceptedAt, priority, expiresAt, orderingKey, attributes] = JSON.parse(
    body,
  ) as Body
  const message: Message = { id, type, content, createdAt, ...(attributes && { attributes }) }
  const result = hash.get('r')
  const error = hash.get('e')
  const history = (hash.get('h') ?? '').split('\n').filter((line) => line !== '')
  const record = {
    message,
    state: packed[1] as MessageState,
    priority,
    attempt: attempt ?? 0,
    failures: failures ?? 0,
    acceptedAt,
    ...(orderingKey !== null && { orderingKey }),
    ...(available && { availableAt: available }),
    ...(expiresAt !== null && { expiresAt }),
    ...(taken && { takenAt: taken }),
    ...(finished && { finishedAt: finished }),
    ...(result !== undefined && { result: JSON.parse(result) as JsonValue }),
    ...(error !== undefined && { error }),
    history: history.map((line) => JSON.parse(line) as HistoryEntry),
  }
  const waits = record.state === 'ready' && seq !== undefined && seq > 0
  return { record, type, ...(waits && { place: { seq, lane: lane ?? 0 } }) }
}
