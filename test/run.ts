/**
 * Runs the tests: `npm test`, or `npm test -- some-word …` for the files whose path contains one of the words.
 * Ends with the line `N passed, N failed`, counted from the runner's own events.
 */
import { globSync } from 'node:fs'
import { join } from 'node:path'
import { run } from 'node:test'
import { spec } from 'node:test/reporters'
import { buildStalePages } from '../bin/pages.mjs'

/** Longer than any test file needs; a file that hangs must not hang everything. */
const FILE_TIMEOUT_MS = 300_000
/** Then its process is ended: time enough to name the test that hung, and for its orderly end. */
const FILE_LIMIT_MS = FILE_TIMEOUT_MS + 60_000
const WATCHDOG = join(import.meta.dirname, 'fixtures', 'watchdog.ts')

const words = process.argv.slice(2)
const files = globSync('test/**/*.test.ts')
  .filter((file) => words.length === 0 || words.some((word) => file.includes(word.replace(/^\.\//, ''))))
  .sort()
if (files.length === 0) {
  console.error(`no test file matches ${words.join(' ')}`)
  process.exit(1)
}

// Once, before several files find at the same time that they are missing. A build that fails is those files' to tell.
if (files.some((file) => file.includes(join('test', 'web'))))
  buildStalePages(join(import.meta.dirname, '..'), process.execPath, ['up'])
process.env.TEST_FILE_LIMIT_MS = String(FILE_LIMIT_MS)
// Three at a time on two cores: half of the time a test waits for a broker to come back or an outage to pass. With four
// the processors are the limit, and nothing is gained.
const events = run({ files, concurrency: 3, timeout: FILE_TIMEOUT_MS, execArgv: ['--import', WATCHDOG] })
let passed = 0
let failed = 0
let skipped = 0
/** A suite that is skipped whole does not say how many tests it has, and is in no other count. */
let skippedSuites = 0
events.on('test:pass', ({ details, skip }) => {
  if (details.type === 'suite' && skip !== undefined) skippedSuites++
})
events.on('test:summary', ({ counts, file }) => {
  if (file !== undefined) return
  passed = counts.passed
  failed = counts.tests - counts.passed - counts.skipped - counts.todo
  skipped = counts.skipped + counts.todo
})
const report = events.compose(spec)
report.pipe(process.stdout, { end: false })
report.on('end', () => {
  const ok = failed === 0 && passed > 0
  const suites = skippedSuites > 0 ? `, ${skippedSuites} whole suites skipped` : ''
  const tail = (skipped > 0 ? `, ${skipped} skipped` : '') + suites
  process.stdout.write(`${passed} passed, ${failed} failed${tail}\n`, () => process.exit(ok ? 0 : 1))
})
