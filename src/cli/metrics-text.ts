/** A summed-up collection as tables. */
import type { CollectionSummary, FigureName, GaugeRow } from '../lab/index.ts'
import { ms } from './load-report.ts'
import { count, duration, table } from './terminal.ts'

const NAMES: Readonly<Record<FigureName, string>> = {
  ready: 'ready',
  in_flight: 'in flight',
  delayed: 'delayed',
  dead: 'dead',
  oldest_age_s: 'oldest',
  in_per_s: 'in/s',
  out_per_s: 'out/s',
  drain_s: 'empty in',
  consumers: 'consumers',
  running: 'running',
  workers_ready: 'workers',
  workers_wanted: 'workers wanted',
  cpu_cores: 'cores used',
  memory_bytes: 'memory',
  accepted_total: 'accepted',
  refused_total: 'refused',
  processed_total: 'processed',
  retries_total: 'retries',
  api_cpu_seconds_total: 'processor time',
}

/** A figure in the unit that its name tells. */
export function figureText(name: FigureName, value: number): string {
  if (name.endsWith('_s') && !name.endsWith('per_s')) return duration(value * 1000)
  if (name.endsWith('bytes')) return `${(value / 1e6).toFixed(0)} MB`
  if (Number.isInteger(value)) return count(value)
  return value.toLocaleString('en-US', { maximumFractionDigits: value < 10 ? 2 : 1 })
}

export function summaryText(summary: CollectionSummary): string {
  const { header, from, to, samples, gauges, counters, means } = summary
  const took = samples === 0 ? '' : `, ${duration(to - from)} from ${new Date(from).toISOString()}`
  const lines = [
    `weir ${header.weir} at ${header.url}: ${count(samples)} looks, one each ${duration(header.intervalMs)}${took}`,
    ...faults(summary),
  ]
  if (gauges.length > 0)
    lines.push('', table(['', 'least', 'mean', 'p50', 'p95', 'p99', 'most'], gauges.map(gaugeCells)))
  if (counters.length > 0) {
    const rows = counters.map(({ name, increase, perSecond }) => [name, fine(increase), fine(perSecond)])
    lines.push('', table(['grew', 'by', 'a second'], rows))
  }
  if (means.length > 0) {
    const rows = means.map(({ name, count: times, mean }) => [name, count(times), ms(mean * 1000)])
    lines.push('', table(['of each', 'times', 'mean'], rows))
  }
  return lines.join('\n')
}

function gaugeCells({ name, min, mean, p50, p95, p99, max }: GaugeRow): string[] {
  return [NAMES[name], ...[min, mean, p50, p95, p99, max].map((value) => figureText(name, value))]
}

function faults({ gaps, awayMs, restarts, end }: CollectionSummary): string[] {
  const lines = gaps.map(({ from, to, why }) => {
    const length = to === undefined ? 'to the end' : `for ${duration(to - from)}`
    return `  gap at ${new Date(from).toISOString()} ${length}: ${why}`
  })
  if (gaps.length > 0) lines.push(`  without an answer for ${duration(awayMs)} in all`)
  if (restarts > 0) {
    const times = restarts === 1 ? 'once' : `${count(restarts)} times`
    lines.push(`  counters began anew ${times}: another process answered, or the same one after a restart`)
  }
  if (end === undefined) lines.push('  no end in the file: the collector was killed, or is at work')
  if (end === 'signal') lines.push('  ended by a signal')
  return lines
}

const fine = (value: number): string =>
  Number.isNaN(value) ? '-' : value.toLocaleString('en-US', { maximumFractionDigits: 2 })
