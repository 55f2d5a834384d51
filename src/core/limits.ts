/** Everything that can grow has its bound here, with the reason for its size. */
export const LIMITS = {
  /** HTTP request body. A batch of 1,000 messages of 1 KiB fits. */
  bodyBytes: 1024 * 1024,
  batchMessages: 1000,
  /** `content` in UTF-16 code units: a message is a unit of work, not a file. */
  contentLength: 65_536,
  /** Nesting of `attributes`: recursive code downstream must not overflow its stack. */
  jsonDepth: 32,
  keyLength: 255,
  /** A year: later than that is a mistake in the unit. */
  delayMs: 365 * 24 * 3600 * 1000,
  /** Messages handed to the engine and not yet durable; beyond it the gateway refuses with Retry-After. */
  pendingMessages: 20_000,
  /** A crash is ours, not the message's; but a message that was in flight at this many crashes is the likely cause. */
  crashesPerMessage: 20,
  idempotencyWindowMs: 24 * 3600 * 1000,
  /** Attempts of a message whose history is kept, the newest ones. */
  historyEntries: 100,
  /** Stored error text. */
  errorLength: 2_000,
  pageSize: 1000,
} as const
