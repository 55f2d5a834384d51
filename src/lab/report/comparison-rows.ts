/** A comparison in words, for the terminal, the Markdown and the HTML alike. Pure. */
import type { ComparedCriterion, ComparedRun, ComparisonReport } from './compare.ts'
import type { Verdict } from './document.ts'
import { boundText, durationText, measuredText, momentText, numberText, shareText, signed } from './format.ts'
import { scoreText } from './validation-text.ts'
import { CHANGE_WORDS, CHANGES, type Language, say, VERDICT_WORDS } from './words.ts'

export interface ComparisonRows {
  readonly result: string
  readonly counts: string
  readonly warning: string | undefined
  /** Criterion, A, B, B against A, change. */
  readonly criteria: readonly (readonly string[])[]
  /** What, A, B. */
  readonly differences: readonly (readonly string[])[]
  readonly words: Readonly<
    Record<'criterion' | 'a' | 'b' | 'difference' | 'change' | 'differences' | 'noDifferences', string>
  >
}

export function comparisonRows(comparison: ComparisonReport, lang: Language): ComparisonRows {
  return {
    result: regressedText(comparison, lang),
    counts: countsText(comparison, lang),
    warning: warningText(comparison, lang),
    criteria: comparison.criteria.map((one) => [
      one.title[lang],
      ...(['a', 'b'] as const).map((side) => `${sideText(one, side, lang)}${signOf(one[side]?.verdict)}`),
      differenceText(one),
      changeText(one, lang),
    ]),
    differences: comparison.differences.map((row) => [row.what[lang], row.a[lang], row.b[lang]]),
    words: {
      criterion: say(lang, 'criterion'),
      a: say(lang, 'first'),
      b: say(lang, 'second'),
      difference: say(lang, 'difference'),
      change: say(lang, 'change'),
      differences: say(lang, 'differences'),
      noDifferences: say(lang, 'noDifferences'),
    },
  }
}

export function regressedText({ regressed }: ComparisonReport, lang: Language): string {
  return regressed.length === 0
    ? say(lang, 'notRegressed')
    : `${say(lang, 'regressed')} (${numberText(regressed.length)})`
}

export function countsText({ counts }: ComparisonReport, lang: Language): string {
  const told = CHANGES.filter((change) => counts[change] > 0)
  return told.map((change) => `${CHANGE_WORDS[change][lang]} ${numberText(counts[change])}`).join(' · ')
}

/** What to be careful about when reading it; undefined when the conditions were the same. */
export function warningText(
  { otherMachine, differences }: ComparisonReport,
  lang: Language,
): string | undefined {
  if (otherMachine) return say(lang, 'otherMachine')
  return differences.length > 0 ? say(lang, 'otherConditions') : undefined
}

/** Name, A, B: what is told of the runs as a whole. */
export function runRows({ a, b }: ComparisonReport, lang: Language): [string, string, string][] {
  const row = (name: string, of: (run: ComparedRun) => string): [string, string, string] => [
    name,
    of(a),
    of(b),
  ]
  return [
    row(say(lang, 'grade'), ({ grade }) => grade ?? '–'),
    row(say(lang, 'score'), ({ score }) => scoreText(score)),
    row(say(lang, 'verdict'), (run) => wholeText(run, lang)),
    row(say(lang, 'startedAt'), ({ startedAt }) => momentText(startedAt)),
    row(say(lang, 'took'), ({ seconds }) => durationText(seconds, lang)),
  ]
}

function wholeText({ score, passed, interrupted }: ComparedRun, lang: Language): string {
  const verdict = score === null ? 'nothingJudged' : passed ? 'passedWhole' : 'failedWhole'
  return `${say(lang, verdict)}${interrupted ? ` (${say(lang, 'wasInterrupted')})` : ''}`
}

/** +12 (+8.3 %), in the criterion's unit. */
export function differenceText(one: ComparedCriterion): string {
  if (one.difference === null || one.a?.measured == null || one.b?.measured == null) return '–'
  const share = one.unit === '%' ? '' : shareText(one.a.measured, one.b.measured)
  return `${signed(one.difference)}${share === '' || one.difference === 0 ? '' : ` (${share})`}`
}

export const changeText = ({ change }: ComparedCriterion, lang: Language): string =>
  `${CHANGE_WORDS[change].sign} ${CHANGE_WORDS[change][lang]}`

const signOf = (verdict: Verdict | undefined): string => (verdict ? ` ${VERDICT_WORDS[verdict].sign}` : '')

export function sideText(one: ComparedCriterion, which: 'a' | 'b', lang: Language): string {
  const side = one[which]
  return side ? measuredText(side.measured, side.bound, one.unit, lang) : '–'
}

export function neededText({ a, b, unit, boundChanged }: ComparedCriterion, lang: Language): string {
  const needed = b ?? a
  if (!needed) return '–'
  const text = boundText(needed.bound, unit, lang)
  return boundChanged && a ? `${text} (${say(lang, 'otherBound')}: ${boundText(a.bound, unit, lang)})` : text
}
