/** `weir metrics` as its users run it: a real service that goes away and comes back, and Ctrl-C. */
import assert from 'node:assert/strict'
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { existsSync, readFileSync } from 'node:fs'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { join } from 'node:path'
import { after, test } from 'node:test'
import { bareEnvironment } from '../fixtures/environment.ts'
import { freePort } from '../fixtures/ports.ts'
import { eventually, ServiceProcess, withLimit } from '../fixtures/process.ts'
import { temporaryDirectory, weir } from '../fixtures/weir-process.ts'

const MAIN = join(import.meta.dirname, '..', '..', 'src', 'cli', 'main.ts')
const dir = temporaryDirectory()
after(() => dir.remove())

/** `weir metrics collect`, whose progress on stderr can be waited for. */
function collecting(url: string, ...args: string[]) {
  const child = spawn(process.execPath, [MAIN, '--api-url', url, 'metrics', 'collect', ...args], {
    env: bareEnvironment(),
    stdio: ['ignore', 'pipe', 'pipe'],
  })
  const exit = once(child, 'close')
  let [stdout, stderr] = ['', '']
  child.stdout.on('data', (data) => (stdout += data))
  const says = (what: RegExp) =>
    withLimit(
      new Promise<void>((resolve) => {
        if (what.test(stderr)) return resolve()
        child.stderr.on('data', () => what.test(stderr) && resolve())
      }),
      60_000,
      () => `it did not say ${what}: ${stderr}`,
    )
  child.stderr.on('data', (data) => (stderr += data))
  return {
    says,
    async interrupt() {
      child.kill('SIGINT')
      const [code] = await withLimit(exit, 60_000, () => `no end after SIGINT: ${stderr}`)
      return { code: code as number | null, stdout, stderr }
    },
    async [Symbol.asyncDispose]() {
      child.kill('SIGKILL')
      await exit
    },
  }
}

test('a service that goes away leaves a gap, its restart is told, and Ctrl-C ends the file in good order', async () => {
  const dataDir = join(dir.path, 'data')
  const environment = { API_PORT: String(await freePort()) }
  const first = new ServiceProcess({ dataDir, environment })
  let second: ServiceProcess | undefined
  try {
    const url = await first.ready
    const out = join(dir.path, 'run.jsonl')
    await using collector = collecting(url, '--interval', '100ms', '--out', out)
    const seen = (what: RegExp) => () =>
      (existsSync(out) && what.test(readFileSync(out, 'utf8'))) || undefined
    await eventually(seen(/"kind":"sample"/), () => 'no first look')
    await weir(['load', '-n', '20', '-c', '2', '--message-type', 'MNP', '--api-url', url])
    await eventually(seen(/accepted_total\{message_type=\\"MNP\\"\}":20/), () => 'what was sent was not seen')
    await first.end('SIGKILL')
    await collector.says(/cannot be reached/)
    second = new ServiceProcess({ dataDir, environment })
    await second.ready
    await collector.says(/the service is back/)
    // The first answer of the new process may be its status alone.
    const starts = () =>
      new Set(readFileSync(out, 'utf8').match(/"bss_process_start_time_seconds":[\d.]+/g)).size === 2 ||
      undefined
    await eventually(starts, () => 'the metrics of the new process were not seen')
    const { code, stdout, stderr } = await collector.interrupt()
    assert.equal(code, 0, stderr)
    assert.match(stdout, /run\.jsonl: \d+ looks, \d+ without an answer.*; ended by a signal$/m)
    const lines = readFileSync(out, 'utf8')
      .trimEnd()
      .split('\n')
      .map((line) => JSON.parse(line))
    assert.deepEqual([lines[0].kind, lines[0].url, lines[0].intervalMs], ['metrics', url, 100])
    assert.equal(lines[0].settings.dataDir, dataDir)
    assert.match(lines[0].weir, /^\d+\.\d+\.\d+/)
    assert.equal(lines.at(-1).kind, 'end')
    const shown = await weir(['metrics', 'show', out, '--json'])
    const summary = JSON.parse(shown.stdout)
    const accepted = summary.counters.find(
      ({ name }: { name: string }) => name === 'bss_messages_accepted_total',
    )
    assert.deepEqual([accepted.increase, summary.restarts], [20, 1], shown.stdout)
    // A machine that stood still is a gap of its own.
    const away = summary.gaps.filter(({ why }: { why: string }) => /cannot be reached/.test(why))
    assert.equal(away.length, 1, shown.stdout)
    assert.ok(away[0].to > away[0].from)
    const memory = summary.gauges.find(({ name }: { name: string }) => name === 'memory_bytes')
    assert.ok(memory.min > 30e6, 'of a real process')
    assert.match((await weir(['metrics', 'show', out])).stdout, /^ {2}counters began anew once/m)
  } finally {
    await Promise.all([first.end('SIGKILL'), second?.end('SIGKILL')])
  }
})

test('nobody there, nowhere to write, no file: one line, and no file is begun', async () => {
  const env = { env: { WEIR_API_URL: 'http://127.0.0.1:9' } }
  const line = async (...args: string[]) => {
    const { code, stdout, stderr } = await weir(['metrics', ...args], env)
    assert.equal(stdout, '')
    return `${code} ${stderr.split('\n')[0]}`
  }
  const at = (name: string) => join(dir.path, name)
  assert.match(await line('collect', '--out', at('x.jsonl')), /^1 weir: http.* cannot be reached/)
  assert.match(await line('collect', '--out', at('x.png')), /^2 weir: --out must be NAME\.jsonl or NAME\.csv/)
  assert.match(
    await line('collect', '--out', at('x.csv'), '--interval', '1ms'),
    /^2 weir: --interval must be/,
  )
  const long = ['--duration', '30d', '--interval', '100ms']
  assert.match(
    await line('collect', '--out', at('x.csv'), ...long),
    /^2 weir: that would be over 1,000,000 looks/,
  )
  assert.match(await line('show', at('none.jsonl')), /^2 weir: .*none\.jsonl cannot be used \(ENOENT\)$/)
  assert.match(await line('show', dir.path), /^2 weir: .*cannot be used|EISDIR/)
})

test('a role without an API is collected by its metrics alone, into JSON lines and CSV', async () => {
  let scrapes = 0
  const server = createServer((request, response) => {
    if (request.url === '/metrics') response.end(`bss_messages_processed_total ${++scrapes * 10}\n`)
    else response.writeHead(404).end()
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  const env = { env: { WEIR_API_URL: `http://127.0.0.1:${(server.address() as AddressInfo).port}` } }
  const out = (name: string) => ['--duration', '300ms', '--interval', '100ms', '--out', join(dir.path, name)]
  try {
    const { code, stderr } = await weir(['metrics', 'collect', ...out('role.jsonl')], env)
    assert.deepEqual([code, stderr], [0, ''])
    const shown = await weir(['metrics', 'show', join(dir.path, 'role.jsonl')])
    assert.match(shown.stdout, /^weir unknown at http.*: \d looks/)
    assert.match(shown.stdout, /^bss_messages_processed_total +\d0 +\d+/m)
    assert.equal((await weir(['metrics', 'collect', ...out('role.csv')], env)).code, 0)
    const [names = '', first = ''] = readFileSync(join(dir.path, 'role.csv'), 'utf8').split('\n')
    const cells = first.split(',')
    assert.match(cells[names.split(',').indexOf('processed_total')] ?? '', /^\d+0$/)
    assert.equal(cells[names.split(',').indexOf('ready')], '')
  } finally {
    server.close()
    server.closeAllConnections()
  }
})
