/**
 * The total-queue auditor: judges a history and nothing else. What went in is what the client saw, what came out is
 * what was observed; the service's own counters are not asked. After the checker of the same name in Jepsen
 * (K. Kingsbury, "total-queue"), with effects, ordering keys and messages that may still be under way.
 *
 * Pure: no clock, no I/O. Memory grows by one small record per message and by nothing else.
 */
import {
  type Attempted,
  FINAL_STATES,
  type FinalState,
  type HistoryEvent,
  type HistoryHeader,
  type RecordedHistory,
} from './history.ts'

export type FindingKind = (typeof FAULTS)[number] | 'recovered'
const FAULTS = ['lost', 'unexpected', 'duplicated', 'reordered', 'unfinished'] as const

export interface Finding {
  readonly kind: FindingKind
  readonly ref?: string
  readonly id?: string
  readonly why: string
}

export interface AuditVerdict {
  /** Distinct messages that the client tried to send = acknowledged + refused + unknown. */
  readonly attempted: number
  /** At least one try was answered with a 2xx. */
  readonly acknowledged: number
  /** Every try was answered, each time with a refusal. */
  readonly refused: number
  /** Not acknowledged, and at least one try had no answer. */
  readonly unknown: number
  /** Acknowledged, and ended exactly once with nothing to say against it. */
  readonly ok: number
  /** Acknowledged, and did not come out. */
  readonly lost: number
  /** Came out, and nobody had tried to send it. */
  readonly unexpected: number
  /** Ended, took effect, or became a message more than once. */
  readonly duplicated: number
  /** Not acknowledged, and came out all the same: allowed, because no 2xx is not a no. */
  readonly recovered: number
  /** Came out after one of its ordering key that was sent only when this one had been acknowledged. */
  readonly reordered: number
  /** Known to the service, but without an end yet when the recorder stopped looking. */
  readonly unfinished: number
  readonly ended: Readonly<Record<FinalState, number>>
  /** The first of each kind; the counts above are of all. */
  readonly findings: readonly Finding[]
  /** Nothing lost, unexpected, duplicated, reordered or unfinished, and something was acknowledged at all. */
  readonly passed: boolean
}

/** One message as far as the history tells. Times are places in the history, from 1; 0 = did not happen. */
interface Known {
  ref: string | undefined
  id: string | undefined
  attemptedAt: number
  acknowledgedAt: number
  outAt: number
  refused: boolean
  unknown: boolean
  mayExpire: boolean
  endings: number
  effects: number
  state: FinalState | undefined
  waiting: string | undefined
  /** A second id for the same ref: the one message became two. */
  secondId: string | undefined
  /** The ref that had been given the same id before: the two became one. */
  sharedWith: string | undefined
}

const FINDINGS_PER_KIND = 100

export class Auditor {
  readonly #effectsObserved: boolean
  readonly #byRef = new Map<string, Known>()
  readonly #byId = new Map<string, Known>()
  readonly #byKey = new Map<string, Known[]>()
  #at = 0

  constructor(header: Pick<HistoryHeader, 'effects'>) {
    this.#effectsObserved = header.effects
  }

  observe(event: HistoryEvent): void {
    this.#at++
    switch (event.kind) {
      case 'attempted':
        return this.#attempted(event)
      case 'acknowledged':
        return this.#acknowledged(event.ref, event.id)
      case 'refused':
        this.#of(event.ref).refused = true
        return
      case 'unknown':
        this.#of(event.ref).unknown = true
        return
      case 'effect': {
        const known = this.#cameOut(event.id, event.ref)
        known.effects++
        if (this.#effectsObserved) known.outAt ||= this.#at
        return
      }
      case 'ended': {
        const known = this.#cameOut(event.id, event.ref)
        known.endings++
        known.state ??= event.state
        if (!this.#effectsObserved) known.outAt ||= this.#at
        return
      }
      case 'waiting':
        this.#cameOut(event.id, event.ref).waiting = event.state
    }
  }

  /** What the history so far amounts to. */
  verdict(): AuditVerdict {
    const sum = new Summary()
    const overtaken = this.#overtaken()
    for (const known of new Set([...this.#byRef.values(), ...this.#byId.values()])) {
      if (known.attemptedAt > 0) this.#judge(known, overtaken.has(known), sum)
      else sum.find('unexpected', known, 'nobody tried to send it')
    }
    return sum.verdict()
  }

  #attempted({ ref, orderingKey, mayExpire }: Attempted): void {
    const known = this.#of(ref)
    if (mayExpire) known.mayExpire = true
    if (known.attemptedAt !== 0) return
    known.attemptedAt = this.#at
    if (orderingKey === undefined) return
    const line = this.#byKey.get(orderingKey)
    if (line) line.push(known)
    else this.#byKey.set(orderingKey, [known])
  }

  #acknowledged(ref: string, id: string): void {
    const known = this.#of(ref)
    known.attemptedAt ||= this.#at
    known.acknowledgedAt ||= this.#at
    const other = this.#byId.get(id)
    if (other === known) return
    if (other?.ref !== undefined) {
      known.sharedWith = other.ref
      return
    }
    if (other) absorb(known, other)
    this.#bind(known, id)
  }

  /** The message an observation is about. One that nobody knows yet waits for its answer to be recorded. */
  #cameOut(id: string, ref: string | undefined): Known {
    const byId = this.#byId.get(id)
    const known = byId ?? (ref === undefined ? emptyRecord(undefined) : this.#of(ref))
    if (byId === undefined) this.#bind(known, id)
    return known
  }

  #bind(known: Known, id: string): void {
    this.#byId.set(id, known)
    if (known.id === undefined) known.id = id
    else if (known.id !== id) known.secondId = id
  }

  #of(ref: string): Known {
    let known = this.#byRef.get(ref)
    if (!known) {
      known = emptyRecord(ref)
      this.#byRef.set(ref, known)
    }
    return known
  }

  #judge(known: Known, overtaken: boolean, sum: Summary): void {
    sum.count(known)
    const faults = [this.#duplicated(known), this.#lost(known), overtaken ? REORDERED : undefined]
    const found = faults.filter((fault) => fault !== undefined)
    for (const [kind, why] of found) sum.find(kind, known, why)
    if (known.acknowledgedAt > 0) sum.ok += found.length === 0 ? 1 : 0
    else if (known.endings + known.effects > 0) sum.find('recovered', known, 'came out without a 2xx')
  }

  #duplicated(known: Known): Fault | undefined {
    if (known.secondId !== undefined) {
      return ['duplicated', `became two messages, ${known.id} and ${known.secondId}`]
    }
    if (known.effects > 1) return ['duplicated', `took effect ${known.effects} times`]
    if (known.endings > 1) return ['duplicated', `ended ${known.endings} times`]
    return undefined
  }

  #lost(known: Known): Fault | undefined {
    if (known.endings === 0 && known.waiting !== undefined) {
      return ['unfinished', `still ${known.waiting} when the history ends`]
    }
    if (known.acknowledgedAt === 0) return undefined
    if (known.sharedWith !== undefined) return ['lost', `was given the id of ${known.sharedWith}`]
    if (known.endings === 0) return ['lost', 'acknowledged, and never came out']
    if (known.state === 'expired' && !known.mayExpire) return ['lost', 'expired without a time to live']
    if (this.#effectsObserved && known.state === 'done' && known.effects === 0) {
      return ['lost', 'done, but its effect was never seen']
    }
    return undefined
  }

  /** Those that came out too late for their ordering key. */
  #overtaken(): ReadonlySet<Known> {
    const overtaken = new Set<Known>()
    for (const line of this.#byKey.values()) {
      // The newest send among those that came out so far; whoever was acknowledged before it and comes now is late.
      let newest = 0
      for (const known of line.filter(({ outAt }) => outAt > 0).sort((a, b) => a.outAt - b.outAt)) {
        if (known.acknowledgedAt > 0 && known.acknowledgedAt < newest) overtaken.add(known)
        newest = Math.max(newest, known.attemptedAt)
      }
    }
    return overtaken
  }
}

type Fault = readonly [kind: FindingKind, why: string]
const REORDERED: Fault = ['reordered', 'came out after one of its ordering key that was sent later']

/** Counts, and the first findings of each kind by name. */
class Summary {
  ok = 0
  readonly #counts = { attempted: 0, acknowledged: 0, refused: 0, unknown: 0 }
  readonly #ended: Record<FinalState, number> = { done: 0, rejected: 0, dead: 0, expired: 0 }
  readonly #found = new Map<FindingKind, number>()
  readonly #findings: Finding[] = []

  count(known: Known): void {
    this.#counts.attempted++
    if (known.acknowledgedAt > 0) this.#counts.acknowledged++
    // Nothing recorded at all is not a refusal: the recorder may have died with the answer.
    else if (known.refused && !known.unknown) this.#counts.refused++
    else this.#counts.unknown++
    if (known.state !== undefined) this.#ended[known.state]++
  }

  find(kind: FindingKind, { ref, id }: Known, why: string): void {
    const count = (this.#found.get(kind) ?? 0) + 1
    this.#found.set(kind, count)
    if (count > FINDINGS_PER_KIND) return
    this.#findings.push({ kind, ...(ref !== undefined && { ref }), ...(id !== undefined && { id }), why })
  }

  verdict(): AuditVerdict {
    const of = (kind: FindingKind) => this.#found.get(kind) ?? 0
    return {
      ...this.#counts,
      ok: this.ok,
      lost: of('lost'),
      unexpected: of('unexpected'),
      duplicated: of('duplicated'),
      recovered: of('recovered'),
      reordered: of('reordered'),
      unfinished: of('unfinished'),
      ended: this.#ended,
      findings: this.#findings,
      passed: this.#counts.acknowledged > 0 && FAULTS.every((kind) => of(kind) === 0),
    }
  }
}

function emptyRecord(ref: string | undefined): Known {
  return {
    ref,
    id: undefined,
    attemptedAt: 0,
    acknowledgedAt: 0,
    outAt: 0,
    refused: false,
    unknown: false,
    mayExpire: false,
    endings: 0,
    effects: 0,
    state: undefined,
    waiting: undefined,
    secondId: undefined,
    sharedWith: undefined,
  }
}

/** What had been seen of an id before its answer was recorded belongs to the message that it turns out to be. */
function absorb(known: Known, seen: Known): void {
  known.endings += seen.endings
  known.effects += seen.effects
  known.outAt ||= seen.outAt
  known.state ??= seen.state
  known.waiting ??= seen.waiting
}

/** The verdict on a whole history. */
export async function audit(history: RecordedHistory): Promise<AuditVerdict> {
  const auditor = new Auditor(history.header)
  for await (const event of history.events) auditor.observe(event)
  return auditor.verdict()
}

const NAMES = FINAL_STATES.join(', ')

/** One line for people and logs. */
export function describeVerdict(verdict: AuditVerdict): string {
  const { attempted, acknowledged, refused, unknown, ok, recovered } = verdict
  const faults = FAULTS.map((kind) => `${verdict[kind]} ${kind}`).join(', ')
  const ended = FINAL_STATES.map((state) => verdict.ended[state]).join(', ')
  return (
    `${attempted} attempted: ${acknowledged} acknowledged, ${refused} refused, ${unknown} unknown; ` +
    `${ok} ok, ${faults}, ${recovered} recovered; ${NAMES}: ${ended}`
  )
}
