/** Everything that can grow has a bound: also the history of a message whose back end asks for pauses for ever. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { LIMITS } from '../../../src/core/index.ts'
import { embeddedEngine, newDataDir, removeDataDir } from '../../fixtures/embedded.ts'
import { FakeClock } from '../../fixtures/fake-clock.ts'

test('the history keeps the newest attempts and forgets the others', async (t) => {
  const clock = new FakeClock()
  const dataDir = newDataDir()
  const engine = embeddedEngine(dataDir, clock)
  t.after(async () => {
    await engine.stop()
    removeDataDir(dataDir)
  })
  await engine.start()
  await engine.publish([{ id: 'patient', type: 'MNP', content: 'x', createdAt: clock.now(), priority: 4 }])
  const attempts = LIMITS.historyEntries + 20
  for (let attempt = 1; attempt <= attempts; attempt++) {
    const [delivery] = await engine.take({
      type: 'MNP',
      max: 1,
      leaseMs: 1000,
      maxRetries: 0,
      retryDelayMs: 10,
    })
    assert.equal(delivery?.lease.attempt, attempt)
    const verdict = { kind: 'retry', delayMs: 0, error: 'later', counts: false } as const
    await engine.settle([{ lease: { id: 'patient', attempt }, verdict }])
    await clock.until(() => engine.counts().get('MNP')?.ready === 1, 60_000)
  }
  const history = (await engine.find('patient'))?.history ?? []
  assert.equal(history.length, LIMITS.historyEntries)
  assert.equal(history.at(-1)?.attempt, attempts)
})

test('a page of dead letters ends early rather than carry a gigabyte, and the next one goes on', async (t) => {
  const clock = new FakeClock()
  const dataDir = newDataDir()
  const engine = embeddedEngine(dataDir, clock)
  t.after(async () => {
    await engine.stop()
    removeDataDir(dataDir)
  })
  await engine.start()
  const content = 'x'.repeat(1024 * 1024)
  const ids = Array.from({ length: 10 }, (_, i) => `large-${i}`)
  await engine.publish(ids.map((id) => ({ id, type: 'MNP', content, createdAt: clock.now(), priority: 4 })))
  const taken = await engine.take({ type: 'MNP', max: 10, leaseMs: 1000, maxRetries: 0, retryDelayMs: 10 })
  await engine.settle(taken.map(({ lease }) => ({ lease, verdict: { kind: 'dead', error: 'no' } as const })))
  const seen: string[] = []
  let after: string | undefined
  do {
    const page = await engine.deadLetters({ limit: 1000, ...(after !== undefined && { after }) })
    assert.ok(page.items.length <= 5)
    seen.push(...page.items.map(({ message }) => message.id))
    after = page.next
  } while (after !== undefined)
  assert.deepEqual(seen, ids)
})
