/**
 * Pages of other origins: those that are named may use the API (WHATWG Fetch, "CORS protocol"); everybody else gets no
 * header, and a browser then keeps the answer from the page.
 */
import type { FastifyInstance } from 'fastify'

const METHODS = 'GET, POST, PUT, PATCH, DELETE'
const HEADERS = 'authorization, content-type, idempotency-key, if-none-match'
const EXPOSED = 'etag, retry-after, weir-audit-next, weir-audit-more'
const KEEP_S = '600'

/** `origins`: as a browser writes them, for example `https://shop.example`. */
export function allowOrigins(app: FastifyInstance, origins: readonly string[]): void {
  const allowed = new Set(origins)
  if (allowed.size === 0) return
  app.addHook('onRequest', async (request, reply) => {
    const { origin } = request.headers
    // Also without the header: what a cache keeps must not be given to another origin.
    reply.header('vary', 'origin')
    if (origin === undefined || !allowed.has(origin)) return
    reply.header('access-control-allow-origin', origin).header('access-control-allow-credentials', 'true')
    if (request.method !== 'OPTIONS' || !request.headers['access-control-request-method']) {
      reply.header('access-control-expose-headers', EXPOSED)
      return
    }
    reply
      .header('access-control-allow-methods', METHODS)
      .header('access-control-allow-headers', HEADERS)
      .header('access-control-max-age', KEEP_S)
    return reply.code(204).send()
  })
}
