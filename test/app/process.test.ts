/** The process: one line for what can go wrong at start, and a stop that loses nothing (S1). */
import assert from 'node:assert/strict'
import { once } from 'node:events'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { test } from 'node:test'
import { realClock, realRandom, resolveSettings, startWeir } from '../../src/app/index.ts'
import { WeirClient } from '../../src/client/index.ts'
import { startProcess, temporaryDirectory, weir } from '../fixtures/weir-process.ts'

let keys = 0
const clientOf = (baseUrl: string) =>
  new WeirClient({ baseUrl, clock: realClock, random: realRandom, newKey: () => `key-${++keys}`, retries: 0 })

const LIFE_ENDS = new Set(['done', 'rejected', 'dead', 'expired'])

test('S1 SIGTERM under load: exit 0 within the limit, and every accepted message is still there', async (t) => {
  const { path, remove } = temporaryDirectory()
  t.after(remove)
  const first = await startProcess(path, { BACKEND_SPEED: '0.05', CONCURRENCY: '4' })
  const client = clientOf(first.url)
  const accepted: string[] = []
  const send = async (): Promise<void> => {
    try {
      const { results } = await client.sendBatch(
        Array.from({ length: 20 }, () => ({ type: 'MNP', content: 'x' })),
      )
      for (const item of results) if (item.status === 'accepted' && item.id) accepted.push(item.id)
      if (accepted.length >= 400 && !first.child.killed) first.child.kill('SIGTERM')
    } catch {
      return
    }
    return send()
  }
  await Promise.all(Array.from({ length: 4 }, send))
  const began = performance.now()
  assert.deepEqual(await first.exit, { code: 0, signal: null })
  assert.ok(performance.now() - began < 30_000)
  assert.ok(accepted.length >= 400)

  const second = await startProcess(path, { MESSAGE_TYPE: 'CHANGE' })
  t.after(() => second.child.kill('SIGKILL'))
  const again = clientOf(second.url)
  const lives = await Promise.all(accepted.map((id) => again.message(id)))
  const waiting = lives.filter(({ state }) => !LIFE_ENDS.has(state))
  assert.ok(
    waiting.every(({ state }) => state === 'ready' || state === 'delayed'),
    'left in flight',
  )
  assert.ok(waiting.length > 0, 'the load was over before the stop; the test shows nothing')
})

test('a second signal ends at once with 130', async (t) => {
  const hanging = createServer(() => {}).listen(0, '127.0.0.1')
  await once(hanging, 'listening')
  const { path, remove } = temporaryDirectory()
  t.after(() => {
    hanging.closeAllConnections()
    hanging.close()
    remove()
  })
  const { writeFileSync } = await import('node:fs')
  const target = `http://127.0.0.1:${(hanging.address() as AddressInfo).port}/`
  writeFileSync(`${path}/weir.config.json`, JSON.stringify({ types: { SLOW: { target } } }))
  const running = await startProcess(path)
  const arrived = once(hanging, 'request')
  await clientOf(running.url).send({ type: 'SLOW', content: 'x' })
  await arrived
  running.child.kill('SIGINT')
  // Repeats within a quarter of a second count as one signal; the service answers no more once it stops.
  const again = setInterval(() => running.child.kill('SIGINT'), 100)
  t.after(() => clearInterval(again))
  assert.deepEqual(await running.exit, { code: 130, signal: null })
})

test('one line each: data directory in use, port taken, setting out of range, broker', async (t) => {
  const { path, remove } = temporaryDirectory()
  const other = temporaryDirectory()
  const running = await startProcess(path)
  t.after(async () => {
    running.child.kill('SIGKILL')
    await running.exit
    remove()
    other.remove()
  })
  const { port } = new URL(running.url)
  // Nobody listens there; that is no reason not to start.
  const broker = { RABBITMQ_URL: 'amqp://127.0.0.1:9' }
  const off = { HOST: '127.0.0.1', METRICS_PORT: 'off', HEALTH_CHECK_PORT: 'off', API_PORT: '0' }
  /** Of `weir up` where it is a list, of the whole command where it is text. */
  const cases: [string[] | string, Record<string, string>, RegExp][] = [
    [['--port', '0', '--data-dir', path], {}, /data directory|in use/],
    [
      ['--port', port, '--data-dir', other.path],
      {},
      new RegExp(`API_PORT: port ${port} is taken; set API_PORT to another one\n$`),
    ],
    [
      ['--port', '0', '--data-dir', other.path],
      { ROOM_PORT: port },
      new RegExp(`ROOM_PORT: port ${port} is taken; set ROOM_PORT to another one, or off\n$`),
    ],
    [
      ['--port', '0', '--data-dir', other.path],
      { METRICS_PORT: port },
      new RegExp(
        `METRICS_PORT: port ${port} is taken; set METRICS_PORT to another one, 0 \\(any free one\\) or off\n$`,
      ),
    ],
    [[], { MAX_RETRIES: '-1' }, /MAX_RETRIES must be a whole number from 0 to 100; found "-1"/],
    [['--engine', 'rabbitmq'], {}, /RABBITMQ_URL must be set where QUEUE_ENGINE is rabbitmq/],
    [['--set', 'nonsense=1'], {}, /unknown setting nonsense/],
    [['--processes'], {}, /RABBITMQ_URL must be set for --processes/],
    [
      ['--processes'],
      { ...broker, QUEUE_TOPOLOGY: 'single' },
      /QUEUE_TOPOLOGY must be per-type for --processes/,
    ],
    [
      ['--port', '0', '--data-dir', path],
      { ...broker, ROOM_PORT: '0' },
      /data directory.*waiting room.*REDIS_URL, or ROOM_PORT to off/,
    ],
    ['gateway', {}, /RABBITMQ_URL must be set: the role gateway works on a broker/],
    ['consumer --type mpn', broker, /MESSAGE_TYPE.* must be all, or one or more of .*; found mpn/],
    [
      'consumer --type MNP',
      { ...broker, ...off, METRICS_PORT: port },
      new RegExp(`METRICS_PORT: port ${port} is`),
    ],
    [
      'gateway',
      { ...broker, ...off, HEALTH_CHECK_PORT: port },
      new RegExp(`HEALTH_CHECK_PORT: port ${port} is`),
    ],
  ]
  for (const [command, env, wanted] of cases) {
    const args = typeof command === 'string' ? command.split(' ') : ['up', ...command]
    const { code, stdout, stderr } = await weir(args, { env: { LOG_LEVEL: 'FATAL', ...env } })
    assert.equal(code, 1, stderr)
    assert.equal(stdout, '')
    assert.match(stderr, wanted)
    assert.equal(stderr.trim().split('\n').length, 1, stderr)
  }
})

test('S1 start and stop in one process: stop twice, start again on the same data', async (t) => {
  const { path, remove } = temporaryDirectory()
  t.after(remove)
  const options = {
    apiPort: 0,
    roomPort: 'off',
    dataDir: path,
    backendSpeed: 0,
    metricsPort: 0,
    healthCheckPort: 0,
  }
  const settings = resolveSettings({ options })
  const first = await startWeir(settings)
  const { id } = await clientOf(first.url).send({ type: 'MNP', content: 'x', delayMs: 3_600_000 })
  assert.equal((await fetch(`${first.urls.health}/health`)).status, 200)
  assert.match(await (await fetch(`${first.urls.metrics}/metrics`)).text(), /bss_monitoring_enabled 1/)
  await Promise.all([first.stop(), first.stop()])
  await assert.rejects(fetch(`${first.url}/health`))
  const second = await startWeir(settings)
  assert.equal((await clientOf(second.url).message(id)).state, 'delayed')
  await second.stop()
})

test('MESSAGE_TTL expires what brings no expiry of its own', async (t) => {
  const { path, remove } = temporaryDirectory()
  t.after(remove)
  const options = {
    apiPort: 0,
    roomPort: 'off',
    dataDir: path,
    messageTtl: 3_600_000,
    consumerTypes: 'CHANGE',
  }
  const running = await startWeir(resolveSettings({ options }))
  t.after(() => running.stop())
  const { id } = await clientOf(running.url).send({ type: 'MNP', content: 'x' })
  const life = await (await fetch(`${running.url}/api/messages/${id}`)).json()
  const { createdAt, expiresAt } = life as { createdAt: string; expiresAt: string }
  assert.equal(Date.parse(expiresAt) - Date.parse(createdAt), 3_600_000)
})
