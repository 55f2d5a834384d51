/**
 * The connection of the leading tab to the service: a socket, and questions over HTTP while there is none.
 *
 * Owns the socket and its timers between `start` and `stop`. It never gives up: it connects again for ever, at growing
 * and random distances, or when the service says; the place is kept meanwhile (L4). An open socket, or a question
 * every now and then, is also what keeps the visitor present (L5).
 */
import { io, type Socket } from 'socket.io-client'
import { type Answer, status } from './api.ts'
import type { Input, Link } from './state.ts'
import type { ClearedMessage, EntryMessage, FrameMessage, VisitAnswer } from './wire.ts'

export interface LinkEvents {
  input(input: Input): void
  /** The login is not valid any more. */
  unauthorised(): void
}

type Joined = ({ readonly ok: true } & VisitAnswer) | { readonly ok: false; readonly retryAfterMs?: number }

const FIRST_DELAY_MS = 1_000
const LONGEST_DELAY_MS = 30_000
/** Without a connection for so long the page asks over HTTP: some networks neither let sockets through nor refuse. */
const POLL_AFTER_MS = 3_000
/** The wait is estimated anew, and whatever was lost on the way is found. */
const RESYNC_MS = 60_000

type Timer = ReturnType<typeof setTimeout>

export class ServiceLink {
  readonly #event: string
  readonly #token: string
  readonly #events: LinkEvents
  #socket: Socket | undefined
  /** Questions in a row that got no answer. */
  #unanswered = 0
  #resync: Timer | undefined
  #again: Timer | undefined
  #poll: Timer | undefined
  #isPolling = false
  /** How long the service said it would be away. */
  #awayMs = 0

  constructor(event: string, token: string, events: LinkEvents) {
    this.#event = event
    this.#token = token
    this.#events = events
  }

  start(): void {
    if (this.#socket) return
    const socket = io({
      auth: { token: this.#token, eventId: this.#event },
      transports: ['websocket', 'polling'],
      tryAllTransports: true,
      reconnectionDelay: FIRST_DELAY_MS,
      reconnectionDelayMax: LONGEST_DELAY_MS,
      randomizationFactor: 0.5,
      forceNew: true,
    })
    this.#socket = socket
    this.#tell({ kind: 'connecting' })
    this.#listen(socket)
    addEventListener('online', this.#connectNow)
    this.#pollIn(socket, POLL_AFTER_MS)
  }

  stop(): void {
    const socket = this.#socket
    this.#socket = undefined
    removeEventListener('online', this.#connectNow)
    for (const timer of [this.#resync, this.#again, this.#poll]) clearTimeout(timer)
    this.#isPolling = false
    socket?.disconnect()
  }

  #listen(socket: Socket): void {
    const { input } = this.#events
    const ours = (message: { readonly eventId: string }): boolean => message.eventId === this.#event
    socket.on('connect', () => this.#connected(socket))
    socket.on('connect_error', (error: Error & { data?: { code?: string; retryAfterMs?: number } }) =>
      this.#failed(socket, error.data),
    )
    socket.on('disconnect', (reason) => this.#disconnected(socket, reason))
    socket.on('queue-updated', (frame: FrameMessage) => input({ kind: 'frame', frame }))
    socket.on('session-restored', (visit: VisitAnswer & { readonly timestamp: string }) => {
      if (!ours(visit)) return
      input({ kind: 'answer', visit, at: Date.now(), serverAt: Date.parse(visit.timestamp) })
    })
    socket.on('queue-entry-allowed', (message: EntryMessage) => {
      if (ours(message)) input({ kind: 'called', claimBy: Date.parse(message.claimBy) })
    })
    socket.on('queue-cleared', (message: ClearedMessage) => {
      if (ours(message)) input({ kind: 'cleared', epoch: message.epoch, action: message.action })
    })
    socket.on('session-replaced', () => {
      this.stop()
      this.#tell({ kind: 'quiet' })
    })
    socket.on('server-stopping', ({ retryAfterMs }: { readonly retryAfterMs: number }) => {
      // Everybody is told another moment, so that not all come back at once.
      socket.io.reconnectionDelay(retryAfterMs)
      this.#awayMs = retryAfterMs
      this.#tell({ kind: 'stopping' })
    })
  }

  #connected(socket: Socket): void {
    this.#awayMs = 0
    socket.io.reconnectionDelay(FIRST_DELAY_MS)
    this.#stopPolling()
    this.#join(socket)
  }

  /** Asks for the place, and again every minute. */
  #join(socket: Socket): void {
    clearTimeout(this.#resync)
    let next = RESYNC_MS
    socket.timeout(15_000).emit('join-queue', { eventId: this.#event }, (error: unknown, answer: Joined) => {
      if (this.#socket !== socket) return
      if (!error && answer.ok) {
        this.#tell({ kind: 'live' })
        this.#events.input({ kind: 'answer', visit: answer, at: Date.now() })
      } else {
        // The line is away, or slow: the socket stays, and is told its place later.
        this.#tell({ kind: 'lost' })
        next = (!error && !answer.ok && answer.retryAfterMs) || 5_000
      }
      this.#resync = setTimeout(() => this.#join(socket), spread(next))
    })
  }

  #disconnected(socket: Socket, reason: string): void {
    clearTimeout(this.#resync)
    if (this.#socket !== socket) return
    this.#tellLost()
    this.#pollIn(socket, this.#awayMs + POLL_AFTER_MS)
    // The service ended it, and then a socket does not come again by itself.
    if (!socket.active && reason !== 'io client disconnect') this.#reconnectIn(socket, FIRST_DELAY_MS)
  }

  #failed(socket: Socket, data: { code?: string; retryAfterMs?: number } | undefined): void {
    if (this.#socket !== socket) return
    if (data?.code === 'bad_token' || data?.code === 'no_token') {
      this.stop()
      return this.#events.unauthorised()
    }
    if (!this.#isPolling) this.#tellLost()
    if (!socket.active) this.#reconnectIn(socket, data?.retryAfterMs ?? LONGEST_DELAY_MS)
  }

  #reconnectIn(socket: Socket, ms: number): void {
    clearTimeout(this.#again)
    this.#again = setTimeout(() => socket.connect(), spread(ms))
  }

  readonly #connectNow = (): void => {
    if (this.#socket?.connected === false) this.#socket.disconnect().connect()
  }

  #pollIn(socket: Socket, ms: number): void {
    clearTimeout(this.#poll)
    this.#poll = setTimeout(() => {
      this.#isPolling = true
      this.#unanswered = 0
      void this.#ask(socket)
    }, spread(ms))
  }

  /** One question, and the next one when the answer says. */
  async #ask(socket: Socket): Promise<void> {
    const answer = await status(this.#event, this.#token)
    if (this.#socket !== socket || !this.#isPolling) return
    if (answer.ok) {
      // The service is back: the socket need not wait for the end of its pause.
      if (this.#unanswered > 0) this.#connectNow()
      this.#unanswered = 0
      this.#tell({ kind: 'polling' })
      this.#events.input(answerInput(answer))
    } else if (answer.status === 401) {
      this.stop()
      return this.#events.unauthorised()
    } else {
      this.#unanswered++
      this.#tellLost()
    }
    const backOff = Math.min(LONGEST_DELAY_MS, FIRST_DELAY_MS * 2 ** this.#unanswered)
    const next = answer.ok ? answer.body.nextPollMs : spread(Math.max(answer.retryAfterMs ?? 0, backOff))
    this.#poll = setTimeout(() => this.#ask(socket), next)
  }

  #stopPolling(): void {
    clearTimeout(this.#poll)
    this.#isPolling = false
  }

  #last: Link['kind'] | undefined

  #tell(link: Link): void {
    if (this.#last === link.kind) return
    this.#last = link.kind
    this.#events.input({ kind: 'link', link })
  }

  /** A restart that was announced is one until the service is back. */
  #tellLost(): void {
    if (this.#last !== 'stopping') this.#tell({ kind: 'lost' })
  }
}

export function answerInput(answer: Extract<Answer<VisitAnswer>, { ok: true }>): Input {
  const { body, sentAt, serverAt } = answer
  return { kind: 'answer', visit: body, sentAt, at: Date.now(), ...(serverAt !== undefined && { serverAt }) }
}

/** Not everybody at the same moment. */
const spread = (ms: number): number => ms * (0.75 + 0.5 * Math.random())
