/** `weir room load` as its users run it, against a real `weir up`. */
import assert from 'node:assert/strict'
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { readFileSync } from 'node:fs'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { join } from 'node:path'
import { after, before, test } from 'node:test'
import { type RunningWeir, resolveSettings, startWeir } from '../../../src/app/index.ts'
import {
  CostMeter,
  RoomAuditor,
  type RoomEvent,
  type RoomLoadReport,
  usedIn,
} from '../../../src/lab/index.ts'
import { bareEnvironment } from '../../fixtures/environment.ts'
import { eventually, withLimit } from '../../fixtures/process.ts'
import { temporaryDirectory, weir } from '../../fixtures/weir-process.ts'

const ADMIN = { adminEmail: 'ops@room.example', adminPassword: 'Operator-4711' }
const MAIN = join(import.meta.dirname, '..', '..', '..', 'src', 'cli', 'main.ts')
const dir = temporaryDirectory()
let service: RunningWeir
let url = ''
before(async () => {
  const ports = { apiPort: 0, roomPort: 0 }
  const room = { queueThreshold: 3, queueProcessorInterval: 300 }
  const options = { ...ports, ...room, ...ADMIN, dataDir: dir.path, logLevel: 'ERROR' }
  service = await startWeir(resolveSettings({ options }))
  url = service.urls.room ?? assert.fail('no room')
})
after(async () => {
  await service.stop()
  dir.remove()
})

const run = (...args: string[]) => weir(['room', 'load', ...args])

/** Ends it when it has shown that, by one SIGINT: at a second one it would end at once. */
async function interrupted(shown: RegExp, ...args: string[]) {
  const child = spawn(process.execPath, [MAIN, 'room', 'load', ...args], {
    env: bareEnvironment(),
    stdio: ['ignore', 'pipe', 'pipe'],
  })
  try {
    let [stdout, stderr, told] = ['', '', false]
    child.stdout.setEncoding('utf8').on('data', (data) => (stdout += data))
    child.stderr.setEncoding('utf8').on('data', (data) => {
      stderr += data
      if (told || !shown.test(stderr)) return
      told = true
      child.kill('SIGINT')
    })
    const [code] = await withLimit(once(child, 'close'), 60_000, () => `no end, SIGINT ${told}: ${stderr}`)
    return { code, stdout, stderr }
  } finally {
    child.kill('SIGKILL')
  }
}

const reported = (text: string) => JSON.parse(text) as RoomLoadReport

test('the flags that users know; a line a second, a report, exit code 0', async () => {
  const out = join(dir.path, 'seen.jsonl')
  const args = [
    '--users',
    '5',
    '--eventId',
    'known',
    '--apiUrl',
    url,
    '--delay',
    '10',
    '--hold',
    '1h',
    '--out',
    out,
  ]
  // Two figures of the server that differ: the second is of a look that was made once all were there.
  const shown =
    /staying: 2 waiting.*, server (.* cores .*)\n(?:.*\n)*.*staying: .*, server (?!\1$).* cores .*\n/m
  const metrics = `${service.url}/metrics`
  const { code, stdout, stderr } = await interrupted(shown, ...args, '--metricsUrl', metrics)
  assert.equal(code, 0, stderr)
  assert.match(stdout, /^join: 5 visitors in .*, event known at http:\/\/127\.0\.0\.1:\d+$/m)
  assert.match(stdout, /^ {2}at the end +3 inside, 2 waiting$/m)
  // Who comes ten milliseconds after another may be the first to arrive; the tickets are in order all the same.
  const positions =
    /^ {2}positions +1\. loadtest\d@test\.com \(ticket 4\)\n +2\. loadtest\d@test\.com \(ticket 5\)$/m
  assert.match(stdout, positions)
  assert.match(stdout, /^ {2}invariants +kept: at most 3 inside at once/m)
  assert.match(stdout, /^ {2}generator +\d+\.\d\d cores, \d+ MB/m)
  assert.match(stdout, /^ {2}server +\d+\.\d\d cores, \d+ MB$/m, "from the process's own metrics")
  assert.match(
    stderr,
    /^\S+( m?s)? \w+: 2 waiting, 3 inside, 3 admitted, 0 errors, 0 violations \| generator /m,
  )
  const [header = '', ...lines] = readFileSync(out, 'utf8').trim().split('\n')
  assert.deepEqual(JSON.parse(header), { kind: 'room-history', version: 1 })
  const auditor = new RoomAuditor({ patienceMs: 60_000 })
  for (const line of lines) auditor.see(JSON.parse(line) as RoomEvent)
  const { ok, visitors, admitted } = auditor.verdict({ everybody: false, at: Date.now() })
  assert.deepEqual([ok, visitors, admitted], [true, 5, 3])
})

test('a scenario sets the threshold with the operator’s account; flags in the other spelling', async () => {
  const admin = ['--admin-email', ADMIN.adminEmail, '--adminPassword', ADMIN.adminPassword]
  const args = ['--scenario', '1', '--event-id', 'one', '--api-url', url, '--delay', '0', '--hold', '500ms']
  const { code, stdout, stderr } = await run(...args, ...admin, '--json')
  assert.equal(code, 0, stderr)
  const { visitors, threshold, unmet, verdict } = reported(stdout)
  assert.deepEqual([visitors.inside, visitors.waiting, threshold, unmet, verdict?.ok], [10, 5, 10, [], true])
})

test('a room that keeps another threshold than it should is exit code 1, with the words', async () => {
  const args = ['--users', '4', '--eventId', 'more', '--apiUrl', url, '--delay', '0', '--hold', '100ms']
  const unchecked = await run(...args, '--keep', '--no-check-invariants')
  assert.equal(unchecked.code, 0)
  assert.match(unchecked.stdout, /^ {2}invariants +not checked$/m)
  const other = await run(...args, '--threshold', '2')
  assert.equal(other.code, 2)
  assert.match(
    other.stderr,
    /^weir: the threshold of event more is 3 and has to be 2: start the room with QUEUE_THRESHOLD=2/m,
  )
  // Nobody has been there yet, so it cannot be looked at before.
  const { code, stdout } = await run(...args.with(3, 'unseen'), '--threshold', '2')
  assert.equal(code, 1)
  assert.match(stdout, /^ {2}VIOLATIONS +over_admission 1\n +over_admission = L3: more visitors inside/m)
  assert.match(stdout, /over_admission: \S+ is number 3 inside at once, and the threshold is 2$/m)
})

test('whoever is still waiting when the time is up is exit code 1, with how many', async () => {
  const args = ['--users', '4', '--eventId', 'long', '--apiUrl', url, '--delay', '0', '--mode', 'hold']
  const { code, stdout } = await run(...args, '--hold', '1h', '--duration', '2s')
  assert.equal(code, 1, stdout)
  assert.match(stdout, /^ {2}NOT MET +the time was up with 1 still waiting \(--duration\)$/m)
  assert.match(stdout, /^ {2}invariants +kept/m)
})

test('Ctrl-C: ends by itself, with a report of what ran until then, and the places are given back', async () => {
  const args = ['--users', '4', '--eventId', 'broken-off', '--apiUrl', url, '--delay', '0']
  const more = ['--hold', '1h', '--duration', '2h', '--json']
  const { code, stdout, stderr } = await interrupted(/1 waiting, 3 inside/, ...args, ...more)
  assert.equal(code, 0, stderr)
  const report = reported(stdout)
  assert.deepEqual([report.interrupted, report.visitors.inside, report.visitors.waiting], [true, 3, 1])
  await eventually(
    async () => {
      const line = await (await fetch(`${url}/api/queue/serving/broken-off`)).json()
      return (line as { active: number }).active === 0 || undefined
    },
    () => 'places given back',
  )
})

test('wrong use is exit code 2 and one line', async () => {
  for (const [args, says] of [
    [['--users', '0'], /--users must be a whole number from 1/],
    [['--mode', 'shout'], /Allowed choices are join, hold, reconnect, abandon/],
    [['--scenario', '5'], /Allowed choices are 1, 2, 3, 4/],
    [['--scenario', '1', '--users', '4'], /--scenario says its own --mode, --users and --threshold/],
    [['--eventId', '../1'], /--eventId must be 1 to 64 of/],
    [['--apiUrl', 'ftp://x'], /--apiUrl must be an http:/],
    [['--metricsUrl', 'nowhere'], /--metricsUrl must be an http:/],
    [['--threshold', '3', '--adminEmail', 'a@b.c'], /give both --adminEmail and --adminPassword/],
    [['--out', join(dir.path, 'no', 'place')], /place cannot be used \(ENOENT\)/],
    [['--hold', 'long'], /--hold must be a time such as/],
  ] as const) {
    const { code, stderr } = await run('--apiUrl', url, ...args)
    assert.equal(code, 2, stderr)
    assert.match(stderr, says)
  }
})

test('an address where nobody is, or where no room is, is told at once in one line', async () => {
  const gone = await run('--apiUrl', 'http://127.0.0.1:2')
  assert.equal(gone.code, 1)
  assert.match(gone.stderr, /^weir: http:\/\/127\.0\.0\.1:2 cannot be reached: ECONNREFUSED\n$/)
  const server = createServer((_, response) => response.writeHead(404).end('nothing here'))
  await once(server.listen(0, '127.0.0.1'), 'listening')
  try {
    const other = await run('--apiUrl', `http://127.0.0.1:${(server.address() as AddressInfo).port}`)
    assert.equal(other.code, 1)
    assert.match(
      other.stderr,
      /^weir: http:\/\/127\.0\.0\.1:\d+: the answer is not JSON; is this a waiting room\?$/m,
    )
  } finally {
    server.close()
  }
})

test('memory and CPU are read from metrics as others write them, too; half of them is nothing', () => {
  const cpu = 'process_cpu_seconds_total 12.5'
  const memory = 'process_resident_memory_bytes 1.2e+8'
  const used = { cpuSeconds: 12.5, residentBytes: 120_000_000 }
  assert.deepEqual(usedIn(`# HELP x\n${cpu}\n${memory}\n`), used)
  const own =
    'bss_process_memory_bytes{kind="heap_used"} 5\nbss_process_memory_bytes{kind="resident"} 120000000'
  assert.deepEqual(usedIn(`bss_${cpu}\n${own}\n`), used)
  const start = 'process_start_time_seconds 1.7e9'
  assert.deepEqual(usedIn(`${start}\n${cpu}\n${memory}\n`), { ...used, startSeconds: 1.7e9 })
  assert.equal(usedIn(cpu), undefined)
  assert.equal(usedIn(''), undefined)
})

test('the cost of a process that came back meanwhile is not told as if it had been one', () => {
  const meter = new CostMeter()
  const used = (cpuSeconds: number, startSeconds: number) => ({
    cpuSeconds,
    startSeconds,
    residentBytes: 100,
  })
  meter.add(used(1, 1000), 0)
  meter.add(used(2, 1000), 2_000)
  assert.deepEqual([meter.report()?.cores, meter.report(true)?.cores], [0.5, 0.5])
  meter.add(used(3, 1003), 4_000)
  assert.deepEqual([meter.report()?.cores, meter.report(true)?.cores], [null, null])
  meter.add(used(3.5, 1003), 6_000)
  assert.deepEqual([meter.report()?.cores, meter.report(true)?.cores], [0.25, null])
  meter.add({ cpuSeconds: 0.5, residentBytes: 100 }, 8_000)
  assert.equal(meter.report()?.cores, null, 'without its beginning it is known by what has fallen')
})
