/** `weir plan` as its users run it, also from a running service. */
import assert from 'node:assert/strict'
import { rmSync } from 'node:fs'
import { test } from 'node:test'
import { resolveSettings, startWeir } from '../../src/app/index.ts'
import type { QueueStatus, TypeInfo } from '../../src/client/index.ts'
import type { BurstPlan, StoragePlan } from '../../src/lab/index.ts'
import { drawCurve } from '../../src/lab/index.ts'
import { liveOf } from '../../src/lab/planner/live.ts'
import { newDataDir } from '../fixtures/embedded.ts'
import { eventually } from '../fixtures/process.ts'
import { weir } from '../fixtures/weir-process.ts'

const plan = async (...args: string[]) => {
  const { code, stdout, stderr } = await weir(['plan', ...args])
  return { code, stdout, stderr }
}
const EXAMPLE =
  '--burst 50000 --over 60s --base 20/s --service-time 1.5s --workers 10 --drain-within 10m'.split(' ')

test('the example of the help, in words and with a chart', async () => {
  const { code, stdout, stderr } = await plan(...EXAMPLE)
  assert.equal(code, 0, stderr)
  assert.match(stdout, /^ {2}in +853\/s during the burst, 20\/s after it$/m)
  assert.match(stdout, /^ {2}out +66\.7\/s: 10 workers with 10 slots, 1\.5 s a message$/m)
  assert.match(stdout, /^ {2}at most +47,200 waiting, when the burst ends$/m)
  assert.match(stdout, /^ {2}drained +16\.9 min after the burst$/m)
  assert.match(stdout, /^ {2}workers +15 to drain within 10\.0 min/m)
  assert.match(stdout, /47,200 ┤ .*█.*\n/)
})

test('the same as JSON, with what it is made of', async () => {
  const { stdout } = await plan(...EXAMPLE, '--json', '--message-size', '1000')
  const made = JSON.parse(stdout) as BurstPlan & { storage: StoragePlan }
  assert.deepEqual([Math.round(made.peak), made.workersNeeded, made.input.slots], [47_200, 15, 10])
  assert.equal(made.storage.backlogBytes, made.peak * made.storage.bytesPerMessage)
  assert.equal(made.storage.memoryBytesPerMessage, 0)
})

test('a base that is too much: never, and it says why', async () => {
  const { stdout } = await plan('--burst', '10', '--over', '1m', '--service-time', '1s', '--base', '20')
  assert.match(stdout, /^ {2}drained +never: 20\/s keep coming and 10\/s leave$/m)
  assert.match(stdout, /^ {2}at most +no end: 610 waiting when the burst ends, more and more after it$/m)
})

test('wrong flags are told in one line', async () => {
  for (const [args, says] of [
    [['--burst', '5', '--over', '1m'], /give --service-time, how long a message takes$/m],
    [['--over', '1m'], /required option '--burst <n>'/],
    [['--burst', '5', '--over', '0'], /--over must be a time/],
    [['--burst', '5', '--over', '1m', '--service-time', '1s', '--type', 'MNP'], /--type is for --from/],
  ] as const) {
    const { code, stderr } = await plan(...args)
    assert.equal(code, 2)
    assert.match(stderr, says)
  }
})

test('from a running service: what comes in, what waits, concurrency and pace are its own', async () => {
  const dataDir = newDataDir()
  const options = {
    apiPort: 0,
    roomPort: 'off',
    dataDir,
    consumerTypes: 'CHANGE',
    concurrency: 7,
    ratePerSecond: 3,
  }
  const service = await startWeir(resolveSettings({ options }))
  try {
    const messages = Array.from({ length: 40 }, () => ({ type: 'MNP', content: 'x' }))
    const headers = { 'content-type': 'application/json' }
    await fetch(`${service.url}/api/messages/batch`, {
      method: 'POST',
      headers,
      body: JSON.stringify({ messages }),
    })
    const inPerSecond = async () => {
      const status = (await (await fetch(`${service.url}/api/queue/status`)).json()) as QueueStatus
      return status.types.MNP?.inPerSecond ?? 0
    }
    // A rate takes two looks of the service at itself, a second apart.
    await eventually(
      async () => (await inPerSecond()) > 0 || undefined,
      () => 'the service measured what came in',
    )
    const burst = ['--burst', '1000', '--over', '10s', '--from', service.url, '--json']
    const { code, stdout, stderr } = await plan(...burst, '--type', '번호이동', '--service-time', '2s')
    assert.equal(code, 0, stderr)
    const { input } = JSON.parse(stdout) as BurstPlan
    assert.deepEqual([input.backlog, input.slots, input.workers, input.ratePerSecond], [40, 7, 1, 3])
    // Of the last ten seconds: one that is still told now was told to the planner, too.
    assert.ok(input.basePerSecond > 0 || (await inPerSecond()) === 0)
    const unknown = await plan(...burst, '--type', 'NOPE', '--service-time', '2s')
    assert.equal(unknown.code, 2)
    assert.match(unknown.stderr, /the service has no type NOPE; it has SUBSCRIPTION/)
    const idle = await plan(...burst, '--type', 'CHANGE')
    assert.equal(idle.code, 2)
    assert.match(idle.stderr, /nothing in work to measure it by/)
    const flags = '--base 1 --backlog 2 --slots 3 --rate 4 --service-time 5s'.split(' ')
    const given = await plan(...burst, ...flags)
    const taken = (JSON.parse(given.stdout) as BurstPlan).input
    assert.deepEqual([taken.basePerSecond, taken.backlog, taken.slots, taken.ratePerSecond], [1, 2, 3, 4])
  } finally {
    await service.stop()
    rmSync(dataDir, { recursive: true })
  }
})

test("the service time is Little's: what is at work ÷ what leaves", () => {
  const type = (more: object) => ({
    ...{ ready: 5, inFlight: 8, delayed: 1, dead: 3, inPerSecond: 6, outPerSecond: 4 },
    ...more,
  })
  const info = (name: string, more: Partial<TypeInfo>): TypeInfo => ({
    ...{ name, aliases: [], handler: 'http://x', ratePerSecond: 10, concurrency: 9, timeoutMs: 1 },
    ...{ maxRetries: 3, retryDelayMs: 1, maxBacklogSeconds: 0 },
    ...more,
  })
  const types = { A: type({ running: 8, consumers: 2 }), B: type({ running: 4, consumers: 1 }) }
  const status = { queue: 'q', depth: type({}), inPerSecond: 0, outPerSecond: 0, types } as QueueStatus
  const infos = [info('A', { aliases: ['가'] }), info('B', { ratePerSecond: 0 })]
  assert.deepEqual(liveOf([status], infos, '가'), {
    ...{ basePerSecond: 6, backlog: 14, serviceSeconds: 2, workers: 2, slots: 9, ratePerSecond: 10 },
  })
  // Both together: one of them has no pace, so the two have none.
  assert.deepEqual(liveOf([status], infos), {
    ...{ basePerSecond: 12, backlog: 28, serviceSeconds: 1.5, workers: 2, slots: 18 },
  })
  // Where the metrics tell the mean of enough attempts, that is it.
  const sample = (name: string, of: string, value: number) =>
    ({
      name: `bss_message_processing_duration_seconds_${name}`,
      labels: { message_type: of },
      value,
    }) as const
  const told = (attempts: number) => [
    sample('sum', 'A', 30),
    sample('count', 'A', attempts),
    sample('sum', 'B', 99),
  ]
  assert.equal(liveOf([status], infos, 'A', told(20)).serviceSeconds, 1.5)
  assert.equal(liveOf([status], infos, 'A', told(19)).serviceSeconds, 2)
  // What is in work swings from look to look; the rest is that of the last one.
  const later = { ...status, types: { A: type({ running: 2, ready: 0, consumers: 1 }), B: types.B } }
  const { serviceSeconds, backlog, workers } = liveOf([status, later], infos, 'A')
  assert.deepEqual([serviceSeconds, backlog, workers], [10 / 8, 9, 1])
})

test('the chart: as high as the peak, as wide as asked, empty where nothing waits', () => {
  const curve = [
    { seconds: 0, waiting: 0 },
    { seconds: 5, waiting: 100 },
    { seconds: 10, waiting: 0 },
  ]
  const labels = { waiting: String, seconds: (seconds: number) => `${seconds} s` }
  const lines = drawCurve(curve, 20, 4, labels)
  assert.equal(lines.length, 6)
  assert.match(lines[0] ?? '', /^100 ┤ +[▁-█]+$/)
  assert.match(lines[3] ?? '', /^ {4}┤[▁-▇]{2}█{16}[▁-▇]{2}$/)
  assert.match(lines[5] ?? '', /^ {5}0 +10 s$/)
  const empty = drawCurve(
    [
      { seconds: 0, waiting: 0 },
      { seconds: 1, waiting: 0 },
    ],
    5,
    2,
    labels,
  )
  assert.deepEqual(empty.slice(0, 2), ['0 ┤', '  ┤'])
})
