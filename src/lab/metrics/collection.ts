/**
 * A collection of looks as a file: one JSON value a line, the first of them the header, written while it goes on, so a
 * last line without its end is what a collector leaves behind that was killed while writing.
 *
 *   {"kind":"metrics","version":1,"weir":"0.1.0","url":"http://…","startedAt":…,"intervalMs":1000,"settings":{…}}
 *   {"kind":"sample","at":…,"status":{…},"metrics":{"bss_queue_length{queue_name=\"q\"}":12}}
 *   {"kind":"sample","at":…,"status":{…},"withoutMetrics":"…"}
 *   {"kind":"gap","at":…,"why":"http://… cannot be reached: ECONNREFUSED"}
 *   {"kind":"end","at":…,"why":"duration","samples":598,"gaps":2,"missed":0}
 *
 * `at` is wall-clock milliseconds. JSON has no NaN and no infinity, so these are the texts "NaN", "+Inf" and "-Inf".
 */
import { createReadStream } from 'node:fs'
import type { QueueStatus } from '../../client/index.ts'
import type { JsonObject } from '../../core/index.ts'
import { type MetricSample, parseExposition, seriesName } from './exposition.ts'
import type { Look } from './look.ts'

export class CollectionError extends Error {}

export const COLLECTION_VERSION = 1
const MOST_NAMES = 100_000
/** More than the largest answers of a service make together. */
const LONGEST_LINE = 64_000_000

export interface CollectionHeader {
  readonly kind: 'metrics'
  readonly version: typeof COLLECTION_VERSION
  /** Version of the service. */
  readonly weir: string
  readonly url: string
  readonly startedAt: number
  readonly intervalMs: number
  /** As `GET /api/config` told, secrets masked. */
  readonly settings: JsonObject
}

export type CollectionEnd = 'duration' | 'signal' | 'size'

type JsonNumber = number | 'NaN' | '+Inf' | '-Inf'

export interface SampleLine {
  readonly kind: 'sample'
  readonly at: number
  readonly status?: QueueStatus
  readonly metrics?: Readonly<Record<string, JsonNumber>>
  readonly withoutStatus?: string
  readonly withoutMetrics?: string
}

export interface GapLine {
  readonly kind: 'gap'
  readonly at: number
  readonly why: string
}

export interface EndLine {
  readonly kind: 'end'
  readonly at: number
  readonly why: CollectionEnd
  readonly samples: number
  readonly gaps: number
  /** Looks left out because an earlier one was still under way. */
  readonly missed: number
}

export type CollectionLine = SampleLine | GapLine | EndLine

export function lineOf(look: Look): SampleLine | GapLine {
  const { at, status, metrics, away, withoutStatus, withoutMetrics } = look
  if (away !== undefined) return { kind: 'gap', at, why: away }
  return {
    kind: 'sample',
    at,
    ...(status && { status }),
    ...(metrics && { metrics: Object.fromEntries(metrics.map(entryOf)) }),
    ...(withoutStatus !== undefined && { withoutStatus }),
    ...(withoutMetrics !== undefined && { withoutMetrics }),
  }
}

const entryOf = (sample: MetricSample): [string, JsonNumber] => [seriesName(sample), jsonNumber(sample.value)]

function jsonNumber(value: number): JsonNumber {
  if (Number.isFinite(value)) return value
  return Number.isNaN(value) ? 'NaN' : value > 0 ? '+Inf' : '-Inf'
}

/** The figure behind a JSON number; undefined when it is none. */
export function numberIn(value: unknown): number | undefined {
  if (typeof value === 'number') return value
  const special = { NaN: Number.NaN, '+Inf': Number.POSITIVE_INFINITY, '-Inf': Number.NEGATIVE_INFINITY }
  return special[value as keyof typeof special]
}

/** Gives the samples of lines back. The same names come in every line, so each is read once. */
export class SampleNames {
  readonly #known = new Map<string, Pick<MetricSample, 'name' | 'labels'>>()

  samplesOf({ metrics = {} }: SampleLine): MetricSample[] {
    return Object.entries(metrics).flatMap(([series, figure]) => {
      const value = numberIn(figure)
      return value === undefined ? [] : [{ ...this.#read(series), value }]
    })
  }

  /** A name that `seriesName` made is of the format itself. Throws ExpositionError for another. */
  #read(series: string): Pick<MetricSample, 'name' | 'labels'> {
    const known = this.#known.get(series)
    if (known) return known
    const { name, labels } = parseExposition(`${series} 0`).samples[0] ?? { name: series, labels: {} }
    if (this.#known.size < MOST_NAMES) this.#known.set(series, { name, labels })
    return { name, labels }
  }
}

export interface Collection {
  readonly header: CollectionHeader
  /** In the order of the file. A last line that is cut off is left out; any other bad one throws CollectionError. */
  readonly lines: AsyncIterable<CollectionLine>
}

/** Rejects with CollectionError for what is no collection, and with the system's error for what cannot be read. */
export async function readCollection(path: string): Promise<Collection> {
  const lines = numbered(path)
  const first = await lines.next()
  if (first.done) throw new CollectionError(`${path} is empty`)
  const header = parsed(first.value.text) as CollectionHeader | undefined
  if (header?.kind !== 'metrics') {
    const hint = /^time[,;]/.test(first.value.text)
      ? '; of a CSV there is no summary, collect into .jsonl'
      : ''
    throw new CollectionError(`${path} is no collection of weir metrics collect${hint}`)
  }
  if (header.version !== COLLECTION_VERSION) {
    throw new CollectionError(`${path} has version ${header.version}; this weir reads ${COLLECTION_VERSION}`)
  }
  return { header, lines: linesOf(path, lines) }
}

async function* linesOf(path: string, lines: ReturnType<typeof numbered>): AsyncGenerator<CollectionLine> {
  for await (const { number, text, whole } of lines) {
    const value = parsed(text) as CollectionLine | undefined
    if (value !== undefined && isLine(value)) yield value
    else if (whole) throw new CollectionError(`${path}: line ${number} is no sample, gap or end`)
  }
}

function isLine(value: Partial<CollectionLine>): boolean {
  return typeof value.at === 'number' && ['sample', 'gap', 'end'].includes(value.kind ?? '')
}

/** `whole`: with its end; only the last line may be without. */
async function* numbered(path: string) {
  let [rest, number] = ['', 0]
  for await (const chunk of createReadStream(path, 'utf8')) {
    const lines = (rest + (chunk as string)).split('\n')
    rest = lines.pop() ?? ''
    for (const text of lines) yield { number: ++number, text, whole: true }
    // Without this bound a file that is no collection at all would be read into memory whole.
    if (rest.length > LONGEST_LINE) throw new CollectionError(`${path}: line ${number + 1} is too long`)
  }
  if (rest !== '') yield { number: number + 1, text: rest, whole: false }
}

function parsed(text: string): object | undefined {
  try {
    const value: unknown = JSON.parse(text)
    return typeof value === 'object' && value !== null ? value : undefined
  } catch {
    return undefined
  }
}
