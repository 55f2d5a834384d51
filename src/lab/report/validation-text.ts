/** What the HTML and the Markdown of a validation say alike. Pure. */
import type { ExperimentReport, ValidationReport, Verdict } from './document.ts'
import { bytesText, durationText, momentText, numberText } from './format.ts'
import { type Language, say, VERDICT_WORDS } from './words.ts'

/** The verdict of the whole: failed, passed, or nothing that could be judged. */
export function wholeVerdict(report: ValidationReport): Verdict {
  if (report.score === null) return 'inconclusive'
  return report.passed ? 'passed' : 'failed'
}

export function resultText(report: ValidationReport, lang: Language): string {
  if (report.score === null) return say(lang, 'nothingJudged')
  return say(lang, report.passed ? 'passedWhole' : 'failedWhole')
}

/** How many of those that were judged have passed. */
export function judged(criteria: ExperimentReport['criteria']): { passed: number; of: number } {
  const all = criteria.filter(({ verdict }) => verdict === 'passed' || verdict === 'failed')
  return { passed: all.filter(({ verdict }) => verdict === 'passed').length, of: all.length }
}

export function countText(report: ValidationReport, lang: Language): string {
  const all = report.experiments.flatMap(({ criteria }) => criteria)
  const { passed, of } = judged(all)
  const counted =
    lang === 'ko'
      ? `판정된 기준 ${of}개 중 ${passed}개 통과`
      : `${passed} of ${of} judged ${of === 1 ? 'criterion' : 'criteria'} passed`
  // Left out, they would be taken for passed.
  const rest = (['inconclusive', 'skipped'] as const).flatMap((verdict) => {
    const number = all.filter((one) => one.verdict === verdict).length
    return number === 0
      ? []
      : [
          lang === 'ko'
            ? `${VERDICT_WORDS[verdict].ko} ${number}개`
            : `${number} ${VERDICT_WORDS[verdict].en}`,
        ]
  })
  return [counted, ...rest].join(', ')
}

/** Rounded down: 99.96 must not be read as 100. */
export const scoreText = (score: number | null): string =>
  score === null ? '–' : numberText(Math.floor(score * 10) / 10)

export function aboutEntries(report: ValidationReport, lang: Language): [string, string][] {
  const { environment } = report
  const load = environment.loadBefore
  return [
    [say(lang, 'startedAt'), momentText(report.startedAt)],
    [say(lang, 'took'), durationText(report.seconds, lang)],
    [say(lang, 'kindOfRun'), say(lang, report.quick ? 'quick' : 'whole')],
    [say(lang, 'seed'), `${report.seed} (${say(lang, 'seedNote')})`],
    [say(lang, 'service'), report.url ?? say(lang, 'ownService')],
    [say(lang, 'engine'), environment.engine ?? say(lang, 'unknown')],
    [say(lang, 'weir'), environment.weir],
    [say(lang, 'node'), environment.node],
    [say(lang, 'platform'), environment.platform],
    [say(lang, 'cpu'), environment.cpu],
    [say(lang, 'cores'), String(environment.cores)],
    [say(lang, 'memory'), bytesText(environment.memoryBytes)],
    [
      say(lang, 'loadBefore'),
      load === null ? say(lang, 'notMeasuredValue') : `${numberText(load)} (${say(lang, 'loadNote')})`,
    ],
  ]
}
