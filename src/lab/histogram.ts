/**
 * Latencies in bounded memory, with the layout of HdrHistogram (G. Tene): the value space is cut into powers of two,
 * each into 1,024 equal parts, so a value is known to within 1 part in 1,024 wherever it lies, and recording is one
 * addition. Why it is our own: docs/decisions/0007-load-generator.md.
 *
 * Values are milliseconds; they are kept as whole microseconds up to 71 minutes. What is longer counts as 71 minutes,
 * what is below zero as zero.
 */

const HALF = 1024
const LARGEST_US = 2 ** 32 - 1
/** Exact below 2,048 µs, then one half bucket for each further power of two. */
const SLOTS = slotOf(LARGEST_US) + 1

function slotOf(us: number): number {
  if (us < 2 * HALF) return us
  const shift = 21 - Math.clz32(us)
  return shift * HALF + (us >>> shift)
}

/** The middle of what a slot holds, in microseconds. */
function middleOf(slot: number): number {
  if (slot < 2 * HALF) return slot
  const shift = Math.floor(slot / HALF) - 1
  const low = (slot - shift * HALF) * 2 ** shift
  return low + (2 ** shift - 1) / 2
}

export interface LatencySummary {
  readonly count: number
  readonly mean: number
  readonly p50: number
  readonly p90: number
  readonly p95: number
  readonly p99: number
  readonly p999: number
  readonly max: number
}

export class Histogram {
  readonly #slots = new Float64Array(SLOTS)
  #count = 0
  #sumMs = 0
  #maxMs = 0

  record(ms: number): void {
    const us = Math.round(ms * 1000)
    const slot = slotOf(us > 0 ? Math.min(us, LARGEST_US) : 0)
    this.#slots[slot] = (this.#slots[slot] ?? 0) + 1
    this.#count++
    this.#sumMs += Math.max(0, ms)
    if (ms > this.#maxMs) this.#maxMs = ms
  }

  get count(): number {
    return this.#count
  }

  /** What at least the share `q` (0–1) of all values does not exceed, in ms; NaN when nothing was recorded. */
  quantile(q: number): number {
    if (this.#count === 0) return Number.NaN
    const rank = Math.min(this.#count, Math.max(1, Math.ceil(q * this.#count)))
    let seen = 0
    for (let slot = 0; slot < SLOTS; slot++) {
      seen += this.#slots[slot] ?? 0
      // The middle of the last slot may lie above the largest value in it.
      if (seen >= rank) return Math.min(middleOf(slot) / 1000, this.#maxMs)
    }
    return this.#maxMs
  }

  /** Milliseconds. Mean and max are exact; the rest to within 1 part in 1,024. NaN when nothing was recorded. */
  summary(): LatencySummary {
    const nothing = this.#count === 0
    const [p50, p90, p95, p99, p999] = [0.5, 0.9, 0.95, 0.99, 0.999].map((q) => this.quantile(q))
    return {
      count: this.#count,
      mean: nothing ? Number.NaN : this.#sumMs / this.#count,
      p50: p50 ?? Number.NaN,
      p90: p90 ?? Number.NaN,
      p95: p95 ?? Number.NaN,
      p99: p99 ?? Number.NaN,
      p999: p999 ?? Number.NaN,
      max: nothing ? Number.NaN : this.#maxMs,
    }
  }

  /** Takes over what `other` recorded. */
  add(other: Histogram): void {
    for (let slot = 0; slot < SLOTS; slot++) {
      const more = other.#slots[slot] ?? 0
      if (more > 0) this.#slots[slot] = (this.#slots[slot] ?? 0) + more
    }
    this.#count += other.#count
    this.#sumMs += other.#sumMs
    this.#maxMs = Math.max(this.#maxMs, other.#maxMs)
  }

  clear(): void {
    this.#slots.fill(0)
    this.#count = 0
    this.#sumMs = 0
    this.#maxMs = 0
  }
}
