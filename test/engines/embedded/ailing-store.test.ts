/** What the engine says and does while its store hangs or fails, and in which order it heals. */
import assert from 'node:assert/strict'
import { type TestContext, test } from 'node:test'
import { InlineHost, type StoreHost } from '../../../src/engines/embedded/host.ts'
import type { EmbeddedEngine } from '../../../src/engines/embedded/index.ts'
import type { Batch, BatchReply } from '../../../src/engines/embedded/protocol.ts'
import { embeddedEngine, newDataDir, removeDataDir } from '../../fixtures/embedded.ts'
import { FakeClock } from '../../fixtures/fake-clock.ts'

/** A store in line that can be told to fail every batch that writes, or to keep its answers back. */
class AilingHost implements StoreHost {
  readonly #host: InlineHost
  fails = false
  #gate: Promise<void> = Promise.resolve()
  #open = () => {}

  constructor(dataDir: string) {
    this.#host = new InlineHost({ dataDir, retentionMs: 3_600_000 }, () => 0)
  }

  hang(): void {
    this.#gate = new Promise((resolve) => {
      this.#open = resolve
    })
  }

  answer(): void {
    this.#open()
  }

  open(now: number) {
    return this.#host.open(now)
  }

  async run(batch: Batch): Promise<BatchReply> {
    await this.#gate
    const writes = batch.operations.some(([name]) => name !== 'find')
    if (!this.fails || !writes) return this.#host.run(batch)
    const fault = { code: 'storage_failed', detail: 'EIO' } as const
    const faults = batch.operations.map((_, i) => [i, fault] as const)
    return { answers: [], faults, counts: [], nextDueAt: null, freeBytes: null }
  }

  close(): Promise<void> {
    return this.#host.close()
  }
}

async function ailing(t: TestContext) {
  const clock = new FakeClock()
  const dataDir = newDataDir()
  const host = new AilingHost(dataDir)
  const engine = embeddedEngine(dataDir, clock, { host })
  t.after(async () => {
    host.answer()
    await engine.stop()
    removeDataDir(dataDir)
  })
  await engine.start()
  const publish = (id: string) =>
    engine.publish([{ id, type: 'MNP', content: 'x', createdAt: clock.now(), priority: 4 }])
  return { clock, host, engine, publish }
}

const TAKE = { type: 'MNP', max: 1, leaseMs: 1_000, maxRetries: 0, retryDelayMs: 10 }
const code = (engine: EmbeddedEngine) => {
  const accepting = engine.accepting()
  return accepting.ok ? 'ok' : accepting.code
}

test('a disk that does not answer is a failed one: not healthy, nothing accepted, until it answers', async (t) => {
  const { clock, host, engine, publish } = await ailing(t)
  host.hang()
  const first = publish('first')
  await clock.advance(9_000)
  assert.equal(engine.health().ok, true)
  await clock.advance(2_000)
  const health = engine.health()
  assert.match(health.ok ? '' : health.reason, /no answer from the disk for 11 s/)
  await assert.rejects(publish('second'), { code: 'storage_failed' })
  host.answer()
  assert.equal((await first)[0]?.kind, 'accepted')
  assert.deepEqual([engine.health().ok, code(engine)], [true, 'ok'])
})

test('a batch that only looks something up does not open a failed store; a probe does', async (t) => {
  const { clock, host, engine, publish } = await ailing(t)
  host.fails = true
  await assert.rejects(publish('refused'), { code: 'storage_failed' })
  assert.equal(await engine.find('refused'), undefined)
  assert.equal(code(engine), 'storage_failed')
  host.fails = false
  await clock.until(() => code(engine) === 'ok', 2_000)
})

test('work finished during an outage is settled before leases that ran out meanwhile are ended', async (t) => {
  const { clock, host, engine, publish } = await ailing(t)
  await publish('worked')
  await publish('forgotten')
  const [worked] = await engine.take(TAKE)
  const [forgotten] = await engine.take(TAKE)
  assert.ok(worked && forgotten)
  host.fails = true
  const settlement = { lease: worked.lease, verdict: { kind: 'done' } } as const
  await assert.rejects(engine.settle([settlement]), { code: 'storage_failed' })
  await clock.advance(60_000)
  host.fails = false
  await clock.until(() => code(engine) === 'ok', 2_000)
  await clock.advance(5_000)
  assert.deepEqual(await engine.settle([settlement]), ['settled'])
  await clock.until(() => engine.counts().get('MNP')?.dead === 1, 5_000)
  assert.equal((await engine.find('forgotten'))?.state, 'dead')
})
