/**
 * burst_leveling: a burst goes in, and what comes out at the back end is held against the pace that was promised. A
 * pacer with fixed windows keeps the rate of whole seconds and fails here: at a tenth of a second it is a burst.
 */
import { planLoad } from '../load/plan.ts'
import { findingsOf } from './burst-leveling-judge.ts'
import { drive } from './drive.ts'
import type { ExperimentContext, ExperimentFindings, ExperimentKind } from './experiment.ts'
import { shown, words } from './findings.ts'
import { subjectOf } from './subject.ts'

const SLOTS = 20
const CALL_MS = 50

export const burstLeveling: ExperimentKind = {
  name: 'burst_leveling',
  title: words('Levelling of a burst', '버스트 평탄화'),
  run,
}

/** Messages, and the seconds within which a stage works them off; the burst itself comes in a sixth of that. */
function sizeOf({ quick, flags }: ExperimentContext) {
  const messages = flags.burstSize ?? (quick ? 480 : 3_000)
  const seconds = flags.durationSeconds ?? (quick ? 8 : 50)
  return { messages, seconds, burstSeconds: Math.max(0.5, seconds / 6), pace: messages / seconds }
}

async function run(context: ExperimentContext): Promise<ExperimentFindings> {
  const { messages, seconds, burstSeconds, pace } = sizeOf(context)
  const slots = Math.max(SLOTS, Math.ceil((pace * CALL_MS * 3) / 1000))
  const subject = await subjectOf(context, {
    backend: { capacity: slots * 2, serviceMs: CALL_MS, seed: context.seed },
    types: { ORDER: { ratePerSecond: pace, concurrency: slots, timeoutSeconds: 30 } },
  })
  context.progress(`a burst of ${messages} messages within ${shown(burstSeconds, 1)} s`)
  const driven = await drive(context, subject, {
    plan: planLoad({ requests: messages, ratePerSecond: messages / burstSeconds }),
    drainLimitMs: (seconds * 3 + 30) * 1000,
    warmUp: slots,
  })
  return findingsOf(subject, driven)
}
