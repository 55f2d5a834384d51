/** `weir audit`: what a load sent is followed to its end, and each kind of loss is named, with exit code 1. */
import assert from 'node:assert/strict'
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { after, before, describe, test } from 'node:test'
import { type RunningWeir, resolveSettings, startWeir } from '../../src/app/index.ts'
import { fineClock } from '../../src/cli/proof.ts'
import {
  type AuditVerdict,
  HistoryRecorder,
  historyLine,
  type LoadReport,
  planLoad,
  runLoad,
  startBackend,
} from '../../src/lab/index.ts'
import { newDataDir } from '../fixtures/embedded.ts'
import { eventually } from '../fixtures/process.ts'
import { weir } from '../fixtures/weir-process.ts'

const dir = newDataDir()
after(() => rmSync(dir, { recursive: true }))
const recorded = join(dir, 'history.jsonl')
const log = join(dir, 'calls.jsonl')

const newDirectory = () => mkdtempSync(join(dir, 'data-'))

/** Three hundred messages through a real queue to a real back end; what is left are the two records of it. */
async function loadThroughQueue(): Promise<RunningWeir> {
  const backend = await startBackend({
    ...{
      host: '127.0.0.1',
      port: 0,
      capacity: 50,
      limit: 100,
      serviceMs: 1,
      spread: 0.5,
      burnMs: 0,
      seed: 1,
    },
    ...{ remember: 1000, hangMs: 30_000, retryAfterSeconds: 0, logFile: log, clock: fineClock },
  })
  const file = { bss: false, types: { ORDER: { target: backend.url, concurrency: 20 } } }
  const options = { apiPort: 0, roomPort: 'off', dataDir: newDirectory() }
  const service = await startWeir(resolveSettings({ file, options }))
  const history = new HistoryRecorder(recorded)
  await runLoad({
    plan: planLoad({ requests: 300, concurrency: 10 }),
    target: { url: new URL(service.url), kind: 'api', batch: 1, mix: { ORDER: 1 }, size: 0, keys: false },
    ...{ run: 'r', seed: 1, timeoutMs: 30_000, graceMs: 30_000, clock: fineClock, history },
  })
  history.close()
  await eventually(
    () => backend.stats().outcomes.served === 300 || undefined,
    () => `the back end served ${backend.stats().outcomes.served} of 300`,
  )
  // Its log is whole once it has stopped.
  await backend.stop()
  return service
}

const audit = async (...args: string[]) => {
  const { code, stdout, stderr } = await weir(['audit', '--json', ...args])
  return { code, stderr, verdict: (stdout === '' ? undefined : JSON.parse(stdout)) as AuditVerdict }
}

describe('a load through a real queue', () => {
  let service: RunningWeir
  before(async () => {
    service = await loadThroughQueue()
  })
  after(() => service.stop())

  test('service and back end are both asked: nothing lost, nothing twice', async () => {
    const whole = join(dir, 'whole.jsonl')
    const ask = ['--ask', '--api-url', service.url]
    const { code, verdict, stderr } = await audit(
      '--recorded',
      recorded,
      ...ask,
      '--backend-log',
      log,
      '--out',
      whole,
    )
    assert.equal(code, 0, stderr)
    assert.deepEqual([verdict.ok, verdict.ended.done, verdict.passed], [300, 300, true])
    // The whole history is judged the same without asking anybody.
    const again = await audit('--recorded', whole)
    assert.deepEqual([again.code, again.verdict], [0, verdict])
  })

  test('each source alone is enough', async () => {
    for (const source of [
      ['--ask', '--api-url', service.url],
      ['--backend-log', log],
    ]) {
      const { code, verdict } = await audit('--recorded', recorded, ...source)
      assert.deepEqual([code, verdict.ok], [0, 300])
    }
  })

  test('no source of what came out: told, not called loss', async () => {
    const { code, stderr } = await audit('--recorded', recorded)
    assert.equal(code, 2)
    assert.match(stderr, /tells what went in and not what came out; add --ask/)
  })

  test('unknown to the service, work not done, work done twice, foreign work: each named', async () => {
    const lines = readFileSync(recorded, 'utf8')
    const ghost = [
      historyLine({ kind: 'attempted', ref: 'ghost' }),
      historyLine({ kind: 'acknowledged', ref: 'ghost', id: 'no-such-id' }),
    ].join('')
    const spoiled = join(dir, 'spoiled.jsonl')
    writeFileSync(spoiled, lines + ghost)
    const [header, ...calls] = readFileSync(log, 'utf8').trim().split('\n')
    const spoiledLog = join(dir, 'spoiled-calls.jsonl')
    // The first piece of work is missing, the second is there twice, and somebody else's is among them.
    const foreign = (calls[2] ?? '').replace(/"id":"[^"]+"/, '"id":"foreign"').replace(/,"ref":"[^"]+"/, '')
    writeFileSync(spoiledLog, `${[header, ...calls.slice(1), calls[1], foreign].join('\n')}\n`)
    const ask = ['--ask', '--wait', '0', '--api-url', service.url]
    const { code, verdict } = await audit('--recorded', spoiled, ...ask, '--backend-log', spoiledLog)
    assert.equal(code, 1)
    assert.deepEqual([verdict.lost, verdict.duplicated, verdict.unexpected, verdict.ok], [2, 1, 1, 298])
    const found = (kind: string) => verdict.findings.filter((finding) => finding.kind === kind)
    const idOf = (line = '') => (JSON.parse(line) as { id: string }).id
    assert.deepEqual(
      found('lost')
        .map(({ id }) => id)
        .sort(),
      [idOf(calls[0]), 'no-such-id'].sort(),
    )
    assert.deepEqual(
      found('duplicated').map(({ id }) => id),
      [idOf(calls[1])],
    )
    assert.deepEqual(
      found('unexpected').map(({ id }) => id),
      ['foreign'],
    )
    const text = await weir(['audit', '--recorded', spoiled, ...ask, '--backend-log', spoiledLog])
    assert.equal(text.code, 1)
    assert.match(text.stdout, /^ {2}lost +2$/m)
    assert.match(text.stdout, /^ {2}ghost {2}no-such-id: acknowledged, and never came out$/m)
    assert.match(text.stdout, /took effect 2 times\n/)
    assert.match(text.stdout, /FAILED\n$/)
  })
})

test('straight to a back end that is given too much: its log tells of every message, and nothing is lost', async () => {
  const logFile = join(dir, 'direct-calls.jsonl')
  const backend = await startBackend({
    ...{ host: '127.0.0.1', port: 0, capacity: 2, limit: 4, serviceMs: 20, spread: 0, burnMs: 0, seed: 1 },
    ...{ remember: 1000, hangMs: 50, retryAfterSeconds: 0, logFile, clock: fineClock },
  })
  const history = join(dir, 'direct.jsonl')
  const run = await weir([
    'load',
    '-n',
    '100',
    '-c',
    '8',
    '--direct',
    backend.url,
    '--out',
    history,
    '--json',
  ])
  await backend.stop()
  const { accounts } = JSON.parse(run.stdout) as LoadReport
  assert.equal(run.code, 1)
  assert.ok(accounts.acknowledged > 0 && accounts.refused > 0, run.stdout)
  const { code, verdict } = await audit('--recorded', history, '--backend-log', logFile)
  assert.deepEqual([code, verdict.ok], [0, accounts.acknowledged])
})

test('messages that wait when the time is up are unfinished', async () => {
  const options = { apiPort: 0, roomPort: 'off', dataDir: newDirectory(), consumerTypes: 'CHANGE' }
  const service = await startWeir(resolveSettings({ options }))
  try {
    const out = join(dir, 'waiting.jsonl')
    const env = { WEIR_API_URL: service.url }
    await weir(['load', '-n', '5', '-c', '1', '--message-type', 'MNP', '--out', out], { env })
    const { code, verdict } = await audit('--recorded', out, '--ask', '--wait', '0', '--api-url', service.url)
    assert.deepEqual([code, verdict.unfinished, verdict.lost], [1, 5, 0])
    assert.match(verdict.findings[0]?.why ?? '', /still ready/)
  } finally {
    await service.stop()
  }
})

test('a file that is no history, and no file, are told in one line', async () => {
  const file = join(dir, 'nonsense')
  writeFileSync(file, 'hello\n')
  const { code, stderr } = await audit('--recorded', file)
  assert.deepEqual(
    [code, stderr],
    [2, 'weir: line 1 of the history: it does not begin with a history header\n'],
  )
  const missing = await audit('--recorded', join(dir, 'missing'))
  assert.equal(missing.code, 2)
  assert.match(missing.stderr, /missing cannot be used \(ENOENT\)/)
  assert.equal((await audit()).code, 2)
})
