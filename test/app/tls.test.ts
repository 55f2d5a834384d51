/** Brokers and Redis across machines speak TLS; whose certificate nobody here vouches for, nothing is told to. */
import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { makeCertificate, opensslMissing } from '../fixtures/certificate.ts'
import { privateBrokerMissing, shared, startBroker } from '../fixtures/rabbitmq.ts'
import { noRedis, startRedis } from '../fixtures/redis.ts'
import { call, startRole, startUnready, until } from './role-process.ts'
import { SECRET, startRoom, Visitor } from './room-process.ts'

const missing = opensslMissing() || privateBrokerMissing() || noRedis({ controlled: true })

describe('TLS', { skip: missing, concurrency: 2 }, () => {
  const servers = shared(async ({ cleanup }) => {
    const tls = makeCertificate(cleanup)
    const [broker, redis] = await Promise.all([startBroker({ cleanup, tls }), startRedis({ cleanup, tls })])
    return { broker, redis, trusted: { NODE_EXTRA_CA_CERTS: tls.cert } }
  })
  const place = () => ({ RABBITMQ_URL: servers().broker.url, REDIS_URL: servers().redis.url })

  test('a gateway and a consumer: messages pass, and an outage ends by itself', async (t) => {
    const here = { ...place(), ...servers().trusted }
    const [gateway, consumer] = await Promise.all([
      startRole(t, ['gateway'], here),
      startRole(t, ['consumer', '--type', 'MNP'], here),
    ])
    const passes = async (key: string) => {
      const message = { type: 'MNP', content: 'x'.repeat(60_000), idempotencyKey: key }
      const sent = await call(`${gateway.url}/api/message`, 'POST', message)
      assert.equal(sent.status, 202, sent.text)
      await until(`${gateway.url}/api/messages/${sent.body.id}`, ({ body }) =>
        ['done', 'rejected'].includes(body?.state),
      )
    }
    await passes('one')
    await servers().broker.restart()
    for (const url of [gateway.url, consumer.health])
      await until(`${url}/ready`, ({ status }) => status === 200, 60_000)
    await passes('two')
  })

  test('a room on Redis', async (t) => {
    const { REDIS_URL } = place()
    const settings = { REDIS_URL, JWT_SECRET: SECRET, QUEUE_THRESHOLD: '1', ROOM_AUTO_CREATE: 'true' }
    const { room } = await startRoom(t, 'room', { ...settings, ...servers().trusted })
    const [first, second] = [await Visitor.registered(room, 'a'), await Visitor.registered(room, 'b')]
    assert.equal((await first.check()).queued, false)
    assert.equal((await second.check()).position, 1)
  })

  const cases = {
    'an unknown authority': { host: 'localhost', trusted: false, why: /self-signed certificate/ },
    'a certificate of another name': {
      host: '127.0.0.1',
      trusted: true,
      why: /127.0.0.1 is not in the cert's list/,
    },
  }
  for (const [name, { host, trusted, why }] of Object.entries(cases)) {
    test(`${name}: alive, not ready, and why; the broker and Redis alike`, async (t) => {
      const at = (url: string) => url.replace('localhost', host)
      const trust = trusted ? servers().trusted : {}
      const [gateway, room] = await Promise.all([
        startUnready(t, ['gateway'], { RABBITMQ_URL: at(servers().broker.url), ...trust }),
        startRoom(
          t,
          'room',
          { REDIS_URL: at(servers().redis.url), JWT_SECRET: SECRET, ...trust },
          startUnready,
        ),
      ])
      for (const { health } of [gateway, room]) {
        assert.equal((await call(`${health}/health`)).status, 200)
        // Not the first reason: another test restarts the broker meanwhile.
        await until(`${health}/ready`, ({ status, text }) => status === 503 && why.test(text))
      }
    })
  }
})
