/** The service about itself: alive, ready, metrics, name and page. */
import { createHash } from 'node:crypto'
import type { FastifyInstance, FastifyReply } from 'fastify'
import { text } from '../context.ts'
import { HEALTH, READY } from '../korean.ts'
import type { GatewayDeps } from '../ports.ts'
import { Health, Ready, Root } from '../schemas.ts'
import { iso } from '../time.ts'

export type ProbeDeps = Pick<GatewayDeps, 'metrics' | 'readiness' | 'clock'>

/** What orchestrators and Prometheus ask; also served alone on ports of their own. */
export function probeRoutes(app: FastifyInstance, deps: ProbeDeps): void {
  const tags = ['service']
  app.get('/health', {
    schema: { tags, summary: 'Alive', response: { 200: Health } },
    config: { korean: HEALTH },
    handler: async () => ({ status: 'ok' as const, timestamp: iso(deps.clock.now()) }),
  })

  app.get('/ready', {
    schema: {
      tags,
      summary: 'Able to do its work and making progress; 503 with the reasons otherwise',
      response: { 200: Ready, 503: Ready },
    },
    config: { korean: READY },
    handler: async (_request, reply) => {
      const readiness = deps.readiness()
      if (!readiness.ready) reply.code(503)
      const reasons = readiness.ready ? [] : [...readiness.reasons]
      return { ready: readiness.ready, reasons, timestamp: iso(deps.clock.now()) }
    },
  })

  app.get('/metrics', {
    schema: {
      tags,
      summary: 'Prometheus metrics',
      response: { 200: text('text/plain', 'Text format 0.0.4') },
    },
    handler: async (_request, reply) => {
      const { contentType, body } = await deps.metrics()
      return reply.type(contentType).send(body)
    },
  })
}

export function rootRoute(app: FastifyInstance, deps: GatewayDeps): void {
  app.get('/', {
    schema: {
      tags: ['service'],
      summary: 'Name and version; the console page for browsers',
      response: { 200: Root },
    },
    handler: async (request, reply) => {
      reply.header('vary', 'accept')
      if (request.headers.accept?.includes('text/html')) return sendPage(reply, deps.page())
      return { name: 'weir', version: deps.version, monitoring_enabled: deps.monitoring.enabled }
    },
  })
}

function sendPage(reply: FastifyReply, page: string): FastifyReply {
  return reply
    .header('content-security-policy', policyFor(page))
    .header('x-content-type-options', 'nosniff')
    .header('referrer-policy', 'no-referrer')
    .header('cache-control', 'no-cache')
    .type('text/html; charset=utf-8')
    .send(page)
}

let lastPage = ''
let lastPolicy = ''

/** Only the page's own inline script and style may run, named by their hashes; nothing is fetched from elsewhere. */
export function policyFor(page: string): string {
  if (page === lastPage) return lastPolicy
  const hashes = (tag: string) =>
    [...page.matchAll(new RegExp(`<${tag}[^>]*>([\\s\\S]*?)</${tag}>`, 'g'))]
      .map(
        (match) =>
          `'sha256-${createHash('sha256')
            .update(match[1] ?? '')
            .digest('base64')}'`,
      )
      .join(' ')
  const script = hashes('script') || "'none'"
  const style = hashes('style') || "'none'"
  lastPage = page
  lastPolicy =
    `default-src 'none'; script-src ${script}; style-src ${style}; connect-src 'self'; img-src data:; ` +
    "base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
  return lastPolicy
}
