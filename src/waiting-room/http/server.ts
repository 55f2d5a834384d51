/** The room's HTTP service, not listening yet. Owns no state but its routes' quotas and kept frames. */
import fastify, { type FastifyInstance } from 'fastify'
import { accountRoutes } from './accounts.ts'
import { adminRoutes } from './admin.ts'
import { auditRoutes } from './audit.ts'
import { allowOrigins } from './cors.ts'
import type { RoomDeps } from './deps.ts'
import { Refusal, refuse } from './request.ts'
import { visitorRoutes } from './visitors.ts'

/** No body of the room is longer than some hundred bytes. */
const BODY_BYTES = 16_384
/** How slowly a request may come; who is slower is a fault or an attack, and is hung up on. */
export interface RequestTimes {
  readonly headersMs: number
  /** Headers and body. */
  readonly requestMs: number
  /** Between two looks at the connections: by so much later they are closed, at most. */
  readonly checkMs: number
}
const REQUEST_TIMES: RequestTimes = { headersMs: 10_000, requestMs: 30_000, checkMs: 5_000 }
/** Longer than the usual 60 s of load balancers, which would else send a request down a closing connection. */
const KEEP_ALIVE_MS = 72_000

export function buildRoom(deps: RoomDeps, times: RequestTimes = REQUEST_TIMES): FastifyInstance {
  const { trustProxy } = deps.options
  const app = fastify({
    logger: false,
    bodyLimit: BODY_BYTES,
    requestTimeout: times.requestMs,
    http: { headersTimeout: times.headersMs, connectionsCheckingInterval: times.checkMs },
    keepAliveTimeout: KEEP_ALIVE_MS,
    ...(trustProxy.length > 0 && { trustProxy: [...trustProxy] }),
    routerOptions: { maxParamLength: 128 },
  })
  app.removeContentTypeParser('text/plain')
  // Older clients say that they send JSON, or a form, and then send nothing.
  const json = app.getDefaultJsonParser('error', 'error')
  app.addContentTypeParser('application/json', { parseAs: 'string' }, (request, body, done) => {
    if (body.length === 0) done(null, undefined)
    else json(request, String(body), done)
  })
  app.addContentTypeParser('application/x-www-form-urlencoded', { parseAs: 'string' }, (_, body, done) => {
    if (body.length === 0) done(null, undefined)
    else done(new Refusal('unsupported_media_type', 'The body has to be JSON'))
  })
  app.setErrorHandler((error, _, reply) => refuse(error, reply, deps))
  app.setNotFoundHandler((_, reply) => refuse(new Refusal('not_found', 'No such route'), reply, deps))
  allowOrigins(app, deps.options.origins ?? [])
  app.addHook('onSend', (_, reply, _payload, done) => {
    // Answers are a visitor's own unless a route says otherwise.
    if (!reply.hasHeader('cache-control')) reply.header('cache-control', 'no-store')
    reply.header('x-content-type-options', 'nosniff')
    done()
  })
  app.get('/health', async () => ({ status: 'ok' }))
  app.get('/ready', async (_, reply) => {
    const health = deps.health?.() ?? deps.line.health()
    return reply.code(health.ok ? 200 : 503).send(health)
  })
  const { metrics } = deps
  if (metrics) {
    app.get('/metrics', async (_, reply) => {
      const { contentType, body } = await metrics()
      return reply.type(contentType).send(body)
    })
  }
  visitorRoutes(app, deps)
  accountRoutes(app, deps)
  adminRoutes(app, deps)
  auditRoutes(app, deps)
  deps.pages?.(app)
  return app
}
