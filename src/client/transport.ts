/** One HTTP call with bounded retries: honours Retry-After, backs off with jitter, never outlives its limits. */
import { type Clock, ERRORS, type ErrorCode, type FieldFault, pause, type Random } from '../core/index.ts'
import { type ClientErrorCode, WeirClientError } from './errors.ts'

export interface TransportOptions {
  readonly baseUrl: string
  readonly clock: Clock
  readonly random: Random
  /** Tries after the first; only for calls that may be repeated. */
  readonly retries: number
  /** The longest pause that is waited out; a service that asks for more gets no further try. */
  readonly longestPauseMs: number
  readonly timeoutMs: number
  readonly fetch: typeof fetch
}

export interface Call {
  readonly method: 'GET' | 'POST' | 'PATCH' | 'DELETE'
  readonly path: string
  readonly query?: Readonly<Record<string, string | number | undefined>>
  readonly body?: unknown
  /** Whether doing it twice is the same as doing it once. */
  readonly repeatable: boolean
  readonly signal?: AbortSignal
}

const FIRST_PAUSE_MS = 200

export class Transport {
  readonly #options: TransportOptions

  constructor(options: TransportOptions) {
    this.#options = options
  }

  /** The answer's JSON. Rejects with a WeirClientError, after the last try. */
  async call<Answer>(call: Call): Promise<Answer> {
    const { retries, clock } = this.#options
    for (let attempt = 0; ; attempt++) {
      try {
        return (await this.#once(call)) as Answer
      } catch (error) {
        if (!(error instanceof WeirClientError)) throw error
        const pauseMs = this.#pauseMs(error, attempt)
        const again = call.repeatable && error.retryable && attempt < retries && pauseMs !== undefined
        if (!again || call.signal?.aborted) throw error
        await pause(clock, pauseMs, call.signal)
        if (call.signal?.aborted) throw error
      }
    }
  }

  /** "Equal jitter": half fixed, half random, so that many clients do not come back together. */
  #pauseMs(error: WeirClientError, attempt: number): number | undefined {
    const { random, longestPauseMs } = this.#options
    const asked = error.retryAfterMs
    if (asked !== undefined)
      return asked > longestPauseMs ? undefined : Math.round(asked * (1 + random() * 0.2))
    const full = Math.min(longestPauseMs, FIRST_PAUSE_MS * 2 ** attempt)
    return full / 2 + (random() * full) / 2
  }

  async #once(call: Call): Promise<unknown> {
    const url = new URL(call.path, this.#options.baseUrl)
    for (const [key, value] of Object.entries(call.query ?? {})) {
      if (value !== undefined) url.searchParams.set(key, String(value))
    }
    // `after` on the handed-in clock would not stop the socket; the abort must be the runtime's own.
    const limit = AbortSignal.timeout(this.#options.timeoutMs)
    try {
      const response = await this.#options.fetch(url, {
        method: call.method,
        headers: {
          accept: 'application/json',
          'accept-language': 'en',
          ...(call.body === undefined ? {} : { 'content-type': 'application/json' }),
        },
        ...(call.body === undefined ? {} : { body: JSON.stringify(call.body) }),
        signal: call.signal ? AbortSignal.any([limit, call.signal]) : limit,
      })
      const text = await response.text()
      if (response.ok) return parse(text, response.status)
      throw refusal(response, text)
    } catch (error) {
      if (error instanceof WeirClientError) throw error
      throw new WeirClientError('unreachable', 0, `${url.origin} cannot be reached: ${reason(error)}`, {
        cause: error,
      })
    }
  }
}

function parse(text: string, status: number): unknown {
  try {
    return JSON.parse(text)
  } catch {
    throw new WeirClientError('bad_answer', status, 'the answer is not JSON; is this address a Weir API?')
  }
}

interface Problem {
  readonly code?: string
  readonly detail?: string
  readonly errors?: readonly FieldFault[]
}

function refusal(response: Response, text: string): WeirClientError {
  let problem: Problem = {}
  try {
    problem = JSON.parse(text) as Problem
  } catch {
    // Something in between answered (a proxy's page); the status says what there is to say.
  }
  const known = problem.code !== undefined && problem.code in ERRORS
  const code: ClientErrorCode = known ? (problem.code as ErrorCode) : 'bad_answer'
  const after = Number(response.headers.get('retry-after') ?? Number.NaN)
  return new WeirClientError(code, response.status, problem.detail ?? `HTTP ${response.status}`, {
    ...(Number.isFinite(after) && { retryAfterMs: after * 1000 }),
    ...(problem.errors && { faults: problem.errors }),
  })
}

/** fetch hides the reason ("ECONNREFUSED") behind "fetch failed". */
function reason(error: unknown): string {
  if (!(error instanceof Error)) return String(error)
  if (error.name === 'TimeoutError') return 'no answer in time'
  const cause = error.cause as NodeJS.ErrnoException | undefined
  return cause?.code ?? cause?.message ?? error.message
}
