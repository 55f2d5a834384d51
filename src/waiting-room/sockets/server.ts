/**
 * The Socket.IO server of the room: lets visitors in by their token, tells everybody the frame and each visitor the own
 * place. Attached to an HTTP server that is handed in and stays its owner's.
 *
 * Owns its sockets between `start` and `stop` (S1). Keeps L4 (a reconnecting visitor is given the place anew, from the
 * line; an open socket is presence) and L6 (what names a visitor goes to that visitor's sockets alone).
 * While the line is away sockets stay open, are told so, and go on by themselves; nobody is admitted meanwhile.
 */
import type { Server as HttpServer } from 'node:http'
import { Server } from 'socket.io'
import type { RoomErrorCode } from '../errors.ts'
import { notMade } from '../http/visitors.ts'
import type { Snapshot } from '../port.ts'
import { Asks } from './asks.ts'
import { Audience } from './audience.ts'
import { Broadcast } from './broadcast.ts'
import { Crowd } from './crowd.ts'
import { SOCKET_LIMITS, type SocketDeps } from './deps.ts'
import { PrivateMessages } from './places.ts'
import { eventIn, type RoomServer, type RoomSocket } from './protocol.ts'

/** Connected and not logged in yet. */
const CONNECT_MS = 10_000
/** Of connections that are being made and were not counted as sockets yet. */
const SLACK = 1_000
const RETRY_MS = 5_000
/** A client that says which event it wants says so at once; whoever does not is looked for in all. */
const RESTORE_MS = 500
const STOP_MS = 2_000
/** For what was said last to arrive, and for the other end to close. */
const HANG_UP_MS = 2_000

export class RoomSockets {
  readonly #deps: SocketDeps
  readonly #io: RoomServer
  readonly #crowd: Crowd
  readonly #audiences = new Map<string, Audience>()
  readonly #places: PrivateMessages
  readonly #asks: Asks
  readonly #broadcast: Broadcast
  #phase: 'new' | 'running' | 'stopped' = 'new'
  #off = (): void => {}
  #stopping: Promise<void> | undefined

  constructor(deps: SocketDeps) {
    this.#deps = deps
    const { origins } = deps.sockets
    this.#io = new Server({
      maxHttpBufferSize: SOCKET_LIMITS.messageBytes,
      connectTimeout: CONNECT_MS,
      serveClient: false,
      ...(origins.length > 0 && { cors: { origin: [...origins], credentials: true } }),
      allowRequest: (_, answer) => this.#allow(answer),
    })
    this.#crowd = new Crowd(deps.sockets.perVisitor)
    const snapshotOf = (event: string) => this.#snapshotOf(event)
    this.#places = new PrivateMessages(deps, snapshotOf)
    this.#asks = new Asks(deps, this.#audiences, this.#places, snapshotOf)
    this.#broadcast = new Broadcast(deps, this.#io, this.#audiences, this.#places)
    this.#io.use((socket, next) => {
      this.#identify(socket).then(() => next(), next)
    })
    this.#io.on('connection', (socket) => this.#connected(socket))
  }

  /** Sockets that are open. */
  get size(): number {
    return this.#crowd.size
  }

  /** `server`: with its request handlers in place. */
  start(server: HttpServer): void {
    if (this.#phase !== 'new') return
    this.#phase = 'running'
    this.#off = this.#deps.line.follow((news) => this.#broadcast.heard(news))
    this.#io.attach(server)
    this.#broadcast.start()
  }

  /** Tells every client, closes its connection so that it comes again by itself, and takes nobody new. */
  stop(): Promise<void> {
    this.#stopping ??= this.#stop()
    return this.#stopping
  }

  async #stop(): Promise<void> {
    const wasRunning = this.#phase === 'running'
    this.#phase = 'stopped'
    this.#off()
    if (!wasRunning) return
    const quiet = Promise.all([this.#broadcast.stop(), this.#places.stop()])
    const message = { message: 'The service is stopping' }
    for (const socket of this.#io.of('/').sockets.values()) {
      const retryAfterMs = Math.round(1_000 + RETRY_MS * this.#deps.random())
      socket.emit('server-stopping', { ...message, retryAfterMs })
      // Not `disconnect`, after which a client does not come again.
      socket.conn.close()
    }
    await this.#emptied()
    this.#io.engine.close()
    await quiet
  }

  /** What cannot be told any more is closed all the same. */
  #emptied(): Promise<void> {
    return new Promise((resolve) => {
      if (this.#crowd.size === 0) return resolve()
      const cancel = this.#deps.clock.after(STOP_MS, resolve)
      this.#empty = () => {
        cancel()
        resolve()
      }
    })
  }
  #empty = (): void => {}

  #allow(answer: (refusal: string | null, ok: boolean) => void): void {
    const isOpen = this.#phase === 'running'
    const most = this.#deps.sockets.sockets + SLACK
    if (isOpen && this.#io.engine.clientsCount < most) answer(null, true)
    else answer(isOpen ? 'Too many connections' : 'The service is stopping', false)
  }

  /** Rejects with what the client is told as `connect_error`. */
  async #identify(socket: RoomSocket): Promise<void> {
    const { sessions, identifyHosted, clock, logger } = this.#deps
    const { token } = socket.handshake.auth as { token?: unknown }
    if (token === undefined || token === null || token === '')
      throw refused('no_token', 'Authentication required')
    const text = typeof token === 'string' ? token : ''
    let identity = sessions.identify(text, clock.now())
    try {
      identity ??= await identifyHosted?.(text)
    } catch (error) {
      logger.warn({ err: error }, "the host's tokens cannot be checked")
      throw refused('unavailable', 'Authentication is not possible right now', RETRY_MS)
    }
    if (!identity) throw refused('bad_token', 'Invalid authentication token')
    const { visitor } = identity
    if (this.#crowd.size >= this.#deps.sockets.sockets && !this.#crowd.isFull(visitor))
      throw refused('overloaded', 'Too many connections', RETRY_MS)
    socket.data.visitor = visitor
    socket.data.events = new Set()
  }

  #connected(socket: RoomSocket): void {
    if (this.#phase !== 'running') return void socket.conn.close()
    for (const old of this.#crowd.add(socket)) {
      old.emit('session-replaced', { message: 'Another connection of yours has taken the place of this one' })
      this.#hangUp(old)
    }
    const cancel = this.#deps.clock.after(RESTORE_MS, () => this.#restore(socket))
    socket.on('disconnect', () => {
      cancel()
      this.#crowd.remove(socket)
      for (const event of [...socket.data.events]) this.#asks.remove(socket, event)
      if (this.#crowd.size === 0) this.#empty()
    })
    this.#asks.listen(socket)
  }

  /**
   * Who does not close the own end is not waited for: a flood would hold thousands of connections that count as none.
   */
  #hangUp(socket: RoomSocket): void {
    const transport = socket.conn.transport as { socket?: { terminate?: () => void } }
    socket.disconnect(true)
    this.#deps.clock.after(HANG_UP_MS, () => transport.socket?.terminate?.())
  }

  #restore(socket: RoomSocket): void {
    if (socket.data.events.size > 0 || this.#phase !== 'running') return
    this.#asks.restore(socket, eventIn(socket.handshake.auth)).catch((error: unknown) => {
      this.#deps.logger.debug({ err: error }, 'a place could not be looked up')
    })
  }

  /** Of who listens: what was asked lately, unless something moved since. */
  async #snapshotOf(event: string): Promise<Snapshot | undefined> {
    const audience = this.#audiences.get(event) ?? new Audience(event)
    await this.#broadcast.refresh(audience)
    const { options } = this.#deps
    return audience.snapshot ?? (options.autoCreate ? notMade(event, this.#deps) : undefined)
  }
}

/** `data` is what a client finds beside the message. */
function refused(code: RoomErrorCode, message: string, retryAfterMs?: number): Error {
  return Object.assign(new Error(message), {
    data: { code, ...(retryAfterMs !== undefined && { retryAfterMs }) },
  })
}
