/**
 * One connection to the broker, kept for ever.
 *
 * Owns the socket between `start` and `stop` (S1), and tries again without end when it is lost: a broker that is away,
 * refuses the login or has a queue of another shape is a state to report, not a reason to end the process.
 *
 *   new ──start──▶ connecting ──▶ preparing ──▶ up ──lost──▶ waiting ──▶ connecting …
 *                      └──fails──┬──┘                          ▲
 *                                └─────────────────────────────┘        stop from anywhere ──▶ stopped
 *
 * - A connection counts as up only when every `onUp` handler has run on it: the topology is there, what was unconfirmed
 *   has been sent again, consumers consume. One that fails ends the connection; the next attempt runs them all anew.
 * - No text that leaves here holds the password.
 */
import type { Socket } from 'node:net'
import { type ChannelModel, connect } from 'amqplib'
import type { Clock, Logger, Random } from '../../core/index.ts'
import { Outage } from './outage.ts'
import { Pulse } from './pulse.ts'

export interface LinkOptions {
  /** `amqp://user:password@host:port/vhost`, or `amqps:`; several, separated by commas, are tried in turn. */
  readonly url: string
  /** Shown in the broker's list of connections, and in the log. */
  readonly name: string
  readonly clock: Clock
  readonly random: Random
  readonly logger: Logger
  /** Shared by the connections of a process, so that an outage is told once and not by each. */
  readonly outage?: Outage
  /**
   * Both sides send one at least this often, and give the other up after two are missing; as often this side asks for
   * an answer (`pulse.ts`). Default 10.
   */
  readonly heartbeatSec?: number
}

/** Runs on every new connection before it counts as up. */
export type Prepare = (connection: ChannelModel) => Promise<void>

type Phase = 'new' | 'connecting' | 'preparing' | 'up' | 'waiting' | 'stopped'

const HEARTBEAT_SEC = 10
const FIRST_BACK_OFF_MS = 100
const LONGEST_BACK_OFF_MS = 10_000
/** A connection that lived shorter than this does not reset the back-off: it may have died of the same fault. */
const STEADY_AFTER_MS = 10_000
const CONNECT_LIMIT_MS = 10_000
const PREPARE_LIMIT_MS = 60_000
const ANSWER_LIMIT_MS = 10_000
const CLOSE_LIMIT_MS = 2_000

export class Link {
  readonly #options: LinkOptions
  readonly #urls: readonly string[]
  readonly #outage: Outage
  /** In their order; the first sees to it that none of the others waits for ever. */
  readonly #prepare = new Set<Prepare>([(connection) => this.#takePulse(connection)])
  readonly #watchers = new Set<() => void>()
  #phase: Phase = 'new'
  #connection: ChannelModel | undefined
  #pulse: Pulse | undefined
  #failures = 0
  #upAt = 0
  #fault: string | undefined
  #blocked: string | undefined
  #cancelRetry: (() => void) | undefined
  #firstTry: Promise<void> | undefined
  #stopping: Promise<void> | undefined

  constructor(options: LinkOptions) {
    this.#options = options
    this.#outage = options.outage ?? new Outage(options.logger)
    this.#urls = options.url
      .split(',')
      .map((url) => url.trim())
      .filter((url) => url !== '')
  }

  /** Begins to connect. Resolves when the first attempt has ended, whichever way; the others follow by themselves. */
  start(): Promise<void> {
    if (this.#phase === 'new') this.#firstTry = this.#attempt()
    return this.#firstTry ?? Promise.resolve()
  }

  /** Closes, with a handshake where the broker answers one. Idempotent. */
  stop(): Promise<void> {
    this.#stopping ??= this.#close()
    return this.#stopping
  }

  get up(): boolean {
    return this.#phase === 'up'
  }

  /** The connection while it is up. */
  get connection(): ChannelModel | undefined {
    return this.#phase === 'up' ? this.#connection : undefined
  }

  /** Why the broker takes no messages on this connection right now; undefined while it does. */
  get blocked(): string | undefined {
    return this.#blocked
  }

  /** One sentence of why it is not up; undefined while it is. */
  get fault(): string | undefined {
    if (this.#phase === 'up') return undefined
    if (this.#phase === 'stopped') return 'the connection to the broker is closed'
    return this.#fault ?? `connecting to ${this.address}`
  }

  /** Where it connects to, without the password. */
  get address(): string {
    return this.#urls.map(withoutPassword).join(', ')
  }

  /**
   * `prepare` runs on each new connection, in the order of these calls, and on the one that is up already, if one is.
   * When it rejects, the connection is given up and its message is the `fault`. Returns the off switch.
   */
  onUp(prepare: Prepare): () => void {
    this.#prepare.add(prepare)
    const connection = this.connection
    if (connection) {
      this.#limited(prepare(connection), PREPARE_LIMIT_MS, 'the broker did not answer').catch((error) =>
        this.#lost(connection, error),
      )
    }
    return () => this.#prepare.delete(prepare)
  }

  /** Called whenever `up`, `fault` or `blocked` may have changed. Must not throw. Returns the off switch. */
  onChange(watcher: () => void): () => void {
    this.#watchers.add(watcher)
    return () => this.#watchers.delete(watcher)
  }

  /**
   * The answer to a question that was asked on the connection. One that does not come although the connection seems to
   * live never will (what was garbled on its way leaves a side waiting for the rest of it), so it is given up.
   */
  async answer<T>(question: Promise<T>, what: string): Promise<T> {
    const complaint = `${what}: no answer within ${ANSWER_LIMIT_MS} ms`
    try {
      return await this.#limited(question, ANSWER_LIMIT_MS, complaint)
    } catch (error) {
      if ((error as Error).message === complaint) this.renew(complaint)
      throw error
    }
  }

  /** The broker has confirmed or delivered something: it lives, however long an answer takes. */
  heard(): void {
    this.#pulse?.heard()
  }

  /** Gives the connection up and makes a new one: for a channel that ended against our will. */
  renew(reason: string): void {
    if (this.#connection) this.#lost(this.#connection, new Error(reason))
  }

  async #attempt(): Promise<void> {
    this.#phase = 'connecting'
    let connection: ChannelModel | undefined
    try {
      connection = await this.#open()
      if (this.#ended()) return discard(connection)
      this.#phase = 'preparing'
      for (const prepare of this.#prepare) {
        await this.#limited(prepare(connection), PREPARE_LIMIT_MS, 'the broker did not answer')
        if (this.#connection !== connection) return
      }
      this.#phase = 'up'
      this.#upAt = this.#options.clock.now()
      this.#fault = undefined
      this.#outage.connected(this.#options.name, this.#failures)
      this.#tell()
    } catch (error) {
      if (connection) this.#lost(connection, error)
      else this.#failed(error)
    }
  }

  async #open(): Promise<ChannelModel> {
    const url = this.#urls[this.#failures % this.#urls.length]
    if (url === undefined) throw new Error('no address of a broker is set')
    const opening = connect(withHeartbeat(url, this.#options.heartbeatSec ?? HEARTBEAT_SEC), {
      timeout: CONNECT_LIMIT_MS,
      noDelay: true,
      keepAlive: true,
      clientProperties: { connection_name: this.#options.name },
    })
    const connection = await this.#limited(opening, CONNECT_LIMIT_MS, 'no answer to the greeting').catch(
      (error) => {
        // One that opens after the limit belongs to nobody.
        opening.then(discard, () => {})
        throw error
      },
    )
    this.#connection = connection
    this.#blocked = undefined
    writeTogether(connection)
    // The error comes before the close and is its reason; without this listener it would end the process.
    let reason: unknown
    connection.on('error', (error) => {
      reason = error
    })
    connection.on('close', (error) => this.#lost(connection, reason ?? error))
    connection.on('blocked', (why) => this.#setBlocked(connection, why))
    connection.on('unblocked', () => this.#setBlocked(connection, undefined))
    return connection
  }

  async #takePulse(connection: ChannelModel): Promise<void> {
    const { clock, heartbeatSec = HEARTBEAT_SEC } = this.#options
    const channel = await connection.createChannel()
    if (connection !== this.#connection) return
    this.#pulse = new Pulse(channel, {
      clock,
      everyMs: heartbeatSec * 1000,
      limitMs: ANSWER_LIMIT_MS,
      isBlocked: () => this.#blocked !== undefined,
      silent: (reason) => this.#lost(connection, new Error(reason)),
    })
  }

  #setBlocked(connection: ChannelModel, why: string | undefined): void {
    if (connection !== this.#connection) return
    const { name, logger } = this.#options
    if (why === undefined) logger.info({ connection: name }, 'the broker takes messages again')
    else logger.warn({ connection: name, why }, 'the broker takes no messages')
    this.#blocked = why
    this.#tell()
  }

  #lost(connection: ChannelModel, error: unknown): void {
    if (connection !== this.#connection) return
    this.#connection = undefined
    this.#blocked = undefined
    this.#pulse?.stop()
    discard(connection)
    if (this.#ended()) return
    const wasUp = this.#phase === 'up'
    if (wasUp && this.#options.clock.now() - this.#upAt >= STEADY_AFTER_MS) this.#failures = 0
    this.#failed(error ?? new Error('the broker closed the connection'), wasUp)
  }

  #failed(error: unknown, wasUp = false): void {
    if (this.#ended()) return
    const { clock, random, name } = this.#options
    const fault = `${this.address}: ${describe(error)}`
    // The same fault again is no news; an error of ours to mend (a wrong password) is louder than a broker away.
    if (fault !== this.#fault) this.#outage[wasUp ? 'lost' : 'failed'](name, fault, isRefusal(error))
    this.#fault = fault
    this.#phase = 'waiting'
    const full = Math.min(LONGEST_BACK_OFF_MS, FIRST_BACK_OFF_MS * 2 ** Math.min(10, this.#failures))
    this.#failures += 1
    this.#cancelRetry = clock.after(full / 2 + random() * (full / 2), () => {
      this.#cancelRetry = undefined
      void this.#attempt()
    })
    this.#tell()
  }

  async #close(): Promise<void> {
    this.#phase = 'stopped'
    this.#cancelRetry?.()
    const connection = this.#connection
    this.#connection = undefined
    this.#pulse?.stop()
    this.#tell()
    if (!connection) return
    try {
      await this.#limited(connection.close(), CLOSE_LIMIT_MS, 'no answer to the farewell')
    } catch {
      // Closed already, or nobody answers: either way the socket goes.
    }
    discard(connection)
  }

  #ended(): boolean {
    return this.#phase === 'stopped'
  }

  #tell(): void {
    for (const watcher of this.#watchers) watcher()
  }

  async #limited<T>(work: Promise<T>, limitMs: number, complaint: string): Promise<T> {
    let cancel = () => {}
    const limit = new Promise<never>((_, reject) => {
      cancel = this.#options.clock.after(limitMs, () => reject(new Error(complaint)))
    })
    try {
      return await Promise.race([work, limit])
    } finally {
      cancel()
    }
  }
}

/** A sentence about a fault; Node's "all addresses failed" has its text only inside. */
export function describe(error: unknown): string {
  if (error instanceof AggregateError && error.errors.length > 0) return error.errors.map(describe).join('; ')
  if (error instanceof Error) return error.message || error.name
  return String(error)
}

/** `amqp://user:***@host/vhost`; what is no address is not shown at all, for it may be a password. */
export function withoutPassword(url: string): string {
  try {
    const parts = new URL(url)
    if (parts.password !== '') parts.password = '***'
    return parts.href
  } catch {
    return '(not an address)'
  }
}

function withHeartbeat(url: string, seconds: number): string {
  if (!URL.canParse(url)) throw new Error('the address of the broker is not a URL')
  const parts = new URL(url)
  if (!parts.searchParams.has('heartbeat')) parts.searchParams.set('heartbeat', String(seconds))
  return parts.href
}

function isRefusal(error: unknown): boolean {
  const code = (error as { code?: unknown } | undefined)?.code
  return code === 403 || code === 406 || /ACCESS.REFUSED|PRECONDITION.FAILED/.test(describe(error))
}

/**
 * What is written within one turn leaves as one. amqplib writes each frame by itself; with `noDelay` each would be a
 * packet, which halves the throughput, and without it a lone one would wait for the answer to the one before.
 */
function writeTogether(connection: ChannelModel): void {
  const stream = streamOf(connection)
  if (!stream) return
  const write = stream.write
  let isCorked = false
  stream.write = ((...chunk: Parameters<Socket['write']>) => {
    if (!isCorked) {
      isCorked = true
      stream.cork()
      queueMicrotask(() => {
        isCorked = false
        stream.uncork()
      })
    }
    return write.apply(stream, chunk)
  }) as Socket['write']
}

function streamOf(connection: ChannelModel): Socket | undefined {
  return (connection.connection as { stream?: Socket }).stream
}

/**
 * At once, without a handshake: the other side may be gone. With an error, because only then amqplib tells every
 * channel that it is over; requests under way would otherwise wait for ever.
 */
function discard(connection: ChannelModel): void {
  streamOf(connection)?.destroy(new Error('the connection was given up'))
}
