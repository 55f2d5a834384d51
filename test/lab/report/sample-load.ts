/** A SAMPLE of a load's report, made up: nothing in it was measured, and nothing outside the tests may use it. */
import { type LoadReport, planLoad } from '../../../src/lab/index.ts'

/** Ten seconds, the last four of them with refusals, and one in which nothing was answered. */
export function sampleLoad(more: Partial<LoadReport> = {}): LoadReport {
  const series = Array.from({ length: 10 }, (_, second) => {
    const refused = second < 6 ? 0 : 40
    const acknowledged = second === 8 ? 0 : 100 - refused
    const answered = acknowledged > 0
    return {
      ...{ from: second, seconds: 1, attempted: 100, acknowledged, refused, failed: 0 },
      ...{ unknown: 100 - acknowledged - refused },
      ...{ meanMs: answered ? 12 + second : null, maxMs: answered ? 80 : null },
    }
  })
  const total = (name: 'acknowledged' | 'refused' | 'unknown') =>
    series.reduce((sum, row) => sum + row[name], 0)
  const latencyMs = { count: 780, mean: 15.2, p50: 13, p90: 20, p95: 31, p99: 64, p999: 79.6, max: 80 }
  return {
    ...{ kind: 'load', version: 1, url: 'http://sample.example/', target: 'api', batch: 1, mix: { MNP: 1 } },
    ...{
      size: 0,
      keys: false,
      seed: 5,
      run: 'sample',
      startedAt: Date.UTC(2026, 10, 21, 9, 15),
      seconds: 10,
    },
    plan: planLoad({ testType: 'sustained', ratePerSecond: 100, durationMs: 10_000 }),
    accounts: {
      ...{ attempted: 1000, acknowledged: total('acknowledged'), refused: total('refused'), failed: 0 },
      unknown: total('unknown'),
    },
    requests: { sent: 1000, unsent: 0 },
    acknowledgedPerSecond: total('acknowledged') / 10,
    latencyMs,
    serviceMs: { ...latencyMs, p99: 41 },
    otherAnswersMs: { ...latencyMs, count: 160 },
    codes: { timeout: 60, backlog_full: 160 },
    generator: {
      ...{ cores: 0.31, loopLagMs: { p50: 0.4, p99: 3.1, max: 8 }, lateMs: null, waitedForConnection: 0 },
      ...{ bottleneck: false, why: [] },
    },
    series,
    interrupted: false,
    ...more,
  }
}
