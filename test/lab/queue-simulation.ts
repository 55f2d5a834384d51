/**
 * A queue, message by message: what the planner's formulas are held against. Arrivals by chance, first in first out,
 * service times by chance, a bounded number at work, a pace. Exact for each message; nothing of it is shared with the
 * planner.
 */
export interface SimulatedQueue {
  /** Seconds at which messages come, in order. */
  readonly arrivals: readonly number[]
  /** Of each message, in the order of arrival. */
  readonly serviceSeconds: (index: number) => number
  readonly servers: number
  /** Between two starts at least; 0 = no pace. */
  readonly spacingSeconds: number
}

export interface SimulatedRun {
  readonly peak: number
  readonly meanWait: number
  readonly longestWait: number
  /** When, from `after` on, nothing waits for the first time. */
  emptyFrom(after: number): number
}

export function simulateQueue({
  arrivals,
  serviceSeconds,
  servers,
  spacingSeconds,
}: SimulatedQueue): SimulatedRun {
  const freeAt = new Array<number>(servers).fill(0)
  const starts: number[] = []
  let last = Number.NEGATIVE_INFINITY
  for (const [index, at] of arrivals.entries()) {
    // The server that is free first; few enough to be looked through.
    let first = 0
    for (let server = 1; server < servers; server++)
      if ((freeAt[server] ?? 0) < (freeAt[first] ?? 0)) first = server
    const start = Math.max(at, freeAt[first] ?? 0, last + spacingSeconds)
    freeAt[first] = start + serviceSeconds(index)
    starts.push(start)
    last = start
  }
  const waits = arrivals.map((at, index) => (starts[index] ?? 0) - at)
  return {
    peak: peakOf(arrivals, starts),
    meanWait: waits.reduce((sum, wait) => sum + wait, 0) / waits.length,
    longestWait: waits.reduce((longest, wait) => Math.max(longest, wait), 0),
    emptyFrom(after) {
      // First in, first out: nothing waits once the last one that had come has started.
      for (const [index, start] of starts.entries()) {
        if (start >= after && (arrivals[index + 1] ?? Number.POSITIVE_INFINITY) > start) return start
      }
      return Number.POSITIVE_INFINITY
    },
  }
}

function peakOf(arrivals: readonly number[], starts: readonly number[]): number {
  let started = 0
  let peak = 0
  for (const [index, at] of arrivals.entries()) {
    while ((starts[started] ?? Number.POSITIVE_INFINITY) <= at) started++
    peak = Math.max(peak, index + 1 - started)
  }
  return peak
}
