/**
 * The typed HTTP client for producers. Sending is safe to repeat: every message carries an idempotency key, so a retry
 * after a lost answer is the same message again and not a second one.
 */
import type { Clock, JsonObject, Random, TypeChange } from '../core/index.ts'
import { Transport } from './transport.ts'
import type {
  AcceptedMessage,
  BatchAnswer,
  DeadLetterPage,
  MessageInput,
  MessageLife,
  MonitoringChange,
  MonitoringStatus,
  QueueStatus,
  Stats,
  TypeInfo,
} from './wire.ts'

export interface WeirClientOptions {
  /** For example `http://127.0.0.1:8000`. */
  readonly baseUrl: string
  readonly clock: Clock
  readonly random: Random
  /** Makes idempotency keys; unique per call. */
  readonly newKey: () => string
  /**
   * false for a service that does not do idempotency keys (`GET /api/router/info` tells): messages then go without one
   * unless they bring it, and sending is not repeated, because a repeated message would be a second one.
   */
  readonly keys?: boolean
  /** Tries after the first one; 3 unless given. */
  readonly retries?: number
  /** The longest pause between tries that is waited out; 30 s unless given. */
  readonly longestPauseMs?: number
  /** For one try; 30 s unless given. */
  readonly timeoutMs?: number
  /** The runtime's `fetch` unless given. */
  readonly fetch?: typeof fetch
}

interface CallOptions {
  readonly signal?: AbortSignal
}

export class WeirClient {
  readonly #transport: Transport
  readonly #newKey: (() => string) | undefined

  constructor(options: WeirClientOptions) {
    const {
      baseUrl,
      clock,
      random,
      newKey,
      retries = 3,
      longestPauseMs = 30_000,
      timeoutMs = 30_000,
    } = options
    this.#newKey = options.keys === false ? undefined : newKey
    this.#transport = new Transport({
      baseUrl,
      clock,
      random,
      retries,
      longestPauseMs,
      timeoutMs,
      fetch: options.fetch ?? fetch,
    })
  }

  /** Resolves when the message is durable. Rejects with a WeirClientError. */
  send(message: MessageInput, { signal }: CallOptions = {}): Promise<AcceptedMessage> {
    const body = this.#keyed(message)
    return this.#send('/api/message', body, [body], signal)
  }

  /** Up to 1,000 messages; each has its own fate in the answer. */
  sendBatch(messages: readonly MessageInput[], { signal }: CallOptions = {}): Promise<BatchAnswer> {
    const keyed = messages.map((message) => this.#keyed(message))
    return this.#send('/api/messages/batch', { messages: keyed }, keyed, signal)
  }

  message(id: string): Promise<MessageLife> {
    return this.#get(`/api/messages/${encodeURIComponent(id)}`)
  }

  status({ signal }: CallOptions = {}): Promise<QueueStatus> {
    return this.#get('/api/queue/status', undefined, signal)
  }

  stats(): Promise<Stats> {
    return this.#get('/api/stats')
  }

  /** What answers at this address. */
  about(): Promise<{
    readonly name: string
    readonly version: string
    readonly monitoring_enabled: boolean
  }> {
    return this.#get('/')
  }

  /** The service's settings, secrets masked. */
  config(): Promise<JsonObject> {
    return this.#get('/api/config')
  }

  deadLetters(query: { type?: string; limit?: number; after?: string } = {}): Promise<DeadLetterPage> {
    return this.#get('/api/dead-letters', query)
  }

  async retryDeadLetter(id: string): Promise<void> {
    const path = `/api/dead-letters/${encodeURIComponent(id)}/retry`
    // Not repeated: after a lost answer the second try would say that it is no dead letter.
    await this.#transport.call({ method: 'POST', path, repeatable: false })
  }

  /** All, or all of one type; gives how many. Repeating it only finds fewer. */
  async retryDeadLetters(query: { type?: string } = {}): Promise<number> {
    const call = { method: 'POST', path: '/api/dead-letters/retry', query, repeatable: true } as const
    return (await this.#transport.call<{ retried: number }>(call)).retried
  }

  async deleteDeadLetter(id: string): Promise<void> {
    const path = `/api/dead-letters/${encodeURIComponent(id)}`
    // Not repeated: after a lost answer the second try would say that there is no such message.
    await this.#transport.call({ method: 'DELETE', path, repeatable: false })
  }

  /** All, or all of one type; gives how many. */
  async deleteDeadLetters(query: { type?: string } = {}): Promise<number> {
    const call = { method: 'DELETE', path: '/api/dead-letters', query, repeatable: true } as const
    return (await this.#transport.call<{ deleted: number }>(call)).deleted
  }

  monitoring(): Promise<MonitoringStatus> {
    return this.#get('/api/monitoring/status')
  }

  setMonitoring(enabled: boolean): Promise<MonitoringChange> {
    return this.#post(`/api/monitoring/${enabled ? 'enable' : 'disable'}`, undefined, undefined)
  }

  /** What the queue, as it is set up, can do. */
  async abilities(): Promise<Readonly<Record<string, boolean>>> {
    return (await this.#get<{ abilities: Record<string, boolean> }>('/api/router/info')).abilities
  }

  async types(): Promise<readonly TypeInfo[]> {
    return (await this.#get<{ types: TypeInfo[] }>('/api/types')).types
  }

  /** Takes effect at once; lasts until the service restarts. */
  setType(name: string, change: TypeChange): Promise<TypeInfo> {
    const path = `/api/types/${encodeURIComponent(name)}`
    return this.#transport.call({ method: 'PATCH', path, body: change, repeatable: true })
  }

  #keyed(message: MessageInput): MessageInput {
    if (message.idempotencyKey !== undefined || this.#newKey === undefined) return message
    return { ...message, idempotencyKey: this.#newKey() }
  }

  #send<Answer>(
    path: string,
    body: unknown,
    messages: readonly MessageInput[],
    signal: AbortSignal | undefined,
  ): Promise<Answer> {
    const repeatable = messages.every(({ idempotencyKey }) => idempotencyKey !== undefined)
    return this.#transport.call({ method: 'POST', path, repeatable, body, ...(signal && { signal }) })
  }

  #get<Answer>(
    path: string,
    query?: Readonly<Record<string, string | number | undefined>>,
    signal?: AbortSignal,
  ): Promise<Answer> {
    const more = { ...(query && { query }), ...(signal && { signal }) }
    return this.#transport.call({ method: 'GET', path, repeatable: true, ...more })
  }

  #post<Answer>(path: string, body: unknown, signal: AbortSignal | undefined): Promise<Answer> {
    const more = { ...(body !== undefined && { body }), ...(signal && { signal }) }
    return this.#transport.call({ method: 'POST', path, repeatable: true, ...more })
  }
}
