/** What a scenario tells each of its processes, and what they say to each other. */
import type { RabbitMqOptions } from '../../../src/engines/rabbitmq/index.ts'

export interface Load {
  /** At once; each sends batch after batch. */
  readonly clients: number
  /** Between two batches of a client. */
  readonly pauseMs: number
  /** Ends by itself when so many messages were acknowledged. */
  readonly most?: number
  /** Waits while more than so many wait to be worked on. Default 500. */
  readonly ahead?: number
  /** Share of messages that carry an ordering key. Default 0.2. */
  readonly keyed?: number
  /** Content of every `every`-th message, or of one alone, see `processing.ts`. */
  readonly special?: { readonly text: string; readonly every: number; readonly once?: boolean }
}

export interface Work {
  readonly concurrency: number
  /** Factor on the service times of the simulated back end; 0.01 = 10 to 50 ms a message. */
  readonly speed: number
  readonly maxRetries?: number
  readonly retryDelayMs?: number
  /** Of an attempt. Default 5 s. */
  readonly timeoutMs?: number
  /** Between an effect and its settle, so that faults find messages whose effect has happened. Default 30. */
  readonly lingerMs?: number
}

type Tuning = Pick<
  RabbitMqOptions,
  'topology' | 'queueType' | 'orderingShards' | 'prefetch' | 'confirmTimeoutMs' | 'heartbeatSec'
>

export interface ProcessSettings {
  readonly name: string
  readonly url: string
  readonly redisUrl: string
  /** Whether the engine has a ledger; effects are in Redis either way. */
  readonly ledger: boolean
  readonly queueName: string
  readonly journal: string
  readonly seed: number
  readonly engine?: Partial<Tuning>
  readonly load?: Load
  readonly work?: Work
}

export type Command = 'publish' | 'quiet' | 'stop'

/** Since the start of the process. */
export interface Tally {
  readonly acknowledged: number
  readonly refused: number
  readonly handed: number
  readonly applied: number
}

export interface Saying {
  readonly tally: Tally
  /** `ok`, or the code with which it refuses. */
  readonly accepting: string
  /** `ok`, or the reason. */
  readonly health: string
  /** As a probe would be told. */
  readonly ready: boolean
  /** Messages whose type nobody knows. */
  readonly unrouted: number | null
  readonly running: boolean
  /** Every try has its answer and no client sends. */
  readonly quiet: boolean
}

export const RETENTION_MS = 3_600_000
