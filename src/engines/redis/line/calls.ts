/**
 * The line's calls to Redis: every script with the keys of its event, the moment and the name of the call.
 *
 * Owns the connection and what is under way on it (S1: a stop waits for answers). Keeps presence honest: while this
 * process could not reach Redis nobody could be seen, so at each new connection, before any other call, and after a
 * refusal before the next admission, it is set down that nobody is absent since before now.
 */
import { WeirError } from '../../../core/index.ts'
import type { LineHealth } from '../../../waiting-room/index.ts'
import { type ConnectionOptions, RedisConnection, type Reply, type Script } from '../connection.ts'
import { type LineKeys, lineKeys } from './keys.ts'

export interface LineCallsOptions extends ConnectionOptions {
  /** All keys get this hash tag, for a cluster; '' = `queue:<event>` and `active:<event>` as they are. */
  readonly hashTag?: string
  /** Entries of the audit trail that are kept, about. */
  readonly auditEntries?: number
  /** In a test: the moment, instead of what the server's clock says; milliseconds since the epoch. */
  readonly serverTime?: () => number
}

const AUDIT_ENTRIES = 1_000_000

/** KEYS 1: present. ARGV 1: as for the scripts about an event. */
const PRESENT = `
local t = redis.call('TIME')
local now = string.match(ARGV[1], '^=(%d+)') or string.format('%.0f', tonumber(t[1]) * 1000 + math.floor(t[2] / 1000))
return redis.call('SET', KEYS[1], now)
`

export class LineCalls {
  readonly keys: LineKeys
  readonly #options: LineCallsOptions
  readonly #connection: RedisConnection
  readonly #underWay = new Set<Promise<Reply>>()
  #phase: 'new' | 'running' | 'stopped' = 'new'
  /** A visitor may have been turned away since it was last set down that nobody is absent. */
  #unseen = false

  constructor(options: LineCallsOptions) {
    this.#options = options
    this.keys = lineKeys(options.hashTag ?? '')
    this.#connection = new RedisConnection(options, 'waiting room')
    this.#connection.onReady(() => this.#present().catch(() => {}))
  }

  /** Host and port. */
  get where(): string {
    return this.#connection.where
  }

  get running(): boolean {
    return this.#phase === 'running'
  }

  /** Resolves when the first attempt to connect has ended; false = it runs already. */
  async start(): Promise<boolean> {
    if (this.#phase === 'running') return false
    this.#phase = 'running'
    await this.#connection.start()
    return true
  }

  /** Refuses from now on; resolves when what is under way has been answered. */
  async stop(): Promise<void> {
    if (this.#phase === 'running') this.#phase = 'stopped'
    await Promise.allSettled(this.#underWay)
    await this.#connection.stop()
  }

  health(): LineHealth {
    if (this.#phase !== 'running') return { ok: false, reason: `the line is ${this.#phase}` }
    return this.#connection.health()
  }

  guard(): void {
    if (this.#phase === 'running') return
    throw new WeirError('stopping', `the line is ${this.#phase}`, { retryAfterMs: 5000 })
  }

  /** A script about one event; `name`: of this call, as the stream of calls shows it. */
  ask(script: Script, event: string, args: readonly string[], name: string): Promise<Reply> {
    const { auditEntries = AUDIT_ENTRIES } = this.#options
    const head = [this.#moment(), event, String(auditEntries), name]
    return this.#track(() => this.#connection.run(script, this.keys.all(event), [...head, ...args]))
  }

  run(script: Script, keys: readonly string[], args: readonly string[]): Promise<Reply> {
    return this.#track(() => this.#connection.run(script, keys, args))
  }

  command(args: readonly string[]): Promise<Reply> {
    return this.#track(() => this.#connection.command(args))
  }

  /** Before an admission: nobody is to be passed over for a silence that was ours. */
  async presentAfterFailure(): Promise<void> {
    this.guard()
    if (this.#unseen) await this.#present()
  }

  async present(): Promise<void> {
    this.guard()
    await this.#present()
  }

  async #track(work: () => Promise<Reply>): Promise<Reply> {
    this.guard()
    const reply = work()
    this.#underWay.add(reply)
    try {
      return await reply
    } catch (error) {
      this.#unseen = true
      throw error
    } finally {
      this.#underWay.delete(reply)
    }
  }

  /** Not by the script's name: a server that does not know it yet would run it after the calls behind it. */
  async #present(): Promise<void> {
    this.#unseen = true
    await this.#connection.command(['EVAL', PRESENT, '1', this.keys.shared('present'), this.#moment()])
    this.#unseen = false
  }

  #moment(): string {
    return this.#options.serverTime ? `=${this.#options.serverTime()}` : ''
  }
}
