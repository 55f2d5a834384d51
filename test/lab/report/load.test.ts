/** A load's report drawn: what became of every message, over time and by latency, and when not to believe it. */
import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { ReportError, readAnyReport, renderLoadHtml, renderLoadMarkdown } from '../../../src/lab/index.ts'
import { LANGUAGES } from '../../../src/lab/report/words.ts'
import { sampleReport } from './sample.ts'
import { sampleLoad } from './sample-load.ts'

const none = (text: string, pattern: RegExp) => assert.equal(pattern.exec(text)?.[0], undefined)
/** As it comes back from its file. */
function stored(report = sampleLoad()) {
  const read = readAnyReport(JSON.stringify(report))
  assert.equal(read.kind, 'load')
  return read
}

describe('a load', () => {
  test('is read as it was written, and a validation by the same door', () => {
    assert.deepEqual(stored(), JSON.parse(JSON.stringify(sampleLoad())))
    assert.deepEqual(readAnyReport(JSON.stringify(sampleReport())), sampleReport())
  })

  test('with a field that is missing is refused by its name, another version by its number', () => {
    const { accounts: _, ...rest } = sampleLoad()
    assert.throws(() => readAnyReport(JSON.stringify(rest)), new ReportError('the report has no accounts'))
    const later = JSON.stringify({ ...sampleLoad(), version: 2 })
    assert.throws(
      () => readAnyReport(later),
      new ReportError('a report of version 2; this Weir reads version 1'),
    )
  })

  test('tells each account, each reason and each latency, in both languages', () => {
    const page = renderLoadHtml(stored(), 'en')
    for (const told of [
      '780 of 1,000 messages acknowledged',
      '메시지 1,000건 중 780건 승인',
      'sustained, 100/s',
    ]) {
      assert.ok(page.includes(told), told)
    }
    assert.match(page, /<dt>Refused<\/dt><dd>160\u00a0messages<\/dd>/)
    assert.match(page, /<dt>결과 불명<\/dt><dd>60건<\/dd>/)
    assert.ok(page.indexOf('<dt>backlog_full</dt><dd>160</dd>') < page.indexOf('<dt>timeout</dt><dd>60</dd>'))
    assert.match(
      page,
      /p99<\/th>\s*<td><span class="value">64\u00a0ms[\s\S]{0,300}?<span class="value">41\u00a0ms/,
    )
    for (const lang of LANGUAGES)
      assert.match(renderLoadMarkdown(stored(), lang), /^\| p99\.9 \| 79\.6 ms \| 79\.6 ms \|$/m)
  })

  test('a second without an answer is a gap in the latency, not a zero', () => {
    assert.match(renderLoadMarkdown(stored(), 'en'), /^`[▁-█]{8}·[▁-█]` mean, peak 21 {2}$/m)
  })

  test('of which nothing was acknowledged has no latencies, and says so', () => {
    const nothing = { ...sampleLoad().latencyMs, mean: Number.NaN, p50: Number.NaN, max: Number.NaN }
    const text = renderLoadMarkdown(stored(sampleLoad({ latencyMs: nothing })), 'en')
    assert.match(text, /^\| p50 \| not measured \| 13 ms \|$/m)
  })

  test('a generator that was in its own way is said above everything else; so is an interrupted run', () => {
    const generator = { ...sampleLoad().generator, bottleneck: true, why: ['the generator used 0.97 cores'] }
    const page = renderLoadHtml(stored(sampleLoad({ generator, interrupted: true })), 'en')
    const notice = page.indexOf('The generator stood in its own way')
    assert.ok(notice > 0 && notice < page.indexOf('<figure>'))
    assert.match(page, /about the service: the generator used 0\.97 cores/)
    assert.match(page, /The run was interrupted/)
    none(renderLoadHtml(stored(), 'en'), /stood in its own way|was interrupted/)
  })

  test('texts of it are escaped', () => {
    const evil = '<script>alert(1)</script>'
    const report = stored(sampleLoad({ url: evil, codes: { [evil]: 3 } }))
    none(renderLoadHtml(report, 'en'), /<script/)
    none(renderLoadMarkdown(report, 'en'), /<script/)
  })
})
