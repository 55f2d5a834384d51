/** What every route asks of a request: who it is from, which event, which body; and how a refusal is answered. */
import type { FastifyReply, FastifyRequest } from 'fastify'
import { type FieldFault, WeirError } from '../../core/index.ts'
import type { Identity } from '../accounts/session.ts'
import { type RoomErrorCode, statusOf } from '../errors.ts'
import { isEventId } from '../port.ts'
import type { RoomDeps } from './deps.ts'

/** A refusal with its status. Older clients read `error`, newer ones `code`. */
export class Refusal extends Error {
  readonly status: number
  readonly code: RoomErrorCode
  readonly retryAfterMs: number | undefined
  readonly faults: readonly FieldFault[] | undefined

  /** `status`: where another one than the code's is told. */
  constructor(
    code: RoomErrorCode,
    message: string,
    more: { status?: number; retryAfterMs?: number; faults?: readonly FieldFault[] } = {},
  ) {
    super(message)
    this.status = more.status ?? statusOf(code)
    this.code = code
    this.retryAfterMs = more.retryAfterMs
    this.faults = more.faults
  }
}

/** 401 without a token, or with one that is not valid; an admin is asked for separately. */
export async function identityOf(request: FastifyRequest, deps: RoomDeps): Promise<Identity> {
  const token = bearerOf(request.headers.authorization ?? '')
  if (token === undefined) throw new Refusal('no_token', 'Authentication required')
  const identity = deps.sessions.identify(token, deps.clock.now()) ?? (await deps.identifyHosted?.(token))
  if (!identity) throw new Refusal('bad_token', 'Invalid authentication token')
  return identity
}

/** By hand: an expression that ignores case took a tenth of a newcomer's request. */
function bearerOf(header: string): string | undefined {
  if (header.slice(0, 7).toLowerCase() !== 'bearer ') return undefined
  const token = header.slice(7).trim()
  return token === '' || token.includes(' ') ? undefined : token
}

export async function adminOf(request: FastifyRequest, deps: RoomDeps): Promise<Identity> {
  const identity = await identityOf(request, deps)
  if (identity.role !== 'admin') throw new Refusal('not_an_admin', 'The admin role is needed')
  return identity
}

export function eventOf(request: FastifyRequest): string {
  const { eventId } = request.params as { eventId?: unknown }
  if (isEventId(eventId)) return eventId
  throw new Refusal('bad_event', 'An event id is 1 to 64 of A-Z a-z 0-9 _ -')
}

/** An object, whatever was sent; {} for nothing. */
export function bodyOf(request: FastifyRequest): Readonly<Record<string, unknown>> {
  const { body } = request
  if (body === undefined || body === null) return {}
  if (typeof body === 'object' && !Array.isArray(body)) return body as Record<string, unknown>
  throw new Refusal('bad_body', 'The body has to be a JSON object')
}

export function whole(name: string, text: string | undefined, otherwise: number): number {
  if (text === undefined) return otherwise
  if (/^\d{1,15}$/.test(text)) return Number(text)
  throw new Refusal('invalid_query', `${name} must be a whole number`)
}

export function unknownEvent(event: string): Refusal {
  return new Refusal('unknown_event', `There is no event ${event}`)
}

/** Whatever was thrown, as an answer. What is no refusal is a fault of ours: logged, and not told. */
export function refuse(error: unknown, reply: FastifyReply, deps: Pick<RoomDeps, 'logger'>): FastifyReply {
  const refusal = refusalOf(error)
  if (refusal.status >= 500 && refusal.code === 'internal')
    deps.logger.error({ err: error }, 'a request failed')
  if (refusal.retryAfterMs !== undefined)
    reply.header('retry-after', String(Math.ceil(refusal.retryAfterMs / 1000)))
  const { code, faults } = refusal
  const body = { error: refusal.message, code, ...(faults && { faults }) }
  return reply.code(refusal.status).header('cache-control', 'no-store').send(body)
}

function refusalOf(error: unknown): Refusal {
  if (error instanceof Refusal) return error
  if (error instanceof WeirError) {
    const { retryAfterMs, faults } = error
    // A setting that an operator sends is his request's fault; one of ours would have stopped the start.
    const status = error.code === 'invalid_setting' ? 400 : error.status
    const message = error.code === 'internal' ? 'A fault of ours' : error.message
    return new Refusal(error.code, message, {
      status,
      ...(retryAfterMs !== undefined && { retryAfterMs }),
      ...(faults && { faults }),
    })
  }
  const { statusCode, message } = error as { statusCode?: number; message?: string }
  // Fastify's own, for a body that is too large, no JSON, or of another kind.
  if (statusCode !== undefined && statusCode >= 400 && statusCode < 500)
    return new Refusal('bad_request', message ?? 'Bad request', { status: statusCode })
  return new Refusal('internal', 'A fault of ours')
}
