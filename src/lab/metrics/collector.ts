/**
 * Looks at a service again and again, on a fixed grid of moments: when an answer takes longer than the interval, the
 * moments missed meanwhile are left out and counted, and later looks are not late for it.
 *
 * Owns one timer between `collect` and its end. Holds one look at a time; `sink` keeps them.
 */
import { type Clock, pause } from '../../core/index.ts'
import type { CollectionEnd } from './collection.ts'
import type { Look } from './look.ts'

export interface CollectOptions {
  readonly look: () => Promise<Look>
  readonly clock: Clock
  readonly intervalMs: number
  /** Endless when absent. */
  readonly durationMs?: number
  /** Ends the collection in good order. */
  readonly signal: AbortSignal
  /** Takes each look; false when it can take no more. */
  readonly sink: (look: Look) => boolean
}

export interface Collected {
  readonly why: CollectionEnd
  readonly samples: number
  /** Looks at which the service was away. */
  readonly gaps: number
  /** Moments of the grid at which an earlier look was still under way. */
  readonly missed: number
}

/** Rejects only with what `sink` throws. */
export async function collect(options: CollectOptions): Promise<Collected> {
  const { look, clock, intervalMs, durationMs = Number.POSITIVE_INFINITY, signal, sink } = options
  const begun = clock.now()
  let [samples, gaps, missed] = [0, 0, 0]
  const told = (why: CollectionEnd): Collected => ({ why, samples, gaps, missed })
  for (let step = 0; step * intervalMs < durationMs; step++) {
    await pause(clock, begun + step * intervalMs - clock.now(), signal)
    if (signal.aborted) return told('signal')
    const seen = await look()
    // A look that the signal cut off saw nothing.
    if (signal.aborted) return told('signal')
    if (seen.away === undefined) samples++
    else gaps++
    if (!sink(seen)) return told('size')
    const due = Math.floor((clock.now() - begun) / intervalMs)
    const skipped = Math.min(due, Math.ceil(durationMs / intervalMs) - 1) - step
    if (skipped > 1) {
      missed += skipped - 1
      step += skipped - 1
    }
  }
  // The last look is of the beginning of the last interval; the time asked for is collected to its end.
  await pause(clock, begun + durationMs - clock.now(), signal)
  return told(signal.aborted ? 'signal' : 'duration')
}
