/** A validation as one HTML file: what was found first, then each experiment, then how it was done. Pure. */
import type { Criterion, ExperimentReport, ValidationReport, Verdict } from './document.ts'
import { boundWords, durationText, measuredText, momentText } from './format.ts'
import { type Child, html, type Markup } from './markup.ts'
import { page } from './page.ts'
import {
  chartFigure,
  comparisonTable,
  criteriaTable,
  definitions,
  figureList,
  plainList,
  verdictChip,
} from './parts.ts'
import { aboutEntries, countText, judged, resultText, scoreText, wholeVerdict } from './validation-text.ts'
import { type Language, say, type Word } from './words.ts'

/**
 * One self-contained file that needs no script and asks for nothing from elsewhere. Both languages are in it; `lang` is
 * the one that it opens in. The same report gives the same text.
 */
export function renderHtml(report: ValidationReport, lang: Language): string {
  return page({ title: (one) => titleOf(report, one), body: (one) => body(report, one) }, lang)
}

function titleOf(report: ValidationReport, lang: Language): string {
  return `Weir: ${say(lang, 'title')}, ${momentText(report.startedAt)}`
}

function body(report: ValidationReport, lang: Language): Markup {
  const parts = [
    hero(report, lang),
    notices(report, lang),
    tiles(report, lang),
    faults(report, lang),
    ...report.experiments.map((experiment, index) => section(experiment, lang, `${lang}-${index}`)),
    about(report, lang),
  ]
  return html`${parts}
<footer><p>${say(lang, 'footer')} <a class="to-top" href="#top">${say(lang, 'toTop')}</a></p></footer>`
}

function hero(report: ValidationReport, lang: Language): Markup {
  const { environment, seed, seconds, startedAt } = report
  const facts: (readonly [Child, Child])[] = [
    [say(lang, 'startedAt'), momentText(startedAt)],
    [say(lang, 'took'), durationText(seconds, lang)],
    [say(lang, 'engine'), environment.engine ?? say(lang, 'unknown')],
    [say(lang, 'weir'), environment.weir],
    [say(lang, 'seed'), String(seed)],
  ]
  return html`<header class="card hero tone-${wholeVerdict(report)}">${gradeRing(report, lang)}
<div><h1>${say(lang, 'title')}</h1>
<p class="result"><b>${resultText(report, lang)}</b> · ${countText(report, lang)}</p>
<p class="soft">${say(lang, 'creed')}</p>${definitions('', facts)}</div></header>
`
}

const RING = 2 * Math.PI * 54

function gradeRing({ score, grade }: ValidationReport, lang: Language): Markup {
  const share = Math.min(Math.max(score ?? 0, 0), 100) / 100
  const points = score === null ? '–' : `${scoreText(score)} / 100`
  const name = `${say(lang, 'grade')} ${grade ?? say(lang, 'noGrade')}, ${say(lang, 'score')} ${points}`
  const length = Number((share * RING).toFixed(1))
  const arc = html`<circle class="share" cx="64" cy="64" r="54" transform="rotate(-90 64 64)"
 stroke-dasharray="${length} ${Number(RING.toFixed(1))}"/>`
  return html`<svg class="grade" role="img" aria-label="${name}" viewBox="0 0 128 128">
<circle class="track" cx="64" cy="64" r="54"/>${length > 0 && arc}
<text class="letter" x="64" y="74" text-anchor="middle">${grade ?? '–'}</text>
<text class="points" x="64" y="94" text-anchor="middle">${points}</text></svg>`
}

function notices(report: ValidationReport, lang: Language): Markup {
  const told: [boolean, Verdict, string][] = [
    [report.interrupted, 'failed', say(lang, 'interrupted')],
    [report.quick, 'inconclusive', say(lang, 'quickNote')],
  ]
  const shown = told.filter(([holds]) => holds)
  return html`${shown.map(([, tone, text]) => html`<p class="notice tone-${tone}">${text}</p>\n`)}`
}

function tiles({ experiments }: ValidationReport, lang: Language): Markup {
  if (experiments.length === 0) return html``
  const items = experiments.map(({ criteria, title, verdict }, index) => {
    const { passed, of } = judged(criteria)
    const count = of > 0 && `${passed} ${say(lang, 'of')} ${of}`
    return html`<li><a class="tone-${verdict}" href="#${lang}-${index}"><strong>${title[lang]}</strong>
${verdictChip(verdict, lang)} <small>${count}</small>
<span class="dots" aria-hidden="true">${criteria.map((one) => dot(one.verdict))}</span></a></li>
`
  })
  return html`<nav aria-label="${say(lang, 'experiments')}"><ul class="tiles">${items}</ul></nav>
`
}

/** Full, crossed or hollow, so that it can be told apart without colour. */
function dot(verdict: Verdict): Markup {
  const shape =
    verdict === 'passed'
      ? html`<rect width="12" height="12" rx="2"/>`
      : verdict === 'failed'
        ? html`<path d="M2 2L10 10M10 2L2 10" stroke-width="3"/>`
        : html`<rect x="1" y="1" width="10" height="10" rx="2" fill="none" stroke-width="2"/>`
  return html`<svg class="tone-${verdict}" viewBox="0 0 12 12">${shape}</svg>`
}

const isFault = (verdict: Verdict): boolean => verdict === 'failed' || verdict === 'inconclusive'

/** Whoever reads one thing only has to see this. */
function faults({ experiments }: ValidationReport, lang: Language): Markup {
  const items = experiments.filter(({ verdict }) => isFault(verdict)).flatMap((one) => faultsOf(one, lang))
  if (items.length === 0) return html``
  const id = `${lang}-faults`
  return html`<section class="card" aria-labelledby="${id}"><h2 id="${id}">${say(lang, 'notPassed')}</h2>
<ul class="faults">${items}</ul></section>
`
}

/** An experiment that broke off has no criterion to tell why; its summary does. */
function faultsOf({ title, verdict, summary, criteria }: ExperimentReport, lang: Language): Markup[] {
  const found = criteria.filter((criterion) => isFault(criterion.verdict))
  if (found.length > 0) return found.map((criterion) => faultItem(title[lang], criterion, lang))
  return [
    html`<li>${verdictChip(verdict, lang)} <strong>${title[lang]}</strong><p class="soft">${summary[lang]}</p></li>
`,
  ]
}

function faultItem(experiment: string, criterion: Criterion, lang: Language): Markup {
  const { title, verdict, measured, bound, unit, evidence } = criterion
  const found = measuredText(measured, bound, unit, lang)
  const needed = boundWords(bound, unit, lang)
  return html`<li>${verdictChip(verdict, lang)} <strong>${experiment}: ${title[lang]}</strong>
<p>${say(lang, 'measured')}: ${found} · ${say(lang, 'bound')}: ${needed}</p>
<p class="soft">${evidence[lang]}</p></li>
`
}

function section(report: ExperimentReport, lang: Language, key: string): Markup {
  const { title, verdict, summary, criteria, comparisons, charts, figures, notMeasured } = report
  const part = (word: Word, items: readonly unknown[], content: () => Child) =>
    items.length > 0 && html`<h3>${say(lang, word)}</h3>${content()}\n`
  const drawn = () => charts.map((chart, index) => chartFigure(chart, lang, `${key}-${index}`))
  const named = `${title[lang]}: ${say(lang, 'criteria')}`
  const parts = [
    part('charts', charts, () => html`<div class="charts">${drawn()}</div>`),
    part('criteria', criteria, () => criteriaTable(criteria, lang, named)),
    part('sideBySide', comparisons, () => comparisons.map((one) => comparisonTable(one, lang))),
    part('figures', figures, () => figureList(figures, lang)),
    part('notMeasured', notMeasured, () => plainList(notMeasured, lang)),
  ]
  const when = `${say(lang, 'took')} ${durationText(report.seconds, lang)}`
  const name = `${key}-name`
  return html`<section class="card" id="${key}" aria-labelledby="${name}">
<h2 id="${name}">${title[lang]} ${verdictChip(verdict, lang)}</h2>
<p><small>${report.experiment} · ${when}</small></p><p class="summary">${summary[lang]}</p>
${parts}</section>
`
}

function about(report: ValidationReport, lang: Language): Markup {
  const id = `${lang}-about`
  return html`<section class="card" aria-labelledby="${id}"><h2 id="${id}">${say(lang, 'about')}</h2>
${definitions('facts', aboutEntries(report, lang))}</section>`
}
