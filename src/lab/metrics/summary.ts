/** A collection in a few rows: states with their spread over the looks, counters with what they grew by. */
import { Absences, type Gap } from './absences.ts'
import { type CollectionHeader, type CollectionLine, SampleNames } from './collection.ts'
import { type FigureName, figuresOf, GAUGES } from './figures.ts'
import { type CounterRow, Growth, type MeanRow } from './growth.ts'

export interface GaugeRow {
  readonly name: FigureName
  /** Looks that told it. */
  readonly count: number
  readonly min: number
  readonly mean: number
  readonly p50: number
  readonly p95: number
  readonly p99: number
  readonly max: number
}

export interface CollectionSummary {
  readonly header: CollectionHeader
  readonly from: number
  readonly to: number
  readonly samples: number
  /** Stretches of it; the first hundred. */
  readonly gaps: readonly Gap[]
  readonly awayMs: number
  /** How often the process that was asked had begun anew. */
  readonly restarts: number
  readonly gauges: readonly GaugeRow[]
  readonly counters: readonly CounterRow[]
  readonly means: readonly MeanRow[]
  /** Why it ended; absent when the collector was killed. */
  readonly end?: string
}

/** Takes a collection that may be larger than memory: of each look only the figures of states are kept. */
export async function summarise(
  header: CollectionHeader,
  lines: AsyncIterable<CollectionLine>,
): Promise<CollectionSummary> {
  const values = new Map<FigureName, number[]>()
  const growth = new Growth()
  const away = new Absences(header.intervalMs)
  const names = new SampleNames()
  let [samples, from, to] = [0, Number.NaN, Number.NaN]
  let end: string | undefined
  for await (const line of lines) {
    if (line.kind === 'end') {
      end = line.why
      continue
    }
    from = Number.isNaN(from) ? line.at : from
    to = line.at
    away.observe(line)
    if (line.kind === 'gap') continue
    samples++
    const metrics = names.samplesOf(line)
    growth.observe(line.at, metrics)
    const figures = figuresOf({ at: line.at, metrics, ...(line.status && { status: line.status }) })
    for (const name of GAUGES) {
      const value = figures[name]
      if (value !== undefined) listOf(values, name).push(value)
    }
  }
  return {
    ...{ header, from, to, samples, restarts: growth.restarts },
    ...{ gaps: away.gaps, awayMs: away.ms },
    gauges: GAUGES.flatMap((name) => gaugeRow(name, values.get(name) ?? [])),
    counters: growth.counters(),
    means: growth.means(),
    ...(end !== undefined && { end }),
  }
}

function listOf<Key, Item>(map: Map<Key, Item[]>, key: Key): Item[] {
  const list = map.get(key) ?? []
  map.set(key, list)
  return list
}

function gaugeRow(name: FigureName, unsorted: readonly number[]): GaugeRow[] {
  if (unsorted.length === 0) return []
  const sorted = Float64Array.from(unsorted).sort()
  // Nearest rank: a value that was really seen.
  const at = (share: number) => sorted[Math.max(0, Math.ceil(share * sorted.length) - 1)] ?? Number.NaN
  const mean = sorted.reduce((sum, value) => sum + value, 0) / sorted.length
  const spread = { min: at(0), mean, p50: at(0.5), p95: at(0.95), p99: at(0.99), max: at(1) }
  return [{ name, count: sorted.length, ...spread }]
}
