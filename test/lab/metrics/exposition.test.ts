import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { ExpositionError, parseExposition, seriesName, sumOf } from '../../../src/lab/index.ts'

const only = (line: string) => {
  const [sample, ...more] = parseExposition(line).samples
  assert.ok(sample && more.length === 0, line)
  return { ...sample, labels: { ...sample.labels } }
}

describe('the Prometheus text format', () => {
  it("reads the documentation's own example", () => {
    const text = `# HELP http_requests_total The total number of HTTP requests.
# TYPE http_requests_total counter
http_requests_total{method="post",code="200"} 1027 1395066363000
http_requests_total{method="post",code="400"}    3 1395066363000

# Escaping in label values:
msdos_file_access_time_seconds{path="C:\\\\DIR\\\\FILE.TXT",error="Cannot find file:\\n\\"FILE.TXT\\""} 1.458255915e9

# Minimalistic line:
metric_without_timestamp_and_labels 12.47

# A weird metric from before the epoch:
something_weird{problem="division by zero"} +Inf -3982045

# A histogram, which has a pretty complex representation in the text format:
# HELP http_request_duration_seconds A histogram of the request duration.
# TYPE http_request_duration_seconds histogram
http_request_duration_seconds_bucket{le="0.05"} 24054
http_request_duration_seconds_bucket{le="+Inf"} 144320
http_request_duration_seconds_sum 53423
http_request_duration_seconds_count 144320
`
    const { samples, types } = parseExposition(text)
    assert.deepEqual(
      samples.map(({ name, labels, value }) => [name, { ...labels }, value]),
      [
        ['http_requests_total', { method: 'post', code: '200' }, 1027],
        ['http_requests_total', { method: 'post', code: '400' }, 3],
        [
          'msdos_file_access_time_seconds',
          { path: 'C:\\DIR\\FILE.TXT', error: 'Cannot find file:\n"FILE.TXT"' },
          1_458_255_915,
        ],
        ['metric_without_timestamp_and_labels', {}, 12.47],
        ['something_weird', { problem: 'division by zero' }, Number.POSITIVE_INFINITY],
        ['http_request_duration_seconds_bucket', { le: '0.05' }, 24_054],
        ['http_request_duration_seconds_bucket', { le: '+Inf' }, 144_320],
        ['http_request_duration_seconds_sum', {}, 53_423],
        ['http_request_duration_seconds_count', {}, 144_320],
      ],
    )
    assert.deepEqual(
      [...types],
      [
        ['http_requests_total', 'counter'],
        ['http_request_duration_seconds', 'histogram'],
      ],
    )
  })

  it('reads every form of a number', () => {
    const forms: [string, number][] = [
      ['NaN', Number.NaN],
      ['nan', Number.NaN],
      ['+Inf', Number.POSITIVE_INFINITY],
      ['-Inf', Number.NEGATIVE_INFINITY],
      ['Inf', Number.POSITIVE_INFINITY],
      ['-0.5', -0.5],
      ['1e-3', 0.001],
      ['.5', 0.5],
      ['+7.', 7],
    ]
    for (const [text, value] of forms) assert.ok(Object.is(only(`a ${text}`).value, value), text)
  })

  it('reads labels however they are spaced, and whatever is in them', () => {
    assert.deepEqual(only('a { b = "x" , c="y", } 1').labels, { b: 'x', c: 'y' })
    assert.deepEqual(only('a{} 1').labels, {})
    assert.deepEqual(only('a{b="} 5,{"} 1').labels, { b: '} 5,{' })
    assert.deepEqual(only('a{b="번호이동"} 1').labels, { b: '번호이동' })
    assert.equal(only('a{__proto__="x"} 1').value, 1)
    assert.deepEqual(parseExposition('').samples, [])
    assert.equal(only('a 1\r').value, 1)
  })

  it('names the line that is none of the format', () => {
    const bad = [
      'a',
      'a{b="x"}',
      'a b',
      'a 1 2 3',
      'a 1 1.5',
      'a 0x10',
      'a 1,5',
      '1a 1',
      'a{b="x} 1',
      'a{b=x} 1',
      'a{b="x" c="y"} 1',
      'a{b="x",,c="y"} 1',
      'a{b="\\t"} 1',
      'a{b="x",b="y"} 1',
      '<html>',
      '{"a":1}',
      '# TYPE a',
      '# TYPE a number',
    ]
    for (const line of bad) {
      assert.throws(
        () => parseExposition(`good 1\n${line}\n`),
        (error) => error instanceof ExpositionError && /^line 2 of the metrics: /.test(error.message),
        line,
      )
    }
    const twice = '# TYPE a gauge\n# TYPE a gauge\n'
    assert.throws(() => parseExposition(twice), /line 2 .*second TYPE of a/)
  })

  it('names a series the same whatever the order of its labels', () => {
    const [first, second, plain] = parseExposition(
      'a{c="2",b="\\"\\n\\\\"} 1\na{b="\\"\\n\\\\",c="2"} 1\na 1',
    ).samples
    assert.ok(first && second && plain)
    assert.equal(seriesName(first), seriesName(second))
    assert.equal(seriesName(first), 'a{b="\\"\\n\\\\",c="2"}')
    assert.equal(seriesName(plain), 'a')
    assert.equal(only(`${seriesName(first)} 1`).labels.b, '"\n\\', 'and the name reads back')
  })

  it('sums what fits, and knows none from zero', () => {
    const { samples } = parseExposition('a{t="x",s="1"} 1\na{t="x",s="2"} 2\na{t="y",s="1"} 4\nb 0')
    assert.equal(sumOf(samples, 'a'), 7)
    assert.equal(sumOf(samples, 'a', { t: 'x' }), 3)
    assert.equal(sumOf(samples, 'a', { t: 'x', s: '2' }), 2)
    assert.equal(sumOf(samples, 'a', { t: 'z' }), undefined)
    assert.equal(sumOf(samples, 'b'), 0)
    assert.equal(sumOf(samples, 'c'), undefined)
  })
})
