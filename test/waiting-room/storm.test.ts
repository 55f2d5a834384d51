/** All connections break at once, and the process dies in the middle of admissions: seen by visitors from outside. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { RoomEvent } from '../../src/lab/index.ts'
import { type RunningRoom, SECRET, startRoom } from '../app/room-process.ts'
import { newDataDir, removeDataDir } from '../fixtures/embedded.ts'
import { freePort } from '../fixtures/ports.ts'
import { liveRoom, loadRoom } from '../lab/room/live-room.ts'

test('L4: 1,000 sockets dropped at once and back within seconds: identical places', async (t) => {
  const room = await liveRoom(t, { door: { cap: 100 } })
  const { reconnect, verdict, visitors } = await loadRoom(room, {
    ...{ users: 1_000, mode: 'reconnect', windowMs: 2_000, keep: true },
  })
  assert.deepEqual(verdict?.findings, [])
  assert.deepEqual([visitors.inside, visitors.waiting], [100, 900])
  const { dropped, back, same, lost } = reconnect ?? {}
  assert.deepEqual([dropped, back, same, lost], [1_000, 1_000, 1_000, 0])
  const counts = (await room.line.snapshot('1'))?.counts
  assert.deepEqual([counts?.entered, counts?.parked, counts?.expired], [1_000, 0, 0])
})

test('L1–L4: kill -9 of the service twice amid admissions: same tickets, same order, all get in', async (t) => {
  const dataDir = newDataDir()
  t.after(() => removeDataDir(dataDir))
  const port = await freePort()
  const environment = {
    ...{ DATA_DIR: dataDir, ROOM_PORT: String(port), JWT_SECRET: SECRET },
    ...{ QUEUE_THRESHOLD: '3', QUEUE_PROCESSOR_INTERVAL: '200' },
  }
  let room: RunningRoom = await startRoom(t, 'up', environment)
  const killedAt = [4, 9]
  let [let_, kills] = [0, 0]
  let restarting: Promise<void> = Promise.resolve()
  const again = async (): Promise<void> => {
    await room.end('SIGKILL')
    kills++
    room = await startRoom(t, 'up', environment)
  }
  const onEvent = ({ kind, ...event }: RoomEvent): void => {
    // Of each call once: what follows it is the claim.
    if (kind !== 'pass' || !('claimBy' in event) || event.claimBy === null) return
    let_++
    if (killedAt.includes(let_)) restarting = restarting.then(again)
  }
  const report = await loadRoom({ url: room.room }, { users: 16, mode: 'hold', holdMs: 100, onEvent })
  await restarting
  assert.equal(kills, 2)
  assert.deepEqual(report.verdict?.findings, [])
  assert.deepEqual([report.visitors.admitted, report.visitors.done], [16, 16])
  assert.ok(report.sockets.connects > 16, 'connections were lost and came back')
  t.diagnostic(`${report.seconds.toFixed(0)} s, ${JSON.stringify(report.errors)}`)
})
