/** What was recorded of a load, read back from its files: memory holds moments, ids and the auditor's records alone. */
import { Auditor, type AuditVerdict } from '../auditor.ts'
import type { LoggedCall } from '../backend/call-log.ts'
import { type HistoryEvent, readHistory } from '../history.ts'
import { Moments } from '../measure/times.ts'

export interface Recorded {
  /** Sorted milliseconds. */
  readonly sent: Float64Array
  readonly acknowledged: Float64Array
  /** Of the acknowledged ones. */
  readonly ids: readonly string[]
  /** Has heard what went in, and is to hear what came out. */
  readonly auditor: Auditor
}

/** One walk through the history. `effects`: whether the back end's own record will be there. */
export async function recordedOf(file: string, effects: boolean): Promise<Recorded> {
  const [sent, acknowledged] = [new Moments(), new Moments()]
  const ids: string[] = []
  const auditor = new Auditor({ effects })
  for await (const event of (await readHistory(file)).events) {
    auditor.observe(event)
    if (event.kind === 'attempted') sent.add(event.at ?? 0)
    else if (event.kind === 'acknowledged') {
      acknowledged.add(event.at ?? 0)
      ids.push(event.id)
    }
  }
  return { sent: sent.sorted(), acknowledged: acknowledged.sorted(), ids, auditor }
}

/**
 * What went in is what the client saw. What came out is both: how each message ended, by the service, and how often its
 * work was done, by the back end. Where the service cannot be asked any more (`ends` null), work that was done stands
 * for its end; and what a service that is gone had acknowledged and not handed out may well be on its disk: it counts
 * as unfinished and not as lost.
 */
export function audited(
  { ids, auditor }: Pick<Recorded, 'ids' | 'auditor'>,
  calls: readonly LoggedCall[] | null,
  ends: readonly HistoryEvent[] | null,
): AuditVerdict {
  for (const { outcome, id, ref, end } of calls ?? []) {
    if (outcome !== 'served') continue
    const named = { id, at: end, ...(ref !== undefined && { ref }) }
    auditor.observe({ kind: 'effect', ...named })
    if (ends === null) auditor.observe({ kind: 'ended', state: 'done', ...named })
  }
  for (const event of ends ?? []) auditor.observe(event)
  // Those that ended have ended, whatever is said of them afterwards.
  for (const id of ends === null ? ids : []) {
    auditor.observe({ kind: 'waiting', id, state: 'with a service that does not answer' })
  }
  return auditor.verdict()
}
