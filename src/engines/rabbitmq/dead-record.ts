/**
 * A dead letter as it lies in its queue, and as operators see it. Most of them are copies that an engine made, with
 * their reason and history in the headers; others the broker itself has given up, or somebody has put there.
 */
import { createHash } from 'node:crypto'
import type { GetMessage } from 'amqplib'
import { LIMITS } from '../../core/index.ts'
import type { HistoryEntry, MessageRecord } from '../../queue/index.ts'
import { type Copy, decode } from './wire.ts'

const CRASHED = 'handed out too often without an end: the process that had it crashed each time'

export interface Letter {
  readonly record: MessageRecord
  /** Of one that can be read. */
  readonly copy?: Copy
  readonly body?: Buffer
  /** It stands in the counts of its type. */
  readonly isCounted: boolean
}

const UNKNOWN = 'unknown'

export function readLetter(raw: GetMessage, now: number): Letter {
  const decoded = decode(raw, now)
  if (decoded.kind === 'malformed') {
    const record = unreadable(raw, decoded.reason, now)
    const isOurs = raw.properties.headers?.weir_died_at !== undefined
    return { record, isCounted: isOurs && record.message.type !== UNKNOWN }
  }
  const { copy, body } = decoded
  return { record: recordOf(copy, raw), copy, isCounted: true, ...(body && { body }) }
}

/** One more round, no failures; its attempts go on counting (Q4). */
export function revived(copy: Copy, { history, attempt, takenAt }: MessageRecord, now: number): Copy {
  const { message, priority, orderingKey, acceptedAt, expiresAt } = copy
  const entry = { attempt, takenAt: takenAt ?? now, endedAt: now, outcome: 'requeued' } as const
  return {
    message,
    priority,
    acceptedAt,
    ...(orderingKey !== undefined && { orderingKey }),
    ...(expiresAt !== undefined && { expiresAt }),
    round: copy.round + 1,
    attempts: attempt,
    failures: 0,
    history: [...history, entry],
  }
}

function recordOf(copy: Copy, raw: GetMessage): MessageRecord {
  const { message, priority, orderingKey, acceptedAt, expiresAt, failures, error } = copy
  const death = deathBy(raw)
  const finishedAt = copy.diedAt ?? death?.at
  const attempt = copy.attempts + (copy.diedAt === undefined ? (death?.handOuts ?? 0) : 0)
  const crash: HistoryEntry | undefined =
    copy.diedAt === undefined && death
      ? { attempt, takenAt: death.at, endedAt: death.at, outcome: 'crashed', error: death.reason }
      : undefined
  const history = crash ? [...copy.history, crash] : copy.history
  const last = history.at(-1)
  const reason = error ?? death?.reason
  return {
    message,
    state: 'dead',
    priority,
    ...(orderingKey !== undefined && { orderingKey }),
    attempt,
    failures,
    acceptedAt,
    ...(expiresAt !== undefined && { expiresAt }),
    ...(last && { takenAt: last.takenAt }),
    ...(finishedAt !== undefined && { finishedAt }),
    ...(reason !== undefined && { error: reason }),
    history,
  }
}

/** What the broker wrote when it was the one who gave a message up. */
function deathBy(raw: GetMessage): { at: number; reason: string; handOuts: number } | undefined {
  const deaths: unknown = raw.properties.headers?.['x-death']
  const [death] = Array.isArray(deaths) ? (deaths as Record<string, unknown>[]) : []
  if (!death) return undefined
  const time = death.time as { value?: unknown } | undefined
  const at = typeof time?.value === 'number' ? time.value * 1000 : 0
  if (death.reason === 'delivery_limit') {
    // Given back so often, and handed out once more.
    return { at, reason: CRASHED, handOuts: LIMITS.crashesPerMessage + 1 }
  }
  return { at, reason: `given up by the broker: ${String(death.reason)}`, handOuts: 0 }
}

/** What one is called that does not say it: the same content is the same one. */
export function idOfUnreadable({ properties, content }: Pick<GetMessage, 'properties' | 'content'>): string {
  const { messageId } = properties
  if (typeof messageId === 'string' && messageId !== '') return messageId.slice(0, LIMITS.keyLength)
  return idByContent(content)
}

export function idByContent(content: Buffer): string {
  return `unreadable-${createHash('sha256').update(content).digest('hex').slice(0, 32)}`
}

/** Shown as it is, so that somebody can decide. One that does not say when it was made, was when it died. */
function unreadable(raw: GetMessage, reason: string, now: number): MessageRecord {
  const { headers, timestamp } = raw.properties
  const died: unknown = headers?.weir_died_at
  const diedAt = typeof died === 'number' ? died : undefined
  const at = typeof timestamp === 'number' ? timestamp * 1000 : (diedAt ?? now)
  const type = String(headers?.message_type ?? UNKNOWN).slice(0, LIMITS.keyLength)
  const content = raw.content.toString('utf8').slice(0, LIMITS.contentLength)
  return {
    message: { id: idOfUnreadable(raw), type, content, createdAt: at },
    state: 'dead',
    priority: 0,
    attempt: 0,
    failures: 0,
    acceptedAt: at,
    ...(diedAt !== undefined && { finishedAt: diedAt }),
    error: String(headers?.weir_error ?? reason),
    history: [],
  }
}
