/** Two validations beside each other as one HTML file. Pure. */
import type { ChartPair, ComparedCriterion, ComparisonReport } from './compare.ts'
import {
  countsText,
  differenceText,
  neededText,
  regressedText,
  runRows,
  sideText,
  warningText,
} from './comparison-rows.ts'
import type { Verdict, Words } from './document.ts'
import { boundText, measuredText } from './format.ts'
import { framesOf } from './frame.ts'
import { html, type Markup } from './markup.ts'
import { page } from './page.ts'
import {
  changeChip,
  chartFigure,
  scrolling,
  shareBar,
  stackedCell,
  stackedTable,
  verdictChip,
} from './parts.ts'
import { type Language, say, VERDICT_WORDS } from './words.ts'

/** One self-contained file with both languages, as `renderHtml` makes it of one validation. */
export function renderComparisonHtml(
  comparison: ComparisonReport,
  charts: readonly ChartPair[],
  lang: Language,
): string {
  const title = (one: Language) => `Weir: ${say(one, 'comparisonTitle')}`
  return page({ title, body: (one) => body(comparison, charts, one) }, lang)
}

function body(comparison: ComparisonReport, charts: readonly ChartPair[], lang: Language): Markup {
  const { regressed, criteria } = comparison
  const tone: Verdict = regressed.length > 0 ? 'failed' : 'passed'
  const changed = criteria.filter(({ verdictChanged }) => verdictChanged)
  return html`<header class="card hero tone-${tone}"><div><h1>${say(lang, 'comparisonTitle')}</h1>
<p class="result"><b>${regressedText(comparison, lang)}</b></p>
<p class="soft">${countsText(comparison, lang)}</p></div></header>
${warning(comparison, lang)}${runs(comparison, lang)}
<section class="card"><h2>${say(lang, 'changedVerdicts')}</h2>${
    changed.length === 0
      ? html`<p>${say(lang, 'noChangedVerdicts')}</p>`
      : html`<ul class="faults">${changed.map((one) => changedItem(one, lang))}</ul>`
  }</section>
<section class="card"><h2>${say(lang, 'criteria')}</h2>${criteriaTable(criteria, lang)}
<p><small>${say(lang, 'sameNote')}</small></p></section>
${curves(charts, lang)}${differences(comparison, lang)}`
}

/** Each pair on the same axes: what is higher in one than in the other is higher on the screen. */
function curves(pairs: readonly ChartPair[], lang: Language): Markup {
  const shown = pairs.flatMap(({ title, a, b }, index) => {
    const frames = framesOf([a, b])
    if (frames.every((frame) => frame === undefined)) return []
    const figures = [a, b].map((chart, side) => {
      const name = (one: Language) => `${say(one, side === 0 ? 'first' : 'second')}: ${chart.title[one]}`
      const titled = { ...chart, title: { en: name('en'), ko: name('ko') } }
      return chartFigure(titled, lang, `${lang}-${index}-${side}`, frames[side])
    })
    return [html`<h3>${title[lang]}</h3><div class="charts">${figures}</div>\n`]
  })
  if (shown.length === 0) return html``
  return html`<section class="card"><h2>${say(lang, 'charts')}</h2><p><small>${say(lang, 'sameAxes')}</small></p>
${shown}</section>
`
}

function warning(comparison: ComparisonReport, lang: Language): Markup {
  const text = warningText(comparison, lang)
  return text === undefined ? html`` : html`<p class="notice tone-inconclusive">${text}</p>`
}

const sides = (lang: Language) => [say(lang, 'first'), say(lang, 'second')]

function threeColumns(rows: readonly (readonly string[])[], lang: Language, name: string): Markup {
  const lines = rows.map(
    ([what = '', a = '', b = '']) => html`<tr><th scope="row">${what}</th><td>${a}</td><td>${b}</td></tr>\n`,
  )
  const head = sides(lang).map((side) => html`<th scope="col">${side}</th>`)
  const table = html`<table><thead><tr><td></td>${head}</tr></thead><tbody>${lines}</tbody></table>`
  return scrolling(table, `${name} (${say(lang, 'scrollable')})`)
}

function runs(comparison: ComparisonReport, lang: Language): Markup {
  return html`<section class="card"><h2>${say(lang, 'twoRuns')}</h2>${threeColumns(
    runRows(comparison, lang),
    lang,
    say(lang, 'twoRuns'),
  )}</section>`
}

function differences(comparison: ComparisonReport, lang: Language): Markup {
  const name = say(lang, 'differences')
  const rows = comparison.differences.map(({ what, a, b }) => [what, a, b].map((words: Words) => words[lang]))
  return html`<section class="card"><h2>${name}</h2>${
    rows.length === 0 ? html`<p>${say(lang, 'noDifferences')}</p>` : threeColumns(rows, lang, name)
  }</section>`
}

function changedItem({ title, a, b, unit }: ComparedCriterion, lang: Language): Markup {
  if (!a || !b) return html``
  const value = (side: typeof a) => measuredText(side.measured, side.bound, unit, lang)
  return html`<li>${verdictChip(a.verdict, lang)} → ${verdictChip(b.verdict, lang)} <strong>${title[lang]}</strong>
<p>${value(a)} → ${value(b)} (${say(lang, 'bound')}: ${boundText(b.bound, unit, lang)})</p></li>
`
}

function criteriaTable(criteria: readonly ComparedCriterion[], lang: Language): Markup {
  const [a = '', b = ''] = sides(lang)
  const names = [a, b, say(lang, 'bound'), say(lang, 'difference'), say(lang, 'change')]
  const rows = criteria.map((one) => {
    const largest = Math.max(Math.abs(one.a?.measured ?? 0), Math.abs(one.b?.measured ?? 0))
    const side = (which: 'a' | 'b', index: number, name: string) => {
      const measured = one[which]?.measured
      const share = largest > 0 ? (Math.abs(measured ?? 0) / largest) * 100 : 0
      const verdict = one[which]?.verdict
      const sign =
        verdict &&
        html` <span class="tone-${verdict} sign">${VERDICT_WORDS[verdict].sign}
<span class="hidden">${VERDICT_WORDS[verdict][lang]}</span></span>`
      const bar = typeof measured === 'number' && shareBar(share, index)
      return stackedCell(name, html`<div>${sideText(one, which, lang)}${sign}${bar}</div>`)
    }
    return html`<tr role="row"><th role="rowheader" scope="row">${one.title[lang]}</th>${[
      side('a', 0, a),
      side('b', 1, b),
      stackedCell(names[2] ?? '', neededText(one, lang)),
      stackedCell(names[3] ?? '', differenceText(one)),
      stackedCell(names[4] ?? '', changeChip(one.change, lang)),
    ]}</tr>
`
  })
  return stackedTable([say(lang, 'criterion'), ...names], rows, say(lang, 'criteria'))
}
