/** The page and the Markdown: all of the report is in them, in both languages, and no text of it does anything. */
import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import type { ValidationReport, Verdict } from '../../../src/lab/report/document.ts'
import { renderMarkdown } from '../../../src/lab/report/markdown.ts'
import { renderHtml } from '../../../src/lab/report/validation-html.ts'
import { BOUND_WORDS, CHANGE_WORDS, LANGUAGES, VERDICT_WORDS, WORDS } from '../../../src/lab/report/words.ts'
import { sampleReport } from './sample.ts'

const report = sampleReport()
const page = renderHtml(report, 'en')

/** Every text of the report replaced by the same text; ids and words of closed lists stay. */
function withTexts(value: unknown, text: string, key = ''): unknown {
  const closed = ['verdict', 'drawn', 'kind', 'grade', 'experiment']
  if (typeof value === 'string') return closed.includes(key) ? value : text
  if (Array.isArray(value)) return value.map((one) => withTexts(one, text, key))
  if (typeof value !== 'object' || value === null) return value
  return Object.fromEntries(Object.entries(value).map(([name, one]) => [name, withTexts(one, text, name)]))
}

/** Shows what was found and not the whole page. */
const none = (text: string, pattern: RegExp) => assert.equal(pattern.exec(text)?.[0], undefined)

const count = (text: string, pattern: RegExp) => [...text.matchAll(pattern)].length

describe('words', () => {
  test('each is there in both languages, and the Korean one is Korean or a name', () => {
    const tables = [WORDS, VERDICT_WORDS, CHANGE_WORDS, BOUND_WORDS]
    for (const [name, words] of tables.flatMap((table) => Object.entries(table))) {
      for (const lang of LANGUAGES) assert.ok(words[lang].trim() !== '', `${name} in ${lang}`)
      if (words.en === words.ko) assert.match(words.en, /^(?:Weir|Node|A|B)$/, `${name} is the same in both`)
      else if (name !== 'of') assert.match(words.ko, /[가-힣]/, name)
      assert.doesNotMatch(words.en, /[가-힣]/, name)
    }
  })

  test('no two verdicts and no two changes have the same sign', () => {
    for (const table of [VERDICT_WORDS, CHANGE_WORDS]) {
      const signs = Object.values(table).map(({ sign }) => sign)
      assert.equal(new Set(signs).size, signs.length)
    }
  })
})

describe('the page', () => {
  test('is the same text for the same report', () => {
    assert.equal(renderHtml(sampleReport(), 'en'), page)
  })

  test('has each criterion with value, bound, verdict and evidence, in both languages', () => {
    for (const { criteria } of report.experiments) {
      for (const { title, evidence, verdict } of criteria) {
        for (const lang of LANGUAGES) {
          const { sign } = VERDICT_WORDS[verdict]
          assert.ok(page.includes(title[lang]) && page.includes(evidence[lang]), title[lang])
          assert.ok(
            page.includes(
              `<span class="chip tone-${verdict}">${sign} ${VERDICT_WORDS[verdict][lang]}</span>`,
            ),
          )
        }
      }
    }
    assert.match(page, /data-name="Measured">251\.3\u00a0ms</)
    assert.match(page, /data-name="Needed">≤\u00a0250\u00a0ms</)
    assert.match(page, /data-name="Ideal">19\.1</)
  })

  test('evidence that is the same as above is not told again', () => {
    const [first] = report.experiments
    assert.ok(first)
    const twice = first.criteria
      .slice(0, 2)
      .map((one) => ({ ...one, evidence: { en: 'By audit.', ko: '감사.' } }))
    const text = renderHtml({ ...report, experiments: [{ ...first, criteria: twice }] }, 'en')
    assert.deepEqual(
      [count(text, /By audit\./g), count(text, /As above\./g), count(text, /위와 같습니다\./g)],
      [1, 1, 1],
    )
  })

  test('has every chart, comparison, figure and thing not measured, once for each language', () => {
    const all = report.experiments
    const number = (of: (one: (typeof all)[number]) => readonly unknown[]) =>
      all.reduce((sum, one) => sum + of(one).length, 0)
    assert.equal(count(page, /<figure>/g), 2 * number(({ charts }) => charts))
    assert.equal(count(page, /<svg role="img"/g), 2 * number(({ charts }) => charts))
    assert.equal(count(page, /<details>/g), 2 * number(({ charts }) => charts))
    assert.equal(count(page, /<caption>/g), 2 * number(({ comparisons }) => comparisons))
    for (const { figures, notMeasured } of all) {
      for (const words of [...figures.map(({ title }) => title), ...notMeasured]) {
        for (const lang of LANGUAGES) assert.ok(page.includes(words[lang]), words[lang])
      }
    }
  })

  test('tells first what did not pass, then everything', () => {
    const first = page.indexOf('What did not pass')
    assert.ok(first > 0 && first < page.indexOf('id="en-0"'))
    assert.ok(page.indexOf('System protection: The back end’s own p99') < page.indexOf('id="en-0"'))
    assert.doesNotMatch(
      renderHtml({ ...report, experiments: report.experiments.slice(0, 1) }, 'en'),
      /What did not pass/,
    )
  })

  test('an experiment that broke off without a criterion is told by its summary', () => {
    const broken = report.experiments.slice(0, 1).map((one) => ({
      ...one,
      verdict: 'inconclusive' as Verdict,
      criteria: [],
      summary: { en: 'The service could not be reached.', ko: '서비스에 연결할 수 없었습니다.' },
    }))
    const text = renderHtml({ ...report, experiments: broken, score: null, grade: null }, 'en')
    assert.match(text, /What did not pass[\s\S]*?\? inconclusive[\s\S]*?The service could not be reached\./)
    assert.match(text, /Nothing was judged/)
  })

  test('score, grade, seed, versions, machine, and whether it was quick or interrupted', () => {
    const text = renderHtml({ ...report, interrupted: true, url: 'http://queue.example:8000' }, 'en')
    for (const told of [
      'Grade B, Score 90 / 100',
      '9 of 10 judged criteria passed, 1 inconclusive, 1 skipped',
      '7 (the same seed draws the same arrivals)',
      '0.1.0-sample',
      'v24.0.0',
      'Simulated processor at 2.4 GHz',
      '8 GiB',
      '0.42 (1-minute average)',
      '2026-11-21 09:15 UTC',
      'http://queue.example:8000',
      'A quick run',
      'The run was interrupted',
    ]) {
      assert.ok(text.includes(told), told)
    }
    assert.doesNotMatch(renderHtml({ ...report, quick: false }, 'en'), /A quick run/)
  })

  test('opens in the language asked for and has both, with a switch that needs no script', () => {
    assert.match(page, /<html lang="en">/)
    assert.match(page, /id="pick-en" autocomplete="off" checked>/)
    assert.match(renderHtml(report, 'ko'), /<html lang="ko">[\s\S]*id="pick-ko" autocomplete="off" checked>/)
    none(page, /<script|\son\w+=|javascript:/i)
  })

  test('ids are unique, and each that is referred to is there', () => {
    const ids = [...page.matchAll(/\sid="([^"]+)"/g)].map(([, id]) => id)
    assert.equal(new Set(ids).size, ids.length)
    const referred = page.matchAll(/(?:aria-labelledby|aria-describedby|for)="([^"]+)"|href="#([^"]+)"/g)
    for (const [, a, b] of referred) assert.ok(ids.includes(a ?? b), a ?? b)
  })

  test('names nothing that is elsewhere', () => {
    none(page, /(?:src|href|action|srcset|poster|data)="(?!#|data:,)/)
    none(page, /@import|url\(|https?:/)
  })
})

describe('texts of a report', () => {
  const EVIL = `<script>alert(1)</script>"><img src=x onerror='alert(2)'>&amp;</style></title>`
  const evil = withTexts(report, EVIL) as ValidationReport

  test('are escaped wherever they stand', () => {
    const text = renderHtml(evil, 'en')
    none(text, /<script|<img|<\/style>[\s\S]*<\/style>|<\/title>&/)
    assert.ok(count(text, /&lt;script&gt;alert\(1\)&lt;\/script&gt;&quot;&gt;&lt;img/g) > 50)
    // What was text stays text: not one element or attribute more than without.
    const skeleton = (of: string) =>
      of
        .match(/<\/?[a-z]+[^<]*?>/g)
        ?.map((tag) => tag.replace(/="[^"]*"/g, ''))
        .join('')
    const harmless = withTexts(report, 'x') as ValidationReport
    assert.equal(skeleton(text), skeleton(renderHtml(harmless, 'en')))
  })

  test('are no markup in Markdown, and end no cell of a table', () => {
    const text = renderMarkdown(
      withTexts(report, '<b>a|b`c\n# d</b> [e](https://f)') as ValidationReport,
      'en',
    )
    none(text, /.{0,40}(?:<b>|^# d|https:\/\/f|[^\\]\[e)/m)
    const rows = text.split('\n').filter((line) => line.startsWith('|'))
    assert.ok(rows.length > 20)
    const cells = (line: string) => line.split(/(?<!\\)\|/).length - 2
    for (const row of rows) assert.ok([3, 6].includes(cells(row)), row)
  })
})

describe('Markdown', () => {
  test('has each criterion as a row, curves as blocks with their words, and what was not measured', () => {
    for (const lang of LANGUAGES) {
      const text = renderMarkdown(report, lang)
      for (const { criteria, charts, notMeasured } of report.experiments) {
        for (const { title, verdict } of criteria) {
          const word = `${VERDICT_WORDS[verdict].sign} ${VERDICT_WORDS[verdict][lang]}`
          const row = text.split('\n').find((line) => line.startsWith(`| ${title[lang]} |`))
          assert.ok(row?.includes(`| ${word} |`), title[lang])
        }
        for (const { title, alternative } of charts) {
          assert.ok(text.includes(`**${title[lang]}**`) && text.includes(alternative[lang]))
        }
        for (const words of notMeasured) assert.ok(text.includes(`- ${words[lang]}`))
      }
    }
    assert.match(renderMarkdown(report, 'en'), /^`[▁-█·]+` In, peak 566 {2}$/m)
    assert.equal(renderMarkdown(report, 'en'), renderMarkdown(sampleReport(), 'en'))
  })

  test('every table has as many cells in each row as headings', () => {
    const lines = renderMarkdown(report, 'en').split('\n')
    const cells = (line = '') => line.split(/(?<!\\)\|/).length
    for (const [index, line] of lines.entries()) {
      const above = lines[index - 1] ?? ''
      if (line.startsWith('|') && above.startsWith('|')) assert.equal(cells(line), cells(above), line)
    }
  })
})
