/** One look of the scaler with figures at rest, from which each case says only what it is about. */
import type {
  ScalingInput,
  ScalingMemory,
  ScalingRules,
  ScalingSignals,
  WorkerCounts,
} from '../../../src/consumer/index.ts'

export const NOW = 1_700_000_000_000

/** A worker of 10 slots and attempts of 1 s: 8 messages per second at the use that is planned with. */
export const RULES: ScalingRules = {
  min: 1,
  max: 10,
  slotsPerWorker: 10,
  targetDrainMs: 60_000,
  ratePerSecond: 0,
}

export const SIGNALS: ScalingSignals = {
  arrivalFast: 0,
  arrivalSlow: 0,
  backlog: 0,
  inFlight: 0,
  outPerSecond: 1,
  serviceMs: 1_000,
  breaker: 'closed',
  congested: false,
}

export interface Case {
  readonly rules?: Partial<ScalingRules>
  readonly signals?: Partial<ScalingSignals>
  readonly workers?: Partial<WorkerCounts>
  readonly memory?: ScalingMemory | undefined
  readonly now?: number
}

/** Without a `memory` of its own: `ready + starting` wanted, and five quiet minutes behind it. */
export function look(given: Case): ScalingInput {
  const { rules, signals, workers, now = NOW } = given
  const counts = { ready: 1, starting: 0, draining: 0, ...workers }
  const quiet = { wanted: counts.ready + counts.starting, loweredAt: Number.NEGATIVE_INFINITY, needs: [] }
  return {
    now,
    rules: { ...RULES, ...rules },
    signals: { ...SIGNALS, ...signals },
    workers: counts,
    memory: 'memory' in given ? given.memory : quiet,
  }
}
