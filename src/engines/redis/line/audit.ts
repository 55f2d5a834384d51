/** One entry of the audit trail, as it lies in the stream. */
import { type AuditEntry, VISITOR_STATES, type VisitorState } from '../../../waiting-room/index.ts'
import type { Reply } from '../connection.ts'
import { listOf } from './answers.ts'
import { pairsOf } from './draws.ts'

const stateOf = (word: string | undefined): VisitorState | undefined =>
  VISITOR_STATES.find((state) => state === word)

export function auditEntryOf(entry: Reply): AuditEntry {
  const [id, fields] = listOf(entry)
  const of = pairsOf(fields)
  const visitor = of.get('visitor')
  const ticket = of.get('ticket')
  const from = stateOf(of.get('from'))
  const to = stateOf(of.get('to'))
  const detail = of.get('detail')
  return {
    seq: Number(String(id).split('-')[0]),
    at: Number(of.get('at')),
    event: of.get('event') ?? '',
    ...(visitor !== undefined && { visitor }),
    ...(ticket !== undefined && { ticket: Number(ticket) }),
    ...(from !== undefined && { from }),
    ...(to !== undefined && { to }),
    cause: (of.get('cause') ?? 'change') as AuditEntry['cause'],
    ...(detail !== undefined && { detail }),
  }
}
