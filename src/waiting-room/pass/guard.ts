/**
 * Guards a shop's routes: whoever has no valid pass for the event is sent to the waiting room, or refused when the
 * request was not for a page. One guard, and the shapes in which Fastify and Express want it.
 */
import { KeySource } from './keys.ts'
import {
  keyIdOf,
  type Pass,
  type PassKeySet,
  type PassRefusal,
  type PassVerdict,
  verifyPass,
} from './verify.ts'

export interface GuardOptions {
  readonly issuer: string
  /** One event, or which one a request is about. */
  readonly event: string | ((request: GuardedRequest) => string)
  /** Where the keys are published, or the keys. */
  readonly keys: string | PassKeySet
  /** The page of the waiting room that a browser without a pass is sent to; left out, it is refused like the others. */
  readonly roomUrl?: string
  /** The shop's own idea of who this is: a pass of somebody else is then refused. */
  readonly visitor?: (request: GuardedRequest) => string | undefined
  readonly binding?: (request: GuardedRequest) => string | undefined
  readonly leewaySeconds?: number
  /** Milliseconds since the epoch. */
  readonly now?: () => number
  readonly fetch?: typeof fetch
}

/** What Fastify's and Express' requests have in common. */
export interface GuardedRequest {
  readonly headers: Readonly<Record<string, string | string[] | undefined>>
  readonly url?: string | undefined
  readonly method?: string | undefined
}

export const PASS_HEADER = 'weir-pass'
export const PASS_COOKIE = '__Host-weir-pass'

export type Guard = (request: GuardedRequest) => Promise<PassVerdict>

/** Looks at the header `Weir-Pass`, then at the cookie `__Host-weir-pass`. Rejects only when an option throws. */
export function passGuard(options: GuardOptions): Guard {
  const { issuer, event, keys, leewaySeconds } = options
  // In a shop's process there is no composition root of ours to hand the clock in.
  const now = options.now ?? Date.now
  const source =
    typeof keys === 'string'
      ? new KeySource({ url: keys, now, ...(options.fetch && { fetch: options.fetch }) })
      : { keysFor: async () => keys }
  return async (request) => {
    const token = tokenOf(request)
    if (token === undefined) return { ok: false, reason: 'missing' }
    const known = await source.keysFor(keyIdOf(token))
    const visitor = options.visitor?.(request)
    const binding = options.binding?.(request)
    return verifyPass(token, {
      keys: known,
      issuer,
      event: typeof event === 'string' ? event : event(request),
      now: now(),
      ...(visitor !== undefined && { visitor }),
      ...(binding !== undefined && { binding }),
      ...(leewaySeconds !== undefined && { leewaySeconds }),
    })
  }
}

interface FastifyReplyLike {
  code(status: number): FastifyReplyLike
  header(name: string, value: string): FastifyReplyLike
  type(type: string): FastifyReplyLike
  send(body?: unknown): unknown
}

/** `app.addHook('preHandler', fastifyPass(options))`; the pass is `request.pass` afterwards. */
export function fastifyPass(options: GuardOptions) {
  const guard = passGuard(options)
  return async (request: GuardedRequest & { pass?: Pass }, reply: FastifyReplyLike): Promise<unknown> => {
    const verdict = await guard(request)
    if (verdict.ok) {
      request.pass = verdict.pass
      return undefined
    }
    const { status, headers, body } = refusal(verdict.reason, request, options)
    for (const [name, value] of Object.entries(headers)) reply.header(name, value)
    return reply.code(status).send(body)
  }
}

interface ExpressResponseLike {
  writeHead(status: number, headers: Record<string, string>): unknown
  end(body?: string): unknown
}

/** `app.use('/buy', expressPass(options))`; the pass is `request.pass` afterwards. */
export function expressPass(options: GuardOptions) {
  const guard = passGuard(options)
  return (
    request: GuardedRequest & { pass?: Pass },
    response: ExpressResponseLike,
    next: (error?: unknown) => void,
  ): void => {
    guard(request).then((verdict) => {
      if (verdict.ok) {
        request.pass = verdict.pass
        return next()
      }
      const { status, headers, body } = refusal(verdict.reason, request, options)
      response.writeHead(status, headers)
      response.end(body)
    }, next)
  }
}

function refusal(
  reason: PassRefusal,
  request: GuardedRequest,
  { roomUrl }: GuardOptions,
): { status: number; headers: Record<string, string>; body: string } {
  const wantsPage = /text\/html/.test(one(request.headers.accept) ?? '')
  const asksOnly = request.method === undefined || request.method === 'GET' || request.method === 'HEAD'
  // A cached refusal would keep out somebody who has been admitted since.
  const headers = { 'cache-control': 'no-store' }
  if (roomUrl !== undefined && wantsPage && asksOnly)
    return { status: 302, headers: { ...headers, location: roomUrl }, body: '' }
  const body = JSON.stringify({ title: 'A pass of the waiting room is needed', code: 'pass_needed', reason })
  return { status: 403, headers: { ...headers, 'content-type': 'application/problem+json' }, body }
}

function one(value: string | string[] | undefined): string | undefined {
  return Array.isArray(value) ? value[0] : value
}

function tokenOf({ headers }: GuardedRequest): string | undefined {
  const header = one(headers[PASS_HEADER])
  if (header !== undefined) return header.trim()
  for (const pair of (one(headers.cookie) ?? '').split(';')) {
    const at = pair.indexOf('=')
    if (at > 0 && pair.slice(0, at).trim() === PASS_COOKIE) return pair.slice(at + 1).trim()
  }
  return undefined
}
