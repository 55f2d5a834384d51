/** The gateway's own bounds. Each has a default that holds in production and may be shrunk in a test. */
import { LIMITS } from '../core/index.ts'

export interface GatewayOptions {
  readonly host: string
  /** 0 = any free port. */
  readonly port: number
  /** Listening sockets on that port: so many new connections are taken in a turn of the event loop. */
  readonly listeners: number
  readonly bodyBytes: number
  readonly headerBytes: number
  /** The request line and the headers must be there within this time. */
  readonly headersTimeoutMs: number
  /** The whole request must be there within this time. */
  readonly requestTimeoutMs: number
  /** An idle keep-alive connection is closed after it; longer than the usual 60 s of load balancers. */
  readonly keepAliveMs: number
  /** A connection on which nothing moves (a reader that does not read) is closed after it. */
  readonly inactivityMs: number
  /** How often the two request timeouts are looked at. */
  readonly checkIntervalMs: number
  /** Sockets beyond it are closed at once; far above what slow senders can hold within `headersTimeoutMs`. */
  readonly maxConnections: number
  /** Messages handed to the engine and not yet durable. */
  readonly pendingMessages: number
  /** After it, `stop` cuts the connections that still have a request under way. */
  readonly stopTimeoutMs: number
  /** The interactive pages under `/docs`. */
  readonly docs: boolean
}

export const GATEWAY_DEFAULTS: GatewayOptions = {
  host: '127.0.0.1',
  port: 8000,
  listeners: 64,
  bodyBytes: LIMITS.bodyBytes,
  headerBytes: 16_384,
  headersTimeoutMs: 10_000,
  requestTimeoutMs: 30_000,
  keepAliveMs: 72_000,
  inactivityMs: 120_000,
  checkIntervalMs: 1_000,
  maxConnections: 10_000,
  pendingMessages: LIMITS.pendingMessages,
  stopTimeoutMs: 10_000,
  docs: true,
}
