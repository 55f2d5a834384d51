/**
 * The embedded line engine: the port over lines in memory, every step durable in the store that the queue shares.
 *
 * Owns the lines of all events between `load` and `stop`. A step changes memory at once and is answered when its write,
 * and every write before it, is durable: nobody hears of anything that a crash could take back (L4).
 *
 *   new ──load──▶ open ──a write fails──▶ failed (refuses everything, tries twice a second) ──probe, load──▶ open
 *
 * After a failed write memory is ahead of the disk, so it is thrown away and read anew: the disk is the truth. Writes
 * under way behind the failed one are refused by the chain (`store.ts`) and end the same way.
 */
import {
  type Clock,
  type FieldFault,
  LIMITS,
  type Logger,
  type Random,
  WeirError,
} from '../../../core/index.ts'
import {
  ADMIT_MAX,
  type Admission,
  type AuditEntry,
  type Cleared,
  type ClearRequest,
  type DoorSettings,
  type Draw,
  doorFaults,
  type EnterResult,
  isDrawSecret,
  isEventId,
  isVisitorId,
  type LineEngine,
  type LineHealth,
  type LineNews,
  type Snapshot,
  type Visit,
} from '../../../waiting-room/index.ts'
import type { OperationName, Operations } from '../protocol.ts'
import { Line } from './line.ts'
import { NUMBERS_PER_ROW } from './rows.ts'
import { LineWrites, type OpenWrite } from './writes.ts'

export type Submit = <N extends OperationName>(
  name: N,
  ask: Operations[N]['ask'],
  weight?: number,
) => Promise<Operations[N]['answer']>

export interface LineDeps {
  readonly clock: Clock
  readonly logger: Logger
  readonly random: Random
  /** Into the store's next batch. */
  readonly submit: Submit
  /** The same, for a write that steps join until the batch is cut. */
  readonly openWrite: OpenWrite
  /** What is handed in and not yet durable. */
  readonly pending: () => number
}

/** Small, so that what crosses at a start is garbage before it grows old. */
const PAGE_ROWS = 1_000
const TRY_EVERY_MS = 500
const FORGET_EVERY_MS = 600_000
/** How long the audit trail is kept. */
const AUDIT_MS = 7 * 24 * 3_600_000
/** Events are made by operators, or by visitors where that is allowed; each takes memory for good. */
const MOST_EVENTS = 10_000
/** Of an event that nobody defined. */
const UNKNOWN: Admission = { called: [], parked: 0, more: false, limitedBy: 'closed' }

export class EmbeddedLine implements LineEngine {
  readonly name = 'embedded'
  readonly #deps: LineDeps
  #lines = new Map<string, Line>()
  #phase: 'new' | 'open' | 'failed' | 'closed' = 'new'
  #fault = ''
  readonly #writes: LineWrites
  #cancelTry: (() => void) | undefined
  #cancelForget: (() => void) | undefined
  readonly #listeners = new Set<(news: LineNews) => void>()

  constructor(deps: LineDeps) {
    this.#deps = deps
    this.#writes = new LineWrites(deps.openWrite, (error) => this.#fail(error))
  }

  /** Reads all lines; the store is open. */
  async load(): Promise<void> {
    const { clock } = this.#deps
    const { chain, events } = await this.#deps.submit('lineEvents', null)
    const lines = new Map<string, Line>()
    for (const loaded of events) {
      const line = new Line(loaded, this.#seed())
      for (let after = 0; ; ) {
        const page = await this.#deps.submit('lineRows', { event: loaded.event, after, limit: PAGE_ROWS })
        line.book.load(page, clock.now())
        if (page.visitors.length < PAGE_ROWS) break
        after = page.numbers.at(-NUMBERS_PER_ROW) ?? 0
      }
      line.book.loaded()
      lines.set(loaded.event, line)
    }
    this.#lines = lines
    this.#writes.goOnFrom(chain)
    if (this.#phase === 'closed') return
    this.#phase = 'open'
    for (const line of lines.values()) this.#purge(line)
    this.#forgetLater()
  }

  /** Refuses from now on; what is under way is the store's to finish. */
  stop(): void {
    this.#phase = 'closed'
    this.#cancelTry?.()
    this.#cancelForget?.()
  }

  async define(event: string, door: DoorSettings): Promise<boolean> {
    if (!isEventId(event)) throw invalid([{ field: 'event', problem: 'must be 1 to 64 of A-Z a-z 0-9 _ -' }])
    checkDoor(door)
    this.#guard()
    if (this.#lines.has(event)) {
      await this.#writes.settled()
      return false
    }
    if (this.#lines.size >= MOST_EVENTS)
      throw new WeirError('overloaded', `there are ${MOST_EVENTS} events already`)
    const line = Line.define(event, door, this.#seed(), this.#deps.clock.now())
    this.#lines.set(event, line)
    await this.#writes.written(line, line.book.changes)
    return true
  }

  async change(event: string, change: Partial<DoorSettings>): Promise<DoorSettings | undefined> {
    return this.#step(event, undefined, (line, now) => {
      const door = { ...line.book.door, ...change }
      const faults: FieldFault[] = []
      if (
        door.mode !== line.book.door.mode &&
        (door.mode === 'prequeue' || line.book.door.mode === 'prequeue')
      )
        faults.push({ field: 'mode', problem: 'a pre-queue is begun and opened, not set' })
      checkDoor(door, faults)
      line.book.sweep(now)
      line.book.setDoor(door, now)
      return door
    })
  }

  async prequeue(
    event: string,
    secret: string,
    opensAt: number | null,
  ): Promise<{ commitment: string } | false> {
    if (!isDrawSecret(secret)) throw invalid([{ field: 'secret', problem: 'must be 32 bytes in hex' }])
    return this.#step(event, false, (line, now) => {
      checkDoor({ ...line.book.door, opensAt })
      return line.prequeue(secret, opensAt, now)
    })
  }

  async open(event: string, beacon: string): Promise<Draw | undefined> {
    return this.#step(event, undefined, (line, now) => line.open(beacon.slice(0, LIMITS.keyLength), now))
  }

  async events(): ReturnType<LineEngine['events']> {
    this.#guard()
    await this.#writes.settled()
    return Array.from(this.#lines.values(), ({ book }) => {
      return { event: book.event, counts: book.counts(), door: book.door }
    })
  }

  async enter(event: string, visitor: string): Promise<EnterResult> {
    this.#guard()
    if (this.#deps.pending() >= LIMITS.pendingMessages)
      throw new WeirError('overloaded', 'too much is waiting to be made durable', { retryAfterMs: 1000 })
    if (!isVisitorId(visitor)) throw new WeirError('internal', 'not the id of a visitor')
    const unknown: EnterResult = { kind: 'refused', code: 'unknown_event' }
    return this.#step(event, unknown, (line, now) => line.enter(visitor, now))
  }

  async admit(event: string, max: number): Promise<Admission> {
    const most = Math.max(0, Math.min(max, ADMIT_MAX))
    const admission = await this.#step(event, UNKNOWN, (line, now) => line.admit(most, now))
    if (admission.called.length > 0) this.#tell({ kind: 'called', event, called: admission.called })
    return admission
  }

  claim(event: string, visitor: string): Promise<Visit> {
    return this.#visitorStep(event, visitor, 'claim')
  }

  renew(event: string, visitor: string): Promise<Visit> {
    return this.#visitorStep(event, visitor, 'renew')
  }

  done(event: string, visitor: string): Promise<Visit> {
    return this.#visitorStep(event, visitor, 'done')
  }

  leave(event: string, visitor: string): Promise<Visit> {
    return this.#visitorStep(event, visitor, 'leave')
  }

  undo(event: string, visitor: string): Promise<Visit> {
    return this.#visitorStep(event, visitor, 'undo')
  }

  async seen(event: string, visitors: readonly string[]): Promise<void> {
    return this.#step(event, undefined, (line, now) => line.seen(visitors, now))
  }

  async present(): Promise<void> {
    this.#guard()
    for (const line of this.#lines.values()) line.present(this.#deps.clock.now())
  }

  async status(event: string, visitor: string): Promise<Visit> {
    return this.#step(event, nobody(event, visitor), (line, now) => line.status(visitor, now))
  }

  async snapshot(event: string): Promise<Snapshot | undefined> {
    return this.#step(event, undefined, (line, now) => line.snapshot(now))
  }

  async clear(event: string, request: ClearRequest): Promise<Cleared | undefined> {
    const cleared = await this.#step(event, undefined, (line, now) => line.clear(request, now))
    const line = this.#lines.get(event)
    if (cleared && line && !request.dryRun) {
      this.#tell({ kind: 'cleared', event, epoch: cleared.epoch, active: request.active })
      this.#purge(line)
    }
    return cleared
  }

  async audit(after: number, limit: number): Promise<readonly AuditEntry[]> {
    this.#guard()
    const most = Math.max(1, Math.min(limit, LIMITS.pageSize))
    return this.#deps.submit('lineAudit', { after, limit: most })
  }

  follow(listener: (news: LineNews) => void): () => void {
    this.#listeners.add(listener)
    return () => this.#listeners.delete(listener)
  }

  health(): LineHealth {
    if (this.#phase === 'open') return { ok: true }
    return { ok: false, reason: this.#phase === 'failed' ? this.#fault : `the line is ${this.#phase}` }
  }

  #visitorStep(event: string, visitor: string, name: Parameters<Line['step']>[1]): Promise<Visit> {
    return this.#step(event, nobody(event, visitor), (line, now) => line.step(visitor, name, now))
  }

  /** One step on one line; `otherwise` when there is no such event. Answers when all of it is durable. */
  async #step<T>(event: string, otherwise: T, run: (line: Line, now: number) => T): Promise<T> {
    this.#guard()
    const line = this.#lines.get(event)
    if (!line) return otherwise
    const { active, changes } = line.book
    let answer: T
    try {
      answer = run(line, this.#deps.clock.now())
    } catch (error) {
      // A refusal changes nothing. A fault of ours may have left half a step in memory: the disk has none of it.
      if (!(error instanceof WeirError)) {
        this.#writes.spoil(line)
        this.#fail(error)
      }
      throw error
    }
    const freed = line.book.active < active
    const changed = line.book.changes - changes
    if (changed === 0) {
      await this.#writes.settled()
      return answer
    }
    await this.#writes.written(line, changed)
    this.#tell({ kind: 'moved', event, freed })
    return answer
  }

  #seed(): number {
    return Math.floor(this.#deps.random() * 2 ** 32)
  }

  #guard(): void {
    if (this.#phase === 'open') return
    if (this.#phase === 'failed') throw new WeirError('storage_failed', this.#fault, { retryAfterMs: 1000 })
    throw new WeirError('stopping', `the line is ${this.#phase}`, { retryAfterMs: 5000 })
  }

  #fail(error: unknown): void {
    if (this.#phase !== 'open') return
    this.#phase = 'failed'
    this.#fault = error instanceof Error ? error.message : String(error)
    this.#deps.logger.error({ err: error }, 'the line could not be written and is read anew')
    this.#cancelForget?.()
    this.#tryLater()
  }

  #tryLater(): void {
    this.#cancelTry = this.#deps.clock.after(TRY_EVERY_MS, () => {
      if (this.#phase !== 'failed') return
      this.#heal().catch(() => this.#tryLater())
    })
  }

  async #heal(): Promise<void> {
    // What is under way when the lines are read would be on the disk and not in memory.
    await this.#writes.settled().catch(() => {})
    await this.#deps.submit('probe', null)
    await this.load()
    this.#deps.logger.info({}, 'the line works again')
  }

  /** Rows that a clearing made void, chunk by chunk; the next start goes on where a stop cut it off. */
  #purge(line: Line): void {
    const { clearedTo: upTo, epoch } = line.book.state
    if (upTo === 0 || this.#phase !== 'open') return
    this.#deps.submit('linePurge', { event: line.book.event, epoch, upTo }).then(
      (more) => {
        if (more) this.#purge(line)
      },
      () => {},
    )
  }

  #forgetLater(): void {
    this.#cancelForget?.()
    const forget = (): void => {
      if (this.#phase !== 'open') return
      this.#deps.submit('lineForget', { before: this.#deps.clock.now() - AUDIT_MS }).then(
        (more) => (more ? forget() : this.#forgetLater()),
        () => this.#forgetLater(),
      )
    }
    this.#cancelForget = this.#deps.clock.after(FORGET_EVERY_MS, forget)
  }

  /** A listener's fault stays his. */
  #tell(news: LineNews): void {
    for (const listener of this.#listeners) {
      try {
        listener(news)
      } catch (error) {
        this.#deps.logger.error({ err: error }, 'a listener to the line failed')
      }
    }
  }
}

function nobody(event: string, visitor: string): Visit {
  return { event, visitor, state: 'none', epoch: 0, position: 0 }
}

function invalid(faults: readonly FieldFault[]): WeirError {
  const detail = faults.map(({ field, problem }) => `${field} ${problem}`).join('; ')
  return new WeirError('invalid_setting', detail, { faults })
}

function checkDoor(door: DoorSettings, more: readonly FieldFault[] = []): void {
  const faults = [...more, ...doorFaults(door)]
  if (faults.length > 0) throw invalid(faults)
}
