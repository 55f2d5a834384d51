/**
 * Reads the Prometheus text format 0.0.4 (prometheus.io, "Exposition formats"): what `/metrics` answers. Strict: a line
 * that is none of the format is an ExpositionError that names it, because a misread figure is worse than none.
 */

export class ExpositionError extends Error {}

export interface MetricSample {
  readonly name: string
  readonly labels: Readonly<Record<string, string>>
  /** May be NaN and ±Infinity. */
  readonly value: number
}

export const METRIC_TYPES = ['counter', 'gauge', 'histogram', 'summary', 'untyped'] as const
export type MetricType = (typeof METRIC_TYPES)[number]

/** One answer of `/metrics`. */
export interface Exposition {
  readonly samples: readonly MetricSample[]
  /** By the name of the metric; a histogram's `_bucket`, `_sum` and `_count` are told under its own. */
  readonly types: ReadonlyMap<string, MetricType>
}

const NAME = /[a-zA-Z_:][a-zA-Z0-9_:]*/y
const LABEL = /\s*([a-zA-Z_][a-zA-Z0-9_]*)\s*=\s*"((?:[^"\\\n]|\\.)*)"\s*/y
const NUMBER = /^[+-]?(?:\d+\.?\d*(?:e[+-]?\d+)?|\.\d+(?:e[+-]?\d+)?)$/i
const SPECIAL: Readonly<Record<string, number>> = {
  nan: Number.NaN,
  inf: Number.POSITIVE_INFINITY,
  infinity: Number.POSITIVE_INFINITY,
}

/** Throws ExpositionError with the line's number. */
export function parseExposition(text: string): Exposition {
  const samples: MetricSample[] = []
  const types = new Map<string, MetricType>()
  for (const [index, line] of text.split('\n').entries()) {
    const trimmed = line.trim()
    if (trimmed === '') continue
    try {
      if (trimmed.startsWith('#')) readComment(trimmed, types)
      else samples.push(readSample(trimmed))
    } catch (error) {
      if (!(error instanceof ExpositionError)) throw error
      const shown = trimmed.length > 80 ? `${trimmed.slice(0, 80)}…` : trimmed
      throw new ExpositionError(`line ${index + 1} of the metrics: ${error.message}: ${shown}`)
    }
  }
  return { samples, types }
}

/** `# TYPE name type`; HELP and every other comment says nothing that is counted. */
function readComment(line: string, types: Map<string, MetricType>): void {
  const [, name, type] = /^#\s+TYPE\s+(\S+)\s+(\S+)$/.exec(line) ?? []
  if (name === undefined || type === undefined) {
    if (/^#\s+TYPE(?:\s|$)/.test(line)) throw new ExpositionError('TYPE takes a name and a type')
    return
  }
  const known = METRIC_TYPES.find((one) => one === type)
  if (known === undefined) throw new ExpositionError(`there is no type ${type}`)
  if (types.has(name)) throw new ExpositionError(`a second TYPE of ${name}`)
  types.set(name, known)
}

function readSample(line: string): MetricSample {
  NAME.lastIndex = 0
  const name = NAME.exec(line)?.[0]
  if (name === undefined) throw new ExpositionError('no name')
  const labelled = /^\s*\{/.exec(line.slice(name.length))
  const { labels, end } = labelled
    ? readLabels(line, name.length + labelled[0].length)
    : { labels: {}, end: name.length }
  const rest = line.slice(end)
  if (!labelled && !/^\s/.test(rest)) throw new ExpositionError('no value')
  const [value = '', at, ...more] = rest.trim().split(/\s+/)
  if (more.length > 0) throw new ExpositionError('more than a value and a moment')
  if (at !== undefined && !/^-?\d+$/.test(at)) throw new ExpositionError('a moment that is no whole number')
  return { name, labels, value: numberOf(value) }
}

/** From behind the opening brace; `end` is behind the closing one. */
function readLabels(line: string, from: number): { labels: Record<string, string>; end: number } {
  const labels: Record<string, string> = Object.create(null)
  let at = from
  for (;;) {
    const closing = /^\s*\}/.exec(line.slice(at))
    if (closing) return { labels, end: at + closing[0].length }
    LABEL.lastIndex = at
    const [, name, value] = LABEL.exec(line) ?? []
    if (name === undefined || value === undefined) throw new ExpositionError('labels that cannot be read')
    if (name in labels) throw new ExpositionError(`two labels ${name}`)
    labels[name] = unescaped(value)
    at = LABEL.lastIndex
    // The format allows a comma behind the last label too.
    if (line[at] === ',') at++
    else if (line[at] !== '}') throw new ExpositionError('labels that cannot be read')
  }
}

function unescaped(text: string): string {
  return text.replace(/\\(.)/g, (_, char: string) => {
    if (char === 'n') return '\n'
    if (char === '"' || char === '\\') return char
    throw new ExpositionError(`an escape \\${char} that does not exist`)
  })
}

function numberOf(text: string): number {
  if (NUMBER.test(text)) return Number(text)
  const [, sign, word] = /^([+-]?)([a-z]+)$/i.exec(text) ?? []
  const special = SPECIAL[word?.toLowerCase() ?? '']
  if (special === undefined) throw new ExpositionError(text === '' ? 'no value' : `${text} is no number`)
  return sign === '-' ? -special : special
}

/** The name and labels of a sample as one text, labels sorted: equal for equal series. */
export function seriesName({ name, labels }: Pick<MetricSample, 'name' | 'labels'>): string {
  const inside = Object.keys(labels)
    .sort()
    .map((key) => `${key}="${escaped(labels[key] ?? '')}"`)
  return inside.length === 0 ? name : `${name}{${inside.join(',')}}`
}

function escaped(text: string): string {
  return text.replace(/[\\"\n]/g, (char) => (char === '\n' ? '\\n' : `\\${char}`))
}

/** Sum of all samples of a name whose labels have these values; undefined when there is none. */
export function sumOf(
  samples: readonly MetricSample[],
  name: string,
  labels: Readonly<Record<string, string>> = {},
): number | undefined {
  let sum: number | undefined
  for (const sample of samples) {
    if (sample.name !== name) continue
    if (Object.entries(labels).every(([key, value]) => sample.labels[key] === value)) {
      sum = (sum ?? 0) + sample.value
    }
  }
  return sum
}

/** When the process that answered began, seconds since 1970: with another value it is another process. */
export const processStart = (samples: readonly MetricSample[]): number | undefined =>
  sumOf(samples, 'bss_process_start_time_seconds') ?? sumOf(samples, 'process_start_time_seconds')
