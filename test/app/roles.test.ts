/** Gateways and consumers as processes of their own on one broker and one Redis, as their users see them. */
import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { eventually } from '../fixtures/process.ts'
import { brokerMissing, shared, sharedBrokerUrl } from '../fixtures/rabbitmq.ts'
import { noRedis, startRedis } from '../fixtures/redis.ts'
import { weir } from '../fixtures/weir-process.ts'
import { call, startRole, until } from './role-process.ts'

let queues = 0

describe('roles', { skip: brokerMissing() || noRedis() }, () => {
  const broker = sharedBrokerUrl()
  const redis = shared(({ cleanup }) =>
    startRedis({ cleanup: (run) => cleanup(async () => void (await run())) }),
  )
  /** A queue of its own for each test. */
  const place = (more: Record<string, string> = {}) => ({
    RABBITMQ_URL: broker(),
    REDIS_URL: redis().url,
    QUEUE_NAME: `roles.${process.pid}.${++queues}`,
    ...more,
  })
  const message = (type: string, more: object = {}) => ({ type, content: 'x', ...more })
  const metricsOf = async (url: string) => (await call(`${url}/metrics`)).text

  test('202 at a gateway, done by a consumer elsewhere; the status tells of both', async (t) => {
    const here = place()
    const [gateway, consumer] = await Promise.all([
      startRole(t, ['gateway'], here),
      startRole(t, ['consumer', '--type', 'mnp,CHANGE'], here),
    ])
    const sent = await call(`${gateway.url}/api/message`, 'POST', message('MNP'))
    assert.equal(sent.status, 202, sent.text)
    const life = `${gateway.url}/api/messages/${sent.body.id}`
    await until(life, ({ body }) => body?.state === 'done' || body?.state === 'rejected')
    // Nobody works on these.
    for (let i = 0; i < 3; i++) await call(`${gateway.url}/api/message`, 'POST', message('TERMINATION'))
    const status = await until(
      `${gateway.url}/api/queue/status`,
      ({ body }) =>
        body.consumers === 2 &&
        body.types.TERMINATION.ready === 3 &&
        body.depth.ready === 3 &&
        body.unacknowledged === 0 &&
        body.unserved.join() === 'TERMINATION',
    )
    const { engine, types, members } = status.body
    assert.equal(engine, 'rabbitmq')
    assert.deepEqual([types.MNP.consumers, types.TERMINATION.consumers], [1, 0])
    const shown = members.map(({ role, pid, types: of }: Record<string, unknown>) => [role, pid, of])
    assert.deepEqual(
      new Set(shown.map((one: unknown) => JSON.stringify(one))),
      new Set([
        JSON.stringify(['gateway', gateway.pid, []]),
        JSON.stringify(['consumer', consumer.pid, ['MNP', 'CHANGE']]),
      ]),
    )
    const text = await metricsOf(consumer.metrics)
    assert.match(text, /bss_messages_processed_total\{message_type="MNP",processor="[^"]+",status="\w+"\} 1/)
    assert.match(text, /bss_service_health\{service_name="mnp-processor",service_type="consumer"\} 1/)
    assert.match(await metricsOf(gateway.metrics), /bss_queue_length\{queue_name="[^"]+"\} 3/)
    await until(`${gateway.url}/metrics`, ({ text: shown }) =>
      /bss_desired_replicas\{message_type="MNP"[^}]*\} 1/.test(shown),
    )
    for (const url of [gateway.health, gateway.metrics, gateway.url, consumer.health, consumer.metrics]) {
      assert.equal((await call(`${url}/health`)).status, 200)
      assert.equal((await call(`${url}/ready`)).status, 200, `${url}/ready`)
    }
    assert.equal((await call(`${consumer.health}/api/queue/status`)).status, 404)
    const pace = await call(`${gateway.url}/api/types/MNP`, 'PATCH', { ratePerSecond: 5 })
    assert.deepEqual([pace.status, pace.body.code], [501, 'not_available'])
    for (const role of [gateway, consumer])
      assert.deepEqual(await role.end('SIGTERM'), { code: 0, signal: null })
  })

  test('the monitoring switch: one gateway toggles, all follow within 2 s, and it survives restarts', async (t) => {
    const here = place()
    const start = () =>
      Promise.all([
        startRole(t, ['gateway'], here),
        startRole(t, ['gateway'], here),
        startRole(t, ['consumer', '--type', 'MNP'], here),
      ])
    const [one, two, consumer] = await start()
    const toggled = (url: string) =>
      eventually(
        async () => {
          // Until its stream has been heard the switch is refused, and nothing is done.
          const answer = await call(`${url}/api/monitoring/toggle`, 'POST')
          return answer.status === 503 ? undefined : answer
        },
        () => 'the switch was refused',
      )
    const off = await toggled(one.url)
    assert.deepEqual([off.body.previous_state, off.body.current_state], [true, false], off.text)
    const isOff = /^bss_monitoring_enabled 0$/m
    await Promise.all([
      until(`${two.url}/metrics`, ({ text }) => isOff.test(text)),
      until(`${consumer.metrics}/metrics`, ({ text }) => isOff.test(text)),
    ])
    assert.doesNotMatch(await metricsOf(consumer.metrics), /bss_queue_length/)
    // The median, because a machine may stand still in one or two of them. It ends as it began.
    const took: number[] = []
    for (const enabled of [1, 0, 1, 0, 1, 0]) {
      const began = performance.now()
      await toggled(one.url)
      const follows = new RegExp(`^bss_monitoring_enabled ${enabled}$`, 'm')
      const told = [`${two.url}/metrics`, `${consumer.metrics}/metrics`]
      await Promise.all(told.map((url) => until(url, ({ text }) => follows.test(text))))
      took.push(performance.now() - began)
    }
    assert.ok((took.sort((a, b) => a - b)[3] ?? 0) < 2_000, took.join())
    await Promise.all([one, two, consumer].map((role) => role.end('SIGTERM')))

    const [again, , other] = await start()
    // Until its stream has been heard the environment holds.
    for (const url of [again.url, other.metrics])
      await until(`${url}/metrics`, ({ text }) => isOff.test(text))
    const on = await toggled(again.url)
    assert.deepEqual([on.body.previous_state, on.body.current_state], [false, true])
    await until(`${other.metrics}/metrics`, ({ text }) => /^bss_monitoring_enabled 1$/m.test(text))
  })

  test('S1 SIGTERM with work in flight: exit 0 within the limit, and another consumer does the rest', async (t) => {
    const here = place({ BACKEND_SPEED: '0.05', CONCURRENCY: '4', DRAIN_TIMEOUT_SEC: '3' })
    const gateway = await startRole(t, ['gateway'], here)
    const first = await startRole(t, ['consumer'], here)
    const messages = Array.from({ length: 1_000 }, () => message('MNP'))
    const { body } = await call(`${gateway.url}/api/messages/batch`, 'POST', { messages })
    assert.equal(body.accepted, 1_000)
    const finished = ({
      MNP: { done = 0, rejected = 0, failed = 0 } = {},
    }: Record<string, Record<string, number>>) => done + rejected + failed
    await until(`${gateway.url}/api/stats`, (answer) => finished(answer.body.types) >= 10)
    // The consumer has the head of the queue, and tells its age to those who alert on it.
    await until(`${gateway.url}/api/queue/status`, (answer) => answer.body.types.MNP.oldestAgeMs > 0)
    const ageOf = /^bss_queue_oldest_message_age_seconds\{[^}]*message_type="MNP"\} (\S+)$/m
    await until(`${gateway.url}/metrics`, ({ text }) => Number(ageOf.exec(text)?.[1]) > 0)
    const began = performance.now()
    assert.deepEqual(await first.end('SIGTERM'), { code: 0, signal: null })
    assert.ok(performance.now() - began < 30_000)
    // What it had and did not finish is there for others: nothing in flight, nothing lost.
    const status = await until(`${gateway.url}/api/queue/status`, ({ body: now }) => {
      const { ready, inFlight, delayed } = now.depth
      return inFlight === 0 && now.unacknowledged === 0 && ready + delayed > 0
    })
    const { ready, delayed } = status.body.depth
    const left = await until(
      `${gateway.url}/api/stats`,
      (answer) => finished(answer.body.types) + ready + delayed === 1_000,
    )
    assert.ok(finished(left.body.types) < 1_000)
    await startRole(t, ['consumer', '--type', 'all'], { ...here, BACKEND_SPEED: '0' })
    await until(`${gateway.url}/api/stats`, (answer) => finished(answer.body.types) === 1_000)
  })

  test('Q6 two consumers of a type keep one pace between them', async (t) => {
    const rate = 20
    const here = place({ RATE_PER_SECOND: String(rate) })
    const [gateway] = await Promise.all([
      startRole(t, ['gateway'], here),
      startRole(t, ['consumer', '--type', 'MNP'], here),
      startRole(t, ['consumer', '--type', 'MNP'], here),
    ])
    const messages = Array.from({ length: 100 }, () => message('MNP'))
    const { body } = await call(`${gateway.url}/api/messages/batch`, 'POST', { messages })
    await until(`${gateway.url}/api/stats`, ({ body: stats }) => {
      const { done = 0, rejected = 0, failed = 0 } = stats
      return done + rejected + failed === 100
    })
    const lives = await Promise.all(
      body.results.map(({ id }: { id: string }) => call(`${gateway.url}/api/messages/${id}`)),
    )
    // When it was let out; the end is written later by as long as Redis takes.
    const ends = lives.map((life) => Date.parse(life.body.takenAt)).sort((a, b) => a - b)
    // In any second no more than the pace, and what the jitter of two processes can move over its edges.
    const most = Math.max(...ends.map((from) => ends.filter((at) => at >= from && at < from + 1000).length))
    assert.ok(most <= rate * 1.2, `${most} within a second at a pace of ${rate}`)
    const shown = await weir(['status'], { env: { WEIR_API_URL: gateway.url } })
    assert.equal(shown.stdout.match(/^consumer +\S+:\d+ +MNP/gm)?.length, 2, shown.stdout)
  })

  test('a gateway without consumers of its own admits by what the others let out', async (t) => {
    const here = place({ MAX_BACKLOG_SECONDS: '2', BACKEND_SPEED: '0.1', CONCURRENCY: '1' })
    const gateway = await startRole(t, ['gateway'], here)
    await startRole(t, ['consumer', '--type', 'MNP'], here)
    const send = () => call(`${gateway.url}/api/message`, 'POST', message('MNP'))
    const messages = Array.from({ length: 100 }, () => message('MNP'))
    await call(`${gateway.url}/api/messages/batch`, 'POST', { messages })
    await until(`${gateway.url}/api/queue/status`, ({ body }) => body.types.MNP.drainEtaMs > 2_000)
    const refused = await send()
    assert.deepEqual([refused.status, refused.body.code], [429, 'backlog_full'], refused.text)
    assert.ok(Number(refused.headers.get('retry-after')) >= 1)
    assert.equal((await call(`${gateway.url}/api/message`, 'POST', message('CHANGE'))).status, 202)
  })

  test('one queue for all types: a consumer takes every type', async (t) => {
    const here = place({ QUEUE_TOPOLOGY: 'single' })
    const gateway = await startRole(t, ['gateway'], here)
    await startRole(t, ['consumer'], here)
    for (const type of ['SUBSCRIPTION', 'MNP', 'CHANGE', 'TERMINATION']) {
      assert.equal((await call(`${gateway.url}/api/message`, 'POST', message(type))).status, 202)
    }
    await until(`${gateway.url}/api/stats`, ({ body }) => body.done + body.rejected + body.failed === 4)
  })

  test('without Redis: messages flow, what is not available is said, and weir send works', async (t) => {
    const { REDIS_URL: _, ...here } = place()
    const service = await startRole(t, ['up'], here)
    const warned = await service.saw(/^REDIS_URL is not set/)
    assert.equal(warned.level, 40)
    const keyed = await call(`${service.url}/api/message`, 'POST', message('MNP', { idempotencyKey: 'k' }))
    assert.deepEqual([keyed.status, keyed.body.code], [501, 'not_available'])
    assert.match(keyed.body.detail, /set REDIS_URL$/)
    assert.equal((await call(`${service.url}/api/messages/x`)).status, 501)
    const { body } = await call(`${service.url}/api/router/info`)
    assert.deepEqual([body.engine, body.effects, body.abilities.idempotency], ['rabbitmq', 'memory', false])
    const options = { env: { WEIR_API_URL: service.url } }
    const sent = await weir(['send', '--type', 'MNP', '--content', 'hello'], options)
    assert.equal(sent.code, 0, sent.stderr)
    const lines = Array.from({ length: 50 }, () => JSON.stringify(message('CHANGE'))).join('\n')
    const many = await weir(['send', '-', '--batch-size', '20'], { ...options, input: lines })
    assert.match(many.stderr, /^50 accepted, 0 refused, 0 failed/)
    await until(`${service.url}/api/stats`, ({ body: stats }) => {
      const { done = 0, rejected = 0, failed = 0 } = stats
      return done + rejected + failed === 51
    })
    assert.deepEqual((await call(`${service.url}/api/dead-letters`)).body, { items: [] })
    assert.doesNotMatch(await metricsOf(service.url), /bss_queue_unaccounted_messages\{/)
    const shown = await weir(['status'], options)
    assert.match(shown.stdout, /\(rabbitmq\)\n/)
  })
})
