/** Messages that failed for good: look at them, let them try again, or let go of them. */
import type { FastifyInstance } from 'fastify'
import type { Static } from 'typebox'
import { WeirError } from '../../core/index.ts'
import { type Context, typeOfQuery } from '../context.ts'
import { presentLife, some } from '../life.ts'
import { TRANSLATED } from '../present.ts'
import { DeadLetterQuery, DeadLetters, Deleted, IdParams, Retried, TypeQuery } from '../schemas.ts'

const PAGE = 100
const ONE = [
  'message_not_found',
  'not_a_dead_letter',
  'storage_failed',
  'storage_full',
  'broker_unavailable',
  'broker_blocked',
] as const
const MANY = [
  'invalid_query',
  'storage_failed',
  'storage_full',
  'broker_unavailable',
  'broker_blocked',
] as const

export function deadLetterRoutes(app: FastifyInstance, context: Context): void {
  const { deps, names } = context
  const { engine } = deps
  const tags = ['dead letters']

  app.get('/api/dead-letters', {
    schema: { tags, summary: 'Oldest first', querystring: DeadLetterQuery, response: { 200: DeadLetters } },
    config: { korean: TRANSLATED, refusals: MANY },
    handler: async (request) => {
      const { type, limit = PAGE, after } = request.query as Static<typeof DeadLetterQuery>
      const chosen = some('type', typeOfQuery(names, type))
      const page = await engine.deadLetters({ ...chosen, limit, ...some('after', after) })
      return { items: page.items.map((item) => presentLife(item, deps.flow)), ...some('next', page.next) }
    },
  })

  app.post('/api/dead-letters/retry', {
    schema: {
      tags,
      summary: 'Retry all, or all of a type',
      querystring: TypeQuery,
      response: { 200: Retried },
    },
    config: { korean: TRANSLATED, refusals: MANY },
    handler: async (request) => {
      const type = typeOfQuery(names, (request.query as Static<typeof TypeQuery>).type)
      return { retried: await engine.retryDeadLetters(some('type', type)) }
    },
  })

  app.delete('/api/dead-letters', {
    schema: {
      tags,
      summary: 'Delete all, or all of a type',
      querystring: TypeQuery,
      response: { 200: Deleted },
    },
    config: { korean: TRANSLATED, refusals: MANY },
    handler: async (request) => {
      const type = typeOfQuery(names, (request.query as Static<typeof TypeQuery>).type)
      return { deleted: await engine.deleteDeadLetters(some('type', type)) }
    },
  })

  app.post('/api/dead-letters/:id/retry', {
    schema: { tags, summary: 'Retry one', params: IdParams, response: { 200: Retried } },
    config: { korean: TRANSLATED, refusals: ONE },
    handler: async (request) => {
      const ids = [(request.params as IdParams).id]
      return { retried: await exactlyOne(context, ids, () => engine.retryDeadLetters({ ids })) }
    },
  })

  app.delete('/api/dead-letters/:id', {
    schema: { tags, summary: 'Delete one', params: IdParams, response: { 200: Deleted } },
    config: { korean: TRANSLATED, refusals: ONE },
    handler: async (request) => {
      const ids = [(request.params as IdParams).id]
      return { deleted: await exactlyOne(context, ids, () => engine.deleteDeadLetters({ ids })) }
    },
  })
}

/** The engine decides, not a look before: between the two another operator may have been faster. */
async function exactlyOne(
  { deps }: Context,
  ids: readonly string[],
  act: () => Promise<number>,
): Promise<number> {
  const changed = await act()
  if (changed > 0) return changed
  // Without the lives of messages only the dead letters are known: then it is none of those.
  const record = deps.engine.abilities.browse ? await deps.engine.find(ids[0] ?? '') : undefined
  if (record === undefined) throw new WeirError('message_not_found', 'No message has this id')
  throw new WeirError('not_a_dead_letter', `The message is ${record.state}`)
}
