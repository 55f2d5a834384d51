/** The pieces that reports are put together from. `key` is a text that is safe as an id and unique in the page. */
import { chartSvg, legend } from './chart.ts'
import type { Chart, Comparison, Criterion, Figure, Verdict, Words } from './document.ts'
import { boundText, markText, measuredText, numberText, quantity } from './format.ts'
import { type Frame, frameOf } from './frame.ts'
import { type Child, html, type Markup } from './markup.ts'
import { isNumber, rowsOf } from './thin.ts'
import { CHANGE_WORDS, type Change, type Language, say, unitIn, VERDICT_WORDS } from './words.ts'

export const MOST_DATA_ROWS = 60

/** The look that goes with a change; the word and the sign tell it without. */
const CHANGE_TONES: Readonly<Record<Change, Verdict>> = {
  better: 'passed',
  worse: 'failed',
  same: 'skipped',
  'only-in-a': 'inconclusive',
  'only-in-b': 'inconclusive',
  'not-comparable': 'inconclusive',
}

export function verdictChip(verdict: Verdict, lang: Language): Markup {
  const words = VERDICT_WORDS[verdict]
  return html`<span class="chip tone-${verdict}">${words.sign} ${words[lang]}</span>`
}

export function changeChip(change: Change, lang: Language): Markup {
  const words = CHANGE_WORDS[change]
  return html`<span class="chip tone-${CHANGE_TONES[change]}">${words.sign} ${words[lang]}</span>`
}

export function definitions(kind: string, entries: readonly (readonly [Child, Child])[]): Markup {
  return html`<dl class="${kind}">${entries.map(
    ([name, value]) => html`<div><dt>${name}</dt><dd>${value}</dd></div>`,
  )}</dl>`
}

/** A table wider than the screen scrolls by itself; with the keyboard, too. */
export const scrolling = (table: Markup, name: string): Markup =>
  html`<div class="scroll" tabindex="0" role="region" aria-label="${name}">${table}</div>`

/** A heading cell each; the roles keep it a table for screen readers where a phone shows its rows as blocks. */
export function stackedTable(headings: readonly Child[], rows: readonly Markup[], name: string): Markup {
  const cells = headings.map((heading) => html`<th role="columnheader" scope="col">${heading}</th>`)
  return html`<table class="stack" role="table" aria-label="${name}">
<thead role="rowgroup"><tr role="row">${cells}</tr></thead>
<tbody role="rowgroup">${rows}</tbody></table>`
}

export const stackedCell = (name: string, value: Child): Markup =>
  html`<td role="cell" class="value" data-name="${name}">${value}</td>`

export function criteriaTable(criteria: readonly Criterion[], lang: Language, name: string): Markup {
  const anyIdeal = criteria.some(({ ideal }) => ideal !== undefined)
  const [measured, bound, ideal] = [say(lang, 'measured'), say(lang, 'bound'), say(lang, 'ideal')]
  const headings = [say(lang, 'criterion'), measured, bound, ...(anyIdeal ? [ideal] : [])]
  const rows = criteria.map((criterion, index) => {
    const above = criteria[index - 1]?.evidence[lang]
    const evidence = criterion.evidence[lang] === above ? say(lang, 'asAbove') : criterion.evidence[lang]
    return html`<tr role="row"><th role="rowheader" scope="row">${criterion.title[lang]}
<small>${evidence}</small></th>${[
      stackedCell(measured, measuredText(criterion.measured, criterion.bound, criterion.unit, lang)),
      stackedCell(bound, boundText(criterion.bound, criterion.unit, lang)),
      anyIdeal &&
        stackedCell(
          ideal,
          criterion.ideal === undefined ? '–' : quantity(criterion.ideal, criterion.unit, lang),
        ),
    ]}<td role="cell" class="gauge-cell">${gauge(criterion)}</td>${stackedCell(
      say(lang, 'verdict'),
      verdictChip(criterion.verdict, lang),
    )}</tr>
`
  })
  const hidden = html`<span class="hidden">${say(lang, 'position')}</span>`
  const table = stackedTable([...headings, hidden, say(lang, 'verdict')], rows, name)
  return anyIdeal ? html`${table}<p><small>${say(lang, 'idealNote')}</small></p>` : table
}

/** Where the measured value is, against its bound: a bar, and a stroke (or a band) for the bound. */
function gauge({ bound, measured, verdict }: Criterion): Markup {
  if (!isNumber(measured)) return html``
  const limits = bound.kind === 'range' ? [bound.from, bound.to] : [bound.value]
  if (!limits.every(Number.isFinite)) return html``
  const low = Math.min(0, measured, ...limits)
  const reach = Math.max(0, measured, ...limits) - low || 1
  // A little room beyond the largest, so that a stroke at the end is seen.
  const at = (value: number) => Number((((value - low) / reach) * 96).toFixed(2))
  const [from, to] = [at(Math.min(0, measured)), at(Math.max(0, measured))]
  const strokes = limits.map((limit) => {
    const x = Math.max(at(limit), 0.5)
    return html`<line class="bound" x1="${x}" x2="${x}" y1="0" y2="8"/>`
  })
  return html`<svg class="bar gauge tone-${verdict}" viewBox="0 0 100 8" preserveAspectRatio="none" aria-hidden="true">
<rect class="ground" width="100" height="8"/>
<rect x="${from}" y="1.5" width="${Math.max(to - from, 0.8)}" height="5"/>${strokes}</svg>`
}

export function comparisonTable({ title, sides, rows }: Comparison, lang: Language): Markup {
  const lines = rows.map(({ title: name, unit, values }) => {
    const largest = Math.max(...values.filter(isNumber).map(Math.abs), 0)
    const cells = sides.map((_, side) => {
      const value = values[side]
      const share = isNumber(value) && largest > 0 ? (Math.abs(value) / largest) * 100 : 0
      return html`<td><span class="value">${quantity(value, unit, lang)}</span>${
        isNumber(value) && shareBar(share, side)
      }</td>`
    })
    return html`<tr><th scope="row">${name[lang]}</th>${cells}</tr>\n`
  })
  const head = sides.map((side) => html`<th scope="col">${side[lang]}</th>`)
  const table = html`<table><caption>${title[lang]}</caption><thead><tr><td></td>${head}</tr></thead>
<tbody>${lines}</tbody></table>`
  return scrolling(table, `${title[lang]} (${say(lang, 'scrollable')})`)
}

export const shareBar = (percent: number, side: number): Markup =>
  html`<svg class="bar side${side % 4}" viewBox="0 0 100 8" preserveAspectRatio="none" aria-hidden="true">
<rect class="ground" width="100" height="8"/><rect width="${Number(percent.toFixed(2))}" height="8"/></svg>`

export const figureList = (figures: readonly Figure[], lang: Language): Markup =>
  definitions(
    'stats',
    figures.map(({ title, value, unit }) => [title[lang], quantity(value, unit, lang)]),
  )

/** `frame`: unless its axes are its own. */
export function chartFigure(chart: Chart, lang: Language, key: string, frame = frameOf(chart)): Markup {
  const unit = chart.unit === '' ? '' : html` <small>${unitIn(lang, chart.unit)}</small>`
  return html`<figure><h4>${chart.title[lang]}${unit}</h4>
${legend(chart, frame, lang)}${chartSvg(chart, frame, lang, key)}
<figcaption aria-hidden="true">${chart.alternative[lang]}</figcaption>${dataTable(chart, frame, lang)}</figure>
`
}

function dataTable(chart: Chart, frame: Frame | undefined, lang: Language): Markup {
  if (!frame) return html``
  const { from, to } = frame.time
  const rows = rowsOf(chart.series, from, to, MOST_DATA_ROWS)
  const most = Math.max(...chart.series.map(({ points }) => points.length))
  const head = chart.series.map(({ title }) => html`<th scope="col">${title[lang]}</th>`)
  const step = (to - from) / MOST_DATA_ROWS
  const lines = rows.map(({ seconds, values }) => {
    const time = most > MOST_DATA_ROWS ? markText(seconds, step) : numberText(seconds)
    return html`<tr><th scope="row">${time}</th>${values.map((value) => html`<td>${numberText(value)}</td>`)}</tr>\n`
  })
  const name = `${chart.title[lang]}: ${say(lang, 'data')}`
  const note = say(lang, most > MOST_DATA_ROWS ? 'dataThinned' : 'dataWhole')
  const time = `${say(lang, 'time')} (${unitIn(lang, 's')})`
  const table = html`<table><thead><tr><th scope="col">${time}</th>${head}</tr></thead>
<tbody>${lines}</tbody></table>`
  return html`<details><summary>${say(lang, 'data')}<span class="hidden">: ${chart.title[lang]}</span></summary>
<p><small>${note}</small></p>${scrolling(table, name)}</details>`
}

export const plainList = (items: readonly Words[], lang: Language): Markup =>
  html`<ul class="unmeasured">${items.map((item) => html`<li>${item[lang]}</li>`)}</ul>`
