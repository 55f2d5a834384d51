/** What the process costs is measured, not assumed. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { RuntimeProbe } from '../../src/monitoring/index.ts'

/** Keeps the event loop busy until the runtime says that so much CPU time was used. */
function burn(seconds: number): void {
  const from = process.cpuUsage()
  for (let used = 0; used < seconds * 1e6; ) {
    const { user, system } = process.cpuUsage(from)
    used = user + system
  }
}

const turn = () => new Promise((resolve) => setTimeout(resolve, 1))

test('the probe sees CPU time and a blocked event loop; start and stop are idempotent (S1)', async () => {
  const probe = new RuntimeProbe()
  probe.start()
  probe.start()
  const before = probe.read()
  // The histogram's timer has to have run once before it can be late.
  for (let i = 0; i < 50; i++) await turn()
  burn(0.15)
  for (let i = 0; i < 50; i++) await turn()
  const after = probe.read()
  assert.ok(after.cpuSeconds - before.cpuSeconds >= 0.15)
  assert.ok(after.lagSeconds.max > 0.05, JSON.stringify(after.lagSeconds))
  assert.ok(after.residentBytes > after.heapUsedBytes && after.heapUsedBytes > 0)
  probe.stop()
  probe.stop()
  assert.equal(probe.read().lagSeconds.mean, 0)
})
