/**
 * The waiting room's pages, as `scripts/build-pages.ts` has built them, on the room's own service: the start and the
 * events for visitors, `/admin` for operators. No other path is answered with a page, so that an unknown route of the
 * API stays one. Where the pages were not built they say so, and the API goes on.
 */
import { existsSync } from 'node:fs'
import { join } from 'node:path'
import fastifyStatic from '@fastify/static'
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify'
import type { Logger } from '../core/index.ts'

export interface RoomPagesOptions {
  readonly logger: Pick<Logger, 'warn'>
  /** Where the built pages are; the package's own unless set. */
  readonly folder?: string
}

/** The same from `src/console` of a clone and from `dist/console` of the package. */
const BUILT = join(import.meta.dirname, '..', '..', 'dist', 'pages', 'room')

const VISITORS = ['/', '/events/:eventId']
const OPERATORS = ['/admin']

const UNBUILT = `<!doctype html>
<html lang="en">
<head><meta charset="utf-8"><meta name="viewport" content="width=device-width, initial-scale=1">
<title>Waiting room</title></head>
<body><main><h1>The page was not built</h1>
<p>The waiting room works, and its API answers; only its page is missing. The service said at its start why.
<code>npm run build</code> builds it; then start the service again.</p>
<p lang="ko">대기실과 API는 동작하지만 페이지가 빌드되지 않았습니다. <code>npm run build</code>로 빌드한 뒤 다시 시작하세요.</p>
</main></body>
</html>
`

/** For the room's `pages`: adds the routes to a service that is not listening yet. */
export function roomPages({ logger, folder = BUILT }: RoomPagesOptions): (app: FastifyInstance) => void {
  return (app) => {
    const isBuilt = ['index.html', 'admin.html'].every((file) => existsSync(join(folder, file)))
    if (!isBuilt) {
      logger.warn({}, "the waiting room's page was not built: npm run build builds it")
      for (const path of [...VISITORS, ...OPERATORS]) {
        app.get(path, async (request, reply) => {
          guarded(request, reply).header('cache-control', 'no-cache')
          return reply.code(503).type('text/html; charset=utf-8').send(UNBUILT)
        })
      }
      return
    }
    app.register(fastifyStatic, { root: folder, serve: false })
    // Their names carry their contents' hash: what a name means never changes.
    app.register(fastifyStatic, {
      root: join(folder, 'assets'),
      prefix: '/assets/',
      decorateReply: false,
      index: false,
      preCompressed: true,
      maxAge: '365d',
      immutable: true,
    })
    const page = (paths: readonly string[], file: string): void => {
      for (const path of paths) {
        app.get(path, (request, reply) => {
          guarded(request, reply).header('cache-control', 'no-cache')
          return reply.sendFile(file, { cacheControl: false })
        })
      }
    }
    page(VISITORS, 'index.html')
    page(OPERATORS, 'admin.html')
  }
}

/** Nothing from elsewhere, nothing inline, in nobody's frame. */
function guarded(request: FastifyRequest, reply: FastifyReply): FastifyReply {
  // Not every browser takes 'self' for the sockets of the same host. A strange host gets none of its own words back.
  const { host } = request
  const sockets = /^[\w.:[\]-]{1,255}$/.test(host) ? ` ws://${host} wss://${host}` : ''
  const policy = [
    "default-src 'none'",
    "script-src 'self'",
    "style-src 'self'",
    "img-src 'self'",
    `connect-src 'self'${sockets}`,
    "form-action 'self'",
    "base-uri 'none'",
    "frame-ancestors 'none'",
  ]
  return reply
    .header('content-security-policy', policy.join('; '))
    .header('x-content-type-options', 'nosniff')
    .header('referrer-policy', 'same-origin')
    .header('cross-origin-opener-policy', 'same-origin')
}
