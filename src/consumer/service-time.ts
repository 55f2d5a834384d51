/**
 * The mean time of an attempt over the last minute: sum ÷ number in twelve stretches of five seconds, so that its
 * memory is the same at any rate and an old burst leaves it altogether (a moving average would keep a trace of it).
 * After a minute without an attempt the last mean stands, for nothing newer is known.
 */
const STRETCH_MS = 5_000
const STRETCHES = 12

export class ServiceTime {
  /** The newest last. */
  #stretches: { readonly number: number; sumMs: number; count: number }[] = []

  /** An attempt that took `durationMs` ended at `now`, however it ended: it held its slot as long. */
  add(durationMs: number, now: number): void {
    const number = Math.floor(now / STRETCH_MS)
    const last = this.#stretches.at(-1)
    if (last && last.number >= number) {
      last.sumMs += durationMs
      last.count += 1
      return
    }
    this.#stretches.push({ number, sumMs: durationMs, count: 1 })
    this.#forget(number)
  }

  /** undefined before the first attempt ended. */
  meanMs(now: number): number | undefined {
    this.#forget(Math.floor(now / STRETCH_MS))
    let sumMs = 0
    let count = 0
    for (const stretch of this.#stretches) {
      sumMs += stretch.sumMs
      count += stretch.count
    }
    return count === 0 ? undefined : sumMs / count
  }

  #forget(newest: number): void {
    const kept = this.#stretches.filter(({ number }) => number > newest - STRETCHES)
    this.#stretches = kept.length > 0 ? kept : this.#stretches.slice(-1)
  }
}
