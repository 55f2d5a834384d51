/**
 * What becomes due when: a binary heap of moments and slots. A moment that moves later costs nothing, because the entry
 * is looked at when its old moment comes and put back; so a lease that slides every second has one entry.
 */
export class DueTimes {
  readonly #heap: { readonly at: number; readonly slot: number }[] = []

  /** The earliest moment at which something may be due; Infinity = nothing. */
  get next(): number {
    return this.#heap[0]?.at ?? Number.POSITIVE_INFINITY
  }

  add(at: number, slot: number): void {
    const heap = this.#heap
    const entry = { at, slot }
    let i = heap.length
    heap.push(entry)
    while (i > 0) {
      const parent = (i - 1) >> 1
      const above = heap[parent]
      if (!above || above.at <= at) break
      heap[i] = above
      i = parent
    }
    heap[i] = entry
  }

  /** Takes the earliest entry that is due at `now`. */
  take(now: number): { readonly at: number; readonly slot: number } | undefined {
    const heap = this.#heap
    const top = heap[0]
    if (!top || top.at > now) return undefined
    const last = heap.pop()
    if (last && heap.length > 0) this.#sink(last)
    return top
  }

  #sink(entry: { readonly at: number; readonly slot: number }): void {
    const heap = this.#heap
    let i = 0
    for (;;) {
      const left = heap[2 * i + 1]
      const right = heap[2 * i + 2]
      const rightFirst = right !== undefined && left !== undefined && right.at < left.at
      const child = rightFirst ? right : left
      if (!child || child.at >= entry.at) break
      heap[i] = child
      i = 2 * i + (rightFirst ? 2 : 1)
    }
    heap[i] = entry
  }
}
