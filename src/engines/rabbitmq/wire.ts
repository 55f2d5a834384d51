/**
 * How a message lies in the broker. The body is the message as JSON, `{id, type, content, attributes?, createdAt}`;
 * what the queue needs to know of it is in the properties, so that nothing has to be parsed to be moved.
 *
 *   message_id, content_type application/json, delivery_mode 2, timestamp (s), priority (0 to 9)
 *   message_type, created_at (ISO 8601)             for readers that are not us
 *   weir_accepted_at, weir_due_at, weir_expires_at  wall-clock milliseconds
 *   weir_round, weir_attempts, weir_failures        which copy of the message this is, and what it went through
 *   weir_ordering_key, weir_history                 (JSON text, newest last)
 *   weir_error, weir_died_at                        of a dead letter
 *
 * Others may put messages in too, as JSON with a `message_id` property (or an `id`) and a type; what cannot be read is
 * never dropped, it becomes a dead letter that says why.
 */
import type { Message as AmqpMessage, Options } from 'amqplib'
import { DEFAULT_PRIORITY, type JsonObject, LIMITS, type Message, PRIORITIES } from '../../core/index.ts'
import type { HistoryEntry } from '../../queue/index.ts'

/** One copy of a message in the broker. A retry, a dead letter and a requeue each make a new one, a round higher. */
export interface Copy {
  readonly message: Message
  readonly priority: number
  readonly orderingKey?: string
  readonly acceptedAt: number
  /** Not to be handed out before. */
  readonly dueAt?: number
  readonly expiresAt?: number
  readonly round: number
  /** Hand-outs of the rounds before. */
  readonly attempts: number
  /** Counted failures. */
  readonly failures: number
  readonly history: readonly HistoryEntry[]
  /** Of a dead letter. */
  readonly error?: string
  readonly diedAt?: number
}

export type Decoded =
  /** `body`: to be sent on as it is; undefined when it has to be written anew. */
  | {
      readonly kind: 'copy'
      readonly copy: Copy
      readonly body: Buffer | undefined
      readonly foreign: boolean
    }
  | { readonly kind: 'malformed'; readonly reason: string }

/** Properties of a message that is sent; their headers hold numbers and texts only. */
export interface Envelope extends Options.Publish {
  readonly headers: Readonly<Record<string, string | number>>
}

/** In the headers, which share one frame: fewer and shorter than a ledger keeps. */
const HISTORY_ENTRIES = 20
const HISTORY_ERROR_LENGTH = 200

export function bodyOf({ id, type, content, attributes, createdAt }: Message): Buffer {
  return Buffer.from(JSON.stringify({ id, type, content, attributes, createdAt }))
}

export function envelopeOf(copy: Copy): Envelope {
  const { message, history, dueAt, expiresAt, orderingKey, error, diedAt } = copy
  // Only what there is: a field costs every message that has it, and 0 is what its absence means.
  const headers: Record<string, string | number> = {
    message_type: message.type,
    created_at: isoTime(message.createdAt),
    weir_accepted_at: copy.acceptedAt,
  }
  if (dueAt !== undefined) headers.weir_due_at = dueAt
  if (expiresAt !== undefined) headers.weir_expires_at = expiresAt
  if (copy.round > 0) headers.weir_round = copy.round
  if (copy.attempts > 0) headers.weir_attempts = copy.attempts
  if (copy.failures > 0) headers.weir_failures = copy.failures
  if (orderingKey !== undefined) headers.weir_ordering_key = orderingKey
  if (history.length > 0) headers.weir_history = historyText(history)
  if (error !== undefined) headers.weir_error = error.slice(0, LIMITS.errorLength)
  if (diedAt !== undefined) headers.weir_died_at = diedAt
  return {
    messageId: message.id,
    contentType: 'application/json',
    deliveryMode: 2,
    timestamp: Math.floor(message.createdAt / 1000),
    priority: copy.priority,
    headers,
  }
}

/** `now`: when a message of somebody else, who does not say when he made it, counts as accepted. */
export function decode(raw: AmqpMessage, now: number): Decoded {
  const headers = raw.properties.headers ?? {}
  const body = parsed(raw.content)
  if (body === undefined) return malformed('the body is not a JSON object')
  const id = text(raw.properties.messageId) ?? text(body.id)
  if (id === undefined) return malformed('it has no id: neither a message_id property nor an id in the body')
  if (id.length > LIMITS.keyLength) return malformed(`its id is longer than ${LIMITS.keyLength} characters`)
  const type = text(body.type) ?? text(headers.message_type) ?? raw.fields.routingKey
  const acceptedAt = number(headers.weir_accepted_at)
  const ours = acceptedAt !== undefined && isMessage(body) && body.id === id
  const message = ours ? body : foreignMessage(raw, body, { id, type, now })
  const orderingKey = text(headers.weir_ordering_key)
  const dueAt = number(headers.weir_due_at)
  const expiresAt = number(headers.weir_expires_at)
  const error = text(headers.weir_error) ?? reasonOfBroker(raw)
  const diedAt = number(headers.weir_died_at)
  const copy: Copy = {
    message,
    priority: priorityOf(number(raw.properties.priority)),
    acceptedAt: acceptedAt ?? secondsOf(raw.properties.timestamp) ?? now,
    round: number(headers.weir_round) ?? 0,
    attempts: number(headers.weir_attempts) ?? 0,
    failures: number(headers.weir_failures) ?? 0,
    history: historyOf(headers.weir_history),
    ...(orderingKey !== undefined && { orderingKey }),
    ...(dueAt !== undefined && { dueAt }),
    ...(expiresAt !== undefined && { expiresAt }),
    ...(error !== undefined && { error }),
    ...(diedAt !== undefined && { diedAt }),
  }
  return { kind: 'copy', copy, body: ours ? raw.content : undefined, foreign: acceptedAt === undefined }
}

/** How often the broker has handed this copy out before: exact in quorum queues, "at least once" in classic ones. */
export function redeliveries(raw: AmqpMessage): number {
  return number(raw.properties.headers?.['x-delivery-count']) ?? (raw.fields.redelivered ? 1 : 0)
}

export function isoTime(ms: number): string {
  const wholeMs = Math.floor(ms)
  return Number.isFinite(wholeMs) && Math.abs(wholeMs) <= 8.64e15 ? new Date(wholeMs).toISOString() : ''
}

function malformed(reason: string): Decoded {
  return { kind: 'malformed', reason }
}

function parsed(content: Buffer): Record<string, unknown> | undefined {
  try {
    const value: unknown = JSON.parse(content.toString('utf8'))
    return isObject(value) ? value : undefined
  } catch {
    return undefined
  }
}

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}

/** Written by this very program, so only what everything else relies on is looked at. */
function isMessage(body: Record<string, unknown>): body is Record<string, unknown> & Message {
  return (
    typeof body.id === 'string' &&
    typeof body.type === 'string' &&
    typeof body.content === 'string' &&
    typeof body.createdAt === 'number'
  )
}

/** `content` is the text of that name, or the whole body: a processor must get what was sent, whatever its shape. */
function foreignMessage(
  raw: AmqpMessage,
  body: Record<string, unknown>,
  known: { id: string; type: string; now: number },
): Message {
  const headers = raw.properties.headers ?? {}
  const createdAt =
    timeOf(headers.created_at) ??
    timeOf(body.createdAt) ??
    timeOf(body.created_at) ??
    secondsOf(raw.properties.timestamp) ??
    known.now
  return {
    id: known.id,
    type: known.type,
    content: text(body.content) ?? raw.content.toString('utf8'),
    ...(isObject(body.attributes) && { attributes: body.attributes as JsonObject }),
    createdAt,
  }
}

function text(value: unknown): string | undefined {
  return typeof value === 'string' && value !== '' ? value : undefined
}

function number(value: unknown): number | undefined {
  return typeof value === 'number' && Number.isFinite(value) ? value : undefined
}

function timeOf(value: unknown): number | undefined {
  if (typeof value === 'number') return number(value)
  const time = typeof value === 'string' ? Date.parse(value) : Number.NaN
  return Number.isNaN(time) ? undefined : time
}

function secondsOf(value: unknown): number | undefined {
  const seconds = number(value)
  return seconds === undefined ? undefined : seconds * 1000
}

function priorityOf(value: number | undefined): number {
  if (value === undefined) return DEFAULT_PRIORITY
  return Math.max(0, Math.min(PRIORITIES - 1, Math.trunc(value)))
}

function historyText(history: readonly HistoryEntry[]): string {
  const kept = history.slice(-HISTORY_ENTRIES).map((entry) => {
    return entry.error === undefined ? entry : { ...entry, error: entry.error.slice(0, HISTORY_ERROR_LENGTH) }
  })
  return JSON.stringify(kept)
}

function historyOf(value: unknown): readonly HistoryEntry[] {
  if (typeof value !== 'string') return []
  try {
    const entries: unknown = JSON.parse(value)
    return Array.isArray(entries) ? (entries as HistoryEntry[]).slice(-HISTORY_ENTRIES) : []
  } catch {
    return []
  }
}

/** Of a message that the broker itself put among the dead letters, usually for too many deliveries. */
function reasonOfBroker(raw: AmqpMessage): string | undefined {
  const headers = raw.properties.headers ?? {}
  const reason = headers['x-first-death-reason']
  if (reason === undefined || !text(headers['x-first-death-queue'])) return undefined
  if (String(reason) === 'delivery_limit')
    return 'handed out too often without an end: the crash of a process each time'
  return undefined
}
