/** The main figures of one look, by one name each: what a CSV has as columns and a summary as rows. */
import type { QueueStatus } from '../../client/index.ts'
import { type MetricSample, sumOf } from './exposition.ts'
import type { Look } from './look.ts'

/** States at the moment of the look. */
export const GAUGES = [
  'ready',
  'in_flight',
  'delayed',
  'dead',
  'oldest_age_s',
  'in_per_s',
  'out_per_s',
  'drain_s',
  'consumers',
  'running',
  'workers_ready',
  'workers_wanted',
  'cpu_cores',
  'memory_bytes',
] as const
/** Growing since the process that was asked began. */
export const COUNTERS = [
  'accepted_total',
  'refused_total',
  'processed_total',
  'retries_total',
  'api_cpu_seconds_total',
] as const
export type FigureName = (typeof GAUGES)[number] | (typeof COUNTERS)[number]

/** What the look does not tell is absent: unknown, not zero. */
export type Figures = Partial<Record<FigureName, number>>

export function figuresOf({ status, metrics }: Look): Figures {
  const figures = {
    // Of one process alone; where there is a status it tells of all of them.
    memory_bytes: metrics && sumOf(metrics, 'bss_process_memory_bytes', { kind: 'resident' }),
    ...(status && statusFigures(status)),
    ...(metrics && counterFigures(metrics)),
  }
  return Object.fromEntries(Object.entries(figures).filter(([, value]) => value !== undefined))
}

function statusFigures(status: QueueStatus) {
  const { depth, members } = status
  const types = Object.values(status.types)
  return {
    ready: depth.ready,
    in_flight: depth.inFlight,
    delayed: depth.delayed,
    dead: depth.dead,
    oldest_age_s: inSeconds(status.oldestAgeMs),
    in_per_s: status.inPerSecond,
    out_per_s: status.outPerSecond,
    drain_s: inSeconds(status.drainEtaMs),
    consumers: status.consumers,
    running: sumOfKnown(types.map(({ running }) => running)),
    workers_ready: sumOfKnown(types.map(({ scaling }) => scaling?.ready)),
    workers_wanted: sumOfKnown(types.map(({ scaling }) => scaling?.wanted)),
    cpu_cores: sumOfAll(members?.map(({ cpu }) => cpu)),
    memory_bytes: sumOfAll(members?.map(({ memoryBytes }) => memoryBytes)),
  }
}

function counterFigures(samples: readonly MetricSample[]) {
  return {
    accepted_total: sumOf(samples, 'bss_messages_accepted_total'),
    refused_total: sumOf(samples, 'bss_messages_refused_total'),
    processed_total: sumOf(samples, 'bss_messages_processed_total'),
    retries_total: sumOf(samples, 'bss_message_retries_total'),
    api_cpu_seconds_total: sumOf(samples, 'bss_process_cpu_seconds_total'),
  }
}

const inSeconds = (ms: number | undefined): number | undefined => (ms === undefined ? undefined : ms / 1000)

/** Of those that are known; undefined when none is. */
function sumOfKnown(values: readonly (number | undefined)[]): number | undefined {
  const known = values.filter((value) => value !== undefined)
  return known.length === 0 ? undefined : known.reduce((sum, value) => sum + value, 0)
}

/** A sum that lacks a part would be taken for the whole, so it is undefined then. */
function sumOfAll(values: readonly (number | undefined)[] = []): number | undefined {
  return values.includes(undefined) ? undefined : sumOfKnown(values)
}
