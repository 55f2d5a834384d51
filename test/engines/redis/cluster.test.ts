/** A cluster: all keys of a queue lie on one node, and the ledger finds it wherever it was told to look. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { realClock } from '../../../src/app/index.ts'
import { accepted, books, ended, moved, TYPE, taken } from '../../conformance/ledger/subject.ts'
import { eventually } from '../../fixtures/process.ts'
import { noRedis } from '../../fixtures/redis.ts'
import { twoNodes } from './cluster-rig.ts'
import { redisLedger } from './rig.ts'

test('two nodes, queues on both: each ledger works from either', {
  skip: noRedis({ controlled: true }),
}, async (context) => {
  const { redis, names } = await twoNodes(context, (queueName) => `weir:{${queueName}}:counts`)
  for (const queueName of names) {
    const ledger = redisLedger(redis, { queueName, clock: realClock })
    context.after(() => ledger.stop())
    await ledger.start()
    await eventually(
      () => ledger.health().ok || undefined,
      () => `the right node: ${JSON.stringify(ledger.health())}`,
    )
    await ledger.reserve([{ key: 'k', fingerprint: 'f', id: 'a' }])
    await books(ledger, accepted('a', { idempotencyKey: 'k' }), taken('a'), moved('a', 1, 1, 'dead'))
    await books(ledger, taken('b'), ended('b', 1))
    assert.equal(ledger.counts().get(TYPE)?.dead, 1)
    assert.equal((await ledger.find('a'))?.state, 'dead')
  }
})
