/** A load as one HTML file, and as Markdown. Pure. */
import { momentText, numberText } from './format.ts'
import type { LoadDocument } from './load-schema.ts'
import {
  loadCharts,
  loadEntries,
  loadFigures,
  loadLatencies,
  loadNotices,
  loadResult,
  loadVerdict,
} from './load-view.ts'
import { chartText, comparisonText, figuresText, joined, plainText } from './markdown.ts'
import { html, type Markup } from './markup.ts'
import { page } from './page.ts'
import { chartFigure, comparisonTable, definitions, figureList } from './parts.ts'
import { type Language, say } from './words.ts'

/** One self-contained file with both languages, as `renderHtml` makes it of a validation. */
export function renderLoadHtml(report: LoadDocument, lang: Language): string {
  const title = (one: Language) => `Weir: ${say(one, 'loadTitle')}, ${momentText(report.startedAt)}`
  return page({ title, body: (one) => body(report, one) }, lang)
}

function body(report: LoadDocument, lang: Language): Markup {
  const notices = loadNotices(report, lang).map(
    (text) => html`<p class="notice tone-inconclusive">${text}</p>\n`,
  )
  const charts = loadCharts(report).map((chart, index) => chartFigure(chart, lang, `${lang}-${index}`))
  const reasons = codeEntries(report)
  return html`<header class="card hero tone-${loadVerdict(report)}"><div><h1>${say(lang, 'loadTitle')}</h1>
<p class="result"><b>${loadResult(report, lang)}</b></p>
<p class="soft">${say(lang, 'creed')}</p>${definitions('', loadEntries(report, lang))}</div></header>
${notices}
<section class="card"><h2>${say(lang, 'charts')}</h2><div class="charts">${charts}</div></section>
<section class="card"><h2>${say(lang, 'accounts')}</h2>${figureList(loadFigures(report), lang)}
${reasons.length > 0 && html`<h3>${say(lang, 'reasons')}</h3>${definitions('stats', reasons)}`}
${comparisonTable(loadLatencies(report), lang)}</section>`
}

/** Why messages were not acknowledged, the most frequent first. */
function codeEntries({ codes }: LoadDocument): [string, string][] {
  return Object.entries(codes)
    .sort(([a, x], [b, y]) => y - x || (a < b ? -1 : 1))
    .map(([code, times]) => [code, numberText(times)])
}

export function renderLoadMarkdown(report: LoadDocument, lang: Language): string {
  const list = (entries: readonly (readonly [string, string])[]) =>
    entries.map(([name, value]) => `- ${plainText(name)}: ${plainText(value)}`).join('\n')
  const reasons = codeEntries(report)
  return joined([
    `# Weir: ${say(lang, 'loadTitle')}`,
    `**${loadResult(report, lang)}**`,
    ...loadNotices(report, lang).map((text) => `> ${plainText(text)}`),
    list(loadEntries(report, lang)),
    ...loadCharts(report).map((chart) => chartText(chart, lang)),
    `## ${say(lang, 'accounts')}`,
    figuresText(loadFigures(report), lang),
    reasons.length > 0 && `### ${say(lang, 'reasons')}`,
    reasons.length > 0 && list(reasons),
    `### ${say(lang, 'latency')}`,
    comparisonText(loadLatencies(report), lang),
  ])
}
