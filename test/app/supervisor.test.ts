/** The supervisor with real child processes: so many as wanted, replaced when they die, drained when too many (S1). */
import assert from 'node:assert/strict'
import { join } from 'node:path'
import { type TestContext, test } from 'node:test'
import { realClock } from '../../src/app/index.ts'
import { Supervisor } from '../../src/app/supervisor.ts'
import { eventually } from '../fixtures/process.ts'

const CHILD = join(import.meta.dirname, 'worker-child.ts')

interface Line {
  readonly level: string
  readonly text: string
  readonly worker?: string
  readonly workerPid?: number
  readonly [field: string]: unknown
}

function world(t: TestContext, what = 'run', drainLimitMs = 20_000, file = process.execPath) {
  const lines: Line[] = []
  const state = { what }
  const log = (level: string) => (fields: object, text: string) => void lines.push({ ...fields, level, text })
  const supervisor = new Supervisor({
    types: ['MNP', 'CHANGE'],
    command: () => ({ file, args: [CHILD, state.what], environment: process.env }),
    drainLimitMs,
    clock: realClock,
    random: () => 0,
    logger: { debug: log('debug'), info: log('info'), warn: log('warn'), error: log('error') },
  })
  t.after(() => supervisor.stop())
  const told = () => lines.map(({ text, worker }) => `${worker}: ${text}`).join('\n')
  const saw = (text: RegExp, times = 1) =>
    eventually(
      () => {
        const found = lines.filter((line) => text.test(line.text))
        return found.length >= times ? found : undefined
      },
      () => `${times} of ${text} in\n${told()}`,
    )
  return { supervisor, state, lines, saw }
}

function isAlive(pid: number | undefined): boolean {
  try {
    process.kill(pid ?? Number.NaN, 0)
    return true
  } catch {
    return false
  }
}

test('so many as wanted run; one too many is drained, the youngest first, and its log is marked', async (t) => {
  const { supervisor, saw } = world(t)
  supervisor.resize('MNP', 3)
  assert.deepEqual(supervisor.current('MNP'), { ready: 0, starting: 3, draining: 0 })
  assert.deepEqual(supervisor.reasons(), ['MNP: its consumer process is starting'])
  const [first] = await saw(/^A consumer process runs/, 3)
  assert.deepEqual([first?.level, first?.metrics], ['info', 'http://127.0.0.1:1'])
  assert.deepEqual(supervisor.current('MNP'), { ready: 3, starting: 0, draining: 0 })
  assert.deepEqual(supervisor.reasons(), [])
  supervisor.resize('MNP', 2)
  assert.deepEqual(supervisor.current('MNP'), { ready: 2, starting: 0, draining: 1 })
  const [drained] = await saw(/^drained: SIGTERM$/)
  assert.equal(drained?.worker, 'MNP-3')
  await saw(/^A consumer process has drained/)
  assert.deepEqual(supervisor.current('MNP'), { ready: 2, starting: 0, draining: 0 })
  assert.deepEqual(supervisor.current('CHANGE'), { ready: 0, starting: 0, draining: 0 })
})

test('S1 stop drains all and waits for the last; twice is once', async (t) => {
  const { supervisor, saw, lines } = world(t, 'slow')
  supervisor.resize('MNP', 2)
  supervisor.resize('CHANGE', 1)
  const running = await saw(/^A consumer process runs/, 3)
  await Promise.all([supervisor.stop(), supervisor.stop()])
  assert.equal(lines.filter(({ text }) => /^A consumer process has drained/.test(text)).length, 3)
  for (const { workerPid } of running) assert.equal(isAlive(workerPid), false)
  supervisor.resize('MNP', 5)
  assert.deepEqual(supervisor.current('MNP'), { ready: 0, starting: 0, draining: 0 })
})

test('one that dies is replaced; readiness names it only while nobody else works on the type', async (t) => {
  const { supervisor, saw } = world(t)
  supervisor.resize('MNP', 1)
  const [first] = await saw(/^A consumer process runs/)
  process.kill(first?.workerPid ?? 0, 'SIGKILL')
  const [ended] = await saw(/^A consumer process ended by itself/)
  assert.deepEqual([ended?.worker, ended?.how, ended?.failures], ['MNP-1', 'signal SIGKILL', 1])
  assert.match(supervisor.reasons()[0] ?? '', /^MNP: .* ended by itself once \(signal SIGKILL\); it/)
  await saw(/^A consumer process runs/, 2)
  assert.deepEqual(supervisor.reasons(), [])
})

test('those that cannot start are tried again with growing pauses, one at a time, and a cure is noticed', async (t) => {
  const { supervisor, state, saw } = world(t, 'crash')
  supervisor.resize('MNP', 2)
  const ends = await saw(/^A consumer process ended by itself/, 4)
  assert.match(String(ends[0]?.how), /exit code 3/)
  const pauses = ends.map(({ pauseMs }) => Number(pauseMs))
  assert.ok((pauses[3] ?? 0) > (pauses[0] ?? 0), String(pauses))
  const [why] = await saw(/^cannot start$/)
  assert.equal(why?.level, 'warn')
  state.what = 'run'
  await saw(/^A consumer process runs/, 2)
  assert.deepEqual(supervisor.current('MNP'), { ready: 2, starting: 0, draining: 0 })
})

test('one that is not wanted any more before it runs ends without a fuss', async (t) => {
  const { supervisor, lines } = world(t)
  supervisor.resize('MNP', 1)
  supervisor.resize('MNP', 0)
  await supervisor.stop()
  assert.deepEqual(
    lines.map(({ level, text }) => [level, text]).filter(([, text]) => !/^drained/.test(text ?? '')),
    [['info', 'A consumer process has drained']],
  )
})

test('a program that is not there is a crash like any other', async (t) => {
  const { supervisor, saw } = world(t, 'run', 20_000, '/no/such/program')
  supervisor.resize('MNP', 1)
  const [ended] = await saw(/^A consumer process ended by itself/)
  assert.match(String(ended?.how), /ENOENT/)
})

test('one that does not drain is killed at the limit and not before', async (t) => {
  const { supervisor, saw } = world(t, 'deaf', 400)
  supervisor.resize('MNP', 1)
  await saw(/^A consumer process runs/)
  const began = performance.now()
  supervisor.resize('MNP', 0)
  await saw(/^It did not end in time and is killed/)
  assert.ok(performance.now() - began >= 400)
  const [ended] = await saw(/^A consumer process ended before it had drained/)
  assert.equal(ended?.how, 'signal SIGKILL')
})
