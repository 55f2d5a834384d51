/** A message's record as the wire shows it. */
import type { FlowMeter, MessageRecord } from '../queue/index.ts'
import type { MessageLife } from './schemas.ts'
import { iso } from './time.ts'

export function presentLife(record: MessageRecord, flow: Pick<FlowMeter, 'etaMs'>): MessageLife {
  const { message, state } = record
  const waits = state === 'ready' || state === 'held'
  const position = waits ? record.position : undefined
  const etaMs = position === undefined ? undefined : flow.etaMs(message.type, position)
  return {
    id: message.id,
    type: message.type,
    state,
    content: message.content,
    ...some('attributes', message.attributes),
    priority: record.priority,
    ...some('orderingKey', record.orderingKey),
    attempts: record.attempt,
    failures: record.failures,
    createdAt: iso(message.createdAt),
    acceptedAt: iso(record.acceptedAt),
    ...time('availableAt', record.availableAt),
    ...time('expiresAt', record.expiresAt),
    ...time('takenAt', record.takenAt),
    ...time('finishedAt', record.finishedAt),
    ...some('result', record.result),
    ...some('error', record.error),
    ...some('position', position),
    ...some('etaMs', etaMs),
    history: record.history.map((entry) => ({
      attempt: entry.attempt,
      takenAt: iso(entry.takenAt),
      endedAt: iso(entry.endedAt),
      outcome: entry.outcome,
      ...some('error', entry.error),
    })),
  }
}

/** Absent rather than null: what is not known is not shown. */
export function some<Name extends string, Value>(
  name: Name,
  value: Value | undefined,
): { [K in Name]?: Value } {
  return (value === undefined ? {} : { [name]: value }) as { [K in Name]?: Value }
}

function time<Name extends string>(name: Name, ms: number | undefined): { [K in Name]?: string } {
  return some(name, ms === undefined ? undefined : iso(ms))
}
