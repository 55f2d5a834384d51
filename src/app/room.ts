/**
 * The waiting room, put together. Owns its store (unless the queue shares its own), its keys, its service with sockets
 * and page, and the processor that lets people in; start and stop are idempotent, stop loses nobody (S1, L4).
 *
 *   start: line → keys → sockets and HTTP → processor
 *   stop:  sockets → processor → HTTP → keys → line
 *
 * While Redis is away it runs all the same: it refuses everything, admits nobody, and goes on by itself.
 */
import { randomBytes } from 'node:crypto'
import { roomPages } from '../console/index.ts'
import type { Clock, Logger, Random } from '../core/index.ts'
import { type HttpService, service } from '../gateway/index.ts'
import { Accounts, buildRoom, LineProcessor, RoomSockets } from '../waiting-room/index.ts'
import { RoomKeys } from './room-keys.ts'
import { roomOptionsOf, socketOptionsOf } from './room-settings.ts'
import type { RoomStore } from './room-store.ts'
import type { Settings } from './settings.ts'

export interface RoomParts {
  readonly settings: Settings
  readonly store: RoomStore
  readonly clock: Clock
  readonly random: Random
  readonly logger: Logger
  readonly newId: () => string
}

/** Of requests that are under way when everything else has stopped. */
const STOP_TIMEOUT_MS = 3_000
const HOUR_MS = 3_600_000
const newSecret = (): string => randomBytes(32).toString('hex')

export class Room {
  readonly #parts: RoomParts
  readonly #keys: RoomKeys
  readonly #processor: LineProcessor
  readonly #sockets: RoomSockets
  readonly #http: HttpService
  #started: Promise<string> | undefined
  #stopped: Promise<void> | undefined

  constructor(parts: RoomParts) {
    const { settings, store, clock, random, logger, newId } = parts
    const { line, documents } = store
    this.#parts = parts
    this.#keys = new RoomKeys({
      documents,
      clock,
      logger,
      newId,
      newSecret,
      issuer: settings.passIssuer,
      secret: settings.jwtSecret,
      sessionMs: settings.roomSessionHours * HOUR_MS,
    })
    const { passes, sessions } = this.#keys
    const { queueProcessorInterval: intervalMs, admitEarly, host, roomPort } = settings
    this.#processor = new LineProcessor({ line, clock, logger, intervalMs, admitEarly })
    const { flows } = this.#processor
    const options = roomOptionsOf(settings)
    const common = { line, flows, passes, sessions, clock, random, logger, options }
    const accounts = new Accounts(documents, newId)
    this.#sockets = new RoomSockets({ ...common, sockets: socketOptionsOf(settings) })
    const app = buildRoom({ ...common, accounts, newSecret, pages: roomPages({ logger }) })
    const port = roomPort === 'off' ? 0 : roomPort
    this.#http = service(app, clock, { host, port, stopTimeoutMs: STOP_TIMEOUT_MS }, () => {})
  }

  /** Resolves with the room's URL. Rejects with the system's error (`EADDRINUSE`) when it cannot listen. */
  start(): Promise<string> {
    this.#started ??= this.#start()
    return this.#started
  }

  /** Resolves when everything has ended. */
  stop(): Promise<void> {
    this.#stopped ??= this.#stop()
    return this.#stopped
  }

  async #start(): Promise<string> {
    await this.#parts.store.start()
    await this.#keys.start()
    await this.#http.app.ready()
    // Before the port is open: a client that comes back after a restart finds its sockets.
    this.#sockets.start(this.#http.app.server)
    const { url } = await this.#http.start()
    this.#processor.start()
    return url
  }

  async #stop(): Promise<void> {
    await this.#started?.catch(() => {})
    await this.#sockets.stop()
    await this.#processor.stop()
    await this.#http.stop()
    await this.#keys.stop()
    await this.#parts.store.stop()
  }
}
