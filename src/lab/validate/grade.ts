/** How single verdicts become one: of an experiment, and of the whole run. Pure. */
import type { Criterion, ExperimentReport, Grade, ValidationReport, Verdict } from '../report/document.ts'

/** One failure fails all; what could not be told leaves it open, however well the rest went; a skip does not. */
export function verdictOfAll(criteria: readonly Pick<Criterion, 'verdict'>[]): Verdict {
  const has = (verdict: Verdict) => criteria.some((one) => one.verdict === verdict)
  if (has('failed')) return 'failed'
  if (has('inconclusive')) return 'inconclusive'
  return has('passed') ? 'passed' : 'skipped'
}

/** A ≥ 90, B ≥ 80, C ≥ 70, D ≥ 60, as the older system graded. */
const GRADES: readonly (readonly [number, Grade])[] = [
  [90, 'A'],
  [80, 'B'],
  [70, 'C'],
  [60, 'D'],
  [0, 'F'],
]

/** A lost message makes it F whatever else is well: that is what a queue is for. */
export function gradeOf(
  experiments: readonly Pick<ExperimentReport, 'criteria'>[],
): Pick<ValidationReport, 'score' | 'grade' | 'passed'> {
  const criteria = experiments.flatMap((one) => one.criteria)
  const judged = criteria.filter(({ verdict }) => verdict === 'passed' || verdict === 'failed')
  if (judged.length === 0) return { score: null, grade: null, passed: false }
  const good = judged.filter(({ verdict }) => verdict === 'passed')
  const score = (good.length / judged.length) * 100
  const lost = judged.some(({ id, verdict }) => id.endsWith('.lost') && verdict === 'failed')
  const grade = lost ? 'F' : (GRADES.find(([least]) => score >= least)?.[1] ?? 'F')
  return { score, grade, passed: good.length === judged.length }
}
