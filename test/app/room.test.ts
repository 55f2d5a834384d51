/** `weir up` with its waiting room, as its users run it: one real process on one data directory. */
import assert from 'node:assert/strict'
import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, test } from 'node:test'
import type { DrawRecord } from '../../src/app/index.ts'
import { type Draw, placeFrom, verifyPass } from '../../src/waiting-room/index.ts'
import { freePort } from '../fixtures/ports.ts'
import { eventually } from '../fixtures/process.ts'
import { temporaryDirectory, weir } from '../fixtures/weir-process.ts'
import { ADMIN, ask, connected, startRoom, Visitor } from './room-process.ts'

function place(t: { after(run: () => void): void }): Record<string, string> {
  const { path, remove } = temporaryDirectory()
  t.after(remove)
  return { DATA_DIR: path, QUEUE_THRESHOLD: '2', QUEUE_PROCESSOR_INTERVAL: '200', ADMIT_EARLY: 'true' }
}

async function several(room: string, count: number): Promise<Visitor[]> {
  const all: Visitor[] = []
  for (let n = 1; n <= count; n++) all.push(await Visitor.registered(room, `v${n}`))
  return all
}

describe('weir up serves the waiting room', { concurrency: 2 }, () => {
  test('register, check, status, leave, admin over HTTP, a call over the socket, and metrics that agree', async (t) => {
    const up = await startRoom(t, 'up', place(t))
    const [one, two, three, four] = (await several(up.room, 4)) as [Visitor, Visitor, Visitor, Visitor]
    for (const visitor of [one, two]) assert.equal((await visitor.check()).queued, false)
    for (const [i, visitor] of [three, four].entries()) {
      const answer = await visitor.check()
      assert.deepEqual([answer.queued, answer.position, answer.threshold], [true, i + 1, 2])
    }
    const admin = await Visitor.loggedIn(up.room)
    const overview = await admin.get('admin/1')
    assert.deepEqual(
      [overview.eventId, overview.queueSize, overview.currentUsers, overview.threshold, overview.available],
      ['1', 2, 2, 2, 0],
    )
    assert.equal((await ask(`${up.room}/api/queue/admin/1`, one.token)).status, 403)

    const client = await connected(t, three)
    client.socket.emit('join-queue', { eventId: '1' })
    const frame = await client.saw('queue-updated')
    assert.equal(placeFrom(frame, 3), 1)
    await one.post('leave/1')
    const entry = await client.saw('queue-entry-allowed')
    assert.equal(entry.userId, three.id)
    assert.equal((await three.post('claim/1')).state, 'admitted')
    assert.equal((await four.status()).position, 1)

    for (const url of [up.room, up.url]) {
      const metric = await eventually(
        async () => {
          const { body } = await ask(`${url}/metrics`)
          return /^bss_room_admissions_total\{event="1"\} 3$/m.test(body) ? String(body) : undefined
        },
        () => `three admissions in ${url}/metrics`,
        30_000,
      )
      assert.match(metric, /^bss_room_waiting\{event="1"\} 1$/m)
      assert.match(metric, /^bss_room_active\{event="1"\} 2$/m)
      assert.match(metric, /^bss_room_wait_seconds_count\{event="1"\} 1$/m)
      assert.match(metric, /^bss_room_over_admissions_total 0$/m)
      assert.match(metric, /^bss_room_unaccounted_visitors\{event="1"\} 0$/m)
      assert.match(metric, /^bss_room_sockets 1$/m)
    }
    assert.match(
      (await ask(`${up.room}/metrics`)).body,
      /^bss_process_memory_bytes\{kind="resident"\} \d{7,}$/m,
    )
    const gauges = (await ask(`${up.url}/metrics`)).body.match(/^# TYPE \w+/gm)
    assert.equal(new Set(gauges).size, gauges.length, 'no metric is told twice')
    assert.match((await ask(`${up.url}/metrics`)).body, /bss_service_health\{service_name="waiting-room".* 1/)
    await ask(`${up.url}/api/monitoring/disable`, undefined, 'POST')
    assert.doesNotMatch((await ask(`${up.url}/metrics`)).body, /bss_room/)
    assert.equal((await four.status()).position, 1, 'M1: visitors are told their place all the same')
    assert.deepEqual(await up.end('SIGTERM'), { code: 0, signal: null }, 'with an open socket')
  })

  test('L4: kill -9 and start again: same tickets, same order; passes hold; the threshold follows', async (t) => {
    const here = { ...place(t), ROOM_PORT: String(await freePort()) }
    const first = await startRoom(t, 'up', here)
    const visitors = await several(first.room, 6)
    const before = []
    for (const visitor of visitors) before.push(await visitor.check())
    const keys = (await ask(`${first.room}/.well-known/jwks.json`)).body
    const pass = String(before[0].pass)
    const waiting = await connected(t, visitors[5] as Visitor)
    waiting.socket.emit('join-queue', { eventId: '1' })
    await waiting.saw('session-restored')
    await first.end('SIGKILL')
    const heard = waiting.frames.length

    const second = await startRoom(t, 'up', { ...here, QUEUE_THRESHOLD: '3' })
    const after = []
    for (const visitor of visitors) after.push(await visitor.status())
    assert.deepEqual(
      after.map(({ ticket }) => ticket),
      before.map(({ ticket }) => ticket),
    )
    const published = (await ask(`${second.room}/.well-known/jwks.json`)).body
    assert.deepEqual(published, keys, 'the same keys')
    const verdict = verifyPass(pass, { keys: published, issuer: 'weir', event: '1', now: Date.now() })
    assert.ok(verdict.ok, JSON.stringify(verdict))
    await second.saw(/follows the settings/)
    assert.equal((await (await Visitor.loggedIn(second.room)).get('admin/1')).threshold, 3)
    // The third place goes to the first in the line, and the socket that was cut has come back by itself.
    await eventually(
      async () => ((await visitors[2]?.status())?.state === 'ready' ? true : undefined),
      () => 'the head of the line called',
      30_000,
    )
    assert.equal((await visitors[5]?.status())?.position, 3)
    // Its place is the third or the fourth: the head of the line may not have been called by then.
    const restored = await eventually(
      () => waiting.frames.slice(heard).find(({ name }) => name === 'session-restored')?.payload,
      () => 'the socket came back',
    )
    assert.equal(restored.ticket, 6)
    assert.deepEqual(await second.end('SIGTERM'), { code: 0, signal: null })
  })

  test('a draw is recomputed from what the room publishes, and an altered record fails', async (t) => {
    const here = place(t)
    const up = await startRoom(t, 'up', here)
    const admin = await Visitor.loggedIn(up.room)
    await ask(`${up.room}/api/queue/admin/sale`, admin.token, 'PUT', {})
    await admin.post('admin/schedule/sale')
    const visitors = await several(up.room, 5)
    for (const [i, visitor] of visitors.entries()) {
      const { state, number } = await visitor.check('sale')
      assert.deepEqual([state, number], ['registered', i + 1])
    }
    const before = (await ask(`${up.room}/api/queue/draw/sale`)).body as { draw: Draw }
    assert.deepEqual([before.draw.count, before.draw.revealed], [5, undefined])
    const address = ['--apiUrl', up.room, '--eventId', 'sale']
    const early = await weir(['room', 'verify', ...address, '--number', '1'])
    assert.match(early.stdout, /Not right: the secret has not been revealed/)
    await admin.post('admin/open/sale', { beacon: 'of that day' })
    const called = await eventually(
      async () => {
        const all = await Promise.all(visitors.map((visitor) => visitor.status('sale')))
        const ready = all.filter(({ state }) => state === 'ready')
        return ready.length === 2 ? ready : undefined
      },
      () => 'two called, as there are places',
      30_000,
    )

    const file = join(here.DATA_DIR ?? '', 'draw.json')
    const verified = await weir(['room', 'verify', ...address, '--out', file], { env: ADMIN })
    assert.equal(verified.code, 0, verified.stdout + verified.stderr)
    assert.match(verified.stdout, /is right: 5 registrations/)
    const record: DrawRecord = JSON.parse(readFileSync(file, 'utf8'))
    const tickets = called.map(({ ticket }) => Number(ticket))
    assert.deepEqual(new Set(Object.values(record.held ?? {})), new Set(tickets))
    const altered = async (change: Partial<DrawRecord>) => {
      writeFileSync(file, JSON.stringify({ ...record, ...change }))
      const { code, stdout } = await weir(['room', 'verify', '--file', file])
      assert.equal(code, 1)
      return stdout
    }
    assert.match(await altered({ visitors: record.visitors.toReversed() }), /the list of registrations/)
    const [name = ''] = Object.keys(record.held ?? {})
    assert.match(await altered({ held: { ...record.held, [name]: 77 } }), /was given ticket 77 and drew/)

    const mine = ['room', 'verify', ...address, '--number', String(called[0]?.number)]
    const own = await weir([...mine, '--promise', before.draw.commitment])
    assert.equal(own.code, 0, own.stdout + own.stderr)
    assert.match(own.stdout, new RegExp(`drew ticket ${called[0]?.ticket}: place [12] of 5`))
    const other = await weir([...mine, '--promise', '0'.repeat(64)])
    assert.deepEqual([other.code, /what was promised is not 0{64} but/.test(other.stdout)], [1, true])

    const trail = await weir(['room', 'audit', ...address], { env: ADMIN })
    const causes = trail.stdout
      .trim()
      .split('\n')
      .map((line) => JSON.parse(line).cause)
    assert.equal(causes.filter((cause) => cause === 'register').length, 5)
    const refused = await weir(['room', 'audit', ...address, '--token', 'x'])
    assert.deepEqual([refused.code, refused.stderr.trim().split('\n').length], [1, 1])
    assert.match(refused.stderr, /Invalid authentication token/)
    await up.end('SIGTERM')
  })

  test('off: there is no room, and nothing of it in the metrics', async (t) => {
    const up = await startRoom(t, 'up', { ...place(t), ROOM_PORT: 'off' })
    assert.ok(!up.lines.some(({ msg }) => /Queue processor|administrator/.test(msg)))
    assert.doesNotMatch((await ask(`${up.url}/metrics`)).body, /bss_room/)
    await up.end('SIGTERM')
  })
})
