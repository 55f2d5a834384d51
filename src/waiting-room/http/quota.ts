/**
 * How often an address may do something: so many at once, and so many a minute. A bucket each, of which at most
 * `addresses` are kept; those that were not used lately go, and are then full again.
 */
import { Recent } from '../recent.ts'

export class Quota {
  readonly #perMinute: number
  readonly #buckets: Recent<{ readonly tokens: number; readonly at: number }>

  /** `perMinute` 0 = no limit. */
  constructor(perMinute: number, addresses = 100_000) {
    this.#perMinute = perMinute
    this.#buckets = new Recent(addresses)
  }

  /** Takes one; otherwise the milliseconds until there is one. */
  take(address: string, now: number): number {
    if (this.#perMinute === 0) return 0
    const bucket = this.#buckets.get(address)
    const gained = bucket ? ((now - bucket.at) * this.#perMinute) / 60_000 : 0
    const tokens = Math.min(this.#perMinute, (bucket?.tokens ?? this.#perMinute) + Math.max(0, gained))
    const missing = Math.max(0, 1 - tokens)
    this.#buckets.set(address, { tokens: missing > 0 ? tokens : tokens - 1, at: now })
    return missing > 0 ? Math.ceil((missing * 60_000) / this.#perMinute) : 0
  }
}
