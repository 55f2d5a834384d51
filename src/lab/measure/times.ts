/** Moments of events in little memory: a million of them are 8 MB, and nothing is copied to look at them. */

const FIRST_ROOM = 1024

/** Milliseconds, in the order in which they were added. */
export class Moments {
  #room = new Float64Array(FIRST_ROOM)
  #count = 0

  static of(values: Iterable<number>): Moments {
    const moments = new Moments()
    for (const value of values) moments.add(value)
    return moments
  }

  add(ms: number): void {
    if (this.#count === this.#room.length) {
      const larger = new Float64Array(this.#room.length * 2)
      larger.set(this.#room)
      this.#room = larger
    }
    this.#room[this.#count++] = ms
  }

  get count(): number {
    return this.#count
  }

  /** In order of time; a copy, so that adding more does not change it. */
  sorted(): Float64Array {
    return this.#room.slice(0, this.#count).sort()
  }
}

/** How many of the sorted moments are before `ms`. */
export function countBefore(sorted: ArrayLike<number>, ms: number): number {
  let low = 0
  let high = sorted.length
  while (low < high) {
    const middle = (low + high) >>> 1
    if ((sorted[middle] ?? 0) < ms) low = middle + 1
    else high = middle
  }
  return low
}

/** A stretch of time, milliseconds; `to` is not part of it. */
export interface Horizon {
  readonly from: number
  readonly to: number
}

/**
 * Events in each bin of a horizon. Only whole bins: a bin that the horizon cuts off would look as if little had
 * happened in it. Events outside the horizon are not counted.
 */
export function countsIn(moments: ArrayLike<number>, { from, to }: Horizon, binMs: number): Float64Array {
  // A sliver below a whole number is rounding, not a cut-off bin.
  const counts = new Float64Array(Math.max(0, Math.floor((to - from) / binMs + 1e-9)))
  for (let index = 0; index < moments.length; index++) {
    const bin = Math.floor(((moments[index] ?? 0) - from) / binMs)
    if (bin >= 0 && bin < counts.length) counts[bin] = (counts[bin] ?? 0) + 1
  }
  return counts
}

/**
 * What waits at each moment of a sorted list of moments: what has come by then less what has gone. Both lists sorted.
 */
export function backlogAt(
  came: ArrayLike<number>,
  gone: ArrayLike<number>,
  moments: readonly number[],
): number[] {
  return moments.map((ms) => countBefore(came, ms) - countBefore(gone, ms))
}
