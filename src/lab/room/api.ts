/**
 * The room's HTTP API as a visitor's browser calls it: patient with a room that says "not yet" (429, 503 with
 * Retry-After) or that is being restarted, because a page would be, too. Every call may be repeated: entering, looking,
 * claiming and leaving twice is the same as once.
 */
import { type Clock, pause, type Random } from '../../core/index.ts'

export interface RoomApiOptions {
  readonly url: string
  readonly clock: Clock
  readonly random: Random
  /** No try is begun after it. */
  readonly signal: AbortSignal
  /** Every answer's body, whoever asked. */
  readonly onAnswer: (visitor: string | undefined, path: string, body: unknown) => void
  readonly onRefused: (code: string) => void
}

export interface RoomAnswer {
  readonly status: number
  readonly body: Readonly<Record<string, unknown>>
  /** When the try that was answered left, and the first one, which may have arrived all the same. */
  readonly sentAt: number
  readonly firstSentAt: number
  readonly at: number
}

/** An answer that says no for good, or no answer within the patience. */
export class RoomCallError extends Error {
  readonly status: number
  readonly code: string

  constructor(status: number, code: string, message: string) {
    super(message)
    this.status = status
    this.code = code
  }
}

/** Calls at the same time; a page of a browser keeps one connection, and a call is short. */
const CONNECTIONS = 128
const ANSWER_MS = 30_000
/** For a room that does not answer, or answers with a fault, before a call is given up. */
const PATIENCE_MS = 60_000
const FIRST_PAUSE_MS = 250
const LONGEST_PAUSE_MS = 5_000

interface Who {
  readonly token?: string
  readonly visitor?: string
}

export class RoomApi {
  readonly #options: RoomApiOptions
  /** The most by which the room's clock can be ahead of ours; its `Date` tells whole seconds. */
  #ahead = Number.POSITIVE_INFINITY
  #inFlight = 0
  readonly #waiting: (() => void)[] = []
  /** Time that callers waited because the room asked them to, milliseconds. */
  pausedMs = 0

  constructor(options: RoomApiOptions) {
    this.#options = options
  }

  get url(): string {
    return this.#options.url
  }

  /** Of a moment by the room's clock the earliest one that it can be by ours; null for what is no moment. */
  earliest(iso: unknown): number | null {
    const at = typeof iso === 'string' ? Date.parse(iso) : Number.NaN
    if (Number.isNaN(at)) return null
    return at - (Number.isFinite(this.#ahead) ? this.#ahead : 0)
  }

  /** One try, whatever the answer: a wrong address is told at once and not waited for. Rejects with RoomCallError. */
  async reach(): Promise<void> {
    const outcome = await this.#once('GET', '/health', {}, undefined)
    if (outcome.kind === 'refused' && outcome.error.status === 0) throw outcome.error
  }

  /** One try, and not in turn: who watches must not wait behind those who are watched. Rejects with RoomCallError. */
  async peek(path: string): Promise<Readonly<Record<string, unknown>>> {
    const outcome = await this.#once('GET', path, {}, undefined)
    if (outcome.kind === 'refused') throw outcome.error
    return outcome.answer.body
  }

  /** Resolves with a 2xx; rejects with RoomCallError. */
  async call(method: 'GET' | 'POST' | 'PATCH' | 'PUT', path: string, who: Who = {}, body?: unknown) {
    const { clock, signal, onRefused } = this.#options
    const firstSentAt = clock.now()
    for (let attempt = 0; ; attempt++) {
      const outcome = await this.#inTurn(() => this.#once(method, path, who, body))
      if (outcome.kind === 'answer') return { ...outcome.answer, firstSentAt }
      const { error, retryAfterMs } = outcome
      const isPatient = error.status === 429 || clock.now() - firstSentAt < PATIENCE_MS
      const mayChange = error.status === 0 || error.status === 429 || error.status >= 500
      if (signal.aborted || !mayChange || !isPatient) throw error
      onRefused(error.code)
      await this.#pause(retryAfterMs, attempt)
      if (signal.aborted) throw error
    }
  }

  /** One connection each would have thousands be made at once, and measure nothing but that. */
  async #inTurn(run: () => Promise<Outcome>): Promise<Outcome> {
    if (this.#inFlight >= CONNECTIONS) await new Promise<void>((resolve) => this.#waiting.push(resolve))
    else this.#inFlight++
    try {
      return await run()
    } finally {
      // Handed on, not given back: who waits has it at once.
      const next = this.#waiting.shift()
      if (next) next()
      else this.#inFlight--
    }
  }

  /** What was asked for and a bit, so that all who were refused together do not come back together. */
  async #pause(asked: number | undefined, attempt: number): Promise<void> {
    const { clock, random, signal } = this.#options
    const full = Math.min(LONGEST_PAUSE_MS, FIRST_PAUSE_MS * 2 ** attempt)
    const ms = asked !== undefined ? asked * (1 + 0.25 * random()) : full * (0.5 + 0.5 * random())
    this.pausedMs += ms
    await pause(clock, ms, signal)
  }

  async #once(method: string, path: string, { token, visitor }: Who, body: unknown): Promise<Outcome> {
    const { clock, url, onAnswer } = this.#options
    const sentAt = clock.now()
    try {
      const response = await fetch(new URL(path, url), {
        method,
        headers: {
          accept: 'application/json',
          ...(token !== undefined && { authorization: `Bearer ${token}` }),
          ...(body !== undefined && { 'content-type': 'application/json' }),
        },
        ...(body !== undefined && { body: JSON.stringify(body) }),
        signal: AbortSignal.timeout(ANSWER_MS),
      })
      const text = await response.text()
      const at = clock.now()
      const date = Date.parse(response.headers.get('date') ?? '')
      if (!Number.isNaN(date)) this.#ahead = Math.min(this.#ahead, date + 1000 - sentAt)
      const json = objectOf(text)
      onAnswer(visitor, path, json)
      if (response.ok && json) {
        return { kind: 'answer', answer: { status: response.status, body: json, sentAt, at } }
      }
      return refused(response, json)
    } catch (error) {
      const { name, cause, message } = error as Error & { cause?: NodeJS.ErrnoException }
      const why = name === 'TimeoutError' ? 'no answer in time' : (cause?.code ?? cause?.message ?? message)
      const says = `${new URL(url).origin} cannot be reached: ${why}`
      return { kind: 'refused', error: new RoomCallError(0, 'unreachable', says) }
    }
  }
}

type Outcome =
  | { readonly kind: 'answer'; readonly answer: Omit<RoomAnswer, 'firstSentAt'> }
  | { readonly kind: 'refused'; readonly error: RoomCallError; readonly retryAfterMs?: number }

function refused(response: Response, json: Readonly<Record<string, unknown>> | undefined): Outcome {
  const { status } = response
  const code = typeof json?.code === 'string' ? json.code : `http_${status}`
  const says = json
    ? String(json.error ?? json.message ?? `HTTP ${status}`)
    : 'the answer is not JSON; is this a waiting room?'
  const after = Number(response.headers.get('retry-after') ?? Number.NaN)
  const error = new RoomCallError(status, code, says)
  return { kind: 'refused', error, ...(Number.isFinite(after) && { retryAfterMs: after * 1000 }) }
}

function objectOf(text: string): Readonly<Record<string, unknown>> | undefined {
  try {
    const value: unknown = JSON.parse(text)
    const isObject = typeof value === 'object' && value !== null && !Array.isArray(value)
    return isObject ? (value as Record<string, unknown>) : undefined
  } catch {
    return undefined
  }
}

/** So many at once, in order; rejects with the first failure. Stops beginning new ones when `signal` aborts. */
export async function inLanes<T>(
  items: readonly T[],
  lanes: number,
  work: (item: T) => Promise<void>,
  signal?: AbortSignal,
): Promise<void> {
  let next = 0
  const lane = async (): Promise<void> => {
    for (let item = items[next++]; item !== undefined && !signal?.aborted; item = items[next++])
      await work(item)
  }
  await Promise.all(Array.from({ length: Math.min(lanes, items.length) }, lane))
}
