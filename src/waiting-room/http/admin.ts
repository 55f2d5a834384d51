/** The routes of operators: 401 without a token, 403 without the role. */
import type { FastifyInstance } from 'fastify'
import type { DoorMode, DoorSettings } from '../door.ts'
import type { LineEngine, Snapshot } from '../port.ts'
import { adminAnswer } from './answers.ts'
import type { RoomDeps } from './deps.ts'
import { adminOf, bodyOf, eventOf, Refusal, unknownEvent, whole } from './request.ts'

const SHORTCUTS: Readonly<Record<string, DoorMode>> = {
  pause: 'paused',
  resume: 'open',
  drain: 'draining',
  close: 'closed',
}

export function adminRoutes(app: FastifyInstance, deps: RoomDeps): void {
  const { line, options } = deps

  app.get('/api/queue/admin/audit', async (request) => {
    await adminOf(request, deps)
    const { after, limit } = request.query as { after?: string; limit?: string }
    return { entries: await line.audit(whole('after', after, 0), whole('limit', limit, 100)) }
  })

  app.get('/api/queue/admin', async (request) => {
    await adminOf(request, deps)
    return { events: await line.events() }
  })

  app.get('/api/queue/admin/:eventId', async (request) => {
    await adminOf(request, deps)
    const event = eventOf(request)
    return adminAnswer(await snapshotOf(line, event), deps.slowedBy?.(event))
  })

  app.put('/api/queue/admin/:eventId', async (request, reply) => {
    await adminOf(request, deps)
    const event = eventOf(request)
    const made = await line.define(event, { ...options.door, ...doorOf(bodyOf(request), options.door) })
    return reply.code(made ? 201 : 200).send(adminAnswer(await snapshotOf(line, event)))
  })

  app.patch('/api/queue/admin/:eventId', async (request) => {
    await adminOf(request, deps)
    return changed(line, eventOf(request), doorOf(bodyOf(request), options.door))
  })

  for (const [name, mode] of Object.entries(SHORTCUTS)) {
    app.post(`/api/queue/admin/${name}/:eventId`, async (request) => {
      await adminOf(request, deps)
      return changed(line, eventOf(request), { mode })
    })
  }

  app.post('/api/queue/admin/clear/:eventId', async (request) => {
    await adminOf(request, deps)
    const event = eventOf(request)
    const { active, dryRun } = bodyOf(request)
    const cleared = await line.clear(event, { active: active === true, dryRun: dryRun === true })
    if (!cleared) throw unknownEvent(event)
    const count = cleared.waiting + cleared.registered + cleared.parked + cleared.active
    const message = dryRun === true ? `Would remove ${count}` : `Queue cleared: ${count} removed`
    return { message, dryRun: dryRun === true, removed: count, ...cleared }
  })

  app.post('/api/queue/admin/schedule/:eventId', async (request) => {
    await adminOf(request, deps)
    const event = eventOf(request)
    const { opensAt } = bodyOf(request)
    const at = opensAt === undefined || opensAt === null ? null : moment(opensAt)
    await snapshotOf(line, event)
    const begun = await line.prequeue(event, deps.newSecret(), at)
    if (!begun) throw new Refusal('not_empty', 'A pre-queue begins only when nobody is waiting')
    return { ...adminAnswer(await snapshotOf(line, event)), ...begun }
  })

  app.post('/api/queue/admin/open/:eventId', async (request) => {
    await adminOf(request, deps)
    const event = eventOf(request)
    const { beacon = '' } = bodyOf(request)
    if (typeof beacon !== 'string' || beacon.length > 255)
      throw new Refusal('invalid_body', 'beacon must be text of at most 255 characters')
    const draw = await line.open(event, beacon)
    if (!draw) throw new Refusal('no_prequeue', 'There is no pre-queue to open')
    return { ...adminAnswer(await snapshotOf(line, event)), draw }
  })
}

async function snapshotOf(line: LineEngine, event: string): Promise<Snapshot> {
  const snapshot = await line.snapshot(event)
  if (!snapshot) throw unknownEvent(event)
  return snapshot
}

async function changed(line: LineEngine, event: string, change: Partial<DoorSettings>) {
  if (!(await line.change(event, change))) throw unknownEvent(event)
  return adminAnswer(await snapshotOf(line, event))
}

/** `threshold` is the older word for the cap. Unknown names are refused, values are judged by the line. */
function doorOf(body: Readonly<Record<string, unknown>>, door: DoorSettings): Partial<DoorSettings> {
  const { threshold, ...rest } = body
  const change = threshold === undefined ? rest : { ...rest, cap: threshold }
  for (const name of Object.keys(change)) {
    if (!Object.hasOwn(door, name)) throw new Refusal('invalid_body', `${name}: there is no such setting`)
  }
  return change as Partial<DoorSettings>
}

function moment(value: unknown): number {
  const at = typeof value === 'number' ? value : typeof value === 'string' ? Date.parse(value) : Number.NaN
  if (Number.isSafeInteger(at) && at >= 0) return at
  throw new Refusal('invalid_body', 'opensAt must be an ISO 8601 moment or milliseconds since the epoch')
}
