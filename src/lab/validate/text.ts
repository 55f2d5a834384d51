/** Findings as lines for a terminal, while they come in and when all are there. */
import type { Criterion, ExperimentReport, ValidationReport } from '../report/document.ts'
import { boundText, durationText, measuredText, numberText, quantity } from '../report/format.ts'
import { type Language, VERDICT_WORDS } from '../report/words.ts'

/** One experiment: a line of its own, then one for each criterion, with the evidence of those that did not pass. */
export function experimentText(report: ExperimentReport, lang: Language): string {
  const { experiment, title, verdict, seconds, criteria, figures, summary, notMeasured } = report
  const { sign } = VERDICT_WORDS[verdict]
  const head = `${sign} ${experiment}: ${title[lang]} (${VERDICT_WORDS[verdict][lang]}, ${durationText(seconds, lang)})`
  const measured = figures.filter(({ value }) => value !== null)
  const told = measured.map((figure) => `${figure.title[lang]} ${quantity(figure.value, figure.unit, lang)}`)
  return [
    head,
    `    ${summary[lang]}`,
    ...criteria.flatMap((one) => criterionLines(one, lang)),
    ...(told.length > 0 ? [`    ${told.join(' · ')}`] : []),
    ...notMeasured.map((one) => `    – ${one[lang]}`),
  ].join('\n')
}

function criterionLines(
  { title, bound, measured, unit, verdict, evidence, ideal }: Criterion,
  lang: Language,
) {
  const { sign } = VERDICT_WORDS[verdict]
  if (verdict === 'skipped')
    return [`  ${sign} ${title[lang]}: ${VERDICT_WORDS[verdict][lang]}`, `      ${evidence[lang]}`]
  const perfect = ideal === undefined ? '' : `, ${lang === 'ko' ? '이상적' : 'perfect'} ${numberText(ideal)}`
  const value = measuredText(measured, bound, unit, lang)
  const line = `  ${sign} ${title[lang]}: ${value} (${boundText(bound, unit, lang)}${perfect})`
  return verdict === 'passed' ? [line] : [line, `      ${evidence[lang]}`]
}

/** The last lines: counts, score, grade. */
export function conclusionText(report: ValidationReport, lang: Language): string {
  const { experiments, score, grade, passed, interrupted, seconds } = report
  const criteria = experiments.flatMap((one) => one.criteria)
  const counts = (['passed', 'failed', 'inconclusive', 'skipped'] as const)
    .map((verdict) => [verdict, criteria.filter((one) => one.verdict === verdict).length] as const)
    .filter(([, count]) => count > 0)
    .map(([verdict, count]) => `${count} ${VERDICT_WORDS[verdict][lang]}`)
  const graded =
    score === null
      ? { en: 'nothing was judged, so there is no grade', ko: '판정된 항목이 없어 등급이 없습니다' }
      : { en: `score ${numberText(score)}, grade ${grade}`, ko: `점수 ${numberText(score)}, 등급 ${grade}` }
  const word = { en: passed ? 'PASSED' : 'FAILED', ko: passed ? '통과' : '실패' }
  const cut = { en: ' (interrupted: of what ran until then)', ko: ' (중단됨: 그때까지의 결과)' }
  const told = [counts.join(', '), graded[lang], durationText(seconds, lang)].join('; ')
  return `${word[lang]}: ${told}${interrupted ? cut[lang] : ''}`
}
