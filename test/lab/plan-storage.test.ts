/** The planner's figures of disk are upper bounds of what a real store takes, and not far above it. */
import assert from 'node:assert/strict'
import { statSync } from 'node:fs'
import { join } from 'node:path'
import { test } from 'node:test'
import { idMaker, realClock } from '../../src/app/index.ts'
import { storageOf } from '../../src/lab/index.ts'
import { DATABASE, embeddedEngine, newDataDir, removeDataDir } from '../fixtures/embedded.ts'

const MESSAGES = 5_000
const BATCH = 1_000
const newId = idMaker(realClock)

/** Bytes of the file per message: all waiting, then all finished. */
async function measured(contentBytes: number): Promise<number[]> {
  const dataDir = newDataDir()
  try {
    const engine = embeddedEngine(dataDir, realClock)
    await engine.start()
    const message = () => ({
      ...{
        id: newId(),
        type: 'MNP',
        content: 'x'.repeat(contentBytes),
        createdAt: realClock.now(),
        priority: 4,
      },
    })
    for (let made = 0; made < MESSAGES; made += BATCH) {
      await engine.publish(Array.from({ length: BATCH }, message))
    }
    await engine.stop()
    const waiting = statSync(join(dataDir, DATABASE)).size
    const again = embeddedEngine(dataDir, realClock)
    await again.start()
    for (let done = 0; done < MESSAGES; done += BATCH) {
      const limits = { leaseMs: 300_000, maxRetries: 3, retryDelayMs: 5_000 }
      const taken = await again.take({ type: 'MNP', max: BATCH, ...limits })
      assert.equal(taken.length, BATCH)
      const verdict = { kind: 'done', result: { outcome: 'served' } } as const
      await again.settle(taken.map(({ lease }) => ({ lease, verdict })))
    }
    await again.stop()
    return [waiting, statSync(join(dataDir, DATABASE)).size].map((bytes) => bytes / MESSAGES)
  } finally {
    removeDataDir(dataDir)
  }
}

for (const contentBytes of [100, 1_000, 4_000]) {
  test(`messages of ${contentBytes} bytes`, async () => {
    const { bytesPerMessage } = storageOf(1, 1, contentBytes)
    for (const bytes of await measured(contentBytes)) {
      assert.ok(bytes <= bytesPerMessage, `a message took ${bytes} bytes, planned ${bytesPerMessage}`)
      assert.ok(
        bytes >= bytesPerMessage * 0.7,
        `a message took only ${bytes} bytes, planned ${bytesPerMessage}`,
      )
    }
  })
}
