/** What the process costs, in Prometheus text; the figures are read once for a scrape. */
import type { Registry } from 'prom-client'
import type { ProcessFigures } from './probe.ts'
import { type Reading, readCounter, readGauge } from './tallied.ts'

export function registerProcess(registry: Registry, figures: () => ProcessFigures | undefined): void {
  const named = (name: string, help: string, labels: readonly string[]) => ({ registry, name, help, labels })
  const figure = (read: (of: ProcessFigures) => Reading[]) => () => {
    const now = figures()
    return now ? read(now) : []
  }
  readGauge(
    named('bss_process_start_time_seconds', 'When the process began, seconds since 1970', []),
    figure((of) => [[[], of.startSeconds]]),
  )
  readCounter(
    named('bss_process_cpu_seconds_total', 'User and system CPU time', []),
    figure((of) => [[[], of.cpuSeconds]]),
  )
  readGauge(
    named('bss_process_memory_bytes', 'Memory of the process', ['kind']),
    figure((of) => [
      [['resident'], of.residentBytes],
      [['heap_used'], of.heapUsedBytes],
    ]),
  )
  readGauge(
    named('bss_event_loop_lag_seconds', 'Delay of the event loop since the last scrape', ['statistic']),
    figure(({ lagSeconds }) => Object.entries(lagSeconds).map(([name, value]): Reading => [[name], value])),
  )
}
