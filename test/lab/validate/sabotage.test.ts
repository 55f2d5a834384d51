/**
 * A validator that cannot fail proves nothing: a real service with a real back end, spoilt from outside, must fail
 * `weir validate` for the right reason, and the same one unspoilt must pass.
 */
import assert from 'node:assert/strict'
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, type TestContext, test } from 'node:test'
import type { ValidationReport } from '../../../src/lab/index.ts'
import { startProcess, temporaryDirectory, weir } from '../../fixtures/weir-process.ts'
import { BackendProcess } from '../backend-process.ts'
import { doubling, inWindows, losing, type Spoiler } from './sabotage.ts'

interface Spoilt {
  readonly before?: (url: string) => Promise<Spoiler>
  readonly behind?: (url: string) => Promise<Spoiler>
  /** Of the type ORDER. */
  readonly setup: object
  readonly args: readonly string[]
}

/** Validates a service, with proxies that spoil it before its API or behind it; and says how often they acted. */
async function validated(t: TestContext, { before, behind, setup, args }: Spoilt) {
  const directory = temporaryDirectory()
  t.after(directory.remove)
  const log = join(directory.path, 'calls.jsonl')
  const backend = await BackendProcess.start(['--capacity', '300', '--service-time', '20ms', '--log', log])
  t.after(() => backend[Symbol.asyncDispose]())
  const after = await behind?.(backend.url)
  t.after(() => after?.[Symbol.asyncDispose]())
  const config = join(directory.path, 'weir.config.json')
  writeFileSync(
    config,
    JSON.stringify({ bss: false, types: { ORDER: { target: `${(after ?? backend).url}/`, ...setup } } }),
  )
  const data = join(directory.path, 'data')
  const service = await startProcess(directory.path, {
    WEIR_CONFIG: config,
    ROOM_PORT: 'off',
    DATA_DIR: data,
  })
  t.after(async () => {
    service.child.kill('SIGTERM')
    await service.exit
  })
  const door = await before?.(service.url)
  t.after(() => door?.[Symbol.asyncDispose]())
  const run = await weir([
    ...['validate', '--quick', '--json', '--api-url', (door ?? service).url, '--backend-log', log, ...args],
  ])
  assert.ok(run.stdout.startsWith('{'), run.stderr)
  const report = JSON.parse(run.stdout) as ValidationReport
  return { report, code: run.code, spoilt: (door ?? after)?.spoilt() ?? 0, names: door?.names() ?? [] }
}

const failedOf = ({ experiments }: ValidationReport) =>
  experiments.flatMap(({ criteria }) => criteria.filter(({ verdict }) => verdict === 'failed'))
const idsOf = (report: ValidationReport) => failedOf(report).map(({ id }) => id)

const BURST = ['--test-type', 'burst_leveling', '--burst-size', '300']
const BUFFER = ['--test-type', 'queue_buffering', '--duration', '5s']

describe('weir validate of a service that was running', { timeout: 240_000 }, () => {
  test('passes unspoilt', async (t) => {
    const setup = { ratePerSecond: 60, concurrency: 150 }
    const { report, code } = await validated(t, { setup, args: BURST })
    assert.deepEqual(failedOf(report), [])
    assert.deepEqual([report.passed, report.grade, code], [true, 'A', 0])
    const judged = report.experiments[0]?.criteria.find(({ id }) => id === 'burst_leveling.peak_output')
    assert.equal(judged?.verdict, 'passed')
  })

  test('fails a pacer with fixed windows by its peak', async (t) => {
    const { report, code, spoilt } = await validated(t, {
      behind: (url) => inWindows(url, 3_000),
      setup: { ratePerSecond: 30, concurrency: 150 },
      args: ['--test-type', 'burst_leveling', '--burst-size', '85'],
    })
    assert.ok(spoilt >= 85)
    const { criteria } = report.experiments[0] ?? assert.fail('nothing was tried')
    const ahead = criteria.find(({ id }) => id === 'burst_leveling.ahead_of_pace')
    // All that the pace has let out in a window comes at once, as far as a busy machine can do that.
    assert.ok((ahead?.measured ?? 0) > 1_000, `ahead by ${ahead?.measured} ms`)
    const allowed = ahead?.bound.kind === 'at-most' ? ahead.bound.value : assert.fail('no bound')
    if (allowed >= 1_000) return t.skip(`the measurement stood still: ${allowed} ms are allowed for`)
    const failed = idsOf(report)
    assert.ok(failed.includes('burst_leveling.peak_output'), failed.join(' '))
    assert.ok(failed.includes('burst_leveling.ahead_of_pace'), failed.join(' '))
    assert.ok(!failed.includes('burst_leveling.lost'), failed.join(' '))
    assert.deepEqual([report.passed, code], [false, 1])
  })

  test('fails a queue that loses one message in a thousand, and names the message', async (t) => {
    const { report, code, names } = await validated(t, {
      before: (url) => losing(url, 1_000),
      setup: { concurrency: 50 },
      args: [...BUFFER, '--burst-size', '1050'],
    })
    // How soon the whole burst is answered is another matter: it all goes through this process.
    const [lost, ...more] = failedOf(report).filter(({ id }) => id !== 'queue_buffering.answer_p99')
    assert.deepEqual([lost?.id, lost?.measured, more], ['queue_buffering.lost', 1, []])
    assert.equal(names.length, 1)
    assert.ok(
      lost?.evidence.en.includes(`(${names[0]}: acknowledged, and never came out)`),
      lost?.evidence.en,
    )
    assert.deepEqual([report.passed, report.grade, code], [false, 'F', 1])
  })

  test('fails a doubled effect, also when the second one has an id of its own', async (t) => {
    const { report, code, spoilt } = await validated(t, {
      behind: (url) => doubling(url, 100),
      setup: { concurrency: 50 },
      args: [...BUFFER, '--burst-size', '300'],
    })
    assert.ok(spoilt >= 3)
    assert.ok(idsOf(report).includes('queue_buffering.duplicated'), idsOf(report).join(' '))
    assert.deepEqual([report.passed, code], [false, 1])
  })
})
