/** `weir up --engine rabbitmq --processes`: consumers that follow the load as processes of their own. */
import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { describe, type TestContext, test } from 'node:test'
import { realClock, resolveSettings, startWeir } from '../../src/app/index.ts'
import { workerCommand } from '../../src/app/worker-command.ts'
import type { Clock } from '../../src/core/index.ts'
import { bareEnvironment } from '../fixtures/environment.ts'
import { eventually } from '../fixtures/process.ts'
import { brokerMissing, shared, sharedBrokerUrl } from '../fixtures/rabbitmq.ts'
import { noRedis, startRedis } from '../fixtures/redis.ts'
import { type Answer, call, MAIN, QUIET, type RunningRole, startRole, until } from './role-process.ts'

/** Work of about a tenth of a second, one at a time, and a backlog that is to be gone at once. */
const SLOW = { BACKEND_SPEED: '0.03', CONCURRENCY: '1', MAX_REPLICAS: '3', DRAIN_TARGET_SECONDS: '1' }

interface Shown {
  readonly role: string
  readonly pid: number
  readonly draining: boolean
  readonly startedAt: string
}
const consumersOf = ({ body }: Answer): Shown[] =>
  (body.members as Shown[]).filter(({ role, draining }) => role === 'consumer' && !draining)

/** A process that has ended and was not waited for by its parent yet has ended. */
function isAlive(pid: number): boolean {
  try {
    return !/^State:\s+Z/m.test(readFileSync(`/proc/${pid}/status`, 'utf8'))
  } catch {
    return false
  }
}

const allGone = (pids: readonly number[]) =>
  eventually(
    () => (pids.some(isAlive) ? undefined : true),
    () => `${pids.filter(isAlive)} still run`,
  )

let queues = 0

describe('consumer processes', { skip: brokerMissing() || noRedis() }, () => {
  const broker = sharedBrokerUrl()
  const redis = shared(({ cleanup }) =>
    startRedis({ cleanup: (run) => cleanup(async () => void (await run())) }),
  )
  const place = () => ({
    RABBITMQ_URL: broker(),
    REDIS_URL: redis().url,
    QUEUE_NAME: `processes.${process.pid}.${++queues}`,
    SERVICE_TYPE: 'MNP',
    ...SLOW,
  })
  type Place = ReturnType<typeof place>
  /** Its children end with it, also when the test fails: they notice that it is gone. */
  const start = (t: TestContext, here: Place) =>
    startRole(t, ['up', '--engine', 'rabbitmq', '--processes'], here)
  const send = async (url: string, count: number): Promise<string[]> => {
    const messages = Array.from({ length: count }, () => ({ type: 'MNP', content: 'x' }))
    const { body } = await call(`${url}/api/messages/batch`, 'POST', { messages })
    assert.equal(body.accepted, count)
    return body.results.map(({ id }: { id: string }) => id)
  }
  const ended = ({ body }: Answer): number => body.done + body.rejected + body.failed
  const workersOf = (up: RunningRole, count: number) =>
    until(`${up.url}/api/queue/status`, (answer) => consumersOf(answer).length === count).then(consumersOf)

  test('a backlog starts more of them, up to the most; a crash is made good; SIGTERM drains all', async (t) => {
    const here = place()
    const up = await start(t, here)
    await workersOf(up, 1)
    await until(`${up.url}/ready`, ({ status }) => status === 200)
    // A minute and a half of work for one of them, so that none of what follows comes too late for it.
    await send(up.url, 1_000)
    const three = await workersOf(up, 3)
    const { body } = await call(`${up.url}/api/queue/status`)
    assert.deepEqual([body.consumers, body.types.MNP.scaling.wanted], [3, 3])
    const marked = await up.saw(/^A consumer process runs$/, ({ worker }) => worker === 'MNP-1')
    assert.match(
      (await call(`${marked.metrics}/metrics`)).text,
      /bss_messages_processed_total\{message_type="MNP"/,
    )

    const [victim] = three
    process.kill(victim?.pid ?? Number.NaN, 'SIGKILL')
    const told = await up.saw(/^A consumer process ended by itself$/)
    assert.equal(told.workerPid, victim?.pid)
    await until(`${up.url}/api/queue/status`, (answer) => {
      const now = consumersOf(answer)
      return now.length === 3 && !now.some(({ pid }) => pid === victim?.pid)
    })
    const before = await call(`${up.url}/api/stats`)
    assert.ok(ended(before) < 1_000, 'the work was over before the stop; the test shows nothing')
    const { body: now } = await call(`${up.url}/api/queue/status`)
    const pids = consumersOf({ body: now } as Answer).map(({ pid }) => pid)
    const began = performance.now()
    assert.deepEqual(await up.end('SIGTERM'), { code: 0, signal: null })
    assert.ok(performance.now() - began < 30_000)
    assert.deepEqual(pids.filter(isAlive), [])

    // Whatever was in work then is done or there again: nothing is lost.
    const next = await startRole(t, ['up', '--processes'], { ...here, BACKEND_SPEED: '0' })
    await until(`${next.url}/api/stats`, (answer) => ended(answer) === 1_000)
    assert.deepEqual(await next.end('SIGTERM'), { code: 0, signal: null })
  })

  test('kill -9 of the parent leaves no child, and no message', async (t) => {
    const here = place()
    const up = await start(t, here)
    const ids = await send(up.url, 500)
    const pids = (await workersOf(up, 3)).map(({ pid }) => pid)
    assert.ok(pids.every(isAlive))
    await up.end('SIGKILL')
    await allGone(pids)
    const next = await startRole(t, ['up'], { ...here, BACKEND_SPEED: '0' })
    await until(`${next.url}/api/stats`, (answer) => ended(answer) === 500)
    const { body } = await call(`${next.url}/api/queue/status`)
    assert.deepEqual([body.unacknowledged, body.depth.ready], [0, 0])
    // They drained: what was in work was finished, not taken up a second time. What was not begun went back.
    for (const id of ids) {
      const { body: life } = await call(`${next.url}/api/messages/${id}`)
      const released = life.history.filter(
        ({ outcome }: { outcome: string }) => outcome === 'released',
      ).length
      assert.equal(life.attempts, 1 + released, JSON.stringify(life))
    }
  })

  test('when the load is gone they become fewer, one by one, each drained', async (t) => {
    const here = place()
    const settings = resolveSettings({ options: OFF, environment: here })
    const program = { file: process.execPath, args: [MAIN] }
    const lines: string[] = []
    const log = (_fields: object, text: string) => void lines.push(text)
    const weir = await startWeir(settings, {
      scalerClock: fasterBy(60),
      workers: workerCommand(settings, program, { ...bareEnvironment(), ...QUIET, ...here }),
      logger: { debug: log, info: log, warn: log, error: log },
    })
    t.after(() => weir.stop())
    await send(weir.url, 400)
    const status = `${weir.url}/api/queue/status`
    await until(status, (answer) => consumersOf(answer).length === 3)
    await until(`${weir.url}/api/stats`, (answer) => ended(answer) === 400)
    await until(status, (answer) => consumersOf(answer).length === 1)
    const drained = () => lines.filter((line) => /^A consumer process has drained$/.test(line)).length
    await eventually(
      () => (drained() === 2 ? true : undefined),
      () => lines.join('\n'),
    )
    await weir.stop()
    assert.equal(drained(), 3)
  })
})

const OFF = { apiPort: 0, roomPort: 'off' }

/** Five minutes of the scaler's window in a few seconds. */
function fasterBy(factor: number): Clock {
  const began = realClock.now()
  return {
    now: () => began + (realClock.now() - began) * factor,
    after: (delayMs, run) => realClock.after(delayMs / factor, run),
  }
}
