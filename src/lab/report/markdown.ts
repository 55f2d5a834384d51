/**
 * Reports as Markdown (GitHub's tables), for tickets and merge requests. Curves are told by their text alternative and
 * a row of block characters. Pure.
 */
import { COLUMNS as FINEST } from './chart.ts'
import type { ComparisonReport } from './compare.ts'
import { comparisonRows, neededText, runRows } from './comparison-rows.ts'
import type {
  Chart,
  Comparison,
  Criterion,
  ExperimentReport,
  Figure,
  ValidationReport,
  Verdict,
} from './document.ts'
import { boundText, durationText, measuredText, numberText, quantity } from './format.ts'
import { frameOf } from './frame.ts'
import { isNumber, rowsOf } from './thin.ts'
import { aboutEntries, countText, resultText, scoreText } from './validation-text.ts'
import { type Language, say, unitIn, VERDICT_WORDS } from './words.ts'

const BLOCKS = ['▁', '▂', '▃', '▄', '▅', '▆', '▇', '█']
const SPARK_WIDTH = Math.min(60, FINEST)

/** The same report gives the same text. */
export function renderMarkdown(report: ValidationReport, lang: Language): string {
  const { experiments, score, grade } = report
  const points = score === null ? '' : `, ${say(lang, 'score')} ${scoreText(score)} / 100`
  const blocks = [
    `# Weir: ${say(lang, 'title')}`,
    `**${resultText(report, lang)}** · ${countText(report, lang)} · ${say(lang, 'grade')} ${grade ?? '–'}${points}`,
    say(lang, 'creed'),
    report.interrupted && `> ${say(lang, 'interrupted')}`,
    report.quick && `> ${say(lang, 'quickNote')}`,
    ...experiments.flatMap((experiment) => experimentBlocks(experiment, lang)),
    `## ${say(lang, 'about')}`,
    aboutEntries(report, lang)
      .map(([name, value]) => `- ${name}: ${plainText(value)}`)
      .join('\n'),
  ]
  return joined(blocks)
}

export function renderComparisonMarkdown(comparison: ComparisonReport, lang: Language): string {
  const { result, counts, warning, criteria, differences, words } = comparisonRows(comparison, lang)
  const { a, b } = words
  const needed = comparison.criteria.map((one) => neededText(one, lang))
  return joined([
    `# Weir: ${say(lang, 'comparisonTitle')}`,
    `**${result}** · ${counts}`,
    warning !== undefined && `> ${warning}`,
    tableOf(['', a, b], runRows(comparison, lang)),
    `## ${say(lang, 'criteria')}`,
    tableOf(
      [words.criterion, a, b, say(lang, 'bound'), words.difference, words.change],
      criteria.map((row, index) => row.toSpliced(3, 0, needed[index] ?? '')),
    ),
    say(lang, 'sameNote'),
    `## ${words.differences}`,
    differences.length === 0 ? words.noDifferences : tableOf(['', a, b], differences),
  ])
}

export const joined = (blocks: readonly (string | false)[]): string =>
  `${blocks.filter(Boolean).join('\n\n')}\n`

const verdictText = (verdict: Verdict, lang: Language): string =>
  `${VERDICT_WORDS[verdict].sign} ${VERDICT_WORDS[verdict][lang]}`

function experimentBlocks(report: ExperimentReport, lang: Language): (string | false)[] {
  const { title, verdict, summary, criteria, comparisons, charts, figures, notMeasured } = report
  const heading = (word: Parameters<typeof say>[1]) => `### ${say(lang, word)}`
  return [
    `## ${plainText(title[lang])}: ${verdictText(verdict, lang)}`,
    `\`${report.experiment}\` · ${say(lang, 'took')} ${durationText(report.seconds, lang)}`,
    plainText(summary[lang]),
    criteria.length > 0 && criteriaTable(criteria, lang),
    ...comparisons.flatMap((comparison) => [
      `### ${plainText(comparison.title[lang])}`,
      comparisonText(comparison, lang),
    ]),
    charts.length > 0 && heading('charts'),
    ...charts.map((chart) => chartText(chart, lang)),
    figures.length > 0 && heading('figures'),
    figures.length > 0 && figuresText(figures, lang),
    notMeasured.length > 0 && heading('notMeasured'),
    notMeasured.length > 0 && notMeasured.map((words) => `- ${plainText(words[lang])}`).join('\n'),
  ]
}

export const figuresText = (figures: readonly Figure[], lang: Language): string =>
  figures
    .map((one) => `- ${plainText(one.title[lang])}: ${plainText(quantity(one.value, one.unit, lang))}`)
    .join('\n')

function criteriaTable(criteria: readonly Criterion[], lang: Language): string {
  const words = ['criterion', 'measured', 'bound', 'ideal', 'verdict', 'evidence'] as const
  return tableOf(
    words.map((word) => say(lang, word)),
    criteria.map(({ title, measured, bound, unit, ideal, verdict, evidence }) => [
      title[lang],
      measuredText(measured, bound, unit, lang),
      boundText(bound, unit, lang),
      ideal === undefined ? '–' : quantity(ideal, unit, lang),
      verdictText(verdict, lang),
      evidence[lang],
    ]),
  )
}

export function comparisonText({ sides, rows }: Comparison, lang: Language): string {
  return tableOf(
    ['', ...sides.map((side) => side[lang])],
    rows.map(({ title, unit, values }) => [
      title[lang],
      ...sides.map((_, side) => quantity(values[side], unit, lang)),
    ]),
  )
}

/** The largest value of each piece of time, as high as it is against the chart's largest. */
export function chartText(chart: Chart, lang: Language): string {
  const unit = chart.unit === '' ? '' : ` (${unitIn(lang, chart.unit)})`
  const lines = [
    `**${plainText(chart.title[lang])}**${plainText(unit)}: ${plainText(chart.alternative[lang])}`,
  ]
  const frame = frameOf(chart)
  if (!frame) return `${lines[0]}\n\n${say(lang, 'noPoints')}`
  const { time, value } = frame
  const rows = rowsOf(chart.series, time.from, time.to, SPARK_WIDTH)
  const most = Math.max(value.to, -value.from)
  for (const [index, { title }] of chart.series.entries()) {
    const spark = rows.map(({ values }) => {
      const level = values[index]
      return isNumber(level) ? (BLOCKS[Math.min(7, Math.floor((Math.abs(level) / most) * 8))] ?? '') : '·'
    })
    const peak = Math.max(...rows.map(({ values }) => values[index]).filter(isNumber))
    const told = Number.isFinite(peak) ? `${say(lang, 'peak')} ${numberText(peak)}` : say(lang, 'noPoints')
    lines.push(`\`${spark.join('')}\` ${plainText(title[lang])}, ${told}`)
  }
  const limits = chart.limits.map(
    ({ title, value: limit }) => `${plainText(title[lang])} ${numberText(limit)}`,
  )
  if (limits.length > 0) lines.push(limits.join(', '))
  return lines.join('  \n')
}

function tableOf(headings: readonly string[], rows: readonly (readonly string[])[]): string {
  const line = (cells: readonly string[]) => `| ${cells.map(plainText).join(' | ')} |`
  return [line(headings), `|${' --- |'.repeat(headings.length)}`, ...rows.map(line)].join('\n')
}

/** A text stays a text: no markup, no HTML, no link, no end of a cell, no new line. */
export function plainText(text: string): string {
  return text
    .replace(/[\r\n\t\u00a0]+/g, ' ')
    .replace(/&/g, '&amp;')
    .replace(/</g, '&lt;')
    .replace(/([\\`*_[\]|~#])/g, '\\$1')
    .replace(/(https?):\/\//g, '$1&#58;//')
}
