/** The closed loop for real: messages pile up behind a pace, and the door of the same process lets fewer in. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { eventually } from '../fixtures/process.ts'
import { temporaryDirectory } from '../fixtures/weir-process.ts'
import { call } from './role-process.ts'
import { connected, startRoom, Visitor } from './room-process.ts'

test('a backlog slows the door, visitors are told why, and when it is gone the door is faster again', async (t) => {
  const { path, remove } = temporaryDirectory()
  t.after(remove)
  const up = await startRoom(t, 'up', {
    DATA_DIR: path,
    RATE_PER_SECOND: '2',
    ROOM_FOLLOW_TYPES: 'MNP',
    ROOM_FOLLOW_WAIT_SEC: '5',
    ROOM_FOLLOW_MAX_PER_MINUTE: '1000',
  })
  const visitor = await Visitor.registered(up.room, 'v')
  await visitor.check()
  const admin = await Visitor.loggedIn(up.room)
  const client = await connected(t, visitor)
  client.socket.emit('join-queue', { eventId: '1' })
  const messages = Array.from({ length: 44 }, () => ({
    type: 'MNP',
    content: 'x',
    attributes: { phone: '01012345678' },
  }))
  const { body } = await call(`${up.url}/api/messages/batch`, 'POST', { messages })
  assert.ok(body, 'taken in')

  const slowed = await client.saw(
    'queue-updated',
    ({ slowedBy }) => slowedBy !== null && slowedBy !== undefined,
  )
  assert.deepEqual([slowed.slowedBy.cause, slowed.slowedBy.messageType], ['backlog', 'MNP'])
  assert.ok(slowed.ratePerMinute <= 700, `${slowed.ratePerMinute} a minute`)
  assert.equal((await visitor.status()).slowedBy.cause, 'backlog')
  const low = (await admin.get('admin/1')).door.ratePerMinute
  assert.ok(low <= 700)
  await up.saw(/The door is slower/)

  await eventually(
    async () => {
      const { body: status } = await call(`${up.url}/api/queue/status`)
      return status.depth.ready === 0 ? true : undefined
    },
    () => 'an empty queue',
    60_000,
  )
  const lowest = (await admin.get('admin/1')).door.ratePerMinute
  await eventually(
    async () => ((await admin.get('admin/1')).door.ratePerMinute > lowest ? true : undefined),
    () => `more than ${lowest} a minute`,
    30_000,
  )
  assert.deepEqual(await up.end('SIGTERM'), { code: 0, signal: null })
})
