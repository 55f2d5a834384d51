/** How late a timer of one millisecond comes: what a request would have waited for the event loop. */
import { quantile } from '../harness/statistics.ts'

export interface Lag {
  readonly p99Ms: number
  readonly maxMs: number
}

export function watchLag(): { stop(): Lag } {
  const lags: number[] = []
  let expected = performance.now() + 1
  let running = true
  const tick = (): void => {
    const now = performance.now()
    lags.push(Math.max(0, now - expected))
    expected = now + 1
    if (running) setTimeout(tick, 1)
  }
  setTimeout(tick, 1)
  return {
    stop() {
      running = false
      return { p99Ms: quantile(lags, 0.99), maxMs: Math.max(...lags) }
    },
  }
}
