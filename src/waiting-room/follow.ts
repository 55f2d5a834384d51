/**
 * The door follows the message queue: when the work that visitors make waits too long, fewer are let in. Pure; one step
 * at a time, additive up and multiplicative down (Chiu and Jain, 1989), so that it finds the pace and does not swing.
 */
export interface FollowSettings {
  /** The predicted wait of the followed message types that is still well, in milliseconds. */
  readonly targetWaitMs: number
  /** Admissions per minute are never fewer nor more than these. */
  readonly minPerMinute: number
  readonly maxPerMinute: number
}

const DOWN = 0.7
/** Part of the way from least to most that one step up covers. */
const UP = 0.05

/**
 * The rate after this step. `predictedWaitMs`: of the slowest followed type, undefined when it cannot be told (nothing
 * has been drained while messages waited), which is no reason to let more in.
 */
export function followedRate(
  settings: FollowSettings,
  perMinute: number,
  predictedWaitMs: number | undefined,
): number {
  const { targetWaitMs, minPerMinute, maxPerMinute } = settings
  const within = (rate: number) => Math.round(Math.max(minPerMinute, Math.min(maxPerMinute, rate)))
  if (predictedWaitMs === undefined) return within(perMinute)
  if (predictedWaitMs > targetWaitMs) return within(perMinute * DOWN)
  // Near the target it stays: a step up would be taken back by the next one.
  if (predictedWaitMs > 0.8 * targetWaitMs) return within(perMinute)
  return within(perMinute + Math.max(1, UP * (maxPerMinute - minPerMinute)))
}
