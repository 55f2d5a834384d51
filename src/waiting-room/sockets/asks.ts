/**
 * What clients ask: to listen to an event, or no longer. Any payload is answered: by the acknowledgement where one is
 * wanted, else by `queue-error`. While the line is away a socket stays a listener and is told its place later.
 */
import { isOver } from '../life.ts'
import type { Snapshot } from '../port.ts'
import { Audience, type Member } from './audience.ts'
import { SOCKET_LIMITS, type SocketDeps } from './deps.ts'
import type { PrivateMessages } from './places.ts'
import {
  type Acknowledgement,
  eventIn,
  type RoomSocket,
  refusal,
  refusalFor,
  type SocketRefusal,
  type VisitAnswer,
} from './protocol.ts'

/** Of what is asked by one socket. */
const WINDOW_MS = 10_000
const PATIENCE = 10
const LIST_MS = 1_000

type Kind = 'queue' | 'page'
type Answer = Acknowledgement | (Acknowledgement & VisitAnswer)

export class Asks {
  readonly #deps: SocketDeps
  readonly #audiences: Map<string, Audience>
  readonly #places: PrivateMessages
  readonly #snapshotOf: (event: string) => Promise<Snapshot | undefined>
  #listed: { readonly at: number; readonly events: Promise<readonly string[]> } = {
    at: Number.NEGATIVE_INFINITY,
    events: Promise.resolve([]),
  }

  constructor(
    deps: SocketDeps,
    audiences: Map<string, Audience>,
    places: PrivateMessages,
    snapshotOf: (event: string) => Promise<Snapshot | undefined>,
  ) {
    this.#deps = deps
    this.#audiences = audiences
    this.#places = places
    this.#snapshotOf = snapshotOf
  }

  /** From now on until the socket closes. */
  listen(socket: RoomSocket): void {
    const { clock } = this.#deps
    let window = { since: clock.now(), asks: 0 }
    socket.use(([, ...args], next) => {
      const now = clock.now()
      if (now - window.since >= WINDOW_MS) window = { since: now, asks: 0 }
      window.asks++
      if (window.asks <= SOCKET_LIMITS.asksPerTenSeconds) return next()
      if (window.asks > PATIENCE * SOCKET_LIMITS.asksPerTenSeconds) return void socket.disconnect(true)
      const retryAfterMs = window.since + WINDOW_MS - now
      reply(socket, args.at(-1), refusal('too_many_requests', 'Too many requests', retryAfterMs))
    })
    const on = (name: 'join-queue' | 'join-event' | 'leave-queue' | 'leave-event', run: Run) => {
      socket.on(name, (...args: unknown[]) => {
        const event = eventIn(args[0])
        const ack = args.findLast((arg) => typeof arg === 'function')
        if (event === undefined)
          return reply(socket, ack, refusal('bad_event', 'An event id is 1 to 64 of A-Z a-z 0-9 _ -'))
        run(socket, event).then(
          (answer) => reply(socket, ack, answer, event),
          (error: unknown) => {
            const refused = refusalFor(error)
            if (refused.code === 'internal')
              this.#deps.logger.error({ err: error }, 'a socket request failed')
            reply(socket, ack, refused, event)
          },
        )
      })
    }
    on('join-queue', (asking, event) => this.join(asking, event, 'queue'))
    on('join-event', (asking, event) => this.join(asking, event, 'page'))
    on('leave-queue', (asking, event) => this.#leave(asking, event, 'queue'))
    on('leave-event', (asking, event) => this.#leave(asking, event, 'page'))
  }

  /** Rejects with the line's refusal; the socket is a listener all the same. */
  async join(socket: RoomSocket, event: string, kind: Kind): Promise<Answer> {
    const member = this.#member(socket, event)
    if (!member) return refusal('too_many_events', 'This socket listens to too many events')
    if (kind === 'queue') member.inQueue = true
    else member.onPage = true
    const { line } = this.#deps
    await line.seen(event, [member.visitor])
    const visit = await line.status(event, member.visitor)
    const snapshot = await this.#snapshotOf(event)
    if (!snapshot) {
      this.remove(socket, event)
      return refusal('unknown_event', `There is no event ${event}`)
    }
    const answer = this.#places.answer(visit, snapshot)
    const audience = this.#audiences.get(event)
    if (audience?.members.get(socket.id) === member) {
      this.#places.restored(member, visit, answer)
      if (kind === 'page') socket.emit('room-info', { eventId: event, userCount: audience.pageCount() })
      // A first frame, not a replay of those that were missed.
      if (audience.message) {
        socket.emit('queue-updated', audience.message)
        audience.told(member, this.#deps.clock.now())
      }
    }
    return { ok: true, ...answer }
  }

  /** Of a visitor who came back and has not said to which event: `hint` is the handshake's, where there is one. */
  async restore(socket: RoomSocket, hint: string | undefined): Promise<void> {
    const { line } = this.#deps
    const { visitor } = socket.data
    const all = hint === undefined ? await this.#events() : [hint]
    if (all.length > SOCKET_LIMITS.searchedEvents) return
    for (const event of all) {
      const { state } = await line.status(event, visitor)
      if (isOver(state) || !socket.connected) continue
      // The client asked in the meantime, and was answered.
      if (this.#audiences.get(event)?.members.has(socket.id)) continue
      await this.join(socket, event, 'queue')
    }
  }

  /** Kept for a second: all sockets may come back at once. */
  #events(): Promise<readonly string[]> {
    const { line, clock } = this.#deps
    const now = clock.now()
    if (now - this.#listed.at >= LIST_MS)
      this.#listed = { at: now, events: line.events().then((all) => all.map(({ event }) => event)) }
    return this.#listed.events
  }

  remove(socket: RoomSocket, event: string): void {
    const audience = this.#audiences.get(event)
    audience?.remove(socket.id)
    socket.data.events.delete(event)
    if (audience?.members.size === 0) this.#audiences.delete(event)
  }

  #member(socket: RoomSocket, event: string): Member | undefined {
    if (!socket.connected) return undefined
    const { events } = socket.data
    if (!events.has(event) && events.size >= SOCKET_LIMITS.eventsPerSocket) return undefined
    events.add(event)
    const audience = this.#audiences.get(event) ?? new Audience(event)
    this.#audiences.set(event, audience)
    return audience.add(socket)
  }

  async #leave(socket: RoomSocket, event: string, kind: Kind): Promise<Answer> {
    const member = this.#audiences.get(event)?.members.get(socket.id)
    if (member) {
      if (kind === 'queue') member.inQueue = false
      else member.onPage = false
      if (!member.inQueue && !member.onPage) this.remove(socket, event)
    }
    return { ok: true, eventId: event }
  }
}

type Run = (socket: RoomSocket, event: string) => Promise<Answer>

function reply(socket: RoomSocket, ack: unknown, answer: Answer, event?: string): void {
  if (typeof ack === 'function') ack(answer)
  else if (!answer.ok)
    socket.emit('queue-error', { ...(answer as SocketRefusal), ...(event && { eventId: event }) })
}
