/**
 * What a burst does to a queue, before it comes. Pure formulas of a fluid model: messages flow in at one rate while the
 * burst lasts and at another afterwards, and out at a third. What chance adds to that (a queue of a few messages even
 * while everything fits) is left out; it is small next to a backlog worth planning for, and `test/lab/plan.test.ts`
 * holds the formulas against a simulation with chance in it.
 *
 * Symbols: λb and λ0 arrivals per second during and after the burst, T its length, Q0 what waits before, N workers of c
 * slots, S seconds of a message, R the pace, K calls that the back end bears at once, D the time to drain in.
 */

export interface PlanInput {
  /** Messages of the burst, on top of what comes anyway. */
  readonly burst: number
  /** T: seconds over which they come. */
  readonly overSeconds: number
  /** λ0: per second, during and after the burst. */
  readonly basePerSecond: number
  /** S: mean seconds that one message takes. */
  readonly serviceSeconds: number
  /** N. */
  readonly workers: number
  /** c: messages that one worker has in work at once. */
  readonly slots: number
  /** Q0: messages waiting before the burst. */
  readonly backlog: number
  /** R: output pace per second, all workers together. */
  readonly ratePerSecond?: number
  /** K: calls at once that the back end bears. */
  readonly backendCapacity?: number
  /** D: seconds after the burst within which the backlog should be gone. */
  readonly drainWithinSeconds?: number
}

export type Limit = 'workers' | 'rate' | 'backend'

export interface BurstPlan {
  readonly input: PlanInput
  /** λb = burst ÷ T + λ0. */
  readonly inPerSecond: number
  /** μ, and what it is limited by. */
  readonly outPerSecond: number
  readonly limitedBy: Limit
  /**
   * Messages waiting at most, and when that is (seconds from the start of the burst). A backlog that grows for ever has
   * no such moment; peak and longest wait are then those at the end of the burst.
   */
  readonly peak: number
  readonly peakAtSeconds: number
  /** Before work on a message begins. */
  readonly longestWaitSeconds: number
  /** Of the messages that arrive until the backlog is gone (until the burst ends, when it never goes). */
  readonly meanWaitSeconds: number
  /** After the end of the burst; null = never. */
  readonly drainSeconds: number | null
  /** Whether more comes than leaves even after the burst. */
  readonly growing: boolean
  /** Workers that drain it within D; null when no number of them does, or no D was given. */
  readonly workersNeeded: number | null
  /** Output that draining within D takes, whoever gives it; null when no D was given. */
  readonly neededPerSecond: number | null
  /** With more workers than this the pace or the back end is the limit; null when neither is given. */
  readonly usefulWorkers: number | null
  /** The backlog, straight between these points; the last one is where it is empty, or still growing. */
  readonly curve: readonly CurvePoint[]
}

export interface CurvePoint {
  readonly seconds: number
  readonly waiting: number
}

/**
 * μ = min(N × c ÷ S, R, K ÷ S), per second. Little's law (J. D. C. Little, "A Proof for the Queuing Formula L = λW",
 * Operations Research 9, 1961): with all of n slots busy for S seconds a message, n ÷ S leave per second.
 */
export function outputOf(input: PlanInput): { perSecond: number; limitedBy: Limit } {
  const { workers, slots, serviceSeconds } = input
  const ofWorkers = (workers * slots) / serviceSeconds
  const { perSecond, limitedBy } = capOf(input)
  return ofWorkers <= perSecond ? { perSecond: ofWorkers, limitedBy: 'workers' } : { perSecond, limitedBy }
}

/** min(R, K ÷ S): what no number of workers exceeds. */
function capOf(input: PlanInput): { perSecond: number; limitedBy: Exclude<Limit, 'workers'> } {
  const { ratePerSecond = Infinity, backendCapacity = Infinity, serviceSeconds } = input
  const ofBackend = backendCapacity / serviceSeconds
  return ratePerSecond <= ofBackend
    ? { perSecond: ratePerSecond, limitedBy: 'rate' }
    : { perSecond: ofBackend, limitedBy: 'backend' }
}

/**
 * The plan. Numbers must be positive where a division needs it: `overSeconds`, `serviceSeconds`, `workers`, `slots`.
 */
export function planBurst(input: PlanInput): BurstPlan {
  const { burst, overSeconds, basePerSecond, backlog } = input
  const { perSecond: out, limitedBy } = outputOf(input)
  const inPerSecond = burst / overSeconds + basePerSecond
  const afterBurst = Math.max(0, backlog + (inPerSecond - out) * overSeconds)
  const drainSeconds = drainOf(afterBurst, out, basePerSecond)
  const curve = curveOf(input, out, inPerSecond, afterBurst, drainSeconds)
  const peak = Math.max(backlog, afterBurst)
  const needed = neededPerSecond(input)
  return {
    input,
    inPerSecond,
    outPerSecond: out,
    limitedBy,
    peak,
    peakAtSeconds: afterBurst > backlog ? overSeconds : 0,
    // First in, first out: who arrives behind Q messages leaves after Q ÷ μ.
    longestWaitSeconds: peak / out,
    meanWaitSeconds: meanWaitOf(input, out, inPerSecond, curve),
    drainSeconds,
    growing: basePerSecond > out,
    neededPerSecond: needed,
    workersNeeded: needed === null ? null : workersFor(input, needed),
    usefulWorkers: usefulWorkersOf(input),
    curve,
  }
}

/** Q ÷ (μ − λ0): the backlog shrinks by what leaves less what still comes. Never, where as much comes as leaves. */
function drainOf(waiting: number, out: number, base: number): number | null {
  if (waiting === 0 && base <= out) return 0
  return base < out ? waiting / (out - base) : null
}

/**
 * Draining within D: all that waits and comes until T + D must have left by then, so μ ≥ (Q0 + λb × T + λ0 × D) ÷ (T +
 * D); that is enough, because less comes after the burst than in it. From Q(T) ÷ (μ − λ0) ≤ D it follows the same.
 */
function neededPerSecond(input: PlanInput): number | null {
  const { burst, overSeconds, basePerSecond, backlog, drainWithinSeconds } = input
  if (drainWithinSeconds === undefined) return null
  const inBurst = burst + basePerSecond * overSeconds
  const all = backlog + inBurst + basePerSecond * drainWithinSeconds
  return Math.max(basePerSecond, all / (overSeconds + drainWithinSeconds))
}

/** A sliver below a whole number is rounding, not a further worker. */
const SLIVER = 1e-9

/** N = ⌈μ × S ÷ c⌉ (Little), unless the pace or the back end stays below μ. */
function workersFor(input: PlanInput, perSecond: number): number | null {
  if (perSecond > capOf(input).perSecond * (1 + SLIVER)) return null
  return Math.max(1, Math.ceil(((perSecond * input.serviceSeconds) / input.slots) * (1 - SLIVER)))
}

/** ⌈min(R, K ÷ S) × S ÷ c⌉: beyond it workers only wait for the pace, or crowd the back end. */
function usefulWorkersOf(input: PlanInput): number | null {
  const { perSecond } = capOf(input)
  return perSecond === Infinity ? null : workersFor(input, perSecond)
}

function curveOf(
  { overSeconds, basePerSecond, backlog }: PlanInput,
  out: number,
  inPerSecond: number,
  afterBurst: number,
  drainSeconds: number | null,
): CurvePoint[] {
  const points: CurvePoint[] = [{ seconds: 0, waiting: backlog }]
  // A backlog of before that is gone before the burst ends: the burst fits into what leaves.
  const goneAt = backlog > 0 && inPerSecond < out ? backlog / (out - inPerSecond) : Infinity
  if (goneAt < overSeconds) points.push({ seconds: goneAt, waiting: 0 })
  points.push({ seconds: overSeconds, waiting: afterBurst })
  if (drainSeconds === null) {
    // As long again, to show where it goes.
    const seconds = overSeconds * 2
    points.push({ seconds, waiting: afterBurst + (basePerSecond - out) * overSeconds })
  } else if (drainSeconds > 0) points.push({ seconds: overSeconds + drainSeconds, waiting: 0 })
  return points
}

/** Mean of Q(t) ÷ μ over the arrivals: the area under the curve, weighed by the rate at which they come. */
function meanWaitOf(
  input: PlanInput,
  out: number,
  inPerSecond: number,
  curve: readonly CurvePoint[],
): number {
  const { overSeconds, basePerSecond } = input
  const never = basePerSecond > out || (basePerSecond === out && (curve.at(-1)?.waiting ?? 0) > 0)
  let waits = 0
  let arrivals = 0
  for (let index = 1; index < curve.length; index++) {
    const [from, to] = [curve[index - 1], curve[index]]
    if (!from || !to) continue
    const inBurst = to.seconds <= overSeconds
    if (!inBurst && never) break
    const seconds = to.seconds - from.seconds
    const rate = inBurst ? inPerSecond : basePerSecond
    waits += (rate * seconds * (from.waiting + to.waiting)) / 2 / out
    arrivals += rate * seconds
  }
  return arrivals === 0 ? 0 : waits / arrivals
}
