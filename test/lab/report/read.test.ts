/** What is read back is what was written; everything else is refused in one line that names the fault. */
import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import type { ValidationReport } from '../../../src/lab/report/document.ts'
import { ReportError, readReport } from '../../../src/lab/report/read.ts'
import { chances, fc } from '../../fixtures/seed.ts'
import { sampleReport } from './sample.ts'

const report = sampleReport()
const text = JSON.stringify(report)

/** The reason why it is refused. */
function refusal(of: string): string {
  try {
    readReport(of)
  } catch (error) {
    assert.ok(error instanceof ReportError, String(error))
    assert.doesNotMatch(error.message, /\n/)
    return error.message
  }
  return 'accepted'
}

type Draft = { [name: string]: Draft } & Draft[]
const changed = (change: (draft: Draft) => void) => {
  const draft = structuredClone(report) as unknown as Draft
  change(draft)
  return refusal(JSON.stringify(draft))
}

describe('a report', () => {
  test('is read as it was written', () => {
    assert.deepEqual(readReport(text), report)
    assert.deepEqual(readReport(JSON.stringify(report, null, 2)), report)
  })

  test('with fields that a later Weir adds is still read', () => {
    const later = { ...report, host: 'new' }
    assert.deepEqual(readReport(JSON.stringify(later)), later)
  })

  test('without an experiment, or without anything judged, is one', () => {
    const none: ValidationReport = { ...report, experiments: [], score: null, grade: null }
    assert.deepEqual(readReport(JSON.stringify(none)), none)
  })
})

describe('refused with its reason:', () => {
  test('what is no report at all', () => {
    assert.equal(refusal(''), 'empty')
    assert.equal(refusal('hello'), 'not a JSON report')
    assert.equal(refusal('[1,2]'), 'not a report: its JSON is no object')
    assert.equal(refusal('{}'), "not a validation's report: it has no kind")
    assert.equal(refusal('{"kind":"load","version":1}'), `not a validation's report: its kind is "load"`)
    assert.match(refusal('<!doctype html><html></html>'), /^this is HTML; the report is the JSON file/)
    assert.match(
      refusal('{"kind":"history","version":1}\n{"kind":"attempted"}\n'),
      /lines of JSON, the first of kind "history"/,
    )
  })

  test('another version', () => {
    assert.equal(
      changed((draft) => Object.assign(draft, { version: 2 })),
      'a report of version 2; this Weir reads version 1',
    )
  })

  test('a file that was cut off, wherever', () => {
    fc.assert(
      fc.property(fc.integer({ min: 1, max: text.length - 1 }), (length) => {
        assert.match(refusal(text.slice(0, length)), /cut off|not valid JSON/)
      }),
      chances(50),
    )
  })

  test('a field that is missing, wrong, or a word that there is not', () => {
    const experiment = (draft: Draft) => draft.experiments?.[0] as Draft
    assert.equal(
      changed((draft) => Reflect.deleteProperty(draft, 'seed')),
      'the report has no seed',
    )
    assert.match(
      changed((draft) => Object.assign(draft, { seconds: 'long' })),
      /^seconds must be number/,
    )
    assert.equal(
      changed((draft) => Reflect.deleteProperty((experiment(draft).criteria as Draft)[1] as Draft, 'unit')),
      'experiments[0].criteria[1] has no unit',
    )
    assert.equal(
      changed((draft) =>
        Object.assign((experiment(draft).criteria as Draft)[2] as Draft, { verdict: 'good' }),
      ),
      'experiments[0].criteria[2].verdict must be "passed" or "failed" or "inconclusive" or "skipped"',
    )
    assert.match(
      changed((draft) => Object.assign(experiment(draft).title as Draft, { ko: 7 })),
      /^experiments\[0\]\.title\.ko must be string/,
    )
  })

  test('a comparison with a value too few, and time that runs backwards', () => {
    assert.equal(
      changed((draft) => {
        const rows = draft.experiments?.[1]?.comparisons?.[0]?.rows as Draft
        Object.assign(rows[3] as Draft, { values: [1] })
      }),
      'experiments[1].comparisons[0].rows[3].values has 1 values for 2 sides',
    )
    assert.equal(
      changed((draft) => {
        const points = draft.experiments?.[0]?.charts?.[0]?.series?.[1]?.points as unknown as number[][]
        points[4] = [0.1, 3]
      }),
      'experiments[0].charts[0].series[1].points[4] is earlier than the point before it',
    )
  })

  test('every field is asked for: without any one of them it is refused', () => {
    const paths: string[][] = []
    const walk = (value: unknown, path: string[]) => {
      if (typeof value !== 'object' || value === null || paths.length > 5000) return
      for (const [name, inner] of Object.entries(value)) {
        // Points of curves are many and alike; `ideal` is the one that may be missing.
        if (path.at(-1) === 'points' || (Array.isArray(value) && Number(name) > 1)) continue
        if (!Array.isArray(value) && name !== 'ideal') paths.push([...path, name])
        walk(inner, [...path, name])
      }
    }
    walk(report, [])
    assert.ok(paths.length > 100, `${paths.length} fields`)
    const chosen = new Map(
      paths.map((path) => [path.map((name) => (/^\d+$/.test(name) ? '*' : name)).join('.'), path]),
    )
    for (const [kind, path] of chosen) {
      const found = changed((draft) => {
        const owner = path.slice(0, -1).reduce((at, name) => at[name] as Draft, draft)
        Reflect.deleteProperty(owner, path.at(-1) ?? '')
      })
      assert.notEqual(found, 'accepted', kind)
    }
  })
})
