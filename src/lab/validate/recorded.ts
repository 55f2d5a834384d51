/** What was recorded of a load, read back from its files: memory holds moments, ids and the auditor's records alone. */
import { Auditor, type AuditVerdict } from '../auditor.ts'
import type { LoggedCall } from '../backend/call-log.ts'
import { type HistoryEvent, readHistory } from '../history.ts'
import { Moments } from '../measure/times.ts'

/** Moments and ids of the history; its events are not kept, because a long run has millions. */
export async function sentOf(file: string): Promise<{
  /** Sorted milliseconds. */
  readonly sent: Float64Array
  readonly acknowledged: Float64Array
  readonly ids: readonly string[]
}> {
  const sent = new Moments()
  const acknowledged = new Moments()
  const ids: string[] = []
  for await (const event of (await readHistory(file)).events) {
    if (event.kind === 'attempted') sent.add(event.at ?? 0)
    else if (event.kind === 'acknowledged') {
      acknowledged.add(event.at ?? 0)
      ids.push(event.id)
    }
  }
  return { sent: sent.sorted(), acknowledged: acknowledged.sorted(), ids }
}

/**
 * What went in is what the client saw. What came out is both: how each message ended, by the service, and how often its
 * work was done, by the back end. Where the service was not asked, or cannot be asked any more (`ends` null), work that
 * was done stands for its end; and what a service that is gone had acknowledged and not handed out may well be on its
 * disk, so it counts as unfinished and not as lost.
 */
export async function audited(
  file: string,
  calls: readonly LoggedCall[] | null,
  ends: readonly HistoryEvent[] | null,
): Promise<AuditVerdict> {
  const told = ends !== null && ends.length > 0
  const auditor = new Auditor({ effects: calls !== null && told })
  const open = new Set<string>()
  for await (const event of (await readHistory(file)).events) {
    auditor.observe(event)
    if (ends === null && event.kind === 'acknowledged') open.add(event.id)
  }
  for (const { outcome, id, ref, end } of calls ?? []) {
    if (outcome !== 'served') continue
    open.delete(id)
    const named = { id, at: end, ...(ref !== undefined && { ref }) }
    auditor.observe(told ? { kind: 'effect', ...named } : { kind: 'ended', state: 'done', ...named })
  }
  for (const event of ends ?? []) auditor.observe(event)
  for (const id of open)
    auditor.observe({ kind: 'waiting', id, state: 'with a service that does not answer' })
  return auditor.verdict()
}
