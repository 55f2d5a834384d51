/** The audit trail of one event as lines of JSON (NDJSON), oldest first, in pages: how it is exported. */
import type { FastifyInstance } from 'fastify'
import { LIMITS } from '../../core/index.ts'
import type { AuditEntry, LineEngine } from '../port.ts'
import type { RoomDeps } from './deps.ts'
import { adminOf, eventOf, whole } from './request.ts'

/** Entries of all events that one request looks through: a bound on how long it works. */
const LOOKED_THROUGH = 20 * LIMITS.pageSize

/**
 * `Weir-Audit-Next` is the `after` of the next request, `Weir-Audit-More` tells whether it would have anything to
 * look at. A page may be empty while there are more: other events lie between.
 */
export function auditRoutes(app: FastifyInstance, deps: RoomDeps): void {
  app.get('/api/queue/admin/:eventId/audit', async (request, reply) => {
    await adminOf(request, deps)
    const event = eventOf(request)
    const { after } = request.query as { after?: string }
    const page = await pageOf(deps.line, event, whole('after', after, 0))
    return reply
      .header('weir-audit-next', String(page.next))
      .header('weir-audit-more', String(page.more))
      .type('application/x-ndjson; charset=utf-8')
      .send(page.entries.map((entry) => `${JSON.stringify(entry)}\n`).join(''))
  })
}

interface Page {
  readonly entries: readonly AuditEntry[]
  readonly next: number
  readonly more: boolean
}

async function pageOf(line: LineEngine, event: string, after: number): Promise<Page> {
  const entries: AuditEntry[] = []
  let next = after
  for (let looked = 0; looked < LOOKED_THROUGH && entries.length < LIMITS.pageSize; ) {
    const found = await line.audit(next, LIMITS.pageSize)
    looked += found.length
    next = found.at(-1)?.seq ?? next
    for (const entry of found) if (entry.event === event) entries.push(entry)
    if (found.length < LIMITS.pageSize) return { entries, next, more: false }
  }
  return { entries, next, more: true }
}
