/** A validation as one HTML file: what was found first, then each experiment, then how it was done. Pure. */
import type { ExperimentReport, ValidationReport, Verdict } from './document.ts'
import { boundWords, bytesText, durationText, measuredText, momentText, numberText } from './format.ts'
import { type Child, html, type Markup } from './markup.ts'
import { page } from './page.ts'
import {
  chartFigure,
  comparisonTable,
  criteriaTable,
  definitions,
  figureList,
  judged,
  plainList,
  verdictChip,
} from './parts.ts'
import { type Language, say } from './words.ts'

/**
 * One self-contained file that needs no script and asks for nothing from elsewhere. Both languages are in it; `lang` is
 * the one that it opens in. The same report gives the same text.
 */
export function renderHtml(report: ValidationReport, lang: Language): string {
  return page({ title: (one) => titleOf(report, one), body: (one) => body(report, one) }, lang)
}

export function titleOf(report: ValidationReport, lang: Language): string {
  return `Weir: ${say(lang, 'title')}, ${momentText(report.startedAt)}`
}

function body(report: ValidationReport, lang: Language): Markup {
  return html`${hero(report, lang)}${notices(report, lang)}${tiles(report, lang)}${faults(report, lang)}${report.experiments.map(
    (experiment, index) => section(experiment, lang, `${lang}-${index}`),
  )}${about(report, lang)}
<footer><p>${say(lang, 'footer')} <a class="to-top" href="#top">${say(lang, 'toTop')}</a></p></footer>`
}

/** The verdict of the whole: failed, passed, or nothing that could be judged. */
export function wholeVerdict(report: ValidationReport): Verdict {
  if (report.score === null) return 'inconclusive'
  return report.passed ? 'passed' : 'failed'
}

export function resultText(report: ValidationReport, lang: Language): string {
  if (report.score === null) return say(lang, 'nothingJudged')
  return say(lang, report.passed ? 'passedWhole' : 'failedWhole')
}

export function countText(report: ValidationReport, lang: Language): string {
  const { passed, of } = judged(report.experiments.flatMap(({ criteria }) => criteria))
  return lang === 'ko'
    ? `기준 ${of}개 중 ${passed}개 통과`
    : `${passed} of ${of} ${of === 1 ? 'criterion' : 'criteria'} passed`
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
<div><h1>${say(lang, 'title')}</h1><p class="result"><b>${resultText(report, lang)}</b> · ${countText(report, lang)}</p>
<p class="soft">${say(lang, 'creed')}</p>${definitions('', facts)}</div></header>
`
}

const RING = 2 * Math.PI * 54

function gradeRing({ score, grade }: ValidationReport, lang: Language): Markup {
  const share = Math.min(Math.max(score ?? 0, 0), 100) / 100
  const points = score === null ? '–' : `${numberText(Math.floor(score * 10) / 10)} / 100`
  const name = `${say(lang, 'grade')} ${grade ?? say(lang, 'noGrade')}, ${say(lang, 'score')} ${points}`
  const length = Number((share * RING).toFixed(1))
  const arc = html`<circle class="share" cx="64" cy="64" r="54" transform="rotate(-90 64 64)"
 stroke-dasharray="${length} ${Number(RING.toFixed(1))}"/>`
  return html`<svg class="grade" role="img" aria-label="${name}" viewBox="0 0 128 128"><circle class="track" cx="64" cy="64"
 r="54"/>${length > 0 && arc}<text class="letter" x="64" y="74" text-anchor="middle">${grade ?? '–'}</text><text class="points" x="64" y="94"
 text-anchor="middle">${points}</text></svg>`
}

function notices(report: ValidationReport, lang: Language): Markup {
  const told: [boolean, Verdict, string][] = [
    [report.interrupted, 'failed', say(lang, 'interrupted')],
    [report.quick, 'inconclusive', say(lang, 'quickNote')],
  ]
  return html`${told.map(
    ([holds, tone, text]) => holds && html`<p class="notice tone-${tone}">${text}</p>\n`,
  )}`
}

function tiles({ experiments }: ValidationReport, lang: Language): Markup {
  if (experiments.length === 0) return html``
  const items = experiments.map((experiment, index) => {
    const { passed, of } = judged(experiment.criteria)
    const dots = experiment.criteria.map(({ verdict }) => dot(verdict))
    return html`<li><a class="tone-${experiment.verdict}" href="#${lang}-${index}"><strong>${experiment.title[lang]}</strong>
${verdictChip(experiment.verdict, lang)} <small>${of > 0 && `${passed} ${say(lang, 'of')} ${of}`}</small><span class="dots" aria-hidden="true">${dots}</span></a></li>
`
  })
  return html`<nav aria-label="${say(lang, 'experiments')}"><ul class="tiles">${items}</ul></nav>`
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

/** Whoever reads one thing only has to see this. */
function faults({ experiments }: ValidationReport, lang: Language): Markup {
  const found = experiments.flatMap(({ title, criteria }) =>
    criteria
      .filter(({ verdict }) => verdict === 'failed' || verdict === 'inconclusive')
      .map((criterion) => ({ experiment: title, criterion })),
  )
  if (found.length === 0) return html``
  const items = found.map(({ experiment, criterion }) => {
    const { title, verdict, measured, bound, unit, evidence } = criterion
    const numbers = `${measuredText(measured, bound, unit, lang)}, ${say(lang, 'bound')}: ${boundWords(bound, unit, lang)}`
    return html`<li>${verdictChip(verdict, lang)} <strong>${experiment[lang]}: ${title[lang]}</strong>
<p>${say(lang, 'measured')}: ${numbers}</p><p class="soft">${evidence[lang]}</p></li>
`
  })
  return html`<section class="card" aria-labelledby="${lang}-faults"><h2 id="${lang}-faults">${say(lang, 'notPassed')}</h2>
<ul class="faults">${items}</ul></section>
`
}

function section(report: ExperimentReport, lang: Language, key: string): Markup {
  const { title, verdict, summary, criteria, comparisons, charts, figures, notMeasured } = report
  const head = (word: Parameters<typeof say>[1]) => html`<h3>${say(lang, word)}</h3>`
  const when = `${say(lang, 'took')} ${durationText(report.seconds, lang)}`
  return html`<section class="card" id="${key}" aria-labelledby="${key}-name"><h2 id="${key}-name">${title[lang]} ${verdictChip(
    verdict,
    lang,
  )}</h2><p><small>${report.experiment} · ${when}</small></p><p>${summary[lang]}</p>
${charts.length > 0 && [head('charts'), html`<div class="charts">${charts.map((chart, index) => chartFigure(chart, lang, `${key}-${index}`))}</div>`]}
${criteria.length > 0 && [head('criteria'), criteriaTable(criteria, lang, `${title[lang]}: ${say(lang, 'criteria')}`)]}
${comparisons.length > 0 && [head('sideBySide'), comparisons.map((comparison) => comparisonTable(comparison, lang))]}
${figures.length > 0 && [head('figures'), figureList(figures, lang)]}
${notMeasured.length > 0 && [head('notMeasured'), plainList(notMeasured, lang)]}</section>
`
}

/** Names and values, for the HTML and the Markdown alike. */
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

function about(report: ValidationReport, lang: Language): Markup {
  return html`<section class="card" aria-labelledby="${lang}-about"><h2 id="${lang}-about">${say(lang, 'about')}</h2>${definitions(
    'facts',
    aboutEntries(report, lang),
  )}</section>`
}
