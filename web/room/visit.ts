/**
 * One visitor at one event in this tab: the state, the tabs that share it, the connection when this tab leads, and what
 * happens by itself (claiming, trying again, ending). What the visitor does goes over HTTP from whichever tab it is
 * done in; the answer reaches all of them.
 */
import { type Answer, type Step, status, step } from './api.ts'
import { keepPlace, keptPlace, type Session } from './keep.ts'
import { answerInput, ServiceLink } from './link.ts'
import { type Input, initial, type PageState, reduce, serverNow, toKeep } from './state.ts'
import { Tabs } from './tabs.ts'
import type { VisitAnswer } from './wire.ts'

/** Between tabs. */
type Message =
  | { readonly kind: 'input'; readonly input: Input }
  | { readonly kind: 'state'; readonly state: PageState }
  /** To the leader: take the connection back from the other device. */
  | { readonly kind: 'use-here' }

const TICK_MS = 1_000
const RETRY_MS = 5_000

export class Visit {
  state: PageState
  readonly #session: Session
  readonly #link: ServiceLink
  readonly #tabs: Tabs<Message>
  readonly #changed: () => void
  readonly #unauthorised: () => void
  #isLeader = false
  #joins: boolean
  /** What the visitor did last and could not be done: its code; '' = nothing. Of this tab alone. */
  fault = ''
  #isStopped = false
  /** One step after the other, in the order they were asked for. */
  #steps: Promise<void> = Promise.resolve()
  #triedAt = Number.NEGATIVE_INFINITY
  #tick: ReturnType<typeof setInterval> | undefined

  /** `joins`: the visitor has just said so, and a visit that is over begins anew. */
  constructor(
    event: string,
    session: Session,
    joins: boolean,
    on: { readonly changed: () => void; readonly unauthorised: () => void },
  ) {
    this.state = initial(event, keptPlace())
    this.#session = session
    this.#joins = joins
    this.#changed = on.changed
    this.#unauthorised = on.unauthorised
    this.#link = new ServiceLink(event, session.token, {
      input: (input) => this.#take(input),
      unauthorised: on.unauthorised,
    })
    this.#tabs = new Tabs<Message>(`${event}:${session.user.userId}`, {
      lead: () => this.#lead(),
      follow: () => this.#follow(),
      heard: (message) => this.#heard(message),
      greet: () => ({ kind: 'state', state: this.state }),
    })
  }

  start(): void {
    this.#tick = setInterval(() => this.#ticked(), TICK_MS)
    this.#tabs.start()
    // Who pressed the button waits for no other tab.
    if (this.#joins) void this.#first()
  }

  stop(): void {
    this.#isStopped = true
    this.#isLeader = false
    clearInterval(this.#tick)
    this.#tabs.stop()
    this.#link.stop()
  }

  join(): Promise<void> {
    return this.#do('check')
  }
  leave(): Promise<void> {
    return this.#do('leave')
  }
  undo(): Promise<void> {
    return this.#do('undo')
  }
  claim(): Promise<void> {
    return this.#do('claim')
  }
  extend(): Promise<void> {
    return this.#do('renew')
  }
  done(): Promise<void> {
    return this.#do('done')
  }

  /** After another device has taken the connection. */
  useHere(): void {
    if (this.#isLeader) this.#adjust(true)
    else this.#tabs.tell({ kind: 'use-here' })
  }

  #lead(): void {
    this.#isLeader = true
    if (this.state.phase.kind === 'asking') void this.#first()
    else this.#adjust(false)
  }

  #follow(): void {
    this.#isLeader = false
    this.#link.stop()
  }

  #heard(message: Message): void {
    if (message.kind === 'use-here') {
      if (this.#isLeader) this.#adjust(true)
      return
    }
    const next = message.kind === 'state' ? message.state : reduce(this.state, message.input)
    this.#become(next)
  }

  /** Something this tab was told; the others are told it, too. */
  #take(input: Input): void {
    this.#tabs.tell({ kind: 'input', input })
    this.#become(reduce(this.state, input))
  }

  #become(next: PageState): void {
    const was = this.state
    this.state = next
    const keep = toKeep(next)
    if (keep && (was.phase.kind !== 'waiting' || was.phase.ticket !== keep.ticket)) keepPlace(keep)
    this.#adjust(false)
    if (next.phase.kind === 'called' && was.phase.kind !== 'called' && this.#isLeader)
      void this.#again('claim')
    this.#changed()
  }

  /** The leader is connected while there is something to hear. */
  #adjust(evenIfQuiet: boolean): void {
    const { phase, link } = this.state
    const wants = phase.kind !== 'over' && phase.kind !== 'refused' && phase.kind !== 'asking'
    if (!this.#isLeader || !wants) this.#link.stop()
    else if (link.kind !== 'quiet' || evenIfQuiet) this.#link.start()
  }

  /** Where the visitor stands; who has no place yet is given one. */
  #first(): Promise<void> {
    const { event } = this.state
    const { token } = this.#session
    return this.#next(async () => {
      const joins = this.#joins
      this.#joins = false
      const answer = await status(event, token)
      const isNew = answer.ok && answer.body.state === 'none'
      const isOver = answer.ok && ['left', 'done', 'expired'].includes(answer.body.state)
      return isNew || (isOver && joins) ? step('check', event, token) : answer
    })
  }

  #do(name: Step): Promise<void> {
    return this.#next(() => step(name, this.state.event, this.#session.token))
  }

  #next(work: () => Promise<Answer<VisitAnswer>>): Promise<void> {
    this.#steps = this.#steps.then(async () => {
      if (!this.#isStopped) this.#answered(await work())
    })
    return this.#steps
  }

  #answered(answer: Answer<VisitAnswer>): void {
    if (this.#isStopped) return
    this.fault = answer.ok ? '' : answer.code
    if (answer.ok) return this.#take(answerInput(answer))
    if (answer.status === 401) return this.#unauthorised()
    const { code, status: http, retryAfterMs } = answer
    // What may be otherwise in a moment is tried again by itself.
    const again = retryAfterMs ?? (http === 0 || http >= 500 ? RETRY_MS : undefined)
    this.#take({
      kind: 'refused',
      code,
      at: Date.now(),
      ...(again !== undefined && { retryAfterMs: again }),
    })
  }

  /** At most every five seconds. */
  async #again(name: Step | 'status'): Promise<void> {
    const now = Date.now()
    if (now - this.#triedAt < RETRY_MS) return
    this.#triedAt = now
    if (name !== 'status') return this.#do(name)
    const answer = await status(this.state.event, this.#session.token)
    // One that did not come says nothing; the next tick asks again.
    if (answer.ok || answer.status === 401) this.#answered(answer)
  }

  /** What is due by time, by the server's clock. */
  #ticked(): void {
    const now = serverNow(this.state, Date.now())
    const { phase } = this.state
    if (phase.kind === 'left' && now >= phase.undoUntil)
      this.#become(reduce(this.state, { kind: 'undo-over' }))
    if (this.#isLeader) {
      if (phase.kind === 'called') void this.#again(now > phase.claimBy ? 'status' : 'claim')
      if (phase.kind === 'inside' && now > phase.until) void this.#again('status')
      if (phase.kind === 'refused' && phase.retryAt !== null && now >= phase.retryAt)
        void this.#again('check')
    }
    this.#changed()
  }
}
