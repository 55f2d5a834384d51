/** Counts what is done within a window of time, after a warm-up, and what processor time this process used for it. */
import { setTimeout as sleep } from 'node:timers/promises'

export interface Rate {
  readonly perSecond: number
  /** Processor time of the client alone; the broker's is its own. */
  readonly microsecondsEach: number
}

const WARM_UP_MS = 1_000

export async function measured(seconds: number, done: () => number): Promise<Rate> {
  await sleep(WARM_UP_MS)
  const stop = stopwatch(done())
  await sleep(seconds * 1000)
  return stop(done())
}

/** Started at a count, stopped at another. */
export function stopwatch(before: number): (after: number) => Rate {
  const cpu = process.cpuUsage()
  const began = performance.now()
  return (after) => {
    const elapsed = performance.now() - began
    const used = process.cpuUsage(cpu)
    const count = after - before
    return { perSecond: (count / elapsed) * 1000, microsecondsEach: (used.user + used.system) / count }
  }
}
