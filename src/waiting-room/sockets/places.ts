/**
 * What a visitor alone is told: the own place, that it was cleared, that the turn has come. The line is asked at the
 * moment it is told, so that nothing has to be kept, and a message that was lost is made again from the line (L6).
 *
 * Owns the members that wait to be looked up, each once; one run works them off in chunks, and what the line refused
 * is looked up by a later tick.
 */
import { pause } from '../../core/index.ts'
import { iso, visitAnswer } from '../http/answers.ts'
import { passFor } from '../http/visitors.ts'
import { isOver, isQueued } from '../life.ts'
import type { Snapshot, Visit } from '../port.ts'
import type { Member } from './audience.ts'
import { SOCKET_LIMITS, type SocketDeps } from './deps.ts'
import type { EntryMessage, RestoredMessage, VisitAnswer } from './protocol.ts'

export type Places = Pick<
  SocketDeps,
  'line' | 'flows' | 'passes' | 'slowedBy' | 'clock' | 'random' | 'logger'
>

export class PrivateMessages {
  readonly #deps: Places
  readonly #snapshotOf: (event: string) => Promise<Snapshot | undefined>
  readonly #waiting = new Set<Member>()
  #run: Promise<void> | undefined
  readonly #ended = new AbortController()

  constructor(deps: Places, snapshotOf: (event: string) => Promise<Snapshot | undefined>) {
    this.#deps = deps
    this.#snapshotOf = snapshotOf
  }

  look(members: Iterable<Member>): void {
    for (const member of members) this.#waiting.add(member)
    if (this.#waiting.size === 0 || this.#run || this.#ended.signal.aborted) return
    this.#run = this.#work().finally(() => {
      this.#run = undefined
      this.look([])
    })
  }

  async stop(): Promise<void> {
    this.#ended.abort()
    this.#waiting.clear()
    await this.#run
  }

  /** Never rejects. */
  async #work(): Promise<void> {
    while (this.#waiting.size > 0) {
      const chunk = Array.from(this.#waiting).slice(0, SOCKET_LIMITS.passChunk)
      for (const member of chunk) this.#waiting.delete(member)
      await Promise.all(chunk.map((member) => this.#tell(member)))
      await pause(this.#deps.clock, 0, this.#ended.signal)
    }
  }

  async #tell(member: Member): Promise<void> {
    try {
      const visit = await this.#deps.line.status(member.event, member.visitor)
      if (isCleared(member, visit)) await this.#cleared(member, visit.epoch)
      const isOther = visit.ticket !== member.ticket || member.state === undefined
      if (isOther && !isOver(visit.state)) {
        const snapshot = await this.#snapshotOf(member.event)
        if (snapshot) return this.restored(member, visit, this.answer(visit, snapshot))
      }
      this.place(member, visit)
    } catch {
      // The line is away. Not known, so that a tick looks again.
      member.state = undefined
    }
  }

  answer(visit: Visit, snapshot: Snapshot): VisitAnswer {
    const { flows, clock, random, slowedBy } = this.#deps
    const eta = flows.eta(snapshot.frame, Math.max(0, visit.position - 1), clock.now())
    return visitAnswer(visit, snapshot, eta, passFor(visit, this.#deps), random, slowedBy?.(visit.event))
  }

  /** Tells the place, if there is one, and the turn, if it has come. */
  restored(member: Member, visit: Visit, answer: VisitAnswer): void {
    if (!isOver(visit.state)) {
      const message: RestoredMessage = {
        ...answer,
        userId: member.visitor,
        queueEventId: isQueued(visit.state) || visit.state === 'ready' ? member.event : null,
        timestamp: iso(this.#deps.clock.now()),
      }
      member.socket.emit('session-restored', message)
    }
    this.place(member, visit)
  }

  /** Remembers the place, and tells the turn once per call and socket. */
  place(member: Member, visit: Visit): void {
    member.state = visit.state
    member.epoch = visit.epoch
    member.ticket = visit.ticket
    member.lookedAt = this.#deps.clock.now()
    const { until, ticket } = visit
    if (visit.state !== 'ready' || until === undefined || ticket === undefined) return
    if (member.offered === until) return
    member.offered = until
    member.socket.emit('queue-entry-allowed', this.#entry(visit, ticket, until))
  }

  async #cleared(member: Member, epoch: number): Promise<void> {
    const { mode } = (await this.#snapshotOf(member.event))?.door ?? {}
    member.socket.emit('queue-cleared', {
      message: 'The queue was cleared',
      eventId: member.event,
      epoch,
      action: mode === 'closed' || mode === 'draining' ? 'closed' : 'rejoin',
    })
  }

  #entry({ event, visitor, epoch }: Visit, ticket: number, until: number): EntryMessage {
    const { passes, clock } = this.#deps
    // No longer than the place is kept: with it nobody is inside beyond the threshold (L3).
    const pass = passes.issue({ event, visitor, ticket, epoch }, until, clock.now())
    return {
      userId: visitor,
      message: 'Your turn has come',
      eventId: event,
      pass,
      passExpiresAt: iso(until),
      claimBy: iso(until),
    }
  }
}

/** Who is inside, has left, or has entered again already has lost nothing. */
function isCleared({ inQueue, state, epoch }: Member, visit: Visit): boolean {
  if (!inQueue || epoch === undefined || visit.epoch <= epoch || visit.state !== 'none') return false
  return state === undefined || state === 'none' || !isOver(state)
}
