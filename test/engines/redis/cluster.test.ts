/** A cluster: all keys of a queue lie on one node, and the ledger finds it wherever it was told to look. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { realClock } from '../../../src/app/index.ts'
import { accepted, books, ended, moved, TYPE, taken } from '../../conformance/ledger/subject.ts'
import { eventually } from '../../fixtures/process.ts'
import { freePort, noRedis, startRedis } from '../../fixtures/redis.ts'
import { connectRaw, redisLedger } from './rig.ts'

const LAST_SLOT = 16_383
const HALF = 8_191

test('two nodes, queues on both: each ledger works from either', {
  skip: noRedis({ controlled: true }),
}, async (context) => {
  const cleanup = (run: () => unknown) => context.after(run)
  const node = async (from: number, to: number) => {
    const bus = await freePort()
    const args = ['--cluster-enabled', 'yes', '--cluster-port', `${bus}`, '--cluster-node-timeout', '5000']
    const redis = await startRedis({ cleanup, controlled: true, args })
    const raw = await connectRaw(redis.url, cleanup)
    await raw.sendCommand(['CLUSTER', 'ADDSLOTSRANGE', `${from}`, `${to}`])
    return { redis, raw, bus }
  }
  const [one, two] = [await node(0, HALF), await node(HALF + 1, LAST_SLOT)]
  await one.raw.sendCommand(['CLUSTER', 'MEET', '127.0.0.1', `${two.redis.port}`, `${two.bus}`])
  for (const { raw } of [one, two]) {
    await eventually(
      async () => /cluster_state:ok/.test(String(await raw.sendCommand(['CLUSTER', 'INFO']))) || undefined,
      () => 'the cluster',
      20_000,
    )
  }
  const used = new Set<boolean>()
  for (let n = 0; used.size < 2; n++) {
    assert.ok(n < 50, 'queues on both nodes')
    const queueName = `queue${n}`
    const slot = Number(await one.raw.sendCommand(['CLUSTER', 'KEYSLOT', `weir:{${queueName}}:counts`]))
    if (used.has(slot <= HALF)) continue
    used.add(slot <= HALF)
    const ledger = redisLedger(one.redis, { queueName, clock: realClock })
    context.after(() => ledger.stop())
    await ledger.start()
    await eventually(
      () => ledger.health().ok || undefined,
      () => `the right node: ${JSON.stringify(ledger.health())}`,
      10_000,
    )
    await ledger.reserve([{ key: 'k', fingerprint: 'f', id: 'a' }])
    await books(ledger, accepted('a', { idempotencyKey: 'k' }), taken('a'), moved('a', 1, 1, 'dead'))
    await books(ledger, taken('b'), ended('b', 1))
    assert.equal(ledger.counts().get(TYPE)?.dead, 1)
    assert.equal((await ledger.find('a'))?.state, 'dead')
  }
})
