/** The routes of visitors: entering, looking, leaving, claiming; and what everybody may read. */
import { createHash } from 'node:crypto'
import type { FastifyInstance, FastifyRequest } from 'fastify'
import { WeirError } from '../../core/index.ts'
import type { Identity } from '../accounts/session.ts'
import { isOver } from '../life.ts'
import {
  type EnterRefusal,
  type EnterResult,
  type Look,
  NO_LINE,
  type Snapshot,
  type Visit,
} from '../port.ts'
import { drawAnswer, iso, type PassAnswer, servingAnswer, visitAnswer } from './answers.ts'
import type { RoomDeps, RoomOptions } from './deps.ts'
import { Quota } from './quota.ts'
import { eventOf, identityOf, Refusal, unknownEvent } from './request.ts'

/** The frame that everybody reads is made at most so often. */
const FRAME_MS = 500
/** Events whose frame is kept. */
const FRAMES = 1_000

const REFUSALS: Readonly<Record<Exclude<EnterRefusal, 'unknown_event'>, string>> = {
  draining: 'The line takes nobody new',
  closed: 'The door is closed',
  full: 'The line is as long as it may be',
}

export function visitorRoutes(app: FastifyInstance, deps: RoomDeps): void {
  const { line, clock, random, options } = deps
  const tickets = new Quota(options.ticketsPerAddress)

  async function answered(visit: Visit): Promise<ReturnType<typeof visitAnswer>> {
    return seen(visit, (await line.snapshot(visit.event)) ?? notMade(visit.event, deps))
  }

  function seen(visit: Visit, look: Look): ReturnType<typeof visitAnswer> {
    deps.failOpen?.seen(look)
    return answerOf(visit, look)
  }

  function answerOf(visit: Visit, look: Look): ReturnType<typeof visitAnswer> {
    const eta = deps.flows.eta(look.frame, Math.max(0, visit.position - 1), clock.now())
    return visitAnswer(visit, look, eta, passFor(visit, deps), random, deps.slowedBy?.(visit.event))
  }

  async function enter(event: string, { visitor }: Identity, request: FastifyRequest): Promise<EnterResult> {
    // Only a new ticket costs anything of the quota: whoever is in may ask as often as he likes.
    if (options.ticketsPerAddress > 0 && isOver((await line.status(event, visitor)).state)) {
      const retryAfterMs = tickets.take(request.ip, clock.now())
      if (retryAfterMs > 0)
        throw new Refusal('too_many_tickets', 'Too many from this address', { retryAfterMs })
    }
    const entered = await line.enter(event, visitor)
    const unknown = entered.kind === 'refused' && entered.code === 'unknown_event'
    if (!unknown || !options.autoCreate) return entered
    await line.define(event, options.door)
    return line.enter(event, visitor)
  }

  app.post('/api/queue/check/:eventId', async (request) => {
    const identity = await identityOf(request, deps)
    const event = eventOf(request)
    const entered = await enter(event, identity, request).catch((error: unknown) => {
      const isAway = error instanceof WeirError && error.code === 'storage_failed'
      const open = isAway ? deps.failOpen?.admit(event, identity.visitor) : undefined
      if (open) return { kind: 'without_line' as const, ...open }
      throw error
    })
    if (entered.kind === 'without_line')
      return { ...answerOf(entered.visit, entered.look), withoutLine: true }
    if (entered.kind === 'in') return seen(entered.visit, entered.look)
    if (entered.code === 'unknown_event') throw unknownEvent(event)
    throw new Refusal(
      entered.code,
      REFUSALS[entered.code],
      entered.code === 'full' ? { retryAfterMs: 30_000 } : {},
    )
  })

  app.get('/api/queue/status/:eventId', async (request) => {
    const { visitor } = await identityOf(request, deps)
    const event = eventOf(request)
    await line.seen(event, [visitor])
    return answered(await line.status(event, visitor))
  })

  for (const step of ['claim', 'renew', 'done', 'undo'] as const) {
    app.post(`/api/queue/${step}/:eventId`, async (request) => {
      const { visitor } = await identityOf(request, deps)
      return answered(await line[step](eventOf(request), visitor))
    })
  }

  app.post('/api/queue/leave/:eventId', async (request) => {
    const { visitor } = await identityOf(request, deps)
    const visit = await line.leave(eventOf(request), visitor)
    const message = visit.state === 'left' || visit.state === 'done' ? 'Left the queue' : 'Not in the queue'
    return { message, ...(await answered(visit)) }
  })

  const frames = new Map<string, KeptFrame>()
  async function frameOf(event: string): Promise<KeptFrame> {
    const kept = frames.get(event)
    if (kept && clock.now() - kept.at < FRAME_MS) return kept
    const snapshot = await line.snapshot(event)
    if (!snapshot) throw unknownEvent(event)
    const fresh = keptFrame(snapshot, deps)
    frames.delete(event)
    frames.set(event, fresh)
    const [oldest] = frames.keys()
    if (frames.size > FRAMES && oldest !== undefined) frames.delete(oldest)
    return fresh
  }

  for (const what of ['serving', 'draw'] as const) {
    app.get(`/api/queue/${what}/:eventId`, async (request, reply) => {
      const { body, etag } = (await frameOf(eventOf(request)))[what]
      reply.header('cache-control', 'public, max-age=1').header('etag', etag)
      if (request.headers['if-none-match'] === etag) return reply.code(304).send()
      return reply.type('application/json; charset=utf-8').send(body)
    })
  }

  app.get('/.well-known/jwks.json', async (_, reply) => {
    reply.header('cache-control', 'public, max-age=300')
    return deps.passes.keySet
  })
}

/** An event that the first visitor would make: asking about it makes nothing. */
export function notMade(
  event: string,
  {
    options,
    clock,
  }: Pick<RoomDeps, 'clock'> & { readonly options: Pick<RoomOptions, 'autoCreate' | 'door'> },
): Snapshot {
  if (!options.autoCreate) throw unknownEvent(event)
  const { cap, ratePerMinute, mode } = options.door
  const frame = {
    event,
    epoch: 1,
    serving: 0,
    next: 0,
    returned: 0,
    departed: [],
    waiting: 0,
    active: 0,
    cap,
    ratePerMinute,
    mode,
    limitedBy: 'none',
    opensAt: null,
    at: clock.now(),
  } as const
  return { frame, counts: NO_LINE, door: options.door }
}

interface Cacheable {
  readonly body: string
  readonly etag: string
}

interface KeptFrame {
  readonly at: number
  readonly serving: Cacheable
  readonly draw: Cacheable
}

function keptFrame(snapshot: Snapshot, deps: RoomDeps): KeptFrame {
  const { frame } = snapshot
  const serving = servingAnswer(frame, deps.random, deps.slowedBy?.(frame.event))
  return { at: deps.clock.now(), serving: cacheable(serving), draw: cacheable(drawAnswer(snapshot)) }
}

function cacheable(answer: object): Cacheable {
  const body = JSON.stringify(answer)
  return { body, etag: `"${createHash('sha256').update(body).digest('base64url').slice(0, 22)}"` }
}

/** As long as the lease, which the shop's use renews; undefined = not inside. */
export function passFor(
  visit: Visit,
  { passes, clock }: Pick<RoomDeps, 'passes' | 'clock'>,
): PassAnswer | undefined {
  const { state, event, visitor, ticket, epoch, until } = visit
  if (state !== 'admitted' || ticket === undefined || until === undefined) return undefined
  const pass = passes.issue({ event, visitor, ticket, epoch }, until, clock.now())
  return { pass, passExpiresAt: iso(until) }
}
