/** What is shown while a load runs. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { loadText, ms, progressLine } from '../../../src/cli/load-report.ts'
import type { LoadProgress } from '../../../src/lab/index.ts'
import { Tally } from '../../../src/lab/load/tally.ts'

function progress(tally: Tally, requests: number | undefined): LoadProgress {
  return { seconds: 12, sent: 300, requests, accounts: tally.accounts, interval: tally.interval(2000) }
}

test('rate and latencies of the last second, errors of all', () => {
  const tally = new Tally(0)
  tally.attempted(500, 300)
  for (let index = 0; index < 250; index++) {
    tally.fate(900, 'acknowledged', undefined)
    tally.answered(900, 890, 895, true)
  }
  tally.fate(900, 'refused', 'backlog_full')
  tally.fate(900, 'unknown', 'timeout')
  const line = progressLine(progress(tally, 1000))
  assert.equal(
    line,
    '12 s: 300 of 1,000 (30 %) sent, 125/s, p50 10.0 ms, p99 10.0 ms, max 10.0 ms, 1 refused, 0 failed, 1 unknown' +
      ', 48 without an answer yet',
  )
  // The next second, in which nothing happened; a load for a time has no end in requests.
  assert.equal(
    progressLine(progress(tally, undefined)),
    '12 s: 300 sent, 0/s, 1 refused, 0 failed, 1 unknown, 48 without an answer yet',
  )
  for (let index = 0; index < 48; index++) tally.fate(2500, 'unknown', 'timeout')
  assert.match(progressLine(progress(tally, 300)), /^12 s: 300 of 300 \(100 %\) sent, .*, 49 unknown$/)
})

test('a run that is doubtful says whether the generator or something beside it was late', async () => {
  const tally = new Tally(0)
  const figures = tally.latency.summary()
  const lateness = { p50: 0, p99: 40, max: 50 }
  const text = (cores: number) => {
    const generator = {
      cores,
      loopLagMs: lateness,
      lateMs: lateness,
      waitedForConnection: 0,
      bottleneck: true,
    }
    return loadText({
      ...{
        kind: 'load',
        version: 1,
        url: 'http://x/',
        target: 'api',
        batch: 1,
        mix: {},
        size: 0,
        keys: false,
      },
      ...{ seed: 1, run: 'r', startedAt: 0, seconds: 1, accounts: tally.accounts, acknowledgedPerSecond: 0 },
      plan: { mode: 'closed', testType: 'burst', concurrency: 1 },
      requests: { sent: 0, unsent: 0 },
      ...{ latencyMs: figures, serviceMs: figures, otherAnswersMs: figures, codes: {}, series: [] },
      generator: { ...generator, why: ['its event loop came 40 ms late at p99'] },
      interrupted: false,
    })
  }
  assert.match(
    text(0.95),
    /^ {2}BOTTLENECK {5}the generator stood in its own way: its event loop came 40 ms late/m,
  )
  assert.match(
    text(0.02),
    /^ {2}BOTTLENECK {5}the generator was held up, as by other work on this machine: its/m,
  )
})

test('milliseconds with the digits that are measured', () => {
  assert.deepEqual([0.4567, 45.67, 1234, Number.NaN].map(ms), ['0.46 ms', '45.7 ms', '1.2 s', '-'])
})
