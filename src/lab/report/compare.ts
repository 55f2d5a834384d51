/** Two validations, criterion by criterion: what got better, what got worse, and what else was different. Pure. */
import type {
  Bound,
  Chart,
  Criterion,
  Environment,
  Grade,
  ValidationReport,
  Verdict,
  Words,
} from './document.ts'
import { bytesText, numberText } from './format.ts'
import { type Change, WORDS, type Word } from './words.ts'

export const COMPARISON_VERSION = 1

/** Two runs never give the same number twice; less of a difference than this share of the larger is none. */
export const SAME_WITHIN = 0.05

/** A difference in load below this many busy cores says nothing. */
const LOAD_APART = 0.5

export interface ComparedRun {
  readonly startedAt: number
  readonly seconds: number
  readonly score: number | null
  readonly grade: Grade | null
  readonly passed: boolean
  readonly interrupted: boolean
}

export interface ComparedSide {
  readonly measured: number | null
  readonly bound: Bound
  readonly verdict: Verdict
}

export interface ComparedCriterion {
  readonly id: string
  readonly title: Words
  readonly unit: string
  /** null = the report does not have it. */
  readonly a: ComparedSide | null
  readonly b: ComparedSide | null
  /** B minus A, in the unit; null where one of them was not measured. */
  readonly difference: number | null
  readonly change: Change
  readonly verdictChanged: boolean
  readonly boundChanged: boolean
}

export interface Difference {
  readonly what: Words
  readonly a: Words
  readonly b: Words
}

export interface ComparisonReport {
  readonly kind: 'comparison'
  readonly version: typeof COMPARISON_VERSION
  readonly a: ComparedRun
  readonly b: ComparedRun
  readonly criteria: readonly ComparedCriterion[]
  /** Of Weir's version and of the conditions. */
  readonly differences: readonly Difference[]
  /** Another processor, number of cores, memory or platform. */
  readonly otherMachine: boolean
  readonly counts: Readonly<Record<Change, number>>
  /** Ids of criteria that passed in A and failed in B. */
  readonly regressed: readonly string[]
}

/** A is the one before, B the one after. Criteria are matched by id, in the order of A, those only in B after them. */
export function compareReports(a: ValidationReport, b: ValidationReport): ComparisonReport {
  const before = byId(a)
  const after = byId(b)
  const ids = [...new Set([...before.keys(), ...after.keys()])]
  const criteria = ids.flatMap((id) => compared(id, before.get(id), after.get(id)))
  const counts: Record<Change, number> = {
    ...{ better: 0, worse: 0, same: 0, 'only-in-a': 0, 'only-in-b': 0, 'not-comparable': 0 },
  }
  for (const { change } of criteria) counts[change]++
  return {
    kind: 'comparison',
    version: COMPARISON_VERSION,
    a: runOf(a),
    b: runOf(b),
    criteria,
    differences: differencesOf(a, b),
    otherMachine: MACHINE.some((name) => a.environment[name] !== b.environment[name]),
    counts,
    regressed: criteria
      .filter((one) => one.a?.verdict === 'passed' && one.b?.verdict === 'failed')
      .map(({ id }) => id),
  }
}

/** The same curves of both runs. */
export interface ChartPair {
  /** The experiment's and the chart's. */
  readonly title: Words
  readonly a: Chart
  readonly b: Chart
}

/**
 * What both reports have a chart of, by experiment and id, in the order of A. Not a part of the comparison's JSON: the
 * points are in the two reports.
 */
export function chartPairs(a: ValidationReport, b: ValidationReport): ChartPair[] {
  return a.experiments.flatMap(({ experiment, title, charts }) => {
    const after = b.experiments.find((other) => other.experiment === experiment)?.charts ?? []
    return charts.flatMap((chart) => {
      const other = after.find(({ id }) => id === chart.id)
      return other ? [{ title: named(title, chart.title), a: chart, b: other }] : []
    })
  })
}

const named = (experiment: Words, title: Words): Words => ({
  en: `${experiment.en}: ${title.en}`,
  ko: `${experiment.ko}: ${title.ko}`,
})

/** The experiment's name goes before the title: in a list of all, "Lost messages" alone says little. */
function byId({ experiments }: ValidationReport): Map<string, Criterion> {
  const all = experiments.flatMap(({ title, criteria }) =>
    criteria.map((criterion): [string, Criterion] => [
      criterion.id,
      { ...criterion, title: named(title, criterion.title) },
    ]),
  )
  return new Map(all)
}

const runOf = ({ startedAt, seconds, score, grade, passed, interrupted }: ValidationReport): ComparedRun => ({
  ...{ startedAt, seconds, score, grade, passed, interrupted },
})

const sideOf = ({ measured, bound, verdict }: Criterion): ComparedSide => ({ measured, bound, verdict })

function compared(id: string, a: Criterion | undefined, b: Criterion | undefined): ComparedCriterion[] {
  const either = b ?? a
  if (!either) return []
  const measured = a && b && a.measured !== null && b.measured !== null ? [a.measured, b.measured] : undefined
  return [
    {
      id,
      title: either.title,
      unit: either.unit,
      a: a ? sideOf(a) : null,
      b: b ? sideOf(b) : null,
      difference: measured ? (measured[1] ?? 0) - (measured[0] ?? 0) : null,
      change: changeOf(a, b),
      verdictChanged: a !== undefined && b !== undefined && a.verdict !== b.verdict,
      boundChanged: a !== undefined && b !== undefined && !sameBound(a.bound, b.bound),
    },
  ]
}

function sameBound(a: Bound, b: Bound): boolean {
  if (a.kind === 'range') return b.kind === 'range' && a.from === b.from && a.to === b.to
  return b.kind === a.kind && a.value === b.value
}

const isJudged = ({ verdict }: Criterion): boolean => verdict === 'passed' || verdict === 'failed'

/** A changed verdict decides; with the same verdict, the distance from what is wanted, by B's bound. */
function changeOf(a: Criterion | undefined, b: Criterion | undefined): Change {
  if (!a) return 'only-in-b'
  if (!b) return 'only-in-a'
  if (!isJudged(a) || !isJudged(b) || a.unit !== b.unit) return 'not-comparable'
  if (a.verdict !== b.verdict) return b.verdict === 'passed' ? 'better' : 'worse'
  if (a.measured === null || b.measured === null) return 'not-comparable'
  const [before, after] = [shortfall(b.bound, a.measured), shortfall(b.bound, b.measured)]
  const scale = Math.max(Math.abs(a.measured), Math.abs(b.measured))
  if (Math.abs(after - before) <= scale * SAME_WITHIN) return 'same'
  return after < before ? 'better' : 'worse'
}

/** The less, the better. Within a range all values are as good. */
function shortfall(bound: Bound, value: number): number {
  switch (bound.kind) {
    case 'at-most':
      return value
    case 'at-least':
      return -value
    case 'exactly':
      return Math.abs(value - bound.value)
    case 'range':
      return Math.max(bound.from - value, value - bound.to, 0)
  }
}

const MACHINE = ['cpu', 'cores', 'memoryBytes', 'platform'] as const satisfies readonly (keyof Environment)[]

const plain = (text: string): Words => ({ en: text, ko: text })
const told = (text: string | null, otherwise: Word): Words => (text === null ? WORDS[otherwise] : plain(text))

function differencesOf(a: ValidationReport, b: ValidationReport): Difference[] {
  const rows: [Word, (report: ValidationReport) => Words][] = [
    ['weir', ({ environment }) => plain(environment.weir)],
    ['engine', ({ environment }) => told(environment.engine, 'unknown')],
    ['cpu', ({ environment }) => plain(environment.cpu)],
    ['cores', ({ environment }) => plain(String(environment.cores))],
    ['memory', ({ environment }) => plain(bytesText(environment.memoryBytes))],
    ['platform', ({ environment }) => plain(environment.platform)],
    ['node', ({ environment }) => plain(environment.node)],
    ['service', ({ url }) => told(url, 'ownService')],
    ['kindOfRun', ({ quick }) => WORDS[quick ? 'quick' : 'whole']],
    ['seed', ({ seed }) => plain(String(seed))],
  ]
  const found = rows
    .map(([word, of]): Difference => ({ what: WORDS[word], a: of(a), b: of(b) }))
    .filter((row) => row.a.en !== row.b.en)
  const [before, after] = [a.environment.loadBefore, b.environment.loadBefore]
  if (before !== null && after !== null && Math.abs(before - after) >= LOAD_APART) {
    found.push({ what: WORDS.loadBefore, a: plain(numberText(before)), b: plain(numberText(after)) })
  }
  return found
}
