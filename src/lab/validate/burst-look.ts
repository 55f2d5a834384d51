/** A burst as its judge looks at it: moments, horizon, and the stretch in which something waited. Pure. */
import type { LoggedCall } from '../backend/call-log.ts'
import { mean } from '../measure/smoothing.ts'
import { countBefore, type Horizon } from '../measure/times.ts'
import { planBurst } from '../planner/plan.ts'
import type { Driven } from './drive.ts'
import type { Subject } from './subject.ts'

/** What a pacer may be early, by design: docs/guides/levelling.md, "Pace". */
export const PACER_TOLERANCE_MS = 5
/** Between the pacer and the back end's clock lie two processes and a socket; calls differ in what that takes. */
export const PATH_MS = 50

export interface Look {
  readonly driven: Driven
  readonly slots: number
  /** null where the type has none. */
  readonly pace: number | null
  readonly calls: readonly LoggedCall[]
  /** Moments of the back end's calls, retries included: the pace counts attempts. */
  readonly out: Float64Array
  /** From the start of the burst to twice the end of the output. */
  readonly horizon: Horizon
  /** Of it, the stretch in which something waited all the time. */
  readonly busy: Horizon
  readonly burstSeconds: number
}

export function lookAt(
  { pacePerSecond, slots }: Pick<Subject, 'pacePerSecond' | 'slots'>,
  driven: Driven,
  calls: readonly LoggedCall[],
): Look {
  const { sent, acknowledged } = driven
  const out = Float64Array.from(calls, ({ start }) => start).sort()
  const from = sent[0] ?? 0
  const end = out.at(-1) ?? from
  return {
    ...{ driven, slots, calls, out, pace: pacePerSecond },
    horizon: { from, to: from + (end - from) * 2 },
    busy: busyOf(acknowledged, out),
    burstSeconds: Math.max(0.001, ((sent.at(-1) ?? from) - from) / 1000),
  }
}

/**
 * The longest stretch in which something waited all the time. Not simply from the first call on: at the very beginning
 * a message may be gone before the next has come.
 */
function busyOf(came: Float64Array, gone: Float64Array): Horizon {
  let from = gone[0] ?? 0
  let longest: Horizon = { from, to: from }
  const stretch = (to: number) => {
    if (to - from > longest.to - longest.from) longest = { from, to }
  }
  for (let index = 1; index < gone.length; index++) {
    const at = gone[index] ?? 0
    // The backlog just before this call went.
    if (countBefore(came, at) - index > 0) continue
    stretch(gone[index - 1] ?? at)
    from = at
  }
  stretch(gone.at(-1) ?? from)
  return longest
}

export const toleranceOf = ({ driven }: Look): number => PACER_TOLERANCE_MS + PATH_MS + driven.lateMs

/** What the planner would have said beforehand of this burst, this pace and calls of this length. */
export function predictedSeconds({ driven, slots, pace, calls, burstSeconds }: Look): number {
  const plan = planBurst({
    ...{
      burst: driven.sent.length,
      overSeconds: burstSeconds,
      basePerSecond: 0,
      backlog: 0,
      workers: 1,
      slots,
    },
    serviceSeconds: Math.max(0.001, mean(calls.map(({ latencyMs }) => latencyMs)) / 1000),
    ...(pace !== null && { ratePerSecond: pace }),
  })
  return burstSeconds + (plan.drainSeconds ?? 0)
}

/** Calls per second in the stretch in which something waited all the time. */
export function outRate({ out, busy }: Look): number | null {
  const seconds = (busy.to - busy.from) / 1000
  return seconds > 0 ? (countBefore(out, busy.to) - countBefore(out, busy.from)) / seconds : null
}
