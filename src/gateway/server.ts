/**
 * The HTTP server under the routes: bounds on everything a socket may do, bodies from bytes to English words, and every
 * refusal in one shape. What a request does wrong never becomes a 500.
 */
import { STATUS_CODES } from 'node:http'
import type { Socket } from 'node:net'
import fastify, { type FastifyInstance, type FastifyReply, type FastifyRequest } from 'fastify'
import type { TSchema } from 'typebox'
import { type Clock, type ErrorCode, type Logger, WeirError } from '../core/index.ts'
import { hasPrototypeKey, parseJson } from './body.ts'
import type { GatewayOptions } from './options.ts'
import { Presenter, refusalText } from './present.ts'
import { Refusal } from './refusal.ts'
import { routeValidator } from './validate.ts'
import { type Language, speaksEnglish, speaksKorean, toEnglish } from './wire.ts'

export interface ServerDeps {
  readonly clock: Clock
  readonly logger: Logger
  readonly defaultLanguage: Language
  /** Hears of refused requests on routes that take messages. */
  readonly refused: (code: ErrorCode, messages: number) => void
}

export function createServer(deps: ServerDeps, options: GatewayOptions): FastifyInstance {
  const presenter = new Presenter(deps.defaultLanguage, () => deps.clock.now())
  const refuse = (error: unknown, request: FastifyRequest, reply: FastifyReply) =>
    presenter.refusal(request, reply, toRefusal(error, request, deps.logger))

  const app = fastify({
    // A line per request cost more than a third of the throughput; refusals and faults are logged where they arise.
    logger: false,
    bodyLimit: options.bodyBytes,
    requestTimeout: options.requestTimeoutMs,
    connectionTimeout: options.inactivityMs,
    keepAliveTimeout: options.keepAliveMs,
    http: {
      maxHeaderSize: options.headerBytes,
      headersTimeout: Math.min(options.headersTimeoutMs, options.requestTimeoutMs),
      connectionsCheckingInterval: options.checkIntervalMs,
    },
    routerOptions: { ignoreTrailingSlash: true, maxParamLength: 512 },
    // Refused as `stopping` by admission instead, in the same shape as every refusal; reading still works.
    return503OnClosing: false,
    forceCloseConnections: 'idle',
    frameworkErrors: (error, request, reply) =>
      void refuse(error, request as FastifyRequest, reply as FastifyReply),
    clientErrorHandler: (error, socket) => answerMalformed(error, socket, deps),
  })
  app.server.maxConnections = options.maxConnections
  app.decorateRequest('language', undefined)
  app.setValidatorCompiler(({ schema, httpPart }) => {
    const query = httpPart === 'querystring'
    const code = query ? 'invalid_query' : 'invalid_body'
    const check = routeValidator(
      schema as TSchema,
      code,
      `The ${query ? 'query' : 'body'} does not fit`,
      query,
    )
    if (httpPart !== 'body') return check
    return (body: unknown) =>
      body === null ? { error: new Refusal('not_json', 'The body is empty') } : check(body)
  })
  app.addHook('preSerialization', (request, reply, payload, done) =>
    presenter.result(request, reply, payload, done),
  )
  readBodies(app)
  answerUnknown(app, refuse)
  app.setErrorHandler((error, request, reply) => {
    const refusal = toRefusal(error, request, deps.logger)
    if (request.routeOptions.config.intake) deps.refused(refusal.code, messagesIn(request.body))
    return presenter.refusal(request, reply, refusal)
  })
  return app
}

function messagesIn(body: unknown): number {
  const list = (body as { messages?: unknown } | null | undefined)?.messages
  return Array.isArray(list) ? Math.max(1, list.length) : 1
}

/** Bodies become English words here; their language is remembered for the answer. */
function readBodies(app: FastifyInstance): void {
  app.removeAllContentTypeParsers()
  app.addContentTypeParser('application/json', { parseAs: 'buffer' }, (request, bytes: Buffer, done) => {
    if (request.is404 || bytes.length === 0) return done(null, undefined)
    try {
      done(null, understand(parseJson(bytes), request))
    } catch (error) {
      done(error as Error, undefined)
    }
  })
  // An empty body of any type is no body: `curl -X POST -d ''` calls itself a form.
  app.addContentTypeParser('*', { parseAs: 'buffer' }, (request, bytes: Buffer, done) => {
    if (request.is404 || bytes.length === 0) return done(null, undefined)
    done(new Refusal('unsupported_media_type', 'Send JSON with Content-Type: application/json'), undefined)
  })
}

function understand(body: unknown, request: FastifyRequest): unknown {
  if (typeof body !== 'object' || body === null || Array.isArray(body)) return body
  const korean = speaksKorean(body)
  if (korean) request.language = 'ko'
  else if (speaksEnglish(body)) request.language = 'en'
  if (hasPrototypeKey(body)) {
    throw new Refusal('invalid_body', 'The key __proto__ is not allowed', {
      faults: [{ path: '__proto__', problem: 'prototype_key' }],
    })
  }
  return korean ? toEnglish(body) : body
}

/** 404, or 405 with `Allow` where another method would have been taken. */
function answerUnknown(
  app: FastifyInstance,
  refuse: (error: unknown, request: FastifyRequest, reply: FastifyReply) => FastifyReply,
): void {
  const routes = new Map<string, { pattern: RegExp; methods: Set<string> }>()
  app.addHook('onRoute', ({ url, method }) => {
    const known = routes.get(url) ?? { pattern: patternOf(url), methods: new Set<string>() }
    for (const one of [method].flat()) known.methods.add(one)
    routes.set(url, known)
  })
  app.setNotFoundHandler((request, reply) => {
    const path = request.url.split('?', 1)[0] ?? ''
    const allowed = new Set<string>()
    for (const { pattern, methods } of routes.values()) {
      if (pattern.test(path)) for (const method of methods) allowed.add(method)
    }
    if (allowed.size === 0) return refuse(new Refusal('not_found', `There is no ${path}`), request, reply)
    const list = [...allowed].sort().join(', ')
    reply.header('allow', list)
    return refuse(new Refusal('method_not_allowed', `${path} takes ${list}`), request, reply)
  })
}

function patternOf(url: string): RegExp {
  const escaped = url.replace(/[.+^${}()|[\]\\]/g, '\\$&').replace(/:[^/]+/g, '[^/]+')
  return new RegExp(`^${escaped.replaceAll('*', '.*')}/?$`)
}

/** Fastify's own refusals by their codes; what is left is a fault of ours and is logged. */
const FRAMEWORK: Record<string, [code: ErrorCode, detail: string]> = {
  FST_ERR_CTP_BODY_TOO_LARGE: ['body_too_large', 'The body is larger than this service takes'],
  FST_ERR_CTP_INVALID_MEDIA_TYPE: ['unsupported_media_type', 'Send JSON with Content-Type: application/json'],
  FST_ERR_CTP_INVALID_CONTENT_LENGTH: ['malformed_request', 'The body is not as long as Content-Length says'],
  FST_ERR_CTP_EMPTY_TYPE: ['unsupported_media_type', 'Content-Type is empty'],
  FST_ERR_BAD_URL: ['malformed_request', 'The URL is not validly percent-encoded'],
  FST_ERR_MAX_PARAM_LENGTH: ['not_found', 'A part of the path is too long to name anything'],
}

function toRefusal(error: unknown, request: FastifyRequest, logger: Logger): WeirError {
  if (error instanceof WeirError && error.code !== 'invalid_setting') return error
  const { code = '', statusCode } = error as { code?: string; statusCode?: number }
  const known = FRAMEWORK[code]
  if (known) return new Refusal(...known)
  if (statusCode !== undefined && statusCode >= 400 && statusCode < 500) {
    return new Refusal('malformed_request', (error as Error).message)
  }
  logger.error({ err: error, method: request.method, route: request.routeOptions.url }, 'request failed')
  return new Refusal('internal', 'Something went wrong here; it is in the log')
}

/** For what never became a request: broken HTTP, headers too large, or too slow. */
function answerMalformed(error: Error & { code?: string }, socket: Socket, deps: ServerDeps): void {
  if (error.code === 'ECONNRESET' || !socket.writable || socket.destroyed) {
    socket.destroy()
    return
  }
  const refusal = malformed(error.code)
  const body = refusalText(refusal, deps.defaultLanguage, '', deps.clock.now())
  const type = deps.defaultLanguage === 'ko' ? 'application/json' : 'application/problem+json'
  socket.end(
    `HTTP/1.1 ${refusal.status} ${STATUS_CODES[refusal.status]}\r\nContent-Type: ${type}; charset=utf-8\r\n` +
      `Content-Length: ${Buffer.byteLength(body)}\r\nConnection: close\r\n\r\n${body}`,
    // A peer that does not read would keep the socket half open for ever.
    () => socket.destroy(),
  )
}

function malformed(code: string | undefined): Refusal {
  if (code === 'HPE_HEADER_OVERFLOW')
    return new Refusal('headers_too_large', 'The headers are larger than this service takes')
  if (code === 'ERR_HTTP_REQUEST_TIMEOUT')
    return new Refusal('request_timeout', 'The request was not complete in time')
  return new Refusal('malformed_request', 'This is not valid HTTP/1.1')
}
