/**
 * The frames for everybody, and presence: what is done for many sockets at once, in chunks, so that the event loop is
 * never held up for long. A frame is put together once per event and encoded once per chunk.
 *
 * Owns the tick between `start` and `stop` (S1). One at a time; while the line is away it says so once and tries again.
 */
import { pause } from '../../core/index.ts'
import type { LineNews } from '../port.ts'
import type { Audience } from './audience.ts'
import { SOCKET_LIMITS, type SocketDeps } from './deps.ts'
import type { PrivateMessages } from './places.ts'
import { type RoomServer, type RoomSocket, refusalFor, type ServerEvents } from './protocol.ts'

const TICK_MS = 1_000
/** A third of the grace: two in a row may fail, and nobody is absent. */
const SEEN_PARTS = 3
const SEEN_BATCH = 1_000
/** Events that the line is asked about at the same time. */
const AT_ONCE = 20

export class Broadcast {
  readonly #deps: Pick<SocketDeps, 'line' | 'flows' | 'slowedBy' | 'clock' | 'random' | 'logger'>
  readonly #io: RoomServer
  readonly #audiences: ReadonlyMap<string, Audience>
  readonly #places: PrivateMessages
  #running = false
  /** Ends the pauses between chunks. */
  readonly #ended = new AbortController()
  #failing = false
  #run: Promise<void> = Promise.resolve()
  #cancel = (): void => {}

  constructor(
    deps: Pick<SocketDeps, 'line' | 'flows' | 'slowedBy' | 'clock' | 'random' | 'logger'>,
    io: RoomServer,
    audiences: ReadonlyMap<string, Audience>,
    places: PrivateMessages,
  ) {
    this.#deps = deps
    this.#io = io
    this.#audiences = audiences
    this.#places = places
  }

  start(): void {
    this.#running = true
    this.#later()
  }

  async stop(): Promise<void> {
    this.#running = false
    this.#ended.abort()
    this.#cancel()
    await this.#run
  }

  heard(news: LineNews): void {
    const audience = this.#audiences.get(news.event)
    if (!audience || !this.#running) return
    audience.moved()
    if (news.kind === 'called')
      this.#places.look(news.called.flatMap(({ visitor }) => [...audience.of(visitor)]))
    if (news.kind === 'cleared') this.#places.look(audience.members.values())
  }

  /** The newest, from the line unless what is known still stands. Rejects with the line's refusal. */
  async refresh(audience: Audience): Promise<void> {
    const { line, flows, clock, slowedBy } = this.#deps
    const now = clock.now()
    if (!audience.isStale(now)) return
    await audience.ask(now, async () => {
      const snapshot = await line.snapshot(audience.event)
      if (!snapshot) return
      audience.adopt(snapshot, flows.flow(audience.event, now), slowedBy?.(audience.event))
    })
  }

  #later(): void {
    this.#cancel = this.#deps.clock.after(TICK_MS, () => {
      this.#run = this.#tick().finally(() => {
        // The next one is counted from the end of this one: a slow line must not pile ticks up.
        if (this.#running) this.#later()
      })
    })
  }

  /** Never rejects. */
  async #tick(): Promise<void> {
    try {
      const audiences = [...this.#audiences.values()]
      for (let from = 0; from < audiences.length && this.#running; from += AT_ONCE) {
        const group = audiences.slice(from, from + AT_ONCE)
        await Promise.all(group.map((audience) => this.#ask(audience)))
        for (const audience of group) await this.#tell(audience)
      }
      if (this.#failing) this.#deps.logger.info({}, 'the waiting room tells places again')
      this.#failing = false
    } catch (error) {
      await this.#failed(error)
    }
  }

  async #ask(audience: Audience): Promise<void> {
    await this.#seen(audience)
    await this.refresh(audience)
  }

  async #tell(audience: Audience): Promise<void> {
    const { clock, random } = this.#deps
    const now = clock.now()
    if (audience.message) await this.#send(audience.due(now, random), 'queue-updated', audience.message)
    this.#places.look(audience.doubtful(now))
    const news = audience.pageNews(now)
    if (news) {
      const { sockets, userCount } = news
      await this.#send(sockets, 'room-info', { eventId: audience.event, userCount })
    }
  }

  /** An open socket is presence. */
  async #seen(audience: Audience): Promise<void> {
    const { line, clock } = this.#deps
    const graceMs = audience.snapshot?.door.graceMs ?? SEEN_PARTS * TICK_MS
    if (clock.now() - audience.seenAt < graceMs / SEEN_PARTS - TICK_MS) return
    const visitors = audience.visitors()
    for (let from = 0; from < visitors.length; from += SEEN_BATCH) {
      if (from > 0) await pause(clock, 0, this.#ended.signal)
      await line.seen(audience.event, visitors.slice(from, from + SEEN_BATCH))
    }
    // After the last one: what failed is said again by the next tick.
    audience.seenAt = clock.now()
  }

  async #failed(error: unknown): Promise<void> {
    if (this.#failing || !this.#running) return
    this.#failing = true
    this.#deps.logger.warn({ err: error }, 'the waiting room cannot tell places')
    for (const audience of [...this.#audiences.values()]) {
      const sockets = Array.from(audience.members.values(), ({ socket }) => socket)
      await this.#send(sockets, 'queue-error', { ...refusalFor(error), eventId: audience.event })
    }
  }

  /** A socket's own id is the room it is alone in: those of a chunk share one encoding. */
  async #send<Name extends keyof ServerEvents>(
    sockets: readonly RoomSocket[],
    name: Name,
    ...args: Parameters<ServerEvents[Name]>
  ): Promise<void> {
    for (let from = 0; from < sockets.length; from += SOCKET_LIMITS.chunk) {
      if (from > 0) await pause(this.#deps.clock, 0, this.#ended.signal)
      const ids = sockets.slice(from, from + SOCKET_LIMITS.chunk).map(({ id }) => id)
      this.#io.to(ids).emit(name, ...args)
    }
  }
}
