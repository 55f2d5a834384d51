/** Charts as SVG: what was measured is drawn, what was not is a gap, and both are told in words. */
import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { COLUMNS, chartSvg, legend } from '../../../src/lab/report/chart.ts'
import type { Chart, Series } from '../../../src/lab/report/document.ts'
import { frameOf, framesOf } from '../../../src/lab/report/frame.ts'
import { both } from './sample-parts.ts'

const chart = (series: Partial<Series>[], limits: Chart['limits'] = []): Chart => ({
  id: 'flow',
  title: both('Flow', '흐름'),
  unit: 'messages/s',
  series: series.map((one, index) => ({
    ...{ id: `s${index}`, title: both(`Line ${index}`, `선 ${index}`), drawn: 'line', points: [], ...one },
  })),
  limits,
  alternative: both('It rises.', '올라갑니다.'),
})

const svgOf = (one: Chart) => chartSvg(one, frameOf(one), 'en', 'k').text
const dataOf = (one: Chart) => [...svgOf(one).matchAll(/ d="([^"]*)"/g)].map(([, data]) => data)

describe('curves', () => {
  test('a line goes from value to value, in the frame of 1000 by 400, zero at the bottom', () => {
    assert.deepEqual(
      dataOf(
        chart([
          {
            points: [
              [0, 0],
              [5, 50],
              [10, 100],
            ],
          },
        ]),
      ),
      ['M0 400L500 200L1000 0'],
    )
  })

  test('a step holds its value until the next', () => {
    const points: Series['points'] = [
      [0, 100],
      [5, 50],
      [10, 0],
    ]
    assert.deepEqual(dataOf(chart([{ drawn: 'step', points }])), ['M0 0H500V200H1000V400'])
  })

  test('a gap is a gap, and a value alone between gaps is a dot', () => {
    const points: Series['points'] = [
      [0, 100],
      [2, 100],
      [4, null],
      [5, 50],
      [6, null],
      [8, 0],
      [10, 0],
    ]
    assert.deepEqual(dataOf(chart([{ points }])), ['M0 0L200 0M500 200h0M800 400L1000 400'])
  })

  test('what is no number is a gap, too', () => {
    const points: Series['points'] = [
      [0, 100],
      [5, Number.NaN],
      [10, Number.POSITIVE_INFINITY],
    ]
    assert.deepEqual(dataOf(chart([{ points }])), ['M0 0h0'])
  })

  test('a bar stands from its time on, one bar wide, from zero', () => {
    const [data] = dataOf(
      chart([
        {
          drawn: 'bars',
          points: [
            [0, 100],
            [1, 50],
          ],
        },
      ]),
    )
    assert.equal(data, 'M30 400V0H470V400zM530 400V200H970V400z')
  })

  test('bars of two series that alternate are as wide as their distance', () => {
    const [on = '', off = ''] = dataOf(
      chart([
        {
          drawn: 'bars',
          points: [
            [0, 1],
            [20, 1],
          ],
        },
        {
          drawn: 'bars',
          points: [
            [10, 1],
            [30, 1],
          ],
        },
      ]),
    )
    assert.match(on, /^M15 \d+V\d+H235V/)
    assert.match(off, /^M265 \d+V\d+H485V/)
  })

  test('bars of two series at the same times stand beside one another', () => {
    const points: Series['points'] = [
      [0, 1],
      [10, 1],
    ]
    const [a = '', b = ''] = dataOf(
      chart([
        { drawn: 'bars', points },
        { drawn: 'bars', points },
      ]),
    )
    assert.match(a, /^M15 \d+V\d+H235V/)
    assert.match(b, /^M265 \d+V\d+H485V/)
  })

  test('a hundred thousand points are drawn with a bounded number', () => {
    const points = Array.from({ length: 100_000 }, (_, index): [number, number] => [index, index % 100])
    for (const drawn of ['line', 'step', 'bars'] as const) {
      const [data = ''] = dataOf(chart([{ drawn, points }]))
      assert.ok([...data.matchAll(/[ML]|HV/g)].length <= COLUMNS * 5, drawn)
      assert.ok(data.length < 100_000, `${drawn}: ${data.length}`)
    }
  })

  test('areas are drawn before lines, whatever their order, and keep their own look', () => {
    const svg = svgOf(chart([{ points: [[0, 1]] }, { drawn: 'bars', points: [[0, 1]] }]))
    assert.ok(svg.indexOf('class="s1 area"') < svg.indexOf('class="s0 curve"'))
  })
})

describe('limits', () => {
  const points: Series['points'] = [
    [0, 0],
    [10, 80],
  ]

  test('are lines with their name and value, and the axis reaches them', () => {
    const svg = svgOf(chart([{ points }], [{ title: both('pace', '속도'), value: 120 }]))
    assert.match(svg, /<line class="limit" x1="0" x2="100%" y1="20%"/)
    assert.match(svg, />pace 120<\/text>/)
  })

  test('one that would flatten the curves is told in the legend and not drawn', () => {
    const far = chart([{ points }], [{ title: both('sockets', '소켓'), value: 10_000 }])
    assert.doesNotMatch(svgOf(far), /class="limit"/)
    assert.match(legend(far, frameOf(far), 'en').text, /sockets <small>10,000, above the chart<\/small>/)
  })
})

describe('two charts on the same axes', () => {
  const low: Series['points'] = [
    [0, 0],
    [10, 50],
  ]
  const high: Series['points'] = [
    [0, 0],
    [20, 100],
  ]
  const dataOn = (charts: readonly Chart[]) =>
    framesOf(charts).map((frame, index) => {
      const one = charts[index]
      assert.ok(one)
      return / d="([^"]*)"/.exec(chartSvg(one, frame, 'en', 'k').text)?.[1]
    })

  test('half as high and half as long is drawn so, and not filled up', () => {
    assert.deepEqual(dataOn([chart([{ points: low }]), chart([{ points: high }])]), [
      'M0 400L500 200',
      'M0 400L1000 0',
    ])
  })

  test('one without a value has no frame and leaves the other its own', () => {
    const [first, second] = framesOf([chart([{ points: [] }]), chart([{ points: high }])])
    assert.equal(first, undefined)
    assert.deepEqual(second, frameOf(chart([{ points: high }])))
  })

  test('a limit that is off in one is seen in both, when the other reaches up to it', () => {
    const limits = [{ title: both('pace', '속도'), value: 300 }]
    const alone = chart([{ points: low }], limits)
    assert.deepEqual([...(frameOf(alone)?.limitsOff ?? [])], [0])
    const [shared] = framesOf([alone, chart([{ points: high }])])
    assert.deepEqual([...(shared?.limitsOff ?? [0])], [])
    assert.ok((shared?.value.to ?? 0) >= 300)
  })
})

describe('for those who do not see it', () => {
  test('an image with title and description, in either language', () => {
    const one = chart([{ points: [[0, 1]] }])
    const svg = svgOf(one)
    assert.match(svg, /<svg role="img" aria-labelledby="k-t"\s+aria-describedby="k-d"/)
    assert.match(svg, /<title id="k-t">Flow \(messages\/s\)<\/title>\s*<desc id="k-d">It rises\.<\/desc>/)
    assert.match(
      chartSvg(one, frameOf(one), 'ko', 'k').text,
      /<title id="k-t">흐름 \(건\/초\)<\/title>\s*<desc id="k-d">올라갑니다\.<\/desc>/,
    )
  })

  test('a chart without a single value says so', () => {
    for (const points of [[], [[0, null]]] as Series['points'][]) {
      assert.match(svgOf(chart([{ points }])), /Flow \(messages\/s\): Nothing was measured here\./)
      const one = chart([{ points }])
      assert.equal(legend(one, frameOf(one), 'en').text, '')
    }
  })

  test('the legend tells the peak of each series', () => {
    const points: Series['points'] = [
      [0, 3],
      [1, 1234.5],
    ]
    const one = chart([{ points }, { points: [] }])
    const { text } = legend(one, frameOf(one), 'en')
    assert.match(text, /Line 0 <small>peak 1,235<\/small>/)
    assert.match(text, /Line 1 <small>Nothing was measured here\.<\/small>/)
  })
})
