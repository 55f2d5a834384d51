/**
 * What a sync that failed leaves behind. The batch is in the log, unsynced, and everybody in it was refused; when the
 * file is opened anew the batch comes back with the log. None of that may cost anybody anything.
 */
import assert from 'node:assert/strict'
import { after, describe, test } from 'node:test'
import type { Delivery } from '../../../src/queue/index.ts'
import { EngineProcess, EngineRefusal } from '../../faults/engine-process.ts'
import { IoFault, ioFaultsMissing } from '../../faults/io-fault.ts'
import { newDataDir, removeDataDir } from '../../fixtures/embedded.ts'
import { eventually } from '../../fixtures/process.ts'

const endings: (() => Promise<void> | void)[] = []
after(async () => {
  for (const end of endings.reverse()) await end()
})

/** With `count` messages in it, and a disk that works so far. */
async function engineWith(count: number) {
  const dir = newDataDir()
  const disk = new IoFault(dir)
  const engine = new EngineProcess(dir, disk.environment)
  endings.push(() => {
    disk.dispose()
    removeDataDir(dir)
  })
  endings.push(() => engine.kill())
  await engine.start()
  if (count > 0) await engine.publish(messages('m', count))
  return { dir, disk, engine }
}

const messages = (prefix: string, count: number) =>
  Array.from({ length: count }, (_, i) => ({
    id: `${prefix}${i}`,
    type: 'MNP',
    content: 'x',
    createdAt: 0,
    priority: 4,
  }))

/** An hour: whoever waits for the end of a lease here waits too long. */
const REQUEST = { type: 'MNP', max: 100, leaseMs: 3_600_000, maxRetries: 3, retryDelayMs: 1000 }
const refusedWith = (code: string) => (error: unknown) =>
  error instanceof EngineRefusal && error.code === code
const ids = (taken: readonly Delivery[]) => taken.map(({ message }) => message.id)

async function works(engine: EngineProcess): Promise<void> {
  await eventually(
    async () => ((await engine.accepting()).ok ? true : undefined),
    () => 'the engine to work again by itself',
  )
  assert.deepEqual(await engine.counts(), await engine.recount(), 'what is told is what is there')
}

describe('after a failed sync', { skip: ioFaultsMissing() }, () => {
  for (const failing of [1, 1_000_000]) {
    // With one failing sync the file is opened anew while the disk works; with many it is opened in vain at first.
    const fault = async (disk: IoFault, run: () => Promise<void>) => {
      const before = disk.counters().failedSyncs
      disk.set({ sync: 'EIO' })
      await run()
      assert.ok(disk.counters().failedSyncs > before)
      if (failing > 1) {
        await eventually(
          () => (disk.counters().failedSyncs > before + 3 ? true : undefined),
          () => 'the probes to fail as well',
        )
      }
      disk.mend()
    }
    const times = failing === 1 ? 'once' : 'and those of the probes after it'

    test(`Q2, Q3: a take that was refused is given back at once, in order (${times})`, async () => {
      const { disk, engine } = await engineWith(10)
      const [held] = await engine.take({ ...REQUEST, max: 1 })
      assert.ok(held)
      await fault(disk, () => assert.rejects(engine.take(REQUEST), refusedWith('storage_failed')))
      await works(engine)
      const rest = await engine.take(REQUEST)
      assert.deepEqual(
        ids(rest),
        messages('m', 10)
          .slice(1)
          .map(({ id }) => id),
      )
      const settled = await engine.settle([{ lease: held.lease, verdict: { kind: 'done' } }])
      assert.deepEqual(settled, ['settled'], 'a lease from before the fault is still its holder’s')
    })

    test(`Q1: a publish that was refused is there once or not at all, and counted (${times})`, async () => {
      const { disk, engine } = await engineWith(3)
      const late = messages('late', 5)
      await fault(disk, () => assert.rejects(engine.publish(late), refusedWith('storage_failed')))
      await works(engine)
      const receipts = await engine.publish(late)
      for (const receipt of receipts) {
        assert.ok(receipt.kind === 'accepted' || receipt.code === 'duplicate_id')
      }
      const taken = ids(await engine.take(REQUEST))
      assert.deepEqual(taken.toSorted(), [...messages('m', 3), ...late].map(({ id }) => id).toSorted())
    })

    test(`Q4: a settle that was refused counts once when it is offered again (${times})`, async () => {
      const { disk, engine } = await engineWith(10)
      const taken = await engine.take(REQUEST)
      const settlements = taken.map(({ lease }) => ({ lease, verdict: { kind: 'done' } as const }))
      await fault(disk, () => assert.rejects(engine.settle(settlements), refusedWith('storage_failed')))
      await works(engine)
      await engine.settle(settlements)
      const { done, inFlight, ready } = (await engine.counts()).MNP ?? {}
      assert.deepEqual({ done, inFlight, ready }, { done: 10, inFlight: 0, ready: 0 })
    })
  }

  test('Q1: everything acknowledged before and after it survives kill -9', async () => {
    const { dir, disk, engine } = await engineWith(10)
    disk.set({ sync: 'EIO' })
    await assert.rejects(engine.publish(messages('lost', 5)), refusedWith('storage_failed'))
    disk.mend()
    await works(engine)
    await engine.publish(messages('later', 10))
    await engine.kill()
    const next = new EngineProcess(dir, {})
    endings.push(() => next.kill())
    await next.start()
    const found = new Set(ids(await next.take(REQUEST)))
    for (const { id } of [...messages('m', 10), ...messages('later', 10)]) assert.ok(found.has(id), id)
  })
})
