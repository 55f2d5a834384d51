/** A report from the text of a file: whole and of the kind asked for, or a refusal that names the fault. */
import { Compile } from 'typebox/compile'
import { VALIDATION_VERSION, type ValidationReport } from './document.ts'
import { type LoadDocument, LoadShape } from './load-schema.ts'
import { ValidationShape } from './schema.ts'

/** Some hundred times a long run's; more is no report, and would fill the memory before it is found out. */
export const LONGEST_REPORT = 256 * 1024 * 1024

/** What a file is not. One line, to be put behind the file's name. */
export class ReportError extends Error {
  constructor(problem: string) {
    super(problem)
    this.name = 'ReportError'
  }
}

const shape = Compile(ValidationShape)

const loadShape = Compile(LoadShape)

/** A validation's or a load's, whichever it is. Throws ReportError. */
export function readAnyReport(text: string): ValidationReport | LoadDocument {
  const value = objectOf(text)
  if (value.kind !== 'load') return validationOf(value)
  checkVersion(value, 1)
  if (!loadShape.Check(value)) throw new ReportError(faultOf(loadShape.Errors(value)))
  return value
}

/** Throws ReportError: no JSON, cut off, of another kind or version, a field that is missing or wrong. */
export function readReport(text: string): ValidationReport {
  return validationOf(objectOf(text))
}

function validationOf(value: Record<string, unknown>): ValidationReport {
  if (value.kind !== 'validation') throw new ReportError(`not a validation's report: ${kindOf(value)}`)
  checkVersion(value, VALIDATION_VERSION)
  if (!shape.Check(value)) throw new ReportError(faultOf(shape.Errors(value)))
  // The schema is held against the type where it is made.
  const report = value as unknown as ValidationReport
  checkRelations(report)
  return report
}

function checkVersion({ version }: Record<string, unknown>, known: number): void {
  if (version === known) return
  const found = JSON.stringify(version) ?? 'none'
  throw new ReportError(`a report of version ${found}; this Weir reads version ${known}`)
}

function objectOf(text: string): Record<string, unknown> {
  if (text.length > LONGEST_REPORT) throw new ReportError('larger than a report can be')
  if (text.trim() === '') throw new ReportError('empty')
  let value: unknown
  try {
    value = JSON.parse(text)
  } catch {
    throw new ReportError(whyNotJson(text))
  }
  if (typeof value !== 'object' || value === null || Array.isArray(value)) {
    throw new ReportError('not a report: its JSON is no object')
  }
  return value as Record<string, unknown>
}

/** People hand in the page or the history instead of the JSON beside it, or a file that is still being written. */
function whyNotJson(text: string): string {
  const start = text.trimStart()
  if (start.startsWith('<'))
    return 'this is HTML; the report is the JSON file of the same run (--out FILE.json)'
  if (!start.startsWith('{')) return 'not a JSON report'
  const [first = ''] = start.split('\n', 1)
  try {
    const kind: unknown = (JSON.parse(first) as Record<string, unknown>).kind
    return `not a validation's report: lines of JSON, the first of kind ${JSON.stringify(kind) ?? 'none'}`
  } catch {
    return start.trimEnd().endsWith('}') ? 'not valid JSON' : 'the file is cut off: its JSON does not end'
  }
}

function kindOf({ kind }: Record<string, unknown>): string {
  return kind === undefined ? 'it has no kind' : `its kind is ${JSON.stringify(kind)}`
}

interface Fault {
  readonly instancePath: string
  readonly keyword: string
  readonly params: object
  readonly message: string
}

function faultOf(faults: readonly Fault[]): string {
  // The deepest path is where it is wrong; those above it are wrong because of it.
  const [fault] = faults.toSorted((a, b) => b.instancePath.length - a.instancePath.length)
  if (!fault) return 'not in the shape of a report'
  const missing = (fault.params as { requiredProperties?: readonly string[] }).requiredProperties
  const problem = missing ? `has no ${missing.join(', ')}` : (wordsAllowed(faults, fault) ?? fault.message)
  return `${placeOf(fault.instancePath)} ${problem}`
}

/** Each of several words that a place may have is a fault of its own; together they are the list of them. */
function wordsAllowed(faults: readonly Fault[], { instancePath }: Fault): string | undefined {
  const here = faults.filter((fault) => fault.instancePath === instancePath && fault.keyword === 'const')
  const allowed = here.map(({ params }) =>
    JSON.stringify((params as { allowedValue?: unknown }).allowedValue),
  )
  return allowed.length > 0 ? `must be ${allowed.join(' or ')}` : undefined
}

/** /experiments/0/criteria/2/unit as people write it: experiments[0].criteria[2].unit. */
function placeOf(pointer: string): string {
  const place = pointer
    .replace(/\/(\d+)(?=\/|$)/g, '[$1]')
    .replace(/\//g, '.')
    .replace(/^\./, '')
  return place === '' ? 'the report' : place
}

/** What no schema says: a value for each side of a comparison, and time that runs forward. */
function checkRelations({ experiments }: ValidationReport): void {
  for (const [index, { comparisons, charts }] of experiments.entries()) {
    for (const [which, { sides, rows }] of comparisons.entries()) {
      const odd = rows.findIndex(({ values }) => values.length !== sides.length)
      if (odd < 0) continue
      const place = `experiments[${index}].comparisons[${which}].rows[${odd}].values`
      throw new ReportError(`${place} has ${rows[odd]?.values.length} values for ${sides.length} sides`)
    }
    for (const [which, { series }] of charts.entries()) {
      for (const [line, { points }] of series.entries()) {
        const back = points.findIndex(([seconds], at) => seconds < (points[at - 1]?.[0] ?? seconds))
        if (back < 0) continue
        const place = `experiments[${index}].charts[${which}].series[${line}].points[${back}]`
        throw new ReportError(`${place} is earlier than the point before it`)
      }
    }
  }
}
