/** A load's report with nothing in it but what a test says. */

import { Histogram } from '../../../src/lab/histogram.ts'
import type { LoadPlan } from '../../../src/lab/load/plan.ts'
import type { LoadReport } from '../../../src/lab/load/report.ts'

export interface Given {
  readonly plan: LoadPlan
  readonly run: string
  readonly seed: number
  readonly startedAt: number
  readonly seconds: number
  readonly attempted: number
}

export function loadReport({ attempted, ...given }: Given): LoadReport {
  const none = new Histogram().summary()
  return {
    ...{ kind: 'load', version: 1, url: 'http://x/', target: 'api', batch: 1, mix: { ORDER: 1 }, size: 0 },
    ...given,
    ...{ keys: false, codes: {}, series: [], interrupted: false, acknowledgedPerSecond: 0 },
    accounts: { attempted, acknowledged: 0, refused: 0, failed: 0, unknown: attempted },
    requests: { sent: attempted, unsent: 0 },
    ...{ latencyMs: none, serviceMs: none, otherAnswersMs: none },
    generator: {
      cores: 0.1,
      loopLagMs: { p50: 0, p99: 0, max: 0 },
      ...{ lateMs: null, waitedForConnection: 0, bottleneck: false, why: [] },
    },
  }
}
