/** A back end away for a weekend costs its messages time, and nothing else: none of them becomes a dead letter. */
import assert from 'node:assert/strict'
import { type SuiteContext, suite, type TestContext, test } from 'node:test'
import { type Channel, connect } from 'amqplib'
import type { RabbitMqEngine, RabbitMqOptions } from '../../../src/engines/rabbitmq/index.ts'
import type { Delivery } from '../../../src/queue/index.ts'
import { accepted, ids, request, settleOne } from '../../conformance/subject.ts'
import { FakeClock } from '../../fixtures/fake-clock.ts'
import { eventually } from '../../fixtures/process.ts'
import { brokerMissing, sharedBrokerUrl } from '../../fixtures/rabbitmq.ts'
import { engineOn, optionsFor, removeQueue, UNHURRIED } from './setting.ts'

const MINUTE_MS = 60_000
const DAY_MS = 24 * 60 * MINUTE_MS
/** After so many deliveries without an end a message is a dead letter. */
const TOO_OFTEN = 20

suite('a long outage', { skip: brokerMissing() }, (_: SuiteContext) => {
  const url = sharedBrokerUrl()

  async function started(context: TestContext, more: Partial<RabbitMqOptions>) {
    const clock = new FakeClock()
    const options = optionsFor(url(), {
      ...{ clock, ...UNHURRIED, unstartedMs: 20 * MINUTE_MS, prefetch: 100 },
      ...more,
    })
    const engine = engineOn(options)
    const connection = await connect(options.url)
    context.after(async () => {
      await engine.stop()
      await connection.close()
      await removeQueue(options)
    })
    await engine.start()
    return { engine, options, clock, channel: await connection.createChannel() }
  }

  /** So many lie in the broker, and the others in the process. */
  async function waits(channel: Channel, queue: string, count: number): Promise<void> {
    let last = -1
    const look = async () => {
      last = (await channel.checkQueue(queue)).messageCount
      return last === count ? true : undefined
    }
    await eventually(look, () => `${count} in ${queue}, not ${last}`, 20_000)
  }

  async function taken(engine: RabbitMqEngine, type: string, max: number): Promise<readonly Delivery[]> {
    const found: Delivery[] = []
    const take = async () => {
      found.push(...(await engine.take(request({ type, max: max - found.length, leaseMs: DAY_MS }))))
      return found.length >= max ? true : undefined
    }
    await eventually(take, () => `${max} of ${type}, ${found.length} so far`, 20_000)
    return found
  }

  const probe = async (engine: RabbitMqEngine) => {
    const [delivery] = await taken(engine, 'MNP', 1)
    assert.ok(delivery)
    return delivery
  }

  test('Q2: what nobody tries is delivered once more, however long it takes', async (context) => {
    const { engine, options, clock, channel } = await started(context, { orderingShards: 0 })
    const queue = `${options.queueName}.MNP`
    for (let i = 0; i < 30; i++) await accepted(engine)
    await settleOne(engine, await probe(engine), { kind: 'released' })
    await waits(channel, queue, 0)
    await clock.advance(21 * MINUTE_MS)
    await waits(channel, queue, 30)
    const later = { kind: 'retry', delayMs: DAY_MS, error: 'down', counts: false } as const
    for (let i = 0; i < TOO_OFTEN + 2; i++) {
      const delivery = await probe(engine)
      assert.equal(delivery.lease.attempt, 2)
      await settleOne(engine, delivery, later)
      // The one for the next probe lies here; the others stay in the broker.
      await waits(channel, queue, 30 - i - 2)
      await clock.advance(10 * MINUTE_MS)
    }
    await settleOne(engine, await probe(engine))
    const [next, ...rest] = await taken(engine, 'MNP', 7)
    assert.deepEqual(
      rest.map(({ lease }) => lease.attempt),
      rest.map(() => 2),
    )
    if (next) await settleOne(engine, next)
    for (let i = 0; i < 5; i++) await accepted(engine)
    await waits(channel, queue, 0)
    assert.equal(engine.counts().get('MNP')?.dead, 0)
  })

  test('nothing is fetched again while nobody asks, and a restart of the lane finds it', async (context) => {
    const { engine, options, clock, channel } = await started(context, { orderingShards: 0 })
    const queue = `${options.queueName}.MNP`
    const published = [await accepted(engine), await accepted(engine)]
    await settleOne(engine, await probe(engine), { kind: 'released' })
    await waits(channel, queue, 0)
    let woken = 0
    engine.onReady(() => {
      woken += 1
    })
    for (let i = 0; i <= TOO_OFTEN; i++) {
      await clock.advance(21 * MINUTE_MS)
      await waits(channel, queue, 2)
    }
    assert.equal(woken, 1, 'told once, for nothing comes by itself now')
    const found = await taken(engine, 'MNP', 2)
    assert.deepEqual(ids(found), published)
    assert.deepEqual(
      found.map(({ lease }) => lease.attempt),
      [2, 2],
    )
  })

  test('Q5: with ordering keys too, in their order, and all of them come when it is over', async (context) => {
    const { engine, options, clock, channel } = await started(context, { orderingShards: 1 })
    const queue = `${options.queueName}.MNP.key.0`
    const byKey = new Map<string, string[]>()
    for (let i = 0; i < 12; i++) {
      const orderingKey = `k${i % 3}`
      byKey.set(orderingKey, [...(byKey.get(orderingKey) ?? []), await accepted(engine, { orderingKey })])
    }
    await settleOne(engine, await probe(engine), { kind: 'released' })
    await waits(channel, queue, 0)
    for (let i = 0; i <= TOO_OFTEN; i++) {
      await clock.advance(21 * MINUTE_MS)
      await waits(channel, queue, 12)
    }
    const order: string[] = []
    const first = await probe(engine)
    assert.equal(first.lease.attempt, 2)
    await waits(channel, queue, 11)
    await settleOne(engine, first)
    order.push(first.lease.id)
    await waits(channel, queue, 0)
    while (order.length < 12) {
      const some = await taken(engine, 'MNP', 1)
      order.push(...ids(some))
      await engine.settle(some.map(({ lease }) => ({ lease, verdict: { kind: 'done' } })))
    }
    for (const published of byKey.values()) {
      assert.deepEqual(
        order.filter((id) => published.includes(id)),
        published,
      )
    }
    assert.equal(engine.counts().get('MNP')?.dead, 0)
  })

  test('where types share a queue: fresh copies at its end, and the others flow on', async (context) => {
    const more = { topology: 'single', orderingShards: 0, types: ['MNP', 'CHANGE'] } as const
    const { engine, clock } = await started(context, more)
    const published: string[] = []
    for (let i = 0; i < 5; i++) published.push(await accepted(engine))
    await settleOne(engine, await probe(engine), { kind: 'released' })
    for (let i = 0; i <= TOO_OFTEN; i++) {
      // Not a moment longer, or the broker would seem not to confirm the copies.
      await clock.advance(20 * MINUTE_MS)
      const other = await accepted(engine, { type: 'CHANGE' })
      const [delivery] = await taken(engine, 'CHANGE', 1)
      assert.equal(delivery?.lease.id, other)
      await settleOne(engine, delivery)
    }
    const found = await engine.take(request({ max: 100 }))
    assert.deepEqual(ids(found).toSorted(), published.toSorted())
    for (const delivery of found) assert.equal(await settleOne(engine, delivery), 'settled')
    assert.equal(engine.counts().get('MNP')?.dead, 0)
  })
})
