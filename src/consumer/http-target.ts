/**
 * A processor that forwards messages to a user's own HTTP back end: load levelling without code.
 *
 * It sends `POST <url>` with the message as JSON (`id`, `type`, `content`, `attributes`, `createdAt` in ISO
 * 8601) and the headers `Idempotency-Key` and `Weir-Message-Id` (the id, the same at every attempt),
 * `Weir-Message-Type` and `Weir-Attempt` (from 1). What the back end answers means:
 *
 * | answer                                   | outcome                                                             |
 * |------------------------------------------|---------------------------------------------------------------------|
 * | 2xx                                      | done; a JSON body of at most 16 KiB is kept as the result           |
 * | 409, 422                                 | rejected: a business refusal, final; the reason is taken from the body |
 * | 429                                      | failed, `overloaded`; `Retry-After` pauses the whole back end       |
 * | 503                                      | failed, `unavailable`; `Retry-After` likewise                       |
 * | 408, 504                                 | failed, `timeout`                                                   |
 * | 425, other 5xx, 1xx, 3xx                 | failed, `error` (a redirect is not followed: it would lose the body) |
 * | any other 4xx                            | dead: the back end will never take this message                     |
 * | no connection, broken or unreadable answer | failed, `unavailable`                                             |
 * | nothing within the processing timeout    | failed, `timeout`                                                   |
 */
import type { Clock, JsonObject, JsonValue, Message, Outcome } from '../core/index.ts'
import { LIMITS } from '../core/index.ts'
import { failed } from './outcomes.ts'
import type { ProcessingContext, Processor } from './processor.ts'

export interface HttpTargetOptions {
  /** `http:` or `https:`; a user and password in it become an `Authorization` header. */
  readonly url: string
  readonly clock: Clock
  /** Label in metrics and logs; `http-target` unless given. */
  readonly name?: string
  /** Sent with every request, for example a token of the back end. */
  readonly headers?: Readonly<Record<string, string>>
  /** The runtime's `fetch`, which keeps connections alive, unless given. */
  readonly fetch?: typeof fetch
}

/** An answer is a confirmation, not a download; what is longer is not read further. */
const LARGEST_BODY_BYTES = 64 * 1024
const LARGEST_RESULT_BYTES = 16 * 1024
const LONGEST_REASON = 500

/** Throws a TypeError when `url` is not an HTTP address: that stops the start, not the first message. */
export function createHttpTarget(options: HttpTargetOptions): Processor {
  const { url, headers } = resolve(options)
  const send = options.fetch ?? fetch
  return {
    name: options.name ?? 'http-target',
    async process(message: Message, { attempt, signal }: ProcessingContext): Promise<Outcome> {
      try {
        const response = await send(url, {
          method: 'POST',
          headers: {
            ...headers,
            'idempotency-key': message.id,
            'weir-message-id': message.id,
            'weir-message-type': headerText(message.type),
            'weir-attempt': String(attempt),
          },
          body: JSON.stringify(wireForm(message)),
          redirect: 'manual',
          signal,
        })
        const body = await readBounded(response)
        return outcomeOf(response, body, options.clock.now())
      } catch (error) {
        if (signal.aborted) return failed('timeout', 'aborted: no answer in time')
        return failed('unavailable', `the target cannot be reached: ${causeOf(error)}`)
      }
    },
  }
}

function resolve({ url, headers }: HttpTargetOptions): { url: string; headers: Record<string, string> } {
  const parsed = new URL(url)
  if (parsed.protocol !== 'http:' && parsed.protocol !== 'https:') {
    throw new TypeError(`a target is an http or https URL, not ${parsed.protocol}`)
  }
  const all: Record<string, string> = { accept: 'application/json', 'content-type': 'application/json' }
  if (parsed.username || parsed.password) {
    // fetch refuses URLs with credentials in them.
    const pair = `${decodeURIComponent(parsed.username)}:${decodeURIComponent(parsed.password)}`
    all.authorization = `Basic ${Buffer.from(pair).toString('base64')}`
    parsed.username = ''
    parsed.password = ''
  }
  for (const [name, value] of Object.entries(headers ?? {})) all[name.toLowerCase()] = value
  return { url: parsed.href, headers: all }
}

/** Header values are Latin-1; a type's name may be any text. */
function headerText(text: string): string {
  return /^[\x20-\x7e]*$/.test(text) ? text : encodeURIComponent(text)
}

function wireForm({ id, type, content, attributes, createdAt }: Message): JsonObject {
  const wire: JsonObject = { id, type, content, createdAt: new Date(createdAt).toISOString() }
  if (attributes !== undefined) wire.attributes = attributes
  return wire
}

/**
 * The body's text, or undefined when it is longer than we read; the rest is then cut off with its
 * connection.
 */
async function readBounded(response: Response): Promise<string | undefined> {
  if (!response.body) return ''
  const chunks: Uint8Array[] = []
  let size = 0
  for await (const chunk of response.body as unknown as AsyncIterable<Uint8Array>) {
    size += chunk.length
    // Leaving the loop cancels the stream.
    if (size > LARGEST_BODY_BYTES) return undefined
    chunks.push(chunk)
  }
  return Buffer.concat(chunks).toString('utf8')
}

function outcomeOf(response: Response, body: string | undefined, now: number): Outcome {
  const { status } = response
  if (status >= 200 && status < 300) return withResult({ kind: 'done' }, body)
  const reason = reasonOf(body)
  const error = reason === '' ? `HTTP ${status}` : `HTTP ${status}: ${reason}`
  switch (status) {
    case 409:
    case 422:
      return withResult({ kind: 'rejected', reason: reason === '' ? error : reason }, body)
    case 408:
    case 504:
      return failed('timeout', error)
    case 425:
      return failed('error', error)
    case 429:
    case 503: {
      const failure = failed(status === 429 ? 'overloaded' : 'unavailable', error)
      const retryAfterMs = parseRetryAfter(response.headers.get('retry-after'), now)
      return retryAfterMs === undefined ? failure : { ...failure, retryAfterMs }
    }
    default:
      return status >= 400 && status < 500 ? { kind: 'dead', error } : failed('error', error)
  }
}

/** RFC 9110, 10.2.3: seconds, or an HTTP date. undefined for anything else; a date in the past is 0. */
export function parseRetryAfter(value: string | null, now: number): number | undefined {
  if (value === null) return undefined
  const text = value.trim()
  if (/^\d{1,9}$/.test(text)) return Number(text) * 1000
  // Date.parse takes far more than HTTP dates, "1.5" for example; those end in GMT and begin with a
  // weekday.
  if (!/^[A-Z][a-z]+,? .* (GMT|\d{4})$/.test(text)) return undefined
  const at = Date.parse(text)
  return Number.isNaN(at) ? undefined : Math.max(0, at - now)
}

/** Adds the body where it is JSON that is worth keeping. */
function withResult(
  outcome: Exclude<Outcome, { kind: 'failed' | 'dead' }>,
  body: string | undefined,
): Outcome {
  if (body === undefined || body === '' || Buffer.byteLength(body) > LARGEST_RESULT_BYTES) return outcome
  const result = parsed(body)
  return result !== undefined && depthWithin(result, LIMITS.jsonDepth) ? { ...outcome, result } : outcome
}

/** The words a refusal is explained with in JSON, problem+json included; otherwise the body itself. */
function reasonOf(body: string | undefined): string {
  if (body === undefined) return ''
  const value = parsed(body)
  if (typeof value === 'object' && value !== null && !Array.isArray(value)) {
    for (const key of ['reason', 'detail', 'message', 'error', 'title']) {
      const text = value[key]
      if (typeof text === 'string' && text.trim() !== '') return text.trim().slice(0, LONGEST_REASON)
    }
  }
  return body.trim().slice(0, LONGEST_REASON)
}

function parsed(body: string): JsonValue | undefined {
  try {
    return JSON.parse(body) as JsonValue
  } catch {
    return undefined
  }
}

/** Level by level, not by recursion: a hostile answer must not overflow our stack. */
function depthWithin(value: JsonValue, limit: number): boolean {
  let level: JsonValue[] = [value]
  for (let depth = 0; level.length > 0; depth++) {
    if (depth > limit) return false
    level = level.flatMap((item) => (typeof item === 'object' && item !== null ? Object.values(item) : []))
  }
  return true
}

/** fetch hides the reason ("ECONNREFUSED") behind "fetch failed". */
function causeOf(error: unknown): string {
  if (!(error instanceof Error)) return String(error)
  const { cause } = error
  if (cause instanceof Error) return (cause as NodeJS.ErrnoException).code ?? cause.message
  return error.message
}
