/** How a comparison of two validations looks on a terminal. */
import { type ComparisonReport, comparisonRows, type Language } from '../lab/index.ts'
import { table } from './terminal.ts'

export function comparisonText(comparison: ComparisonReport, lang: Language): string {
  const { result, counts, warning, criteria, differences, words } = comparisonRows(comparison, lang)
  const { a, b } = words
  const blocks = [
    `${result}\n${counts}`,
    warning,
    table([words.criterion, a, b, words.difference, words.change], criteria),
    differences.length > 0 ? table([words.differences, a, b], differences) : words.noDifferences,
  ]
  // What keeps a number and its unit on one line of a page would hide them from a search here.
  return blocks
    .filter((block) => block !== undefined)
    .join('\n\n')
    .replaceAll('\u00a0', ' ')
}
