/** The room's HTTP API, as the pages call it. An answer is a closed union: what the world refuses is no exception. */
import type { Session } from './keep.ts'
import type { Draw, VisitAnswer } from './wire.ts'

export type Answer<T> =
  /**
   * `serverAt`: the server's clock when it answered, milliseconds since the epoch, to about a second. `sentAt`: ours
   * when it was asked.
   */
  | { readonly ok: true; readonly body: T; readonly sentAt: number; readonly serverAt: number | undefined }
  /** `status` 0: no answer came. */
  | {
      readonly ok: false
      readonly status: number
      readonly code: string
      readonly error: string
      readonly retryAfterMs?: number
    }

/** An answer that takes longer than this is none. */
const PATIENCE_MS = 15_000

type Method = 'GET' | 'POST' | 'PATCH'

export async function ask<T>(
  method: Method,
  path: string,
  token?: string,
  body?: object,
): Promise<Answer<T>> {
  const sentAt = Date.now()
  let response: Response
  let json: Record<string, unknown>
  try {
    response = await fetch(path, {
      method,
      cache: 'no-store',
      signal: AbortSignal.timeout(PATIENCE_MS),
      headers: {
        accept: 'application/json',
        ...(token !== undefined && { authorization: `Bearer ${token}` }),
        ...(body !== undefined && { 'content-type': 'application/json' }),
      },
      ...(body !== undefined && { body: JSON.stringify(body) }),
    })
    // A proxy in between may answer anything.
    json = (await response.json().catch(() => ({}))) as Record<string, unknown>
  } catch {
    return { ok: false, status: 0, code: 'offline', error: '' }
  }
  if (response.ok) return { ok: true, body: json as T, sentAt, serverAt: serverTime(response) }
  const retryAfter = Number(response.headers.get('retry-after'))
  return {
    ok: false,
    status: response.status,
    code: typeof json.code === 'string' ? json.code : 'unexpected',
    error: typeof json.error === 'string' ? json.error : `HTTP ${response.status}`,
    ...(retryAfter > 0 && { retryAfterMs: retryAfter * 1000 }),
  }
}

/** The header has whole seconds, cut off. */
function serverTime(response: Response): number | undefined {
  const at = Date.parse(response.headers.get('date') ?? '')
  return Number.isFinite(at) ? at + 500 : undefined
}

export type Step = 'check' | 'claim' | 'renew' | 'done' | 'undo' | 'leave'

const at = (event: string): string => encodeURIComponent(event)

export const step = (name: Step, event: string, token: string) =>
  ask<VisitAnswer>('POST', `/api/queue/${name}/${at(event)}`, token)

export const status = (event: string, token: string) =>
  ask<VisitAnswer>('GET', `/api/queue/status/${at(event)}`, token)

/** The same for everybody. */
export const draw = (event: string) =>
  ask<{ readonly draw: Draw | null }>('GET', `/api/queue/draw/${at(event)}`)

export const logIn = (email: string, password: string) =>
  ask<Session>('POST', '/api/auth/login', undefined, { email, password })

export const register = (email: string, password: string, name: string) =>
  ask<Session>('POST', '/api/auth/register', undefined, { email, password, name })
