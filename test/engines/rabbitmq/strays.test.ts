/** What a dead process had is waiting and not being worked on, and the counts say so, also before it is taken again. */
import assert from 'node:assert/strict'
import { suite, type TestContext, test } from 'node:test'
import type { RabbitMqOptions } from '../../../src/engines/rabbitmq/index.ts'
import { Strays } from '../../../src/engines/rabbitmq/strays.ts'
import type { Tally } from '../../../src/engines/rabbitmq/tallies.ts'
import { type MemberDetails, NO_COUNTS, type StateCounts, unaccounted } from '../../../src/queue/index.ts'
import { accepted, request, takeOne } from '../../conformance/subject.ts'
import { eventually } from '../../fixtures/process.ts'
import { brokerMissing, shared, sharedBrokerUrl } from '../../fixtures/rabbitmq.ts'
import { noRedis, startRedis } from '../../fixtures/redis.ts'
import { engineOn, newLedger, optionsFor, removeQueue } from './setting.ts'

const DETAILS: MemberDetails = { role: 'consumer', lanes: [], draining: false }

suite('messages in flight that nobody holds', { skip: brokerMissing() || noRedis() }, () => {
  const url = sharedBrokerUrl()
  const redis = shared(({ cleanup }) =>
    startRedis({
      cleanup: (run) =>
        cleanup(async () => {
          await run()
        }),
    }),
  )

  async function started(context: TestContext, options: RabbitMqOptions) {
    const engine = engineOn({ ...options, ledger: newLedger(redis().url, options) })
    context.after(() => engine.stop())
    await engine.start()
    engine.fleet.describe(() => DETAILS)
    return engine
  }

  test('count as ready when their process is gone, and what others hold does not', async (context) => {
    const options = optionsFor(url(), { prefetch: 0 })
    context.after(() => removeQueue(options))
    const [engine, other] = [await started(context, options), await started(context, options)]
    await accepted(engine)
    const held = await takeOne(engine)
    for (let i = 0; i < 3; i++) await accepted(engine)
    await eventually(
      async () => ((await other.take(request({ max: 1 }))).length === 1 ? true : undefined),
      () => 'one for the other',
    )
    const counts = (): StateCounts => engine.counts().get('MNP') ?? NO_COUNTS
    // Long enough for everything that is a second old to be told, and nothing is in flight that nobody holds.
    const until = performance.now() + 6_000
    await eventually(
      () => {
        const { inFlight } = counts()
        if (engine.fleet.hears()) assert.equal(inFlight, 2)
        return performance.now() > until ? true : undefined
      },
      () => 'six seconds',
    )
    await other.stop()
    await eventually(
      () => (counts().inFlight === 1 ? true : undefined),
      () => JSON.stringify(counts()),
      20_000,
    )
    assert.deepEqual([counts().ready, unaccounted(counts())], [3, 0])
    await engine.settle([{ lease: held.lease, verdict: { kind: 'done' } }])
    assert.deepEqual([counts().ready, counts().inFlight, unaccounted(counts())], [3, 0, 0])
    const again = await eventually(
      async () => {
        await engine.take(request())
        return counts().inFlight === 3 ? counts() : undefined
      },
      () => JSON.stringify(counts()),
      20_000,
    )
    assert.deepEqual([again.ready, unaccounted(again)], [0, 0])
  })
})

test('only a difference that lasts counts, and none while the others are not heard', () => {
  const strays = new Strays()
  const counts = new Map([['MNP', { ...NO_COUNTS, accepted: 10, ready: 4, inFlight: 6 }]])
  const held = (inFlight: number) => new Map([['MNP', { inFlight } as Tally]])
  const seen = (own = 0) => {
    const { ready, inFlight } = strays.asReady(counts, () => own).get('MNP') ?? NO_COUNTS
    return [ready, inFlight]
  }
  for (const [at, of] of [
    [0, 1],
    [1_000, 2],
    [2_000, 2],
  ] as const)
    strays.note(at, counts, held(of))
  assert.deepEqual(seen(), [8, 2])
  assert.deepEqual(seen(5), [5, 5], 'what this process has just taken is in flight for certain')
  strays.note(2_100, counts, held(6))
  assert.deepEqual(seen(), [4, 6])
  for (let at = 3_000; at < 8_000; at += 1_000) strays.note(at, counts, held(at % 2_000 === 0 ? 0 : 6))
  assert.deepEqual(seen(), [4, 6], 'now and then is no proof')
  for (let at = 8_000; at < 12_000; at += 1_000) strays.note(at, counts, held(0))
  assert.deepEqual(seen(), [10, 0])
  strays.note(12_000, counts, undefined)
  assert.deepEqual(seen(), [4, 6])
  strays.note(13_000, counts, held(0))
  strays.note(16_000, counts, held(0))
  assert.deepEqual(seen(), [4, 6], 'what was seen before and after a standstill may be twice the same moment')
  for (let at = 17_000; at < 20_000; at += 1_000) strays.note(at, counts, held(0))
  assert.deepEqual(seen(), [10, 0])
})
