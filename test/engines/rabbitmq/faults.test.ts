/** The broker goes away, takes nothing, or is not as we need it: honest answers, and afterwards all goes on. */
import assert from 'node:assert/strict'
import { type SuiteContext, suite, type TestContext, test } from 'node:test'
import { connect } from 'amqplib'
import type { RabbitMqEngine, RabbitMqOptions } from '../../../src/engines/rabbitmq/index.ts'
import type { Receipt } from '../../../src/queue/index.ts'
import {
  accepted,
  deadLetter,
  ids,
  message,
  refuses,
  request,
  settleOne,
  takeOne,
} from '../../conformance/subject.ts'
import { FakeClock } from '../../fixtures/fake-clock.ts'
import { eventually } from '../../fixtures/process.ts'
import { privateBrokerMissing, sharedBroker } from '../../fixtures/rabbitmq.ts'
import { engineOn, optionsFor, recordingLogger, removeQueue, UNHURRIED } from './setting.ts'

const LIMIT_MS = 60_000

/** `left`: all but the queue with this ending has been deleted by hand before the settings change. */
type Change = Partial<Pick<RabbitMqOptions, 'topology' | 'orderingShards'>> & { readonly left?: string }

suite('the RabbitMQ engine and its broker', { skip: privateBrokerMissing() }, (_: SuiteContext) => {
  const broker = sharedBroker()

  async function started(
    context: TestContext,
    more: Partial<RabbitMqOptions> = {},
  ): Promise<{ engine: RabbitMqEngine; options: RabbitMqOptions }> {
    const options = optionsFor(broker().url, more)
    const engine = engineOn(options)
    context.after(() => engine.stop())
    await engine.start()
    return { engine, options }
  }

  const healthy = (engine: RabbitMqEngine) =>
    eventually(
      () => (engine.health().ok && engine.accepting().ok ? true : undefined),
      () => JSON.stringify(engine.health()),
      LIMIT_MS,
    )

  /** The broker says so only to those who publish, and the alarm may reach a connection after the first of them. */
  async function publishUntilBlocked(engine: RabbitMqEngine): Promise<Promise<Receipt[]>[]> {
    const pending: Promise<Receipt[]>[] = []
    await eventually(
      () => {
        if (!engine.accepting().ok) return true
        pending.push(engine.publish([message()]))
        return undefined
      },
      () => 'not blocked',
      LIMIT_MS,
    )
    return pending
  }

  test('Q1: what was not confirmed when the broker ended is sent again, and its receipt comes', async (context) => {
    const { engine } = await started(context, { confirmTimeoutMs: 60_000 })
    await accepted(engine)
    await broker().stop('kill')
    // The loss may not be noticed yet, or just be: both are told by the same promise or refusal.
    const messages = Array.from({ length: 200 }, () => message())
    const published = Promise.allSettled(messages.map((one) => engine.publish([one])))
    await broker().restart()
    const outcomes = await published
    await healthy(engine)
    const kept = messages.filter((_, i) => outcomes[i]?.status === 'fulfilled').map(({ id }) => id)
    for (const outcome of outcomes) {
      if (outcome.status === 'rejected') assert.equal(outcome.reason.code, 'broker_unavailable')
    }
    const found = new Set<string>()
    await eventually(
      async () => {
        for (const delivery of await engine.take(request({ max: 100 }))) {
          found.add(delivery.lease.id)
          await settleOne(engine, delivery)
        }
        return kept.every((id) => found.has(id)) ? true : undefined
      },
      () => `${found.size} of ${kept.length}`,
      LIMIT_MS,
    )
  })

  test('Q1: publishes under way while the broker is killed: confirmed then or later, none lost', async (context) => {
    const { engine } = await started(context, { confirmTimeoutMs: 60_000 })
    const kept: string[] = []
    let going = true
    const publishers = Array.from({ length: 20 }, async () => {
      while (going) {
        const one = message()
        await engine.publish([one]).then(
          () => kept.push(one.id),
          // Refused at the door, while the engine knows that the broker is away.
          () => new Promise((resolve) => setImmediate(resolve)),
        )
      }
    })
    await eventually(
      () => (kept.length > 100 ? true : undefined),
      () => 'confirms',
      LIMIT_MS,
    )
    await broker().stop('kill')
    await eventually(
      () => (engine.accepting().ok ? undefined : true),
      () => 'still accepting',
      LIMIT_MS,
    )
    await broker().restart()
    await healthy(engine)
    const before = kept.length
    await eventually(
      () => (kept.length > before + 100 ? true : undefined),
      () => 'confirms again',
      LIMIT_MS,
    )
    going = false
    await Promise.all(publishers)
    const found = new Set<string>()
    await eventually(
      async () => {
        const taken = await engine.take(request({ max: 500 }))
        for (const { lease } of taken) found.add(lease.id)
        await engine.settle(taken.map(({ lease }) => ({ lease, verdict: { kind: 'done' } })))
        return kept.every((id) => found.has(id)) ? true : undefined
      },
      () => `${found.size} of ${kept.length}`,
      LIMIT_MS,
    )
  })

  test('Q2, Q4: after a restart of the broker consuming goes on, and leases of before are void', async (context) => {
    const { engine } = await started(context)
    const published = [await accepted(engine), await accepted(engine), await accepted(engine)]
    const held = await takeOne(engine)
    let woken = 0
    engine.onReady(() => {
      woken += 1
    })
    await broker().stop('term')
    await eventually(
      () => (engine.health().ok ? undefined : true),
      () => 'still healthy',
      LIMIT_MS,
    )
    assert.deepEqual(engine.accepting(), { ok: false, code: 'broker_unavailable' })
    await refuses(engine.publish([message()]), 'broker_unavailable')
    await refuses(engine.take(request()), 'broker_unavailable')
    assert.equal(await settleOne(engine, held), 'stale')
    assert.equal(engine.counts().get('MNP')?.inFlight, 0)
    const before = woken
    await broker().restart()
    await healthy(engine)
    await eventually(
      () => (woken > before ? true : undefined),
      () => 'a delivery',
      LIMIT_MS,
    )
    const again = await engine.take(request())
    assert.deepEqual(ids(again).toSorted(), published.toSorted())
    const same = again.find(({ lease }) => lease.id === held.lease.id)
    assert.ok(
      (same?.lease.attempt ?? 0) > held.lease.attempt,
      'Q4: the number of the void attempt does not come again',
    )
    assert.equal(await settleOne(engine, held), 'stale')
    assert.deepEqual(
      await engine.settle(again.map(({ lease }) => ({ lease, verdict: { kind: 'done' } }))),
      again.map(() => 'settled'),
    )
  })

  test('a broker that takes no messages: refused at once, consumers go on, and then it is over', async (context) => {
    const { engine } = await started(context, { confirmTimeoutMs: 60_000 })
    await accepted(engine)
    const delivery = await takeOne(engine)
    await broker().raiseMemoryAlarm()
    const pending = await publishUntilBlocked(engine)
    assert.deepEqual(engine.accepting(), { ok: false, code: 'broker_blocked' })
    assert.match(JSON.stringify(engine.health()), /broker_blocked/)
    await refuses(engine.publish([message()]), 'broker_blocked')
    assert.equal(await settleOne(engine, delivery), 'settled')
    await broker().clearMemoryAlarm()
    for (const [receipt] of await Promise.all(pending)) assert.equal(receipt?.kind, 'accepted')
    await healthy(engine)
    await accepted(engine)
  })

  test('dead letters while the broker takes no messages: shown and deleted, and not retried', async (context) => {
    const { engine } = await started(context, { confirmTimeoutMs: 60_000 })
    // Reports go on as in the service, so that the broker has a reason to block their connection too.
    engine.fleet.describe(() => ({ role: 'all', lanes: [], draining: false }))
    const id = await deadLetter(engine)
    await broker().raiseMemoryAlarm()
    const pending = await publishUntilBlocked(engine)
    try {
      const { items } = await engine.deadLetters({ limit: 10 })
      assert.deepEqual(
        items.map((record) => record.message.id),
        [id],
      )
      await refuses(engine.retryDeadLetters({ ids: [id] }), 'broker_blocked')
      assert.equal(await engine.deleteDeadLetters({ ids: [id] }), 1)
      assert.deepEqual((await engine.deadLetters({ limit: 10 })).items, [])
    } finally {
      await broker().clearMemoryAlarm()
    }
    await Promise.all(pending)
  })

  test('a confirm that does not come in time refuses the caller, and the next one is served', async (context) => {
    const clock = new FakeClock()
    const { engine } = await started(context, { clock, confirmTimeoutMs: 300, ...UNHURRIED })
    await accepted(engine)
    await broker().raiseMemoryAlarm()
    const outcomes = Promise.allSettled(await publishUntilBlocked(engine))
    await clock.advance(300)
    const last = (await outcomes).at(-1)
    assert.equal(last?.status === 'rejected' && last.reason.code, 'broker_unavailable')
    await broker().clearMemoryAlarm()
    await healthy(engine)
    await accepted(engine)
  })

  test('a queue of the same name and another shape: one sentence that says which and what to do', async (context) => {
    const { logger, lines } = recordingLogger()
    const options = optionsFor(broker().url, { logger })
    const connection = await connect(options.url)
    const channel = await connection.createChannel()
    const queue = `${options.queueName}.MNP`
    await channel.assertQueue(queue, { durable: true, arguments: { 'x-queue-type': 'classic' } })
    const engine = engineOn(options)
    context.after(() => engine.stop())
    await engine.start()
    const health = engine.health()
    const sentence =
      /broker_unavailable: .*the queue t\S+\.MNP exists with other arguments: delete that queue, choose/
    assert.match(health.ok ? 'healthy' : health.reason, sentence)
    assert.deepEqual(engine.accepting(), { ok: false, code: 'broker_unavailable' })
    assert.ok(
      lines.some(({ level, fields }) => level === 'error' && /exists with other/.test(`${fields.reason}`)),
    )
    // Once it is mended, nobody has to start anything again.
    await channel.deleteQueue(queue)
    await connection.close()
    await healthy(engine)
    await accepted(engine)
    await engine.stop()
    await removeQueue(options)
  })

  for (const [what, first, second, sentence] of [
    [
      'from per type to single',
      { topology: 'per-type', orderingShards: 0 },
      { topology: 'single', orderingShards: 0 },
      /the queue t\S+\.MNP belongs to QUEUE_TOPOLOGY=per-type and not to single: set it back and let that/,
    ],
    [
      'from single to per type',
      { topology: 'single', orderingShards: 0 },
      { topology: 'per-type', orderingShards: 0 },
      /the queue t\d+\.\d+ belongs to QUEUE_TOPOLOGY=single and not to per-type: set it back and let/,
    ],
    [
      'from single to per type, and only its shards are left',
      { topology: 'single', orderingShards: 1, left: '.key.0' },
      { topology: 'per-type', orderingShards: 0 },
      /the queue t\S+\.key\.0 belongs to QUEUE_TOPOLOGY=single/,
    ],
    [
      'to fewer shards, and only the last is left',
      { orderingShards: 8, left: '.MNP.key.7' },
      { orderingShards: 2 },
      /the queue t\S+\.MNP\.key\.7 belongs to ORDERING_SHARDS=8 or more and not to 2: set it back and let/,
    ],
  ] as const satisfies [string, Change, Change, RegExp][]) {
    test(`Q2, Q7: settings changed ${what}: refused with one sentence, and nothing is doubled`, async (context) => {
      const { left, ...options } = {
        left: undefined,
        ...optionsFor(broker().url, { types: ['MNP'], ...first }),
      }
      const before = engineOn(options)
      context.after(() => before.stop())
      await before.start()
      const waiting = await accepted(before)
      if (left !== undefined) {
        await before.stop()
        await removeQueue(options, left)
      }
      const changed = engineOn({ ...options, ...second })
      context.after(() => changed.stop())
      await changed.start()
      const health = changed.health()
      assert.match(health.ok ? 'healthy' : health.reason, sentence)
      await refuses(changed.publish([message()]), 'broker_unavailable')
      await changed.stop()
      if (left === undefined) {
        const next = await accepted(before)
        assert.deepEqual(ids(await before.take(request())), [waiting, next], 'what was right works on')
        assert.equal(before.unrouted(), 0)
        await before.stop()
      }
      await removeQueue({ ...options, topology: 'single', orderingShards: 8 })
      await removeQueue({ ...options, topology: 'per-type', orderingShards: 8 })
      const mended = engineOn({ ...options, ...second })
      context.after(() => mended.stop())
      await mended.start()
      assert.deepEqual(mended.health(), { ok: true })
      await mended.stop()
      await removeQueue({ ...options, ...second })
    })
  }

  test('types that only one of two processes is configured with are no fault', async (context) => {
    for (const topology of ['per-type', 'single'] as const) {
      const { engine, options } = await started(context, { topology, types: ['MNP', 'CHANGE'] })
      const { engine: other } = await started(context, { ...options, types: ['MNP'], orderingShards: 3 })
      assert.deepEqual([engine.health(), other.health()], [{ ok: true }, { ok: true }])
      await engine.stop()
      await other.stop()
      await removeQueue({ ...options, orderingShards: 3 })
    }
  })

  test('auto takes classic queues where they are classic already', async (context) => {
    const names = optionsFor(broker().url)
    const classic = { ...names, queueType: 'classic', types: ['MNP'], orderingShards: 0 } as const
    const connection = await connect(names.url)
    const channel = await connection.createChannel()
    for (const queue of [`${names.queueName}.dead`, `${names.queueName}.unrouted`]) {
      await channel.assertQueue(queue, { durable: true, arguments: { 'x-queue-type': 'classic' } })
    }
    await connection.close()
    const engine = engineOn({ ...classic, queueType: 'auto' })
    context.after(() => engine.stop())
    await engine.start()
    assert.deepEqual(engine.health(), { ok: true })
    const id = await accepted(engine)
    assert.deepEqual(ids(await engine.take(request())), [id])
  })

  test('a wrong password is told, without the password, and tried again', async (context) => {
    const { logger, lines } = recordingLogger()
    const url = broker().url.replace('guest:guest', 'guest:se%2Fcret')
    const engine = engineOn(optionsFor(url, { logger }))
    context.after(() => engine.stop())
    await engine.start()
    const health = engine.health()
    assert.match(health.ok ? 'healthy' : health.reason, /ACCESS.REFUSED/)
    assert.ok(lines.some(({ level, message }) => level === 'error' && /refuses us/.test(message)))
    assert.doesNotMatch(JSON.stringify([lines, health]), /se%2Fcret|se\/cret/)
  })

  test('started while the broker is away, it serves when the broker comes', async (context) => {
    await broker().stop('term')
    const { engine } = await started(context)
    assert.deepEqual(engine.accepting(), { ok: false, code: 'broker_unavailable' })
    await refuses(engine.publish([message()]), 'broker_unavailable')
    await broker().restart()
    await healthy(engine)
    const id = await accepted(engine)
    assert.deepEqual(ids(await engine.take(request())), [id])
  })
})
