/** `weir load` as its users run it, against a real service. */
import assert from 'node:assert/strict'
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { readFileSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import { after, before, test } from 'node:test'
import { type RunningWeir, resolveSettings, startWeir } from '../../../src/app/index.ts'
import { audit, type LoadReport, readHistory } from '../../../src/lab/index.ts'
import { newDataDir } from '../../fixtures/embedded.ts'
import { withLimit } from '../../fixtures/process.ts'
import { weir } from '../../fixtures/weir-process.ts'
import { accept, json, scripted } from './script.ts'

const dir = newDataDir()
let service: RunningWeir
before(async () => {
  service = await startWeir(
    resolveSettings({ options: { apiPort: 0, roomPort: 'off', dataDir: dir, backendSpeed: 0 } }),
  )
})
after(async () => {
  await service.stop()
  rmSync(dir, { recursive: true })
})
const run = (...args: string[]) => weir(['load', ...args], { env: { WEIR_API_URL: service.url } })
const reported = (text: string) => JSON.parse(text) as LoadReport

test('basic: every message acknowledged by a real service, and each id of the history is really there', async () => {
  const out = join(dir, 'basic.jsonl')
  const { code, stdout, stderr } = await run('basic', '--out', out, '--json')
  assert.equal(code, 0, stderr)
  const report = reported(stdout)
  assert.deepEqual(report.accounts, {
    attempted: 1000,
    acknowledged: 1000,
    refused: 0,
    failed: 0,
    unknown: 0,
  })
  assert.deepEqual(Object.keys(report.mix).sort(), ['CHANGE', 'MNP', 'SUBSCRIPTION', 'TERMINATION'])
  assert.ok(report.generator.cores > 0)
  const lines = readFileSync(out, 'utf8')
    .trim()
    .split('\n')
    .map((line) => JSON.parse(line) as { kind: string; id?: string })
  const ids = lines.flatMap(({ kind, id }) => (kind === 'acknowledged' && id !== undefined ? [id] : []))
  assert.equal(new Set(ids).size, 1000)
  const life = await fetch(`${service.url}/api/messages/${ids[500]}`)
  assert.match(((await life.json()) as { content: string }).content, /^weir-load \S+\/\d+$/)
  const verdict = await audit(await readHistory(out))
  assert.deepEqual([verdict.attempted, verdict.acknowledged], [1000, 1000])
})

test('with a rate: open, and the text tells both latencies', async () => {
  const { code, stdout, stderr } = await run(
    '--test-type',
    'ramp',
    '-n',
    '60',
    '--duration',
    '1',
    '--mix',
    'mnp=3,가입=1',
  )
  assert.equal(code, 0, stderr)
  assert.match(stdout, /^ramp: 60 requests in .*up to 120\/s, .*open loop, poisson, seed 1/)
  assert.match(stdout, /^ {2}acknowledged +60 +100\.00 %/m)
  assert.match(stdout, /^ {2}latency +p50 .*\n {2}once sent +p50 /m)
})

test('refused messages: exit code 1, and why', async () => {
  const { code, stdout } = await run('-n', '20', '-c', '2', '--message-type', 'NOPE')
  assert.equal(code, 1)
  assert.match(stdout, /^ {2}refused +20 +100\.00 %/m)
  assert.match(stdout, /^ {2}why +unknown_type 20$/m)
})

test('--keys at a service that does none: it is asked once, and the messages go without', async () => {
  let asked = 0
  await using server = await scripted((number, { url }, response) => {
    if (url === '/api/types') return json(response, 200, { types: [{ name: 'MNP' }] })
    if (url !== '/api/router/info') return accept(number, undefined, response)
    asked += 1
    json(response, 200, { abilities: { idempotency: false } })
  })
  const { code, stderr } = await weir(['load', '-n', '20', '-c', '2', '--keys'], {
    env: { WEIR_API_URL: server.url.href },
  })
  assert.equal(code, 0, stderr)
  const sent = server.bodies.filter((body) => body !== '')
  assert.deepEqual([asked, sent.length, sent.filter((body) => /idempotencyKey/.test(body))], [1, 20, []])
  assert.match(stderr, /no idempotency keys: sending without/)
})

test('Ctrl-C: ends by itself with a report and a whole history', async () => {
  const out = join(dir, 'interrupted.jsonl')
  let child: ReturnType<typeof spawn> | undefined
  await using server = await scripted((number, _request, response) => {
    response.end()
    if (number === 20) child?.kill('SIGINT')
  })
  const main = join(import.meta.dirname, '..', '..', '..', 'src', 'cli', 'main.ts')
  const args = [
    'load',
    '--direct',
    server.url.href,
    '--rate',
    '100',
    '--duration',
    '10m',
    '--out',
    out,
    '--json',
  ]
  child = spawn(process.execPath, [main, ...args], { stdio: ['ignore', 'pipe', 'inherit'] })
  try {
    let stdout = ''
    child.stdout?.on('data', (data) => (stdout += data))
    await withLimit(once(child, 'close'), 60_000, () => 'no end after SIGINT')
    assert.equal(child.exitCode, 0)
    const { interrupted, accounts, requests } = reported(stdout)
    assert.equal(interrupted, true)
    assert.ok(accounts.acknowledged >= 19, `${accounts.acknowledged} acknowledged`)
    assert.equal(requests.sent + requests.unsent, 60_000)
    const { attempted, acknowledged } = await audit(await readHistory(out))
    assert.deepEqual([attempted, acknowledged], [accounts.attempted, accounts.acknowledged])
  } finally {
    child.kill('SIGKILL')
  }
})

test('wrong flags are told in one line', async () => {
  for (const [args, says] of [
    [['extreme'], /there is no preset extreme; there are basic, high-volume/],
    [['high-volume', '--volume', '7'], /--volume of high-volume is one of 5000/],
    [['--volume', '5000'], /--volume is for the preset/],
    [['--rate', '5', '--requests', '5', '--duration', '5'], /give two of/],
    [['--mix', 'MNP=0'], /--mix takes types with shares/],
    [['--mix', 'MNP', '--message-type', 'MNP'], /give --message-type or --mix/],
    [['--test-type', 'flood'], /Allowed choices are burst, sustained/],
    [['--requests', 'many'], /--requests must be a whole number/],
    [['--direct', 'ftp://x'], /--direct must be an http/],
    [['--direct', 'http://127.0.0.1:1', '--batch', '5'], /--batch is for the API/],
    [['--out', join(dir, 'no', 'place')], /place cannot be used \(ENOENT\)/],
    [['--report', join(dir, 'no', 'place')], /place cannot be used \(ENOENT\)/],
  ] as const) {
    const { code, stderr } = await run(...args)
    assert.equal(code, 2, stderr)
    assert.match(stderr, says)
  }
  const gone = await run('--direct', 'http://127.0.0.1:1')
  assert.equal(gone.code, 1)
  assert.match(gone.stderr, /^weir: http:\/\/127\.0\.0\.1:1 cannot be reached: ECONNREFUSED\n$/)
})
