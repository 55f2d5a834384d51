/** What the children of the line's benches share: one event, and visitors with ids of the size that accounts have. */
import { DEFAULT_DOOR, type DoorSettings } from '../../src/waiting-room/index.ts'

export const EVENT = 'concert'

/** Everybody waits, nobody is absent, nothing runs out during a bench. */
export const PATIENT: DoorSettings = {
  ...DEFAULT_DOOR,
  cap: 1,
  maxQueued: 5_000_000,
  leaseMs: 24 * 3_600_000,
  hardMs: 24 * 3_600_000,
  graceMs: 24 * 3_600_000,
}

/** 36 characters, as a UUID has them, and spread over the whole of it. */
export function visitorId(n: number): string {
  const mixed = Math.imul(n ^ 0x9e3779b9, 0x85ebca6b) >>> 0
  const [high, low] = [mixed.toString(16).padStart(8, '0'), n.toString(16).padStart(12, '0')]
  return `${high}-${high.slice(0, 4)}-4${low.slice(-3)}-a${high.slice(-3)}-${low}`
}
