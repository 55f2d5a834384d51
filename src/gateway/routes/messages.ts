/** Sending messages and asking after them. */
import type { FastifyInstance, FastifyRequest } from 'fastify'
import { WeirError } from '../../core/index.ts'
import { type Context, needBrowsing } from '../context.ts'
import { BATCH_SENT, SENT } from '../korean.ts'
import { presentLife } from '../life.ts'
import { TRANSLATED } from '../present.ts'
import { Refusal } from '../refusal.ts'
import {
  Accepted,
  BatchBody,
  BatchEnvelope,
  BatchResult,
  IdParams,
  MessageBody,
  MessageLife,
} from '../schemas.ts'
import { routeValidator } from '../validate.ts'

const INTAKE_REFUSALS = [
  'not_json',
  'invalid_body',
  'invalid_header',
  'unknown_type',
  'too_deep',
  'idempotency_key_reused',
  'body_too_large',
  'batch_too_large',
  'unsupported_media_type',
  'backlog_full',
  'overloaded',
  'stopping',
  'storage_failed',
  'storage_full',
  'broker_unavailable',
  'broker_blocked',
  'not_available',
] as const

export function messageRoutes(app: FastifyInstance, context: Context): void {
  const { intake, deps } = context
  const tags = ['messages']

  app.post('/api/message', {
    schema: { tags, summary: 'Send one message', body: MessageBody, response: { 202: Accepted } },
    config: { korean: SENT, refusals: INTAKE_REFUSALS, intake: true },
    // The reader validates, with the same schema: it must name a batch's faults one message at a time anyway.
    validatorCompiler: () => needBody,
    handler: async (request, reply) => {
      const accepted = await intake.one(request.body, idempotencyKey(request))
      reply.code(202)
      // Without a book of messages there is nothing to be found there.
      if (deps.engine.abilities.browse) reply.header('location', `/api/messages/${accepted.id}`)
      return accepted
    },
  })

  const checkEnvelope = routeValidator(BatchEnvelope, 'invalid_body', 'A batch is {"messages": […]}', false)
  app.post('/api/messages/batch', {
    schema: {
      tags,
      summary: 'Send up to 1,000 messages; one result for each, in order',
      body: BatchBody,
      response: { 202: BatchResult },
    },
    config: { korean: BATCH_SENT, refusals: INTAKE_REFUSALS, intake: true },
    validatorCompiler: () => (body: unknown) => (body === null ? needBody(body) : checkEnvelope(body)),
    handler: async (request, reply) => {
      const { messages } = request.body as { messages: unknown[] }
      const outcome = await intake.batch(messages, idempotencyKey(request))
      reply.code(202)
      return outcome
    },
  })

  app.get('/api/messages/:id', {
    schema: { tags, summary: "A message's life", params: IdParams, response: { 200: MessageLife } },
    config: { korean: TRANSLATED, refusals: ['message_not_found', 'not_available', 'storage_failed'] },
    handler: async (request) => {
      needBrowsing(deps)
      const { id } = request.params as IdParams
      const record = await deps.engine.find(id)
      if (record === undefined)
        throw new WeirError('message_not_found', 'No message has this id, or it is long finished')
      return presentLife(record, deps.flow)
    },
  })
}

/** Fastify hands a missing body on as null. */
function needBody(body: unknown) {
  if (body === null) return { error: new Refusal('not_json', 'The body is empty') }
  return { value: body }
}

/** Visible ASCII without comma: two such headers arrive joined by one, and then it is not clear which was meant. */
const HEADER_KEY = /^[\x21-\x2b\x2d-\x7e]{1,250}$/

/** Of the header, quotes of the structured form taken off (draft-ietf-httpapi-idempotency-key-header). */
function idempotencyKey(request: FastifyRequest): string | undefined {
  const header = request.headers['idempotency-key']
  if (header === undefined) return undefined
  const written = String(header)
  const key = /^".*"$/.test(written) ? written.slice(1, -1) : written
  if (HEADER_KEY.test(key)) return key
  throw new Refusal(
    'invalid_header',
    'Idempotency-Key must be 1 to 250 visible ASCII characters without a comma',
  )
}
