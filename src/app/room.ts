/**
 * The waiting room, put together. Owns its store (unless the queue shares its own), its keys, its service with sockets
 * and page, and the processor that lets people in; start and stop are idempotent, stop loses nobody (S1, L4).
 *
 *   start: line → keys, administrator → sockets and HTTP → processor
 *   stop:  sockets → processor → HTTP → keys → line
 *
 * While Redis is away it runs all the same: it refuses everything, admits nobody, and goes on by itself.
 */
import { randomBytes } from 'node:crypto'
import type { Clock, Logger, Random } from '../core/index.ts'
import { GATEWAY_DEFAULTS, type HttpService, service } from '../gateway/index.ts'
import { RoomMetrics, RuntimeProbe } from '../monitoring/index.ts'
import {
  Accounts,
  buildRoom,
  FailOpen,
  type Flows,
  type LineHealth,
  LineProcessor,
  type RoomDeps,
  RoomSockets,
} from '../waiting-room/index.ts'
import type { RoomStore } from './queue-parts.ts'
import { hostedIdentities } from './room-host.ts'
import { RoomKeys } from './room-keys.ts'
import { adminOf, roomOptionsOf, socketOptionsOf } from './room-settings.ts'
import { RoomSetup } from './room-setup.ts'
import type { Settings } from './settings.ts'
import { isHostedOnly } from './settings-room-relations.ts'

export interface RoomParts {
  readonly settings: Settings
  readonly store: RoomStore
  readonly monitoring: {
    readonly enabled: boolean
    onChange?(listener: (enabled: boolean) => void): () => void
  }
  readonly slowedBy?: RoomDeps['slowedBy']
  readonly pages?: RoomDeps['pages']
  readonly clock: Clock
  readonly random: Random
  readonly logger: Logger
  readonly newId: () => string
}

/** Of requests that are under way when everything else has stopped. */
const STOP_TIMEOUT_MS = 3_000
const MINUTE_MS = 60_000
const HOUR_MS = 3_600_000
/** Connections beside the sockets: requests, probes, and what is on its way to become a socket. */
const OTHER_CONNECTIONS = 10_000
const newSecret = (): string => randomBytes(32).toString('hex')

export class Room {
  readonly metrics: RoomMetrics
  readonly #monitoring: RoomParts['monitoring']
  readonly #probe = new RuntimeProbe()
  readonly #store: RoomStore
  readonly #keys: RoomKeys
  readonly #setup: RoomSetup
  readonly #processor: LineProcessor
  readonly #sockets: RoomSockets
  readonly #http: HttpService
  #forget = (): void => {}
  #started: Promise<string> | undefined
  #stopped: Promise<void> | undefined

  constructor(parts: RoomParts) {
    const { settings, store, monitoring, clock, random, logger, newId, slowedBy, pages } = parts
    const { line, documents } = store
    const options = roomOptionsOf(settings)
    const identify = hostedIdentities(settings, clock)
    const accounts = isHostedOnly(settings) ? undefined : new Accounts(documents, newId)
    this.#store = store
    this.#keys = keysOf(parts)
    const admin = adminOf(settings)
    this.#setup = new RoomSetup({
      line,
      documents,
      accounts,
      admin,
      door: options.door,
      followed: slowedBy !== undefined,
      clock,
      logger,
    })
    this.#monitoring = monitoring
    this.metrics = new RoomMetrics({
      monitoring,
      sockets: () => this.#sockets.size,
      healthy: () => this.health().ok,
      probe: this.#probe,
      clock,
    })
    this.#processor = new LineProcessor({
      line,
      clock,
      logger,
      intervalMs: settings.queueProcessorInterval,
      admitEarly: settings.admitEarly,
      onCalled: this.metrics.called,
      onSample: this.metrics.sample,
    })
    const { flows } = this.#processor
    const { passes, sessions } = this.#keys
    const hosted = identify && { identifyHosted: identify }
    const slowed = slowedBy && { slowedBy }
    const common = { line, flows, passes, sessions, clock, random, logger, options, ...hosted, ...slowed }
    this.#sockets = new RoomSockets({ ...common, sockets: socketOptionsOf(settings) })
    const app = buildRoom({
      ...common,
      ...(accounts && { accounts }),
      newSecret,
      health: () => this.health(),
      metrics: () => this.metrics.text(),
      ...(pages && { pages }),
      ...failOpenOf(parts, flows),
    })
    app.server.maxConnections = settings.roomSockets + OTHER_CONNECTIONS
    const port = settings.roomPort === 'off' ? 0 : settings.roomPort
    const { listeners } = GATEWAY_DEFAULTS
    this.#http = service(
      app,
      clock,
      { host: settings.host, port, listeners, stopTimeoutMs: STOP_TIMEOUT_MS },
      () => {},
    )
  }

  /** Whether visitors can be served. */
  health(): LineHealth {
    const line = this.#store.line.health()
    if (!line.ok || this.#keys.ready) return line
    return { ok: false, reason: "the room's keys cannot be read yet" }
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
    await this.#store.start()
    await this.#keys.start()
    await this.#setup.start()
    await this.#http.app.ready()
    // Before the port is open: a client that comes back after a restart finds its sockets.
    this.#sockets.start(this.#http.app.server)
    const { url } = await this.#http.start()
    this.#processor.start()
    const measure = (enabled: boolean) => (enabled ? this.#probe.start() : this.#probe.stop())
    this.#forget = this.#monitoring.onChange?.(measure) ?? this.#forget
    measure(this.#monitoring.enabled)
    return url
  }

  async #stop(): Promise<void> {
    await this.#started?.catch(() => {})
    this.#forget()
    this.#probe.stop()
    await this.#sockets.stop()
    await this.#processor.stop()
    await this.#http.stop()
    await this.#setup.stop()
    await this.#keys.stop()
    await this.#store.stop()
  }
}

function failOpenOf({ settings, clock, logger }: RoomParts, flows: Flows): Pick<RoomDeps, 'failOpen'> {
  const { roomFailOpenMinutes: minutes, roomFailOpenPerMinute: mostPerMinute } = settings
  if (minutes === 0) return {}
  return { failOpen: new FailOpen({ flows, clock, logger, limitMs: minutes * MINUTE_MS, mostPerMinute }) }
}

function keysOf({ settings, store, clock, logger, newId }: RoomParts): RoomKeys {
  return new RoomKeys({
    documents: store.documents,
    clock,
    logger,
    newId,
    newSecret,
    issuer: settings.passIssuer,
    // Where no session is ever issued, none is accepted: the secret is nobody's.
    secret: isHostedOnly(settings) ? newSecret() : settings.jwtSecret,
    sessionMs: settings.roomSessionHours * HOUR_MS,
  })
}
