/** `weir validate` as its users run it: on a service of its own it passes, writes its report, ends when told to. */
import assert from 'node:assert/strict'
import { spawn } from 'node:child_process'
import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, test } from 'node:test'
import type { ValidationReport } from '../../../src/lab/index.ts'
import { bareEnvironment } from '../../fixtures/environment.ts'
import { eventually, withLimit } from '../../fixtures/process.ts'
import { temporaryDirectory, weir } from '../../fixtures/weir-process.ts'

const MAIN = join(import.meta.dirname, '..', '..', '..', 'src', 'cli', 'main.ts')

/** The process ids whose parent this is; the fourth word of a stat, after the name, which may hold anything. */
function childrenOf(pid: number): string[] {
  return readdirSync('/proc').filter((name) => {
    try {
      const stat = readFileSync(`/proc/${name}/stat`, 'utf8')
      return /^\d+$/.test(name) && stat.slice(stat.lastIndexOf(')')).split(' ')[2] === `${pid}`
    } catch {
      return false
    }
  })
}

describe('weir validate', { timeout: 180_000 }, () => {
  test('levelling and buffering on the embedded engine pass, and the report is in the file', async (t) => {
    const directory = temporaryDirectory()
    t.after(directory.remove)
    const file = join(directory.path, 'report.json')
    const { code, stdout, stderr } = await weir([
      ...['validate', '--quick', '--test-type', 'queue_buffering,burst_leveling', '--duration', '5s'],
      ...['--burst-size', '300', '--seed', '5', '--out', file],
    ])
    const report = JSON.parse(readFileSync(file, 'utf8')) as ValidationReport
    assert.equal(code, 0, stdout + stderr)
    assert.deepEqual([report.passed, report.score, report.grade, report.seed], [true, 100, 'A', 5])
    const names = report.experiments.map(({ experiment }) => experiment)
    assert.deepEqual(names, ['burst_leveling', 'queue_buffering'])
    // On a machine that stood still some cannot be told; nothing may fail, and the pace can always be told.
    const peak = report.experiments[0]?.criteria.find(({ id }) => id === 'burst_leveling.peak_output')
    assert.equal(peak?.verdict, 'passed')
    for (const { criteria, charts } of report.experiments) {
      assert.ok(charts.length > 0)
      for (const one of criteria) {
        const judged = one.verdict === 'passed' || one.verdict === 'failed'
        assert.ok(
          judged ? Number.isFinite(one.measured) : one.verdict !== 'skipped' || one.measured === null,
          one.id,
        )
        assert.ok(one.evidence.en !== '' && /[가-힣]/.test(one.evidence.ko), one.id)
      }
    }
    const ok = report.experiments[0]?.figures.find(({ id }) => id === 'burst_leveling.ok')
    assert.equal(ok?.value, 300)
    assert.match(stdout, /burst_leveling: Levelling of a burst[\s\S]*PASSED: .*score 100, grade A/)
    assert.match(stderr, /burst_leveling: \d+ messages still in the queue/)
  })

  test('Ctrl-C ends it with what there is, nothing is left running, and nothing is called lost', async (t) => {
    const directory = temporaryDirectory()
    t.after(directory.remove)
    const child = spawn(process.execPath, [MAIN, 'validate', '--json', '--test-type', 'burst_leveling'], {
      env: { ...bareEnvironment(), TMPDIR: directory.path },
      stdio: ['ignore', 'pipe', 'pipe'],
    })
    t.after(() => child.kill('SIGKILL'))
    let [stdout, stderr] = ['', '']
    child.stdout.on('data', (data) => (stdout += data))
    child.stderr.on('data', (data) => (stderr += data))
    const ended = new Promise<number | null>((resolve) => child.once('close', resolve))
    await eventually(
      () => /messages sent/.test(stderr) || undefined,
      () => `it did not begin: ${stderr}`,
    )
    child.kill('SIGINT')
    assert.equal(await withLimit(ended, 60_000, () => `no end: ${stderr}`), 1)
    const report = JSON.parse(stdout) as ValidationReport
    assert.equal(report.interrupted, true)
    const [burst] = report.experiments
    assert.equal(
      burst?.criteria.some(({ verdict }) => verdict === 'failed'),
      false,
    )
    assert.deepEqual(readdirSync(directory.path), [])
  })

  const linux = process.platform !== 'linux' && 'looks for children in /proc'
  test('killed, it leaves nothing running: what it started ends by itself', { skip: linux }, async (t) => {
    const directory = temporaryDirectory()
    t.after(directory.remove)
    const child = spawn(process.execPath, [MAIN, 'validate', '--test-type', 'burst_leveling'], {
      env: { ...bareEnvironment(), TMPDIR: directory.path },
      stdio: ['ignore', 'ignore', 'pipe'],
    })
    t.after(() => child.kill('SIGKILL'))
    let stderr = ''
    child.stderr.on('data', (data) => (stderr += data))
    await eventually(
      () => /messages sent/.test(stderr) || undefined,
      () => `it did not begin: ${stderr}`,
    )
    const started = childrenOf(child.pid ?? 0)
    t.after(() => {
      for (const pid of started) if (existsSync(`/proc/${pid}`)) process.kill(Number(pid), 'SIGKILL')
    })
    assert.equal(started.length, 2, 'the service and the back end')
    child.kill('SIGKILL')
    await eventually(
      () => (started.every((pid) => !existsSync(`/proc/${pid}`)) ? true : undefined),
      () => `still there: ${started.filter((pid) => existsSync(`/proc/${pid}`))}`,
      60_000,
    )
  })

  test('wrong use is told in one line, before anything is started', async () => {
    const wrong: [args: string[], says: RegExp][] = [
      [['--test-type', 'burst'], /--test-type must be burst_leveling, .* or all; found burst/],
      [['--out', 'report.pdf'], /--out must end in .json, .html or .md; found report.pdf/],
      [['--out', '/nowhere/report.json'], /\/nowhere cannot be used \(ENOENT\)/],
      [['--backend-log', 'x.jsonl'], /--backend-log is of a running service; give --api-url/],
      [
        ['--sustained-load', '1000', '--duration', '1h'],
        /would be 3600000 messages, and 2000000 are the most/,
      ],
      [['--burst-size', '0'], /--burst-size must be a whole number from 10 to 1000000; found 0/],
    ]
    const ends = await Promise.all(wrong.map(([args]) => weir(['validate', ...args])))
    for (const [index, { code, stdout, stderr }] of ends.entries()) {
      assert.match(stderr, wrong[index]?.[1] ?? /never/)
      assert.deepEqual([code, stdout, stderr.trim().split('\n').length], [2, '', 1])
    }
  })

  test('a service that is not there is told at once', async () => {
    const { code, stderr } = await weir(['validate', '--api-url', 'http://127.0.0.1:9'])
    assert.deepEqual([code, stderr.trim().split('\n').length], [1, 1])
  })
})
