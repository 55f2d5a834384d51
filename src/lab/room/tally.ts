/** What a room load counts while it runs; everything is bounded. */
import { Histogram } from '../histogram.ts'

/** Kinds of errors that are told apart, and batches that are listed. */
const KINDS = 50
const BATCHES = 500

export class RoomTally {
  readonly waits = new Histogram()
  readonly checks = new Histogram()
  readonly errors = new Map<string, number>()
  frames = 0
  bytes = 0
  /** Of those who waited and listened, added up. */
  waiterMs = 0
  waiterFrames = 0
  waiterBytes = 0
  connects = 0
  direct = 0
  called = 0
  admitted = 0
  done = 0
  hadPlace = 0
  /** Visitors called at the same moment by the room's clock, oldest first. */
  readonly batches = new Map<number, number>()

  error(kind: string): void {
    const key = this.errors.has(kind) || this.errors.size < KINDS ? kind : 'others'
    this.errors.set(key, (this.errors.get(key) ?? 0) + 1)
  }

  get errorCount(): number {
    let sum = 0
    for (const count of this.errors.values()) sum += count
    return sum
  }

  packet(bytes: number, isWaiter: boolean): void {
    this.frames++
    this.bytes += bytes
    if (!isWaiter) return
    this.waiterFrames++
    this.waiterBytes += bytes
  }

  call(claimBy: number | null): void {
    this.called++
    if (claimBy === null || (!this.batches.has(claimBy) && this.batches.size >= BATCHES)) return
    this.batches.set(claimBy, (this.batches.get(claimBy) ?? 0) + 1)
  }
}
