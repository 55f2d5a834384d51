/** The message types and what may be changed of them while running. */
import type { FastifyInstance } from 'fastify'
import { type TypeChange, type TypeSettings, WeirError } from '../../core/index.ts'
import type { Context } from '../context.ts'
import { TRANSLATED } from '../present.ts'
import { Refusal } from '../refusal.ts'
import { TypeInfo, TypeList, TypeParams, TypePatch } from '../schemas.ts'

export function typeRoutes(app: FastifyInstance, { deps, names }: Context): void {
  const tags = ['types']
  app.get('/api/types', {
    schema: { tags, summary: 'Every message type and its settings', response: { 200: TypeList } },
    config: { korean: TRANSLATED },
    handler: async () => ({ types: deps.types.all().map(typeInfo) }),
  })

  app.patch('/api/types/:type', {
    schema: {
      tags,
      summary: 'Change pace, concurrency or backlog limit of a type in this process while it runs',
      params: TypeParams,
      body: TypePatch,
      response: { 200: TypeInfo },
    },
    config: {
      korean: TRANSLATED,
      refusals: [
        'not_json',
        'invalid_body',
        'type_not_found',
        'body_too_large',
        'unsupported_media_type',
        'not_available',
      ],
    },
    handler: async (request) => {
      const asked = (request.params as TypeParams).type
      const type = names.resolve(asked)
      if (type === undefined) {
        throw new WeirError(
          'type_not_found',
          `There is no type ${asked.slice(0, 64)}; the types are ${names.all.join(', ')}`,
        )
      }
      return typeInfo(
        change((name, wanted) => deps.types.change(name, wanted), type, request.body as TypeChange),
      )
    },
  })
}

/** A value that the settings refuse came from the sender here: it is a bad body, not a fault of ours. */
function change(apply: (type: string, change: TypeChange) => TypeSettings, type: string, wanted: TypeChange) {
  try {
    return apply(type, wanted)
  } catch (error) {
    if (error instanceof WeirError && error.code === 'invalid_setting') {
      throw new Refusal('invalid_body', error.message)
    }
    throw error
  }
}

export function typeInfo(type: TypeSettings): TypeInfo {
  const { handler, name, aliases, ratePerSecond, concurrency, timeoutMs, maxRetries, retryDelayMs } = type
  return {
    name,
    aliases: [...aliases],
    handler: handler.kind === 'builtin' ? `builtin:${handler.name}` : masked(handler.url),
    ratePerSecond,
    concurrency,
    timeoutMs,
    maxRetries,
    retryDelayMs,
    maxBacklogSeconds: type.maxBacklogSeconds,
  }
}

/** Without the password and the query, where tokens travel. */
function masked(url: string): string {
  if (!URL.canParse(url)) return '***'
  const parsed = new URL(url)
  if (parsed.password !== '') parsed.password = '***'
  if (parsed.search !== '') parsed.search = '?***'
  return parsed.href
}
