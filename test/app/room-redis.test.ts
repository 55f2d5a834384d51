/** Several `weir room` processes on one Redis: one line, one set of keys; also while Redis is away. */
import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { createClient } from '@redis/client'
import { verifyPass } from '../../src/waiting-room/index.ts'
import { eventually } from '../fixtures/process.ts'
import { noRedis, startRedis } from '../fixtures/redis.ts'
import { call, startUnready } from './role-process.ts'
import { ask, connected, SECRET, startRoom, Visitor } from './room-process.ts'

const CAP = 5
const VISITORS = 40

describe('weir room on Redis', { skip: noRedis({ controlled: true }), concurrency: 2 }, () => {
  test('L3: two processes, one line: never more than the threshold; passes of one verify by the other', async (t) => {
    const redis = await startRedis({
      cleanup: (run) => t.after(() => run() as Promise<void>),
      controlled: true,
    })
    const here = {
      REDIS_URL: redis.url,
      JWT_SECRET: SECRET,
      QUEUE_THRESHOLD: String(CAP),
      QUEUE_PROCESSOR_INTERVAL: '100',
      ADMIT_EARLY: 'true',
      ROOM_AUTO_CREATE: 'true',
    }
    const rooms = await Promise.all([startRoom(t, 'room', here), startRoom(t, 'room', here)])
    const urls = rooms.map(({ room }) => room)
    const visitors: Visitor[] = []
    // A few at a time: passwords are costly, and a room takes so many at once.
    for (let n = 0; n < VISITORS; n += 8) {
      const some = Array.from({ length: 8 }, (_, i) => Visitor.registered(urls[i % 2] ?? '', `v${n + i}`))
      visitors.push(...(await Promise.all(some)))
    }
    // Asked of the other process than the one that they registered at.
    for (const [n, visitor] of visitors.entries()) visitor.room = urls[(n + 1) % 2] ?? ''
    await Promise.all(visitors.map((visitor) => visitor.check()))
    const client = createClient({ url: redis.url })
    // The server ends before it, with the test.
    client.on('error', () => {})
    await client.connect()
    t.after(() => client.destroy())
    assert.deepEqual([await client.zCard('queue:1'), await client.sCard('active:1')], [VISITORS - CAP, CAP])

    const tickets: number[] = []
    let most = 0
    const inside = async (visitor: Visitor, n: number): Promise<void> => {
      // Whoever has a place takes it up by one process, and gives it back by the other.
      const visit = await eventually(
        async () => {
          most = Math.max(most, await client.sCard('active:1'))
          const answer = await visitor.check()
          return answer.queued ? undefined : answer
        },
        () => `a place for v${n}`,
        60_000,
      )
      tickets.push(visit.ticket)
      const { body: keys } = await ask(`${urls[n % 2]}/.well-known/jwks.json`)
      const verdict = verifyPass(visit.pass, { keys, issuer: 'weir', event: '1', now: Date.now() })
      assert.ok(verdict.ok, JSON.stringify(verdict))
      visitor.room = urls[n % 2] ?? ''
      await visitor.post('done/1')
    }
    await Promise.all(visitors.map(inside))
    assert.ok(most <= CAP, `${most} at once`)
    assert.deepEqual(
      tickets.toSorted((a, b) => a - b),
      Array.from({ length: VISITORS }, (_, n) => n + 1),
      'everybody was inside once',
    )
    for (const { metrics, health } of rooms) {
      const text = await eventually(
        async () => {
          const { text } = await call(`${metrics}/metrics`)
          return text.includes(`bss_room_admissions_total{event="1"} ${VISITORS}`) ? text : undefined
        },
        () => 'all admissions in the metrics',
        30_000,
      )
      assert.match(text, /^bss_room_over_admissions_total 0$/m)
      assert.match(text, /^bss_monitoring_enabled 1$/m)
      assert.match(text, /^bss_service_health\{service_name="waiting-room",service_type="room"\} 1$/m)
      assert.equal((await call(`${health}/ready`)).status, 200)
    }
    for (const running of rooms) assert.deepEqual(await running.end('SIGTERM'), { code: 0, signal: null })
  })

  test('L4: Redis away, at the start and later: not ready, nobody is let in, and it goes on by itself', async (t) => {
    const redis = await startRedis({
      cleanup: (run) => t.after(() => run() as Promise<void>),
      controlled: true,
      durable: true,
    })
    await redis.kill()
    const here = { REDIS_URL: redis.url, JWT_SECRET: SECRET, QUEUE_THRESHOLD: '1', ROOM_AUTO_CREATE: 'true' }
    const running = await startRoom(t, 'room', here, startUnready)
    assert.equal((await call(`${running.health}/health`)).status, 200)
    assert.equal((await call(`${running.health}/ready`)).status, 503)
    const body = { email: 'a@test.com', password: 'Test1234!', name: 'A' }
    const refused = await ask(`${running.room}/api/auth/register`, undefined, 'POST', body)
    assert.deepEqual([refused.status, refused.body.code], [503, 'storage_failed'])
    assert.equal((await ask(`${running.room}/.well-known/jwks.json`)).status, 503)

    await redis.restart()
    const ready = async () =>
      eventually(
        async () => ((await call(`${running.health}/ready`)).status === 200 ? true : undefined),
        () => `ready again:\n${running.output}`,
        30_000,
      )
    await ready()
    await running.saw(/administrator .* can log in/)
    const inside = await Visitor.registered(running.room, 'inside')
    const waiting = await Visitor.registered(running.room, 'waiting')
    assert.equal((await inside.check()).queued, false)
    const { ticket } = await waiting.check()
    const client = await connected(t, waiting)
    client.socket.emit('join-queue', { eventId: '1' })
    await client.saw('session-restored')

    await redis.kill()
    await client.saw('queue-error')
    const away = await ask(`${running.room}/api/queue/check/1`, waiting.token, 'POST')
    assert.equal(away.status, 503)
    await redis.restart()
    await ready()
    const again = await waiting.check()
    assert.deepEqual([again.ticket, again.position], [ticket, 1])
    assert.equal(client.socket.connected, true, 'its socket was kept')
    assert.deepEqual(await running.end('SIGTERM'), { code: 0, signal: null })
  })
})
