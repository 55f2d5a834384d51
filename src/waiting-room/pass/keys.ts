/**
 * The published keys as a shop holds them: fetched once, kept, and fetched anew only for a key it has never seen. While
 * the waiting room cannot be reached the keys it has stay good, so that visitors with passes are not sent away.
 */
import { PASS_LIMITS, type PassJwk, type PassKeySet } from './verify.ts'

export interface KeySourceOptions {
  /** The waiting room's `/.well-known/jwks.json`. */
  readonly url: string
  readonly now: () => number
  /** `globalThis.fetch` unless a test hands in another. */
  readonly fetch?: typeof fetch
  /** Not asked more often than this; tokens with invented keys must not become requests. */
  readonly refreshGapMs?: number
}

const REFRESH_GAP_MS = 30_000
const TIMEOUT_MS = 5_000
const MAX_BYTES = 65_536

export class KeySource {
  readonly #options: KeySourceOptions
  #keys: PassKeySet = { keys: [] }
  #askedAt = Number.NEGATIVE_INFINITY
  #asking: Promise<void> | undefined

  constructor(options: KeySourceOptions) {
    this.#options = options
  }

  /** The keys, fetched anew when `kid` is not among them and the last time was long enough ago. Never rejects. */
  async keysFor(kid: string | undefined): Promise<PassKeySet> {
    if (kid === undefined || this.#keys.keys.some((key) => key.kid === kid)) return this.#keys
    const { now, refreshGapMs = REFRESH_GAP_MS } = this.#options
    if (!this.#asking && now() - this.#askedAt >= refreshGapMs) {
      this.#askedAt = now()
      this.#asking = this.#ask().finally(() => {
        this.#asking = undefined
      })
    }
    await this.#asking
    return this.#keys
  }

  async #ask(): Promise<void> {
    try {
      const ask = this.#options.fetch ?? fetch
      const response = await ask(this.#options.url, {
        signal: AbortSignal.timeout(TIMEOUT_MS),
        redirect: 'error',
      })
      if (!response.ok) return
      const text = await response.text()
      if (text.length > MAX_BYTES) return
      const set: unknown = JSON.parse(text)
      const keys = (set as PassKeySet | null)?.keys
      const found = Array.isArray(keys) ? keys.filter(isKey).slice(0, PASS_LIMITS.keys) : []
      // An empty set is a fault over there; with it everybody would be sent away.
      if (found.length > 0) this.#keys = { keys: found }
    } catch {
      // Unreachable, or no key set: those known stay.
    }
  }
}

/** The rest of a key is looked at where it is used. */
function isKey(value: unknown): value is PassJwk {
  return typeof value === 'object' && value !== null
}
