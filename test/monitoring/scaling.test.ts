/** The scaler's part of the Prometheus text: what HPA and KEDA follow. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { Registry } from 'prom-client'
import type { ScalingStatus } from '../../src/consumer/index.ts'
import { ScalingMetrics } from '../../src/monitoring/scaling.ts'

const STATUS: ScalingStatus = {
  type: 'MNP',
  wanted: 7,
  reason: 'drain_target',
  etaMs: 90_500,
  need: 6.2,
  cap: 8,
  limits: [],
  workers: { ready: 4, starting: 3, draining: 1 },
  changes: [],
}

async function lines(registry: Registry): Promise<string[]> {
  return (await registry.metrics()).split('\n')
}

test('the wanted workers, those there are by state, the reason of now and the time to drain', async () => {
  const registry = new Registry()
  let statuses: readonly ScalingStatus[] = [STATUS]
  const metrics = new ScalingMetrics(registry, () => statuses)
  const event = { kind: 'scaling', type: 'MNP', at: 1, from: 4, to: 7, etaMs: 0 } as const
  metrics.decided({ ...event, reason: 'drain_target' })
  metrics.decided({ ...event, reason: 'drain_target' })
  metrics.decided({ ...event, reason: 'stalled' })
  const text = await lines(registry)
  for (const line of [
    'bss_desired_replicas{message_type="MNP"} 7',
    'bss_replicas{message_type="MNP",state="ready"} 4',
    'bss_replicas{message_type="MNP",state="starting"} 3',
    'bss_replicas{message_type="MNP",state="draining"} 1',
    'bss_scaling_reason{message_type="MNP",reason="drain_target"} 1',
    'bss_queue_drain_seconds{message_type="MNP"} 90.5',
    'bss_scaling_decisions_total{message_type="MNP",reason="drain_target"} 2',
    'bss_scaling_decisions_total{message_type="MNP",reason="stalled"} 1',
  ]) {
    assert.ok(text.includes(line), `missing: ${line}\n${text.join('\n')}`)
  }
  statuses = [{ ...STATUS, reason: 'stalled', etaMs: Number.POSITIVE_INFINITY }]
  const stalled = await lines(registry)
  assert.ok(stalled.includes('bss_queue_drain_seconds{message_type="MNP"} +Inf'), 'never "drained"')
  const reasons = stalled.filter((line) => line.startsWith('bss_scaling_reason{'))
  assert.deepEqual(reasons, ['bss_scaling_reason{message_type="MNP",reason="stalled"} 1'])
})

test('a process that decides nothing has no gauge that HPA could follow down to nothing', async () => {
  const registry = new Registry()
  new ScalingMetrics(registry, () => [])
  const text = await lines(registry)
  assert.deepEqual(
    text.filter((line) => line !== '' && !line.startsWith('#')),
    [],
  )
})
