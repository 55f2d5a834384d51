/** Broker or Redis away: the processes live, say why they are not ready, and go on by themselves. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { eventually } from '../fixtures/process.ts'
import { privateBrokerMissing, startBroker } from '../fixtures/rabbitmq.ts'
import { noRedis, startRedis } from '../fixtures/redis.ts'
import { type Answer, call, startRole, startUnready, until } from './role-process.ts'

const message = { type: 'MNP', content: 'x' }
const ended = ({ body }: Answer) => body?.state === 'done' || body?.state === 'rejected'

test('a broker that comes later: alive, not ready with the reason, and then at work without a restart', {
  skip: privateBrokerMissing() || noRedis(),
}, async (t) => {
  const cleanup = (run: () => unknown) => t.after(async () => void (await run()))
  const [broker, redis] = await Promise.all([startBroker({ cleanup }), startRedis({ cleanup })])
  await broker.stop('term')
  const secret = new URL(broker.url)
  secret.password = 'guest'
  const here = { RABBITMQ_URL: secret.href, REDIS_URL: redis.url, QUEUE_NAME: redis.queueName() }
  const [gateway, consumer] = await Promise.all([
    startUnready(t, ['gateway'], here),
    startUnready(t, ['consumer', '--type', 'MNP'], here),
  ])
  for (const { health } of [gateway, consumer]) {
    assert.equal((await call(`${health}/health`)).status, 200)
    const ready = await call(`${health}/ready`)
    assert.equal(ready.status, 503)
    assert.match(ready.body.reasons.join(), /broker_unavailable/)
    assert.equal((await call(`${health}/metrics`)).status, 200)
  }
  const refused = await call(`${gateway.url}/api/message`, 'POST', message)
  assert.deepEqual([refused.status, refused.body.code], [503, 'broker_unavailable'])
  assert.ok(Number(refused.headers.get('retry-after')) >= 1)
  const status = await call(`${gateway.url}/api/queue/status`)
  assert.ok(status.status === 503 || status.body.consumers === undefined, status.text)
  const toggled = await call(`${gateway.url}/api/monitoring/toggle`, 'POST')
  assert.deepEqual([toggled.status, toggled.body.code], [503, 'broker_unavailable'])

  await broker.restart()
  for (const { health } of [gateway, consumer])
    await until(`${health}/ready`, ({ status: is }) => is === 200, 60_000)
  const sent = await call(`${gateway.url}/api/message`, 'POST', message)
  assert.equal(sent.status, 202, sent.text)
  await until(`${gateway.url}/api/messages/${sent.body.id}`, ended)
  for (const role of [gateway, consumer]) {
    // When the last of its connections is back.
    await role.saw(/^connected to the broker/)
    assert.deepEqual(await role.end('SIGTERM'), { code: 0, signal: null })
    assert.doesNotMatch(role.output, /:guest@/)
    // Three connections and a lane: one outage. Refused, then reset while it starts: each reason once.
    const lines = role.lines.filter(({ level = 0 }) => level >= 30)
    const told = lines.map(({ msg }) => msg)
    const reasons = lines.flatMap(({ msg, reason }) =>
      /no connection to the broker/.test(msg) ? [reason] : [],
    )
    assert.ok(reasons.length > 0 && new Set(reasons).size === reasons.length, JSON.stringify(reasons))
    assert.equal(told.filter((msg) => /^connected to the broker/.test(msg)).length, 1, told.join('\n'))
    assert.doesNotMatch(told.join('\n'), /could not be read/)
  }
})

test('a memory alarm hides the processes from each other: the supervisor starts none and drains none by it', {
  skip: privateBrokerMissing() || noRedis(),
}, async (t) => {
  const cleanup = (run: () => unknown) => t.after(async () => void (await run()))
  const [broker, redis] = await Promise.all([startBroker({ cleanup }), startRedis({ cleanup })])
  const slow = { BACKEND_SPEED: '0.03', CONCURRENCY: '1', MAX_REPLICAS: '3', DRAIN_TARGET_SECONDS: '1' }
  const here = { RABBITMQ_URL: broker.url, REDIS_URL: redis.url, QUEUE_NAME: redis.queueName(), ...slow }
  const up = await startRole(t, ['up', '--processes'], { ...here, SERVICE_TYPE: 'MNP' })
  const status = `${up.url}/api/queue/status`
  const messages = Array.from({ length: 900 }, () => message)
  const sent = await call(`${up.url}/api/messages/batch`, 'POST', { messages })
  assert.equal(sent.body.accepted, 900, sent.text)
  await until(status, ({ body }) => body.types.MNP.consumers === 3)
  const lives = () =>
    up.lines.flatMap(({ msg }) => (/^A consumer process (runs|has drained|ended)/.test(msg) ? [msg] : []))
  await eventually(
    () => (lives().length === 3 ? true : undefined),
    () => lives().join('\n'),
  )
  await broker.raiseMemoryAlarm()
  // Nobody is heard any more, and the number that is wanted stays.
  const deaf = await until(status, ({ body }) => body.members.length === 1)
  const { scaling } = deaf.body.types.MNP
  assert.deepEqual([scaling.wanted, scaling.ready, scaling.reason], [3, 3, 'no_signal'], deaf.text)
  await broker.clearMemoryAlarm()
  const back = await until(
    status,
    ({ body }) => body.types.MNP.consumers === 3 && body.types.MNP.scaling.reason !== 'no_signal',
  )
  assert.equal(back.body.types.MNP.scaling.wanted, 3)
  assert.deepEqual(lives(), Array(3).fill('A consumer process runs'))
  assert.deepEqual(await up.end('SIGTERM'), { code: 0, signal: null })
})

test('a Redis that comes later, and one that goes: not ready with the reason, and then at work again', {
  skip: privateBrokerMissing() || noRedis({ controlled: true }),
}, async (t) => {
  const cleanup = (run: () => unknown) => t.after(async () => void (await run()))
  const [broker, redis] = await Promise.all([
    startBroker({ cleanup }),
    startRedis({ cleanup, controlled: true, durable: true }),
  ])
  await redis.kill()
  const here = { RABBITMQ_URL: broker.url, REDIS_URL: redis.url, QUEUE_NAME: redis.queueName() }
  const [gateway, consumer] = await Promise.all([
    startUnready(t, ['gateway'], here),
    startUnready(t, ['consumer', '--type', 'MNP'], here),
  ])
  const notReady = ({ status, body }: Answer) => status === 503 && /redis/i.test(body.reasons.join())
  for (const { health } of [gateway, consumer]) {
    await until(`${health}/ready`, notReady)
    assert.equal((await call(`${health}/health`)).status, 200)
  }
  const keyed = await call(`${gateway.url}/api/message`, 'POST', { ...message, idempotencyKey: 'k' })
  assert.deepEqual([keyed.status, keyed.body.code], [503, 'storage_failed'])
  // A key needs the book; a message without one needs the broker only.
  const plain = await call(`${gateway.url}/api/message`, 'POST', message)
  assert.equal(plain.status, 202, plain.text)
  await redis.restart()
  for (const { health } of [gateway, consumer]) await until(`${health}/ready`, ({ status }) => status === 200)
  await until(`${gateway.url}/api/messages/${plain.body.id}`, ended)
  await redis.kill()
  await until(`${gateway.health}/ready`, notReady)
  await redis.restart()
  await until(`${gateway.health}/ready`, ({ status }) => status === 200)
  const again = await call(`${gateway.url}/api/message`, 'POST', { ...message, idempotencyKey: 'k' })
  assert.equal(again.status, 202, again.text)
  await until(`${gateway.url}/api/messages/${again.body.id}`, ended)
})
