/**
 * The one place that talks to Redis: a connection kept for ever.
 *
 * Owns one socket at a time, the loop that makes the next one, and what health() says of it. Keeps:
 * - a call ends within `callLimitMs`, answered or refused with `storage_failed`; nothing is queued while there is no
 *   connection, so nothing grows while Redis is away and callers hear it at once;
 * - a server that does not answer within that time is left, as if it had closed the connection: after a silence
 *   nobody can say which answer belongs to whom, and a socket to a machine that vanished never closes by itself;
 * - a call that failed may have happened: what is sent must bear being sent twice;
 * - the password is in no message, log line or error (S1: start and stop are idempotent).
 */
import { createHash } from 'node:crypto'
import { createClient } from '@redis/client'
import { type Clock, type Logger, pause, type Random, WeirError } from '../../core/index.ts'
import type { EngineHealth } from '../../queue/index.ts'
import { failed, faultOf } from './faults.ts'
import { type ServerFacts, serverFacts, shortcomings } from './server.ts'

export interface ConnectionOptions {
  /** `redis://` or `rediss://`, with user, password and database where needed. */
  readonly url: string
  readonly clock: Clock
  readonly random: Random
  readonly logger: Logger
  /** Of one call and of one attempt to connect, milliseconds. */
  readonly callLimitMs?: number
}

/** What a reply can be (RESP 2). */
export type Reply = string | number | null | readonly Reply[]

/** A Lua script and the name Redis knows it by once it has seen it. */
export interface Script {
  readonly source: string
  readonly sha: string
}

/** Script, keys, arguments. */
export type Call = readonly [Script, readonly string[], readonly string[]]

export function script(source: string): Script {
  return { source, sha: createHash('sha1').update(source).digest('hex') }
}

/** The major version from which a script can say that it runs when memory is full (`flags=allow-oom`). */
const SCRIPTS_WHEN_FULL_SINCE = 7
const CALL_LIMIT_MS = 2_000
const FIRST_PAUSE_MS = 100
const LONGEST_PAUSE_MS = 5_000

const open = (url: string, connectTimeout: number) =>
  createClient({
    url,
    RESP: 2,
    disableOfflineQueue: true,
    maintNotifications: 'disabled',
    // The loop below connects again, with its own pauses and its own words.
    socket: { reconnectStrategy: false, connectTimeout },
  })
type Client = ReturnType<typeof open>

export class RedisConnection {
  /** Host and port. */
  readonly where: string
  readonly #of: string
  readonly #options: Required<ConnectionOptions>
  readonly #ready = new Set<() => void>()
  /** The node of a cluster that we were sent to; forgotten when it cannot be reached. */
  #node: string | undefined
  #client: Client | undefined
  /** Why there is no connection; undefined while there is one. */
  #trouble: string | undefined = 'not started'
  #facts: ServerFacts | undefined
  #running: { readonly stop: AbortController; readonly loop: Promise<void> } | undefined

  /** `of`: what is kept there, for the log; a process has several connections, and each is looked after on its own. */
  constructor(options: ConnectionOptions, of: string) {
    this.#of = of
    this.#options = { callLimitMs: CALL_LIMIT_MS, ...options }
    this.where = whereOf(options.url)
  }

  /** Resolves when the first attempt has ended, well or not; the loop goes on until `stop`. */
  async start(): Promise<void> {
    if (this.#running) return
    this.#trouble = 'connecting'
    const stop = new AbortController()
    const first = Promise.withResolvers<void>()
    this.#running = { stop, loop: this.#keep(stop.signal, first.resolve) }
    await first.promise
  }

  async stop(): Promise<void> {
    const running = this.#running
    if (!running) return
    running.stop.abort()
    this.#leave(this.#client, 'stopped')
    await running.loop
    if (this.#running === running) this.#running = undefined
  }

  health(): EngineHealth {
    if (this.#trouble === undefined) return { ok: true }
    return { ok: false, reason: `Redis at ${this.where}: ${this.#trouble}` }
  }

  /** What the server said of itself when we connected last. */
  facts(): ServerFacts | undefined {
    return this.#facts
  }

  /**
   * The same with another script when Redis is full: one that may take a little room in order to make some. Older
   * servers run no script at all then, and the refusal stands.
   */
  async runEvenFull(normal: Call, makingRoom: () => Call): Promise<{ reply: Reply; full: boolean }> {
    try {
      return { reply: await this.run(...normal), full: false }
    } catch (error) {
      const isFull = error instanceof WeirError && error.code === 'storage_full'
      if (!isFull || (this.#facts?.majorVersion ?? 0) < SCRIPTS_WHEN_FULL_SINCE) throw error
      return { reply: await this.run(...makingRoom()), full: true }
    }
  }

  /** Called at each new connection; the server may have lost its data meanwhile. Returns the off switch. */
  onReady(listener: () => void): () => void {
    this.#ready.add(listener)
    return () => this.#ready.delete(listener)
  }

  /** One command. Rejects with `storage_failed` or `storage_full`. */
  async command(args: readonly string[]): Promise<Reply> {
    return this.#call((client) => client.sendCommand<Reply>(args))
  }

  /** One script, by its name where the server knows it. Every key it touches must be in `keys`. */
  async run(script: Script, keys: readonly string[], args: readonly string[]): Promise<Reply> {
    const rest = [String(keys.length), ...keys, ...args]
    return this.#call((client) =>
      client.sendCommand<Reply>(['EVALSHA', script.sha, ...rest]).catch((error: unknown) => {
        // A server that was restarted, or is new to us; nothing was run.
        if (!(error instanceof Error && error.message.startsWith('NOSCRIPT'))) throw error
        return client.sendCommand<Reply>(['EVAL', script.source, ...rest])
      }),
    )
  }

  async #call(ask: (client: Client) => Promise<Reply>): Promise<Reply> {
    const client = this.#client
    if (!client?.isReady) throw failed(`Redis: ${this.#trouble ?? 'the connection is lost'}`)
    try {
      return await this.#withLimit(ask(client), () =>
        this.#leave(client, `no answer within ${this.#options.callLimitMs} ms`),
      )
    } catch (error) {
      const fault = faultOf(error)
      if (fault.movedTo !== undefined) this.#node = fault.movedTo
      if (fault.reconnect) this.#leave(client, reasonOf(error))
      throw fault.error
    }
  }

  #withLimit<T>(work: Promise<T>, onLimit: () => void): Promise<T> {
    const { clock, callLimitMs } = this.#options
    return new Promise((resolve, reject) => {
      const cancel = clock.after(callLimitMs, () => {
        reject(failed(`Redis: no answer within ${callLimitMs} ms`))
        onLimit()
      })
      work.then(resolve, reject).finally(cancel)
    })
  }

  /** Whatever `client` still owes is refused; the loop makes another one. */
  #leave(client: Client | undefined, why: string): void {
    if (!client || this.#client !== client) return
    this.#client = undefined
    this.#trouble = why
    client.destroy()
  }

  async #keep(signal: AbortSignal, attempted: () => void): Promise<void> {
    const { clock, random, logger } = this.#options
    let attempts = 0
    let said: string | undefined
    while (!signal.aborted) {
      try {
        const { lost } = await this.#connect(signal)
        attempts = 0
        if (said !== undefined) logger.info({ redis: this.where, of: this.#of }, 'Redis is back')
        said = undefined
        attempted()
        await lost
        if (signal.aborted) break
        this.#trouble ??= 'the connection was lost'
      } catch (error) {
        this.#trouble = reasonOf(error)
        this.#node = undefined
      }
      attempted()
      // Once per reason: a Redis that is away for a day must not fill the log.
      if (said !== this.#trouble && !signal.aborted) {
        said = this.#trouble
        logger.error(
          { redis: this.where, of: this.#of, reason: said },
          'no Redis; trying again until it is there',
        )
      }
      const longest = Math.min(LONGEST_PAUSE_MS, FIRST_PAUSE_MS * 2 ** Math.min(attempts++, 10))
      await pause(clock, longest * (0.5 + random() / 2), signal)
    }
    this.#trouble = 'stopped'
    attempted()
  }

  /** Resolves once connected; `lost` when that connection has ended. */
  async #connect(signal: AbortSignal): Promise<{ readonly lost: Promise<void> }> {
    const { url, logger, callLimitMs } = this.#options
    const client = open(this.#node === undefined ? url : atNode(url, this.#node), callLimitMs)
    const lost = new Promise<void>((resolve) => {
      client.on('error', (error: unknown) => {
        this.#leave(client, reasonOf(error))
        resolve()
      })
      client.once('end', resolve)
    })
    const abort = () => client.destroy()
    signal.addEventListener('abort', abort)
    try {
      await this.#withLimit(client.connect(), abort)
      const facts = serverFacts(await this.#withLimit(client.sendCommand<Reply>(['INFO']), abort))
      // Found out by the first write otherwise, and by then somebody waits for it.
      if (facts.isReplica) throw new Error('READONLY')
      for (const text of shortcomings(facts)) logger.warn({ redis: this.where }, text)
      this.#facts = facts
    } catch (error) {
      client.destroy()
      throw error
    } finally {
      signal.removeEventListener('abort', abort)
    }
    if (signal.aborted) client.destroy()
    this.#client = client
    this.#trouble = undefined
    for (const listener of this.#ready) listener()
    return { lost }
  }
}

function whereOf(text: string): string {
  const url = URL.canParse(text) ? new URL(text) : undefined
  if (!url || !/^rediss?:$/.test(url.protocol) || url.hostname === '') {
    // The text itself stays out of the message: it may hold a password.
    throw new WeirError('invalid_setting', 'REDIS_URL must be redis://host:port or rediss://host:port')
  }
  return `${url.hostname}:${url.port || 6379}`
}

/** The same account on another node; an address without a host means the host that we know. */
function atNode(text: string, node: string): string {
  const url = new URL(text)
  const colon = node.lastIndexOf(':')
  if (colon > 0) url.hostname = node.slice(0, colon)
  url.port = node.slice(colon + 1)
  return url.href
}

/** To stand behind `Redis at host:port: `. */
function reasonOf(error: unknown): string {
  return faultOf(error)
    .error.message.replace(/^Redis: /, '')
    .replace(/^Redis /, 'it ')
}
