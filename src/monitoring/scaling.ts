/** The scaler's metrics. HPA and KEDA follow the first (docs/guides/scaling.md); states are read at the scrape. */
import type { Registry } from 'prom-client'
import type { ScalingEvent, ScalingStatus } from '../consumer/index.ts'
import { type Reading, readGauge, talliedCounter } from './tallied.ts'
import { Tally } from './tally.ts'

export class ScalingMetrics {
  readonly #decisions = new Tally()

  /** `read`: the decisions of now; none in a process that does not scale, and then there is no gauge to follow. */
  constructor(registry: Registry, read: () => readonly ScalingStatus[]) {
    const type = 'message_type'
    const gauge = (
      name: string,
      help: string,
      labels: readonly string[],
      of: (status: ScalingStatus) => Reading[],
    ) => readGauge({ registry, name, help, labels: [type, ...labels] }, () => read().flatMap(of))
    gauge('bss_desired_replicas', 'Workers that there should be', [], ({ type, wanted }) => [
      [[type], wanted],
    ])
    gauge('bss_replicas', 'Workers that there are, by state', ['state'], ({ type, workers }) => [
      [[type, 'ready'], workers.ready],
      [[type, 'starting'], workers.starting],
      [[type, 'draining'], workers.draining],
    ])
    gauge('bss_scaling_reason', 'Why so many; 1 for the reason of now', ['reason'], ({ type, reason }) => [
      [[type, reason], 1],
    ])
    gauge(
      'bss_queue_drain_seconds',
      'Until what waits is handed out; +Inf: stalled',
      [],
      ({ type, etaMs }) => (etaMs === undefined ? [] : [[[type], etaMs / 1000]]),
    )
    const name = 'bss_scaling_decisions_total'
    const help = 'Changes of the number, and beginnings of stalled and breaker_open, by reason'
    talliedCounter({ registry, name, help, labels: [type, 'reason'] }, this.#decisions)
  }

  decided(event: ScalingEvent): void {
    this.#decisions.child(event.type, event.reason).value += 1
  }
}
