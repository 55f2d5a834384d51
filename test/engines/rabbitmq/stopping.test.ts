/** An orderly stop leaves in the broker what was not finished, and nothing else. */
import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import type { Settlement } from '../../../src/queue/index.ts'
import { brokerMissing, sharedBrokerUrl } from '../../fixtures/rabbitmq.ts'
import { engineOn, optionsFor, removeQueue } from './setting.ts'

const MESSAGES = 6_000
const SETTLED = 5_000

describe('the RabbitMQ engine when it stops', { skip: brokerMissing() }, () => {
  const url = sharedBrokerUrl()

  test('S1: what was settled right before does not come again', async (t) => {
    const options = optionsFor(url(), { types: ['MNP'], prefetch: 500 })
    t.after(() => removeQueue(options))
    const first = engineOn(options)
    t.after(() => first.stop())
    await first.start()
    for (let made = 0; made < MESSAGES; made += 1_000) {
      const batch = Array.from({ length: 1_000 }, (_, i) => ({
        id: `m${made + i}`,
        type: 'MNP',
        content: 'x',
        createdAt: 0,
        priority: 4,
      }))
      await first.publish(batch)
    }
    const request = { type: 'MNP', max: 100, leaseMs: 60_000, maxRetries: 0, retryDelayMs: 0 }
    const settled = new Set<string>()
    const settle = async (leases: readonly Settlement['lease'][]) => {
      // One by one, so that the broker gets an acknowledgement for each.
      const each = leases.map((lease) => first.settle([{ lease, verdict: { kind: 'done' } }]))
      assert.ok((await Promise.all(each)).every(([result]) => result === 'settled'))
      for (const { id } of leases) settled.add(id)
    }
    let later: Settlement['lease'][] = []
    while (settled.size < SETTLED) {
      const leases = (await first.take(request)).map(({ lease }) => lease)
      // Every second one a round later, so that none of them can be acknowledged together with those before it.
      await settle([...leases.filter((_, i) => i % 2 === 0), ...later])
      later = leases.filter((_, i) => i % 2 === 1)
    }
    await first.stop()

    const second = engineOn(options)
    t.after(() => second.stop())
    await second.start()
    const left = new Set<string>()
    for (;;) {
      const taken = await second.take({ ...request, max: 1_000 })
      if (taken.length === 0) break
      for (const { message } of taken) left.add(message.id)
    }
    assert.deepEqual(
      [...left].filter((id) => settled.has(id)),
      [],
    )
    assert.equal(left.size, MESSAGES - settled.size)
  })
})
