/**
 * The one small frame that everybody in an event's line gets, and what a client makes of it. It names no visitor (L6):
 * a client knows its own ticket and computes its own place.
 *
 * `place = returned + (ticket − serving) − departed before the ticket`. Departures between `serving` and `next` come
 * in 32 buckets, finer towards the front, and a client interpolates within its bucket. Without them a place is too high
 * by everybody ahead who has gone.
 */
import type { DoorMode, LimitedBy } from './door.ts'

export const FRAME_BUCKETS = 32

/** What is known of an event's line as a whole without looking through it. */
export interface Standing {
  readonly event: string
  /** Counts the times the line was cleared: a ticket of an earlier epoch is void. */
  readonly epoch: number
  /** The highest ticket called so far. */
  readonly serving: number
  /** The last ticket given out. */
  readonly next: number
  /** Waiting again with tickets up to `serving`: they were absent when called and go first. */
  readonly returned: number
  readonly waiting: number
  readonly active: number
  readonly cap: number
  readonly ratePerMinute: number
  readonly mode: DoorMode
  readonly limitedBy: LimitedBy
  readonly opensAt: number | null
  /** When it was true, milliseconds since the epoch. */
  readonly at: number
}

export interface Frame extends Standing {
  /** How many of each bucket's tickets wait no longer; bounds: `bucketBounds(serving, next)`. */
  readonly departed: readonly number[]
}

/**
 * 33 bounds: bucket i holds the tickets over `bounds[i]` up to and including `bounds[i + 1]`. Their widths grow
 * linearly, so that a bucket near the front is narrow: an error there is an error of a large part of the wait.
 */
export function bucketBounds(serving: number, next: number): number[] {
  const span = Math.max(0, next - serving)
  return Array.from({ length: FRAME_BUCKETS + 1 }, (_, i) => {
    return serving + Math.round((span * i * (i + 1)) / (FRAME_BUCKETS * (FRAME_BUCKETS + 1)))
  })
}

/** From 1, the next one; the visitor of this ticket is known to wait. Exact when nobody of its bucket left. */
export function placeFrom(
  frame: Pick<Frame, 'serving' | 'next' | 'returned' | 'departed'>,
  ticket: number,
): number {
  const { serving, next, returned, departed } = frame
  // Called before and back: among the returned, who go first; which of them, only the line knows.
  if (ticket <= serving) return Math.max(1, returned)
  const bounds = bucketBounds(serving, next)
  let gone = 0
  for (let i = 0; i < FRAME_BUCKETS; i++) {
    const from = bounds[i] ?? serving
    const to = bounds[i + 1] ?? next
    const count = departed[i] ?? 0
    if (to < ticket) {
      gone += count
      continue
    }
    // The ticket itself has not gone, so the departures lie among the other to − from − 1.
    if (to - from > 1) gone += (count * (ticket - from - 1)) / (to - from - 1)
    break
  }
  return Math.max(1, returned + Math.round(ticket - serving - gone))
}
