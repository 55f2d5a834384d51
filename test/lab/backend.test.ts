/** The fragile back end over real sockets: what it answers, what it notes, and that it ends cleanly. */
import assert from 'node:assert/strict'
import { rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { after, describe, test } from 'node:test'
import { resolveSettings, startWeir } from '../../src/app/index.ts'
import { fineClock } from '../../src/cli/proof.ts'
import {
  type BackendStats,
  type CallOutcome,
  type FragileOptions,
  type LoggedCall,
  type RunningBackend,
  readCallLog,
  startBackend,
} from '../../src/lab/index.ts'
import { newDataDir } from '../fixtures/embedded.ts'
import { FakeClock } from '../fixtures/fake-clock.ts'
import { eventually } from '../fixtures/process.ts'
import { weir } from '../fixtures/weir-process.ts'
import { BackendProcess } from './backend-process.ts'

const dir = newDataDir()
after(() => rmSync(dir, { recursive: true }))
let files = 0
const newFile = () => join(dir, `calls-${++files}.jsonl`)

const start = (more: Partial<FragileOptions> = {}) =>
  startBackend({
    host: '127.0.0.1',
    port: 0,
    capacity: 4,
    limit: 8,
    serviceMs: 20,
    spread: 0,
    burnMs: 0,
    seed: 1,
    remember: 1000,
    hangMs: 60_000,
    retryAfterSeconds: 0,
    clock: fineClock,
    ...more,
  })

const call = (url: string, id: string, signal?: AbortSignal) =>
  fetch(url, { method: 'POST', headers: { 'weir-message-id': id }, ...(signal && { signal }) })

/** Real sockets bring the calls in when they can; by a clock that stands, none of them ends before all are there. */
const inside = (backend: RunningBackend, calls: number) =>
  eventually(
    () => backend.stats().concurrency.now === calls || undefined,
    () => `${backend.stats().concurrency.now} of ${calls} calls are inside`,
  )

async function logged(file: string): Promise<LoggedCall[]> {
  const calls: LoggedCall[] = []
  for await (const one of readCallLog(file)) calls.push(one)
  return calls
}

const outcomes = (calls: readonly LoggedCall[]) => Object.groupBy(calls, ({ outcome }) => outcome)

test('within capacity: all served, each noted with its times, id and concurrency', async () => {
  const logFile = newFile()
  const clock = new FakeClock()
  const backend = await start({ logFile, clock })
  const answers = ['a', 'b', 'c', 'd'].map(async (id) => (await call(backend.url, id)).json())
  await inside(backend, 4)
  await clock.advance(20)
  assert.deepEqual(await Promise.all(answers), Array(4).fill({ outcome: 'served' }))
  const { concurrency, calls, outcomes, latencyMs } = backend.stats()
  assert.deepEqual([concurrency, calls, outcomes.served], [{ now: 0, max: 4 }, 4, 4])
  assert.ok(latencyMs.p50 >= 20, `served within ${latencyMs.p50} ms`)
  await backend.stop()
  const notes = await logged(logFile)
  assert.deepEqual(notes.map(({ id }) => id).sort(), ['a', 'b', 'c', 'd'])
  assert.deepEqual(notes.map((one) => one.concurrency).sort(), [1, 2, 3, 4])
  for (const { start, end, latencyMs, status } of notes) {
    assert.equal(status, 200)
    assert.ok(Math.abs(end - start - latencyMs) < 0.01)
  }
})

test('a loop that came late is noted with the next call, and only with that', async () => {
  const logFile = newFile()
  const backend = await start({ logFile, serviceMs: 1 })
  await (await call(backend.url, 'before')).json()
  const until = performance.now() + 150
  while (performance.now() < until);
  await (await call(backend.url, 'late')).json()
  await backend.stop()
  const [, late] = await logged(logFile)
  assert.ok((late?.lateMs ?? 0) >= 100, `${late?.lateMs} ms`)
})

test('past capacity: slower and failing, refused beyond the limit, never more inside than the limit', async () => {
  const logFile = newFile()
  const clock = new FakeClock()
  const backend = await start({ logFile, clock, serviceMs: 30, limit: 12 })
  const status = async (id: number) => {
    try {
      return (await call(backend.url, String(id))).status
    } catch {
      return 0
    }
  }
  const calling = Promise.all(Array.from({ length: 60 }, (_, id) => status(id)))
  await eventually(
    () => backend.stats().calls === 60 || undefined,
    () => `${backend.stats().calls} of 60 calls came`,
  )
  await clock.until(() => backend.stats().concurrency.now === 0)
  const statuses = await calling
  await backend.stop()
  const seen = (status: number) => statuses.filter((one) => one === status).length
  const notes = outcomes(await logged(logFile))
  const noted = (outcome: CallOutcome) => notes[outcome]?.length ?? 0
  assert.deepEqual(
    [seen(200), seen(500), seen(503), seen(0)],
    [noted('served'), noted('failed'), noted('refused'), noted('hung')],
  )
  assert.ok(seen(503) === 48 && seen(200) >= 4, `answers: ${statuses}`)
  assert.equal(backend.stats().concurrency.max, 12)
  for (const { concurrency } of notes.served ?? []) assert.ok(concurrency <= 12)
  // Those that came when more than capacity was inside took longer than alone.
  const strained = (notes.served ?? []).filter((one) => one.concurrency > 8)
  for (const { latencyMs } of strained) assert.ok(latencyMs > 31, `${latencyMs} ms under strain`)
})

test('the work of an id is done once, unless it is told to forget', async () => {
  for (const [remember, second] of [
    [1000, 'repeated'],
    [0, 'served'],
  ] as const) {
    const backend = await start({ remember, serviceMs: 1 })
    await (await call(backend.url, 'same')).json()
    assert.deepEqual(await (await call(backend.url, 'same')).json(), { outcome: second })
    await backend.stop()
  }
})

test('a caller who leaves: the work goes on, is noted, and is not done again', async () => {
  const logFile = newFile()
  const clock = new FakeClock()
  const backend = await start({ logFile, clock, serviceMs: 100 })
  const leaving = new AbortController()
  const left = call(backend.url, 'x', leaving.signal)
  await inside(backend, 1)
  leaving.abort()
  await assert.rejects(left)
  const again = call(backend.url, 'x')
  await inside(backend, 2)
  // What came over other connections since then was read after the end of the first one.
  for (const _ of [1, 2]) await (await fetch(`${backend.url}/health`)).text()
  await clock.advance(100)
  assert.deepEqual(await (await again).json(), { outcome: 'repeated' })
  await backend.stop()
  const served = outcomes(await logged(logFile)).served ?? []
  assert.deepEqual(
    served.map(({ id, gone, status }) => [id, gone, status]),
    [['x', true, 0]],
  )
})

test('stats begin anew; what is not a call is told', async () => {
  const backend = await start({ serviceMs: 1, retryAfterSeconds: 7, capacity: 1, limit: 2, burnMs: 1 })
  await (await call(backend.url, 'x')).json()
  const anew = (await (await fetch(`${backend.url}/stats`, { method: 'DELETE' })).json()) as BackendStats
  assert.deepEqual([anew.calls, anew.outcomes.served, anew.latencyMs.count], [0, 0, 0])
  const told = (await (await fetch(`${backend.url}/stats`)).json()) as BackendStats
  assert.ok(told.cpuSeconds > 0)
  assert.equal((await fetch(`${backend.url}/health`)).status, 200)
  assert.equal((await fetch(`${backend.url}/nothing`)).status, 404)
  const large = await fetch(backend.url, { method: 'POST', body: 'x'.repeat(2 ** 21) })
  assert.equal(large.status, 413)
  await backend.stop()
})

test('S1: stop waits for the calls inside, cuts off what does not end, and is idempotent', async () => {
  const logFile = newFile()
  const clock = new FakeClock()
  const patient = await start({ logFile, clock, serviceMs: 50 })
  const answer = call(patient.url, 'x')
  await inside(patient, 1)
  const stopped = Promise.all([patient.stop(), patient.stop()])
  await clock.advance(50)
  await stopped
  assert.equal((await answer).status, 200)
  const hurried = await start({ logFile, clock, serviceMs: 600_000 })
  const cut = call(hurried.url, 'y')
  await inside(hurried, 1)
  const cutOff = Promise.all([hurried.stop(1), assert.rejects(cut)])
  await clock.advance(1)
  await cutOff
  assert.deepEqual(
    (await logged(logFile)).map(({ id, outcome }) => [id, outcome]),
    [['y', 'cut']],
  )
})

describe('weir backend', () => {
  test('is the target of a type: messages that Weir forwards arrive under their ids, and Weir says done', async () => {
    const log = newFile()
    await using backend = await BackendProcess.start([
      '--capacity',
      '8',
      '--service-time',
      '5ms',
      '--log',
      log,
    ])
    const dataDir = newDataDir()
    const file = { bss: false, types: { ORDER: { target: backend.url, concurrency: 4 } } }
    const service = await startWeir(
      resolveSettings({ file, options: { apiPort: 0, roomPort: 'off', dataDir } }),
    )
    try {
      const messages = Array.from({ length: 20 }, (_, index) => ({
        type: 'ORDER',
        content: `weir-load run/${index}`,
      }))
      const response = await fetch(`${service.url}/api/messages/batch`, {
        method: 'POST',
        headers: { 'content-type': 'application/json' },
        body: JSON.stringify({ messages }),
      })
      const { results } = (await response.json()) as { results: { id: string }[] }
      await eventually(
        async () => {
          const { done } = (await (await fetch(`${service.url}/api/stats`)).json()) as { done: number }
          return done === 20 || undefined
        },
        () => 'all done',
      )
      const { code, stdout } = await backend.end('SIGTERM')
      assert.equal(code, 0)
      assert.match(stdout, /20 calls in .*: 20 served\nat most [1-4] at once/)
      const notes = await logged(log)
      assert.deepEqual(notes.map(({ id }) => id).sort(), results.map(({ id }) => id).sort())
      assert.deepEqual(notes.map(({ ref }) => ref).sort(), messages.map((_, index) => `run/${index}`).sort())
      for (const { type, attempt } of notes) assert.deepEqual([type, attempt], ['ORDER', 1])
    } finally {
      await service.stop()
      rmSync(dataDir, { recursive: true })
    }
  })

  test('wrong flags are told in one line', async () => {
    for (const [args, says] of [
      [['--capacity', '0'], /--capacity must be a whole number from 1/],
      [['--service-time', 'soon'], /--service-time must be a time such as 500ms/],
      [['--throughput', '5/fortnight'], /--throughput must be a rate such as 20\/s/],
      [['--limit', '50'], /--limit must be more than the capacity \(100\)/],
      [['--service-time', '1s', '--throughput', '5'], /one follows from the other/],
    ] as const) {
      const { code, stderr } = await weir(['backend', ...args])
      assert.equal(code, 2)
      assert.match(stderr, says)
    }
    const nowhere = await weir(['backend', '--port', '0', '--log', join(dir, 'no', 'such', 'place')])
    assert.equal(nowhere.code, 1)
    assert.match(nowhere.stderr, /^weir: .*place cannot be used \(ENOENT\)\n$/)
  })
})

test('a file that is no log of a back end is refused by line; a cut last line is the end', async () => {
  const header = '{"kind":"backend","version":1}\n'
  const good =
    '{"kind":"call","start":1,"end":2,"latencyMs":1,"concurrency":1,"status":200,"outcome":"served","id":"a"}\n'
  for (const [text, says] of [
    ['', /empty/],
    [good, /line 1 .*header/],
    [`${header}{"kind":"call","id":"a"}\n`, /line 2 .*start must be a number/],
    [`${header}${good.replace('served', 'lost')}`, /line 2 .*no such outcome: lost/],
    [`${header}{"kind":"dropped","calls":3}\n`, /line 2 .*3 calls were not recorded/],
    [`${header}{"kind":\n${good}`, /line 2 .*not a JSON object/],
  ] as const) {
    const file = newFile()
    writeFileSync(file, text)
    await assert.rejects(logged(file), says)
  }
  const file = newFile()
  writeFileSync(file, `${header}${good}{"kind":"ca`)
  assert.equal((await logged(file)).length, 1)
})
