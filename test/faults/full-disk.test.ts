/** A disk that is really full: refused (507), nothing lost, and it goes on when there is room again. */
import assert from 'node:assert/strict'
import { rmSync, statfsSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { after, describe, test } from 'node:test'
import { realClock } from '../../src/app/index.ts'
import { WeirError } from '../../src/core/index.ts'
import { embeddedEngine } from '../fixtures/embedded.ts'
import { eventually } from '../fixtures/process.ts'
import { drained, getJson, serviceRig } from './rig.ts'
import { type SmallDisk, smallDisk, smallDiskMissing } from './small-disk.ts'

const MIB = 1024 * 1024
const missing = smallDiskMissing()

const { start } = serviceRig(after)
const disks: SmallDisk[] = []
// After the services have ended: hooks run in the order in which they were made.
after(() => {
  for (const disk of disks) disk.dispose()
})

/** What somebody else keeps on the disk, and then removes. */
function withBallast(mebibytes: number, ballast: number) {
  const disk = smallDisk(mebibytes)
  disks.push(disk)
  const file = join(disk.path, 'ballast')
  writeFileSync(file, Buffer.alloc(ballast * MIB))
  const free = () => {
    const { bavail, bsize } = statfsSync(disk.path)
    return bavail * bsize
  }
  return { dataDir: join(disk.path, 'data'), makeRoom: () => rmSync(file), free }
}

const CONTENT = 'x'.repeat(20_000)

describe('Q1, Q2: a disk that is full', { skip: missing }, () => {
  for (const host of ['worker', 'inline'] as const) {
    test(`to the last byte: refused, nothing lost, recovers by itself, and opens whole (${host})`, async () => {
      const { dataDir, makeRoom } = withBallast(24, 8)
      const engine = embeddedEngine(dataDir, realClock, { diskReserveBytes: 0, host })
      await engine.start()
      const accepted: string[] = []
      const publish = async () => {
        const id = `m${accepted.length}`
        await engine.publish([{ id, type: 'MNP', content: CONTENT, createdAt: 0, priority: 4 }])
        accepted.push(id)
      }
      const full = (error: unknown) => error instanceof WeirError && error.code === 'storage_full'
      await assert.rejects(async () => {
        for (;;) await publish()
      }, full)
      assert.ok(accepted.length > 100, `full after ${accepted.length}`)
      assert.equal(engine.health().ok, false)
      await assert.rejects(publish, full)
      makeRoom()
      await eventually(
        () => (engine.accepting().ok ? true : undefined),
        () => JSON.stringify(engine.health()),
      )
      await publish()
      await engine.stop()

      const again = embeddedEngine(dataDir, realClock, { diskReserveBytes: 0, host })
      await again.start()
      const request = { type: 'MNP', leaseMs: 60_000, maxRetries: 0, retryDelayMs: 1000 }
      const taken = await again.take({ ...request, max: accepted.length + 10 })
      assert.deepEqual(
        taken.map(({ message }) => message.id),
        accepted,
      )
      await again.stop()
    })
  }

  test('nearly: 507 while there is still room to finish the work, and it is finished', async () => {
    const { dataDir, makeRoom, free } = withBallast(48, 16)
    const service = start(dataDir, { DISK_RESERVE_MB: '12', RATE_PER_SECOND: '40' })
    const url = await service.ready
    const messages = Array.from({ length: 20 }, () => ({ type: 'MNP', content: CONTENT }))
    const send = () =>
      fetch(`${url}/api/messages/batch`, {
        method: 'POST',
        headers: { 'content-type': 'application/json', 'accept-language': 'en' },
        body: JSON.stringify({ messages }),
      })
    let accepted = 0
    const refused = await eventually(
      async () => {
        const answer = await send()
        if (answer.status !== 202) return answer
        accepted += messages.length
        return undefined
      },
      () => 'a refusal',
    )
    assert.equal(refused.status, 507)
    assert.equal(((await refused.json()) as { code: string }).code, 'storage_full')
    assert.ok(refused.headers.get('retry-after'))
    assert.ok(free() > 2 * MIB, `${free()} bytes are free`)
    const types = await fetch(`${url}/api/types/MNP`, {
      method: 'PATCH',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify({ ratePerSecond: 0 }),
    })
    assert.equal(types.status, 200)
    await drained(url)
    assert.equal((await send()).status, 507, 'what is finished is kept, so the disk is still as full')
    const stats = await getJson<{ accepted: number; done: number; rejected: number }>(`${url}/api/stats`)
    assert.equal(stats.accepted, accepted)
    assert.equal(stats.done + stats.rejected, accepted)
    makeRoom()
    await eventually(
      async () => ((await fetch(`${url}/ready`)).status === 200 ? true : undefined),
      () => service.output,
    )
    assert.equal((await send()).status, 202)
    await drained(url)
    assert.equal((await service.end('SIGTERM')).code, 0)
  })
})
