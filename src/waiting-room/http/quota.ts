/**
 * How often an address may do something: so many at once, and so many a minute. A bucket each, of which at most
 * `addresses` are kept; the one that was used least lately goes, and is then full again.
 */
export class Quota {
  readonly #perMinute: number
  readonly #addresses: number
  readonly #buckets = new Map<string, { readonly tokens: number; readonly at: number }>()

  /** `perMinute` 0 = no limit. */
  constructor(perMinute: number, addresses = 100_000) {
    this.#perMinute = perMinute
    this.#addresses = addresses
  }

  /** Takes one; otherwise the milliseconds until there is one. */
  take(address: string, now: number): number {
    if (this.#perMinute === 0) return 0
    const bucket = this.#buckets.get(address)
    const gained = bucket ? ((now - bucket.at) * this.#perMinute) / 60_000 : 0
    const tokens = Math.min(this.#perMinute, (bucket?.tokens ?? this.#perMinute) + Math.max(0, gained))
    const missing = Math.max(0, 1 - tokens)
    this.#buckets.delete(address)
    this.#buckets.set(address, { tokens: missing > 0 ? tokens : tokens - 1, at: now })
    if (this.#buckets.size > this.#addresses) {
      const [oldest] = this.#buckets.keys()
      if (oldest !== undefined) this.#buckets.delete(oldest)
    }
    return missing > 0 ? Math.ceil((missing * 60_000) / this.#perMinute) : 0
  }
}
