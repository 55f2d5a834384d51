/** The OpenAPI 3.1 document, made from the schemas that validate and serialise, and the pages that show it. */
import swagger from '@fastify/swagger'
import swaggerUi from '@fastify/swagger-ui'
import type { FastifyContextConfig, FastifyInstance } from 'fastify'
import { ERRORS, type ErrorCode } from '../core/index.ts'
import { KOREAN_TITLES } from './refusal.ts'
import { KoreanProblem, ProblemDocument } from './schemas.ts'
import { koreanSchema } from './wire.ts'

interface RouteSchema {
  body?: unknown
  response?: Record<string, unknown>
  [key: string]: unknown
}

/** Must be registered before the routes, which it listens to. */
export async function documentRoutes(app: FastifyInstance, version: string): Promise<void> {
  await app.register(swagger, {
    openapi: {
      openapi: '3.1.0',
      info: {
        title: 'Weir',
        version,
        description:
          'A durable queue that levels load. Requests in Korean keys are answered in Korean keys; ' +
          'for requests without a body `Accept-Language` decides.',
        license: { name: 'MIT', identifier: 'MIT' },
      },
      servers: [{ url: '/' }],
    },
    transform: ({ schema, url, route }) => ({ schema: documented(schema as RouteSchema, route.config), url }),
  })
}

/** The interactive page; every asset comes from the package, so that it works without the internet. */
export async function documentPages(app: FastifyInstance): Promise<void> {
  await app.register(swaggerUi, {
    routePrefix: '/docs',
    uiConfig: { validatorUrl: null, docExpansion: 'list' },
  })
  const page = errorsPage()
  app.get('/docs/errors', { schema: { hide: true } }, (_request, reply) =>
    reply.type('text/html; charset=utf-8').send(page),
  )
}

/** Adds to a route's schema what its handler does not need: the Korean wire and the refusals. */
function documented(schema: RouteSchema | undefined, config: FastifyContextConfig = {}): RouteSchema {
  const shown: RouteSchema = { ...schema }
  if (shown.hide === true) return shown
  if (shown.body !== undefined) shown.body = { anyOf: [shown.body, koreanSchema(shown.body)] }
  shown.response = { ...korean(shown.response ?? {}, config), ...refusals(config) }
  return shown
}

function korean(response: Record<string, unknown>, config: FastifyContextConfig): Record<string, unknown> {
  const form = config.korean
  if (form === undefined) return response
  const out: Record<string, unknown> = {}
  for (const [status, english] of Object.entries(response)) {
    const twin = form.schema ?? koreanSchema(english)
    if (form.status === undefined) out[status] = { description: 'As asked', anyOf: [english, twin] }
    else {
      out[status] = english
      out[form.status] = { description: 'Asked in Korean', ...(twin as object) }
    }
  }
  return out
}

function refusals(config: FastifyContextConfig): Record<string, unknown> {
  const byStatus = new Map<number, ErrorCode[]>()
  for (const code of [...(config.refusals ?? []), 'malformed_request', 'internal'] as const) {
    const { status } = ERRORS[code]
    byStatus.set(status, [...(byStatus.get(status) ?? []), code])
  }
  const out: Record<string, unknown> = {}
  for (const [status, codes] of byStatus) {
    out[status] = {
      description: codes.map((code) => `\`${code}\`: ${ERRORS[code].title}`).join(' · '),
      content: {
        'application/problem+json': { schema: ProblemDocument },
        'application/json': { schema: KoreanProblem },
      },
    }
  }
  return out
}

/** Where the `type` of every refusal points. */
function errorsPage(): string {
  const rows = Object.entries(ERRORS).map(
    ([code, { status, retryable, title }]) =>
      `<tr id="${code}"><td><code>${code}</code></td><td>${status}</td><td>${retryable ? 'yes' : 'no'}</td>` +
      `<td>${title}</td><td lang="ko">${KOREAN_TITLES[code as ErrorCode]}</td></tr>`,
  )
  return (
    '<!doctype html><html lang="en"><meta charset="utf-8"><meta name="viewport" content="width=device-width">' +
    '<title>Weir: refusals</title><h1>Refusals</h1><table><thead><tr><th>Code</th><th>Status</th>' +
    '<th>Retry helps</th><th>Meaning</th><th lang="ko">의미</th></tr></thead>' +
    `<tbody>${rows.join('')}</tbody></table></html>`
  )
}
