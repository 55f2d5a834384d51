/**
 * One virtual visitor, who does what the page does: asks for a place, listens by a real Socket.IO connection, takes up
 * the call, stays, and gives the place back. What it sees goes to the history as it is seen.
 *
 * Owns a socket and two timers between `enter` and `close`. A connection that is lost comes back by itself.
 */
import type { Socket } from 'socket.io-client'
import type { Clock } from '../../core/index.ts'
import type { Account } from './accounts.ts'
import { type RoomAnswer, type RoomApi, RoomCallError } from './api.ts'
import type { Placed, RoomEvent } from './history.ts'
import { namesIn } from './names.ts'
import type { RoomTally } from './tally.ts'

export type Connect = (token: string) => Socket

export interface VisitorContext {
  readonly api: RoomApi
  readonly clock: Clock
  readonly event: string
  readonly connect: Connect
  readonly tally: RoomTally
  readonly isId: (text: string) => boolean
  readonly record: (event: RoomEvent) => void
  /** A frame for everybody came. */
  readonly onFrame: (frame: Readonly<Record<string, unknown>>) => void
  /** Something about this visitor is another than before. */
  readonly onChange: () => void
  /** How long to stay inside; undefined = until the end of the test. */
  readonly holdMs: number | undefined
}

/** `away`: gone without a word. `failed`: without a place, against its will. */
export type VisitorPhase = 'new' | 'waiting' | 'inside' | 'done' | 'away' | 'failed'

const ACK_MS = 30_000
const SHORTEST_RENEW_MS = 500
const OVER: ReadonlySet<string> = new Set(['none', 'left', 'done', 'expired'])

type Body = Readonly<Record<string, unknown>>

export class VirtualVisitor {
  readonly account: Account
  readonly #context: VisitorContext
  #socket: Socket | undefined
  #askedAt = 0
  #waitingSince: number | undefined
  #isPresent = false
  #isClaiming = false
  #isCalled = false
  #cancelHold = (): void => {}
  #cancelRenew = (): void => {}
  #cancelAgain = (): void => {}
  phase: VisitorPhase = 'new'
  ticket: number | null = null
  position = 0
  /** Why it failed. */
  reason = ''

  constructor(account: Account, context: VisitorContext) {
    this.account = account
    this.#context = context
  }

  /** Listening, as far as the visitor knows. */
  get isPresent(): boolean {
    return this.#isPresent
  }

  /** So far, of those who wait. */
  waitedMs(now: number): number {
    return this.#waitingSince === undefined ? 0 : now - this.#waitingSince
  }

  /** Asks for a place and begins to listen. Never rejects. */
  async enter(): Promise<void> {
    const { api, clock, event, record, tally } = this.#context
    const { visitor } = this.account
    try {
      const before = await api.call('GET', `/api/queue/status/${event}`, this.#who())
      const { state, queued, admitted } = before.body
      // An undone leave gives the old ticket back.
      const fresh = typeof state === 'string' ? state !== 'left' && OVER.has(state) : !queued && !admitted
      if (!fresh) tally.hadPlace++
      this.#askedAt = clock.now()
      record({ kind: 'asked', at: this.#askedAt, visitor, fresh })
      const answer = await api.call('POST', `/api/queue/check/${event}`, this.#who())
      tally.checks.record(answer.at - answer.sentAt)
      this.#told(answer, 'check')
      if (this.phase === 'inside') tally.direct++
      this.#listen()
    } catch (error) {
      this.#failed(error)
    }
  }

  /** The place as the room has it now. Never rejects. */
  async look(): Promise<void> {
    const { api, event } = this.#context
    try {
      this.#told(await api.call('GET', `/api/queue/status/${event}`, this.#who()), 'status')
    } catch (error) {
      this.#context.tally.error(codeOf(error))
    }
  }

  /** The connection breaks, and stays so until `back`. */
  drop(): void {
    this.#socket?.io.reconnection(false)
    this.#socket?.io.engine?.close()
  }

  back(): void {
    this.#socket?.io.reconnection(true)
    this.#socket?.connect()
  }

  /** Goes without a word. */
  abandon(): void {
    this.phase = 'away'
    this.drop()
    this.#context.onChange()
  }

  /** Gives the place back, inside or in the line. Never rejects. */
  async leave(): Promise<void> {
    const { api, clock, event, record, tally } = this.#context
    if (this.phase !== 'inside' && this.phase !== 'waiting' && this.phase !== 'away') return
    const step = this.phase === 'inside' ? 'done' : 'leave'
    if (step === 'done') tally.done++
    this.#stopWaiting()
    this.phase = 'done'
    // Before it is sent: from then on the place may be another's.
    record({ kind: 'gone', at: clock.now(), visitor: this.account.visitor })
    this.#cancelRenew()
    try {
      await api.call('POST', `/api/queue/${step}/${event}`, this.#who())
    } catch (error) {
      tally.error(codeOf(error))
    }
    this.close()
    this.#context.onChange()
  }

  close(): void {
    this.#cancelHold()
    this.#cancelRenew()
    this.#cancelAgain()
    this.#stopWaiting()
    this.#socket?.offAny()
    this.#socket?.removeAllListeners()
    this.#socket?.disconnect()
    this.#socket = undefined
  }

  #who() {
    const { token, visitor } = this.account
    return { token, visitor }
  }

  #listen(): void {
    const { connect, clock, tally, record, event } = this.#context
    const { visitor, token } = this.account
    const socket = connect(token)
    this.#socket = socket
    // Of each connection anew; the text as it came, without the WebSocket's own few bytes.
    socket.io.on('open', () => {
      tally.connects++
      socket.io.engine.on('packet', ({ type, data }: { type: string; data?: unknown }) => {
        if (type === 'message') tally.packet(1 + Buffer.byteLength(String(data)), this.phase === 'waiting')
      })
    })
    socket.on('connect', () => this.#join(socket))
    socket.on('disconnect', (reason) => {
      if (this.#isPresent) record({ kind: 'absent', at: clock.now(), visitor })
      this.#isPresent = false
      if (reason === 'io server disconnect') tally.error('socket_ended_by_server')
      this.#context.onChange()
    })
    socket.on('connect_error', (error: Error & { data?: { code?: string; retryAfterMs?: number } }) => {
      tally.error(`connect_${error.data?.code ?? 'error'}`)
      // Refused by the room itself: the client does not try again by itself.
      if (!socket.active && error.data?.retryAfterMs !== undefined)
        this.#cancelAgain = clock.after(error.data.retryAfterMs, () => socket.connect())
    })
    socket.onAny((name: string, payload: unknown) => this.#heard(name, payload))
    socket.on('queue-updated', (frame: Body) => this.#context.onFrame(frame))
    socket.on('session-restored', (body: Body) => {
      if (body.eventId === undefined || String(body.eventId) === event) this.#place(body, 'restored', null)
    })
    socket.on('queue-entry-allowed', (body: Body) => this.#called(body))
    socket.on('queue-cleared', () => this.#end('failed', 'the queue was cleared'))
    socket.connect()
  }

  #join(socket: Socket): void {
    const { clock, event, tally, record } = this.#context
    const sentAt = clock.now()
    socket.timeout(ACK_MS).emit('join-queue', { eventId: event }, (late: Error | null, answer: Body) => {
      if (late) return tally.error('join_not_acknowledged')
      this.#heard('join-queue', answer)
      if (answer?.ok !== true) return tally.error(`join_${String(answer?.code ?? 'refused')}`)
      if (!socket.connected) return
      this.#isPresent = true
      record({ kind: 'present', at: clock.now(), visitor: this.account.visitor })
      this.#place(answer, 'join', sentAt)
      this.#context.onChange()
    })
  }

  #heard(frame: string, payload: unknown): void {
    const names = namesIn(payload, this.#context.isId)
    if (names.length === 0) return
    const { visitor } = this.account
    this.#context.record({ kind: 'named', at: this.#context.clock.now(), visitor, frame, names })
  }

  #told({ body, sentAt }: RoomAnswer, via: Placed['via']): void {
    this.#place(body, via, sentAt)
  }

  #place(body: Body, via: Placed['via'], sentAt: number | null): void {
    if (this.phase === 'done' || this.phase === 'away' || this.phase === 'failed') return
    const { record, clock, onChange } = this.#context
    const state = stateIn(body)
    const ticket = typeof body.ticket === 'number' ? body.ticket : null
    const position = typeof body.position === 'number' ? body.position : 0
    const epoch = typeof body.epoch === 'number' ? body.epoch : 1
    const at = clock.now()
    const { visitor } = this.account
    record({ kind: 'placed', at, visitor, sentAt, via, state, ticket, position, epoch })
    if (ticket !== null) this.ticket = ticket
    if (state === 'admitted') this.#inside(body)
    else if (this.phase === 'new' || this.phase === 'waiting') {
      this.position = position
      if (!OVER.has(state)) this.#waits(at)
      else if (sentAt !== null) this.#end('failed', `without a place: ${state}`)
    } else if (OVER.has(state) && sentAt !== null) this.#end('failed', `the place was taken away: ${state}`)
    onChange()
  }

  #waits(at: number): void {
    this.phase = 'waiting'
    this.#waitingSince ??= at
  }

  #called(body: Body): void {
    const { api, clock, event, record, tally } = this.#context
    if (this.phase !== 'waiting' && this.phase !== 'new') return
    const claimBy = Date.parse(String(body.claimBy))
    const call = Number.isNaN(claimBy) ? null : claimBy
    const until = api.earliest(body.claimBy)
    record({ kind: 'pass', at: clock.now(), visitor: this.account.visitor, until, claimBy: call })
    if (!this.#isCalled) tally.call(call)
    this.#isCalled = true
    if (this.#isClaiming) return
    this.#isClaiming = true
    api
      .call('POST', `/api/queue/claim/${event}`, this.#who())
      .then((answer) => this.#told(answer, 'claim'))
      .catch((error: unknown) => tally.error(codeOf(error)))
      .finally(() => {
        this.#isClaiming = false
      })
  }

  #inside(body: Body): void {
    const { api, clock, record, tally, holdMs } = this.#context
    const at = clock.now()
    const until = api.earliest(body.passExpiresAt ?? body.until)
    record({ kind: 'pass', at, visitor: this.account.visitor, until, claimBy: null })
    const isFirst = this.phase !== 'inside'
    this.phase = 'inside'
    this.position = 0
    if (until !== null) this.#renewIn(Math.max(SHORTEST_RENEW_MS, (until - at) / 2))
    if (!isFirst) return
    tally.admitted++
    if (this.#waitingSince !== undefined) tally.waits.record(at - this.#askedAt)
    this.#stopWaiting()
    if (holdMs !== undefined) this.#cancelHold = clock.after(holdMs, () => void this.leave())
  }

  #renewIn(ms: number): void {
    const { api, clock, event, tally } = this.#context
    this.#cancelRenew()
    this.#cancelRenew = clock.after(ms, () => {
      api
        .call('POST', `/api/queue/renew/${event}`, this.#who())
        .then((answer) => this.#told(answer, 'status'))
        .catch((error: unknown) => tally.error(codeOf(error)))
    })
  }

  #stopWaiting(): void {
    if (this.#waitingSince === undefined) return
    this.#context.tally.waiterMs += this.#context.clock.now() - this.#waitingSince
    this.#waitingSince = undefined
  }

  #failed(error: unknown): void {
    this.#context.tally.error(codeOf(error))
    this.#end('failed', error instanceof Error ? error.message : String(error))
  }

  #end(phase: 'failed', reason: string): void {
    if (this.phase === 'done' || this.phase === 'away') return
    this.phase = phase
    this.reason = reason
    this.#cancelHold()
    this.#cancelRenew()
    this.#stopWaiting()
    this.#context.onChange()
  }
}

/** Older rooms have no `state`. */
function stateIn({ state, queued }: Body): string {
  if (typeof state === 'string') return state
  return queued === true ? 'waiting' : queued === false ? 'admitted' : 'none'
}

function codeOf(error: unknown): string {
  if (error instanceof RoomCallError) return error.code
  throw error
}
