/** What a collected file says, from files written by hand and by the collector's own writer. */
import assert from 'node:assert/strict'
import { appendFileSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { after, describe, it } from 'node:test'
import {
  CollectionError,
  CollectionFile,
  type CollectionFormat,
  type CollectionHeader,
  type CollectionSummary,
  type Look,
  parseExposition,
  readCollection,
  summarise,
} from '../../../src/lab/index.ts'
import { temporaryDirectory } from '../../fixtures/weir-process.ts'

const dir = temporaryDirectory()
after(() => rmSync(dir.path, { recursive: true, force: true }))
const START = Date.UTC(2026, 0, 1)
const header: CollectionHeader = {
  ...{ kind: 'metrics', version: 1, weir: '1.2.3', url: 'http://x', startedAt: START, intervalMs: 1000 },
  settings: { queueName: 'q' },
}
const none = { ready: 0, inFlight: 0, delayed: 0, dead: 0, inPerSecond: 0, outPerSecond: 0 }
const status = (ready: number) => {
  const { inPerSecond, outPerSecond, ...depth } = { ...none, ready }
  return { queue: 'q', depth, inPerSecond, outPerSecond, types: { MNP: { ...none, ready } } }
}

let files = 0
function kept(looks: readonly Look[], format: CollectionFormat = 'jsonl', end = true): string {
  const path = join(dir.path, `${++files}.${format}`)
  const file = new CollectionFile({ path, format, header, types: ['MNP'] })
  for (const look of looks) file.keep(look)
  if (end) file.end(START + 60_000, { why: 'duration', samples: looks.length, gaps: 0, missed: 0 })
  file.close()
  file.close()
  return path
}
const summaryOf = async (path: string): Promise<CollectionSummary> => {
  const { header: about, lines } = await readCollection(path)
  return summarise(about, lines)
}
/** Looks a second apart with these lines of metrics; null: away. */
const looks = (...texts: (string | null)[]): Look[] =>
  texts.map((text, second): Look => {
    const at = START + second * 1000
    return text === null
      ? { at, away: 'gone' }
      : { at, status: status(second), metrics: parseExposition(text).samples }
  })
const grown = ({ counters }: CollectionSummary) =>
  Object.fromEntries(counters.map(({ name, increase, perSecond }) => [name, [increase, perSecond]]))

describe('the summary of a collection', () => {
  it('gives the spread of states, by nearest rank', async () => {
    const hundred = Array.from(
      { length: 100 },
      (_, n): Look => ({ at: START + n * 1000, status: status(100 - n) }),
    )
    const { gauges, from, to, samples, end, restarts, gaps } = await summaryOf(kept(hundred))
    const spread = { count: 100, min: 1, mean: 50.5, p50: 50, p95: 95, p99: 99, max: 100 }
    assert.deepEqual(gauges[0], { name: 'ready', ...spread })
    assert.deepEqual([from, to, samples, end], [START, START + 99_000, 100, 'duration'])
    assert.deepEqual([restarts, gaps], [0, []])
    assert.ok(!gauges.some(({ name }) => name === 'consumers'), 'what no look told is left out')
  })

  it('adds counters up over their labels; one that begins later begins at 0', async () => {
    const summary = await summaryOf(
      kept(
        looks(
          'a_total{t="x"} 10',
          'a_total{t="x"} 14\na_total{t="y"} 6',
          'a_total{t="x"} 20\na_total{t="y"} 6',
        ),
      ),
    )
    assert.deepEqual(grown(summary), { a_total: [16, 8] })
  })

  it('knows a restart when any counter has fallen, and counts all of them from 0 then', async () => {
    const summary = await summaryOf(
      kept(
        looks(
          'a_total 10\ncpu_total 5',
          'a_total 15\ncpu_total 6',
          'a_total 16\ncpu_total 1',
          'a_total 18\ncpu_total 2',
        ),
      ),
    )
    // a: 5, then 16 of the new process although 16 > 15, then 2. cpu: 1, then 1, then 1.
    assert.deepEqual(grown(summary), { a_total: [23, 23 / 3], cpu_total: [3, 1] })
    assert.equal(summary.restarts, 1)
  })

  it('knows a restart by when the process began, where no counter has fallen', async () => {
    const look = (start: string, a: number) => `bss_process_start_time_seconds ${start}\na_total ${a}`
    const summary = await summaryOf(
      kept(looks(look('100.5', 10), look('100.5', 15), null, look('103.25', 16), 'on 0', look('103.25', 18))),
    )
    // 5 of the old process; of the new one 16 and then 2.
    assert.deepEqual(grown(summary), { a_total: [23, 23 / 5] })
    assert.equal(summary.restarts, 1)
    const other = kept(
      looks('process_start_time_seconds 1\na_total 5', 'process_start_time_seconds 2\na_total 9'),
    )
    assert.equal((await summaryOf(other)).restarts, 1, 'as others name it')
    const silent = kept(looks(look('1', 5), 'a_total 6', look('1', 7)))
    assert.equal((await summaryOf(silent)).restarts, 0, 'a look that does not tell it is no other process')
  })

  it('goes on counting over a gap and over a time with monitoring off', async () => {
    const summary = await summaryOf(kept(looks('a_total 10', null, null, 'a_total 30', 'on 0', 'a_total 40')))
    assert.deepEqual(grown(summary), { a_total: [30, 6] })
    assert.deepEqual(summary.gaps, [{ from: START + 1000, to: START + 3000, why: 'gone' }])
    assert.equal(summary.awayMs, 2000)
    assert.equal(summary.samples, 4)
  })

  it('says that a gap had no end, and that the collector itself did not look', async () => {
    const open = await summaryOf(kept(looks('a_total 1', null, null)))
    assert.deepEqual(open.gaps, [{ from: START + 1000, why: 'gone' }])
    const [first, second] = looks('a_total 1', 'a_total 2')
    assert.ok(first && second)
    const slept = await summaryOf(kept([first, { ...second, at: START + 3_600_000 }]))
    assert.deepEqual(slept.gaps, [{ from: START, to: START + 3_600_000, why: 'the collector did not look' }])
  })

  it('gives the mean of what fell into a histogram meanwhile, and takes no infinity for a count', async () => {
    const text = (count: number, sum: number) =>
      `h_bucket{le="+Inf"} ${count}\nh_sum ${sum}\nh_count ${count}\ng +Inf\nn_total NaN`
    const summary = await summaryOf(kept(looks(text(10, 100), text(14, 102))))
    assert.deepEqual(summary.means, [{ name: 'h', count: 4, mean: 0.5 }])
    assert.deepEqual(grown(summary), {})
  })

  it('reads a file whose collector was killed while it wrote, and says so', async () => {
    const path = kept(looks('a_total 1', 'a_total 2'), 'jsonl', false)
    appendFileSync(path, '{"kind":"sample","at":17670')
    const summary = await summaryOf(path)
    assert.deepEqual([summary.samples, summary.end], [2, undefined])
  })

  it('names what is no collection', async () => {
    const faults: [string, RegExp][] = [
      ['', /is empty/],
      ['{"kind":"history","version":1}\n', /is no collection of weir metrics collect$/],
      ['hello\n', /is no collection/],
      ['{"kind":"metrics","version":2}\n', /has version 2; this weir reads 1/],
      [`${JSON.stringify(header)}\n{"kind":"sample"}\n`, /line 2 is no sample, gap or end/],
      [`${JSON.stringify(header)}\nnull\n{"kind":"gap","at":1,"why":""}\n`, /line 2 is no sample/],
    ]
    for (const [text, fault] of faults) {
      const path = join(dir.path, `bad-${++files}.jsonl`)
      writeFileSync(path, text)
      const failure = (error: unknown) => error instanceof CollectionError && fault.test(error.message)
      await assert.rejects(summaryOf(path), failure, text)
    }
    await assert.rejects(summaryOf(kept([], 'csv')), /of a CSV there is no summary/)
  })
})

describe('a collection as CSV', () => {
  it('has a row for each look, empty where nothing is known, and no formula', () => {
    const [seen] = looks('bss_messages_accepted_total{message_type="MNP"} 7')
    assert.ok(seen)
    const rows = readFileSync(kept([seen, { at: START + 1500, away: '=gone, "away"' }], 'csv'), 'utf8').split(
      '\n',
    )
    const [names, first, second, rest] = rows.map((line) => line.split(','))
    const cell = (name: string) => first?.[names?.indexOf(name) ?? -1]
    assert.deepEqual(names?.slice(0, 4), ['time', 'seconds', 'gap', 'ready'])
    assert.deepEqual([cell('time'), cell('seconds'), cell('gap')], ['2026-01-01T00:00:00.000Z', '0', ''])
    assert.deepEqual([cell('ready'), cell('accepted_total'), cell('consumers')], ['0', '7', ''])
    assert.deepEqual([cell('ready MNP'), cell('out_per_s MNP')], ['0', '0'])
    assert.match(second?.join(',') ?? '', /^2026-01-01T00:00:01\.500Z,1\.5,"'=gone, ""away""",,,/)
    assert.deepEqual(rest, [''])
  })

  it('ends when it has become as large as it may', () => {
    const path = join(dir.path, 'small.jsonl')
    const file = new CollectionFile({ path, format: 'jsonl', header, types: [], mostBytes: 500 })
    const kept = looks('a 1', 'a 2', 'a 3', 'a 4', 'a 5').map((look) => file.keep(look))
    file.close()
    assert.equal(kept[0], true)
    assert.equal(kept.at(-1), false)
  })
})
