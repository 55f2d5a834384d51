/** `weir report`: files in, files out, and an exit code that a pipeline can trust. */
import assert from 'node:assert/strict'
import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { after, describe, test } from 'node:test'
import {
  type ComparisonReport,
  renderHtml,
  renderMarkdown,
  type ValidationReport,
} from '../../../src/lab/index.ts'
import { temporaryDirectory, weir } from '../../fixtures/weir-process.ts'
import { sampleReport } from './sample.ts'

const dir = temporaryDirectory()
after(dir.remove)
const at = (name: string) => join(dir.path, name)
const put = (name: string, text: string) => {
  writeFileSync(at(name), text)
  return at(name)
}

const sample = sampleReport()
const before = put('before.json', JSON.stringify(sample))

/** The sample with the verdict and value of its first criterion changed. */
function withFirst(measured: number, verdict: 'passed' | 'failed'): ValidationReport {
  const experiments = sample.experiments.map((one, index) =>
    index > 0
      ? one
      : { ...one, criteria: one.criteria.map((c, i) => (i > 0 ? c : { ...c, measured, verdict })) },
  )
  return { ...sample, seed: 8, experiments }
}

describe('weir report show', () => {
  test('writes the page, the Markdown, the JSON, by the ending of the file, in the language asked for', async () => {
    const page = await weir(['report', 'show', before, '--out', at('r.html'), '--lang', 'ko'])
    assert.deepEqual([page.code, page.stdout], [0, `written to ${at('r.html')}\n`])
    assert.equal(readFileSync(at('r.html'), 'utf8'), renderHtml(sample, 'ko'))
    await weir(['report', 'show', before, '--out', at('r.md')])
    assert.equal(readFileSync(at('r.md'), 'utf8'), renderMarkdown(sample, 'en'))
    await weir(['report', 'show', before, '--out', at('r.json')])
    assert.deepEqual(JSON.parse(readFileSync(at('r.json'), 'utf8')), sample)
  })

  test('without a file, Markdown on the terminal', async () => {
    const { code, stdout } = await weir(['report', 'show', before])
    assert.deepEqual([code, stdout], [0, renderMarkdown(sample, 'en')])
  })

  test('a fault is one line that names the file and why, exit code 2', async () => {
    const cut = put('cut.json', JSON.stringify(sample).slice(0, 900))
    const cases: [string[], string][] = [
      [[cut], `weir: ${cut}: the file is cut off: its JSON does not end\n`],
      [[at('missing.json')], `weir: ${at('missing.json')} cannot be used (ENOENT)\n`],
      [[before, '--out', 'x.pdf'], 'weir: --out must end in .html, .md or .json; found x.pdf\n'],
      [[before, '--out', at('no/x.md')], `weir: ${at('no/x.md')} cannot be used (ENOENT)\n`],
    ]
    for (const [args, line] of cases) {
      const { code, stderr } = await weir(['report', 'show', ...args])
      assert.deepEqual([code, stderr], [2, line])
    }
  })
})

describe('weir report compare', () => {
  test('nothing that passed fails now: exit code 0, and what is different is told', async () => {
    const faster = put('faster.json', JSON.stringify(withFirst(80, 'passed')))
    const { code, stdout } = await weir(['report', 'compare', before, faster])
    assert.equal(code, 0)
    assert.match(stdout, /^Nothing that passed in A failed in B\n/)
    assert.match(
      stdout,
      /^Burst levelling: Highest output.* 100 messages\/s ✓ +80 messages\/s ✓ +−20 \(−20 %\) +▲ better$/m,
    )
    assert.match(stdout, /^Seed +7 +8$/m)
  })

  test('one that passed and fails now: exit code 1, also with a file and with JSON', async () => {
    const worse = put('worse.json', JSON.stringify(withFirst(130, 'failed')))
    const page = await weir(['report', 'compare', before, worse, '--out', at('c.html')])
    assert.equal(page.code, 1)
    assert.match(readFileSync(at('c.html'), 'utf8'), /Got worse: passed in A, failed in B \(1\)/)
    const { code, stdout } = await weir(['report', 'compare', before, worse, '--json'])
    const comparison = JSON.parse(stdout) as ComparisonReport
    assert.deepEqual([code, comparison.regressed], [1, ['burst_leveling.peak_output']])
  })

  test('a file that is no report: exit code 2, so that it is not taken for a regression', async () => {
    const { code, stderr } = await weir(['report', 'compare', before, put('x.json', '{"kind":"load"}')])
    assert.deepEqual(
      [code, stderr],
      [2, `weir: ${at('x.json')}: not a validation's report: its kind is "load"\n`],
    )
  })
})
