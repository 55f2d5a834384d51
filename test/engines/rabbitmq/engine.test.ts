/** What the RabbitMQ engine promises beyond the port: what others put in, what is misplaced, and several processes. */
import assert from 'node:assert/strict'
import { type SuiteContext, suite, type TestContext, test } from 'node:test'
import { connect, type GetMessage, type Options } from 'amqplib'
import { LIMITS } from '../../../src/core/index.ts'
import { bucketFor } from '../../../src/engines/rabbitmq/delays.ts'
import type { RabbitMqEngine, RabbitMqOptions } from '../../../src/engines/rabbitmq/index.ts'
import { namesOf } from '../../../src/engines/rabbitmq/names.ts'
import { Topology } from '../../../src/engines/rabbitmq/topology.ts'
import { accepted, ids, request, settleOne, takeOne } from '../../conformance/subject.ts'
import { FakeClock } from '../../fixtures/fake-clock.ts'
import { eventually } from '../../fixtures/process.ts'
import { brokerMissing, sharedBrokerUrl } from '../../fixtures/rabbitmq.ts'
import { engineOn, optionsFor, realClock, recordingLogger, removeQueue, UNHURRIED } from './setting.ts'

const LIMIT_MS = 20_000

suite('the RabbitMQ engine', { skip: brokerMissing() }, (_: SuiteContext) => {
  const url = sharedBrokerUrl()

  async function started(
    context: TestContext,
    more: Partial<RabbitMqOptions> = {},
  ): Promise<{ engine: RabbitMqEngine; options: RabbitMqOptions }> {
    const options = optionsFor(url(), more)
    const engine = engineOn(options)
    context.after(async () => {
      await engine.stop()
      await removeQueue(options)
    })
    await engine.start()
    return { engine, options }
  }

  /** Another process on the same queues. */
  async function another(context: TestContext, options: RabbitMqOptions): Promise<RabbitMqEngine> {
    const engine = engineOn(options)
    context.after(() => engine.stop())
    await engine.start()
    return engine
  }

  /** As any other program would. */
  async function put(
    options: RabbitMqOptions,
    routingKey: string,
    body: string,
    properties: Options.Publish = {},
  ): Promise<void> {
    const connection = await connect(options.url)
    const channel = await connection.createConfirmChannel()
    channel.publish(options.queueName, routingKey, Buffer.from(body), { persistent: true, ...properties })
    await channel.waitForConfirms()
    await connection.close()
  }

  /** The head of a queue, once there is one. */
  async function head(options: RabbitMqOptions, queue: string): Promise<GetMessage> {
    const connection = await connect(options.url)
    try {
      const channel = await connection.createChannel()
      const get = async () => (await channel.get(queue, { noAck: true })) || undefined
      return await eventually(get, () => `nothing in ${queue}`, LIMIT_MS)
    } finally {
      await connection.close()
    }
  }

  async function some<T>(ask: () => Promise<readonly T[]>, what: string): Promise<readonly T[]> {
    return eventually(
      async () => {
        const found = await ask()
        return found.length > 0 ? found : undefined
      },
      () => what,
      LIMIT_MS,
    )
  }

  test('a message that another program put in is handed out', async (context) => {
    const { engine, options } = await started(context)
    const headers = { message_type: 'MNP', created_at: '2023-11-14T22:13:20.123Z' }
    await put(options, 'MNP', '{"content":"번호이동"}', { messageId: 'foreign', headers })
    const [delivery] = await some(() => engine.take(request()), 'the message')
    assert.deepEqual(delivery?.message, {
      id: 'foreign',
      type: 'MNP',
      content: '번호이동',
      createdAt: 1_700_000_000_123,
    })
    assert.equal(delivery.failures, 0)
    await settleOne(engine, delivery, { kind: 'retry', delayMs: 10, error: 'later', counts: true })
    const [again] = await some(() => engine.take(request()), 'its retry')
    assert.deepEqual([again?.message, again?.failures, again?.lease.attempt], [delivery.message, 1, 2])
  })

  test('Q2: what cannot be read becomes a dead letter that says why', async (context) => {
    const { engine, options } = await started(context)
    await put(options, 'MNP', 'not JSON', {
      messageId: 'broken',
      expiration: '60000',
      correlationId: 'theirs',
    })
    const good = await accepted(engine)
    assert.deepEqual(ids(await some(() => engine.take(request()), 'the one behind it')), [good])
    const dead = await head(options, namesOf(options.queueName).dead)
    const { messageId, correlationId, expiration, headers } = dead.properties
    assert.deepEqual([messageId, correlationId, expiration], ['broken', 'theirs', undefined])
    assert.match(String(headers?.weir_error), /not a JSON object/)
    assert.equal(dead.content.toString(), 'not JSON')
  })

  test('Q2: what cannot be read counts as dead of its type, says why it is not retried, and goes', async (context) => {
    const { engine, options } = await started(context)
    await accepted(engine, { type: 'CHANGE' })
    const before = realClock.now()
    await put(options, 'MNP', 'not JSON', { messageId: 'broken' })
    await put(options, 'MNP', 'nor this')
    const dead = () => engine.counts().get('MNP')?.dead
    const count = async (wanted: number) =>
      eventually(
        async () => {
          await engine.take(request())
          return dead() === wanted ? true : undefined
        },
        () => `${wanted} dead, not ${dead()}`,
        LIMIT_MS,
      )
    await count(2)
    const list = async () => (await engine.deadLetters({ type: 'MNP', limit: 10 })).items
    const [broken, nameless] = await list()
    assert.equal(broken?.message.id, 'broken')
    assert.ok((broken?.message.createdAt ?? 0) >= before, 'not in 1970')
    assert.match(nameless?.message.id ?? '', /^unreadable-/)
    await assert.rejects(engine.retryDeadLetters({ ids: ['broken'] }), {
      code: 'not_a_dead_letter',
      message: 'broken cannot be read (the body is not a JSON object) and is not retried',
    })
    assert.equal(await engine.retryDeadLetters({}), 0)
    assert.equal((await list()).length, 2)
    assert.equal(await engine.deleteDeadLetters({ ids: ['broken'] }), 1)
    await count(1)
    assert.equal(await engine.deleteDeadLetters({}), 1)
    await count(0)
    const counts = engine.counts()
    assert.deepEqual([...counts.keys()].toSorted(), ['CHANGE', 'MNP', 'TERMINATION'])
    assert.deepEqual([counts.get('MNP')?.accepted, counts.get('MNP')?.deleted], [2, 2])
  })

  test('Q2: a type that nobody knows lies in the queue for that, and is counted and logged', async (context) => {
    const { logger, lines } = recordingLogger()
    const { engine, options } = await started(context, { logger })
    await put(options, 'NOBODYS', '{"id":"u1","content":"a"}')
    await eventually(
      () => (engine.unrouted() === 1 ? true : undefined),
      () => `${engine.unrouted()}`,
      LIMIT_MS,
    )
    assert.ok(
      lines.some(({ level, message }) => level === 'warn' && /types that nobody here knows/.test(message)),
    )
  })

  test('Q2: an unknown type found in the one queue for all types is moved there too', async (context) => {
    const { engine, options } = await started(context, { topology: 'single' })
    await put(options, 'MNP', '{"id":"u1","type":"NOBODYS","content":"a"}')
    const known = await accepted(engine)
    assert.deepEqual(ids(await some(() => engine.take(request()), 'the one behind it')), [known])
    const found = await head(options, namesOf(options.queueName).unrouted)
    assert.equal(found.content.toString(), '{"id":"u1","type":"NOBODYS","content":"a"}')
  })

  test('a known type in the queue of another is moved to its own', async (context) => {
    const { engine, options } = await started(context)
    await put(options, 'MNP', '{"id":"c1","type":"CHANGE","content":"a"}')
    const known = await accepted(engine)
    assert.deepEqual(ids(await some(() => engine.take(request()), 'the one behind it')), [known])
    assert.deepEqual(ids(await some(() => engine.take(request({ type: 'CHANGE' })), 'the moved one')), ['c1'])
  })

  /** As if so many processes ended with it in their hands. */
  async function crash(context: TestContext, options: RabbitMqOptions, times: number): Promise<void> {
    const connection = await connect(options.url)
    context.after(() => connection.close())
    for (let i = 0; i < times; i++) {
      const channel = await connection.createChannel()
      await channel.prefetch(1)
      await new Promise<void>((resolve) => {
        void channel.consume(`${options.queueName}.MNP`, () => resolve())
      })
      await channel.close()
    }
  }

  test('a message in flight at too many crashes is a dead letter, counted, with its history', async (context) => {
    const { engine, options } = await started(context)
    const id = await accepted(engine)
    await crash(context, options, LIMITS.crashesPerMessage)
    assert.deepEqual(await engine.take(request()), [])
    await eventually(
      () => (engine.counts().get('MNP')?.dead === 1 ? true : undefined),
      () => 'dead',
      LIMIT_MS,
    )
    const [record] = (await engine.deadLetters({ limit: 10 })).items
    assert.deepEqual([record?.message.id, record?.error], [id, 'in flight at 20 crashes'])
    assert.deepEqual(
      record?.history.map(({ outcome }) => outcome),
      ['crashed'],
    )
    assert.equal(await engine.retryDeadLetters({ ids: [id] }), 1)
    assert.equal((await takeOne(engine)).failures, 0)
  })

  test('and when none of ours is there to see it, the broker puts it there', async (context) => {
    const { engine, options } = await started(context)
    const id = await accepted(engine)
    await crash(context, options, LIMITS.crashesPerMessage + 1)
    const dead = await head(options, namesOf(options.queueName).dead)
    assert.equal(dead.properties.messageId, id)
    assert.equal(dead.properties.headers?.['x-first-death-reason'], 'delivery_limit')
    assert.deepEqual(await engine.take(request()), [])
  })

  test('takes of any size are filled: the prefetch grows with what is asked', async (context) => {
    const { engine } = await started(context, { prefetch: 1 })
    const published = await Promise.all(Array.from({ length: 600 }, () => accepted(engine)))
    const taken: string[] = []
    for (const max of [1, 10, 200, 1000]) taken.push(...ids(await engine.take(request({ max }))))
    assert.deepEqual(
      taken.toSorted(),
      published.toSorted(),
      'none is settled, and still there is room for all',
    )
  })

  test('what nobody may start is given back before the broker loses patience; leases live on', async (context) => {
    const clock = new FakeClock()
    const { engine } = await started(context, { clock, ...UNHURRIED })
    const [out, lies] = [await accepted(engine), await accepted(engine)]
    const delivery = await takeOne(engine, { leaseMs: 3_600_000 })
    assert.equal(delivery.lease.id, out)
    await clock.advance(21 * 60_000)
    const [again] = await some(() => engine.take(request()), 'the one that was given back')
    assert.deepEqual([again?.lease.id, again?.lease.attempt], [lies, 2], 'delivered once more')
    assert.equal(await settleOne(engine, delivery), 'settled')
  })

  test('Q3: two processes share the messages of a type', async (context) => {
    const { engine, options } = await started(context)
    const other = await another(context, options)
    const published: string[] = []
    for (let i = 0; i < 40; i++) published.push(await accepted(engine))
    const taken: string[] = []
    await eventually(
      async () => {
        for (const one of [engine, other]) {
          const deliveries = await one.take(request({ max: 5 }))
          taken.push(...ids(deliveries))
          await one.settle(deliveries.map(({ lease }) => ({ lease, verdict: { kind: 'done' } })))
        }
        return taken.length >= published.length ? true : undefined
      },
      () => `${taken.length} of ${published.length}`,
      LIMIT_MS,
    )
    assert.deepEqual(taken.toSorted(), published.toSorted())
  })

  test('Q5: the keys of a process that ends are carried on by another, in their order', async (context) => {
    const { engine, options } = await started(context, { orderingShards: 1 })
    const other = await another(context, options)
    const keyed = { orderingKey: 'line-1' }
    const published: string[] = []
    for (let i = 0; i < 4; i++) published.push(await accepted(other, keyed))
    const first = await takeOne(engine)
    assert.equal(first.lease.id, published[0])
    assert.deepEqual(await other.take(request()), [], 'one process at a time has the keys of a queue')
    await settleOne(engine, first)
    const second = await takeOne(engine)
    assert.equal(second.lease.id, published[1])
    await engine.stop()
    const order: string[] = []
    for (let i = 1; i < 4; i++) {
      const [next] = await some(() => other.take(request()), `the next after ${order}`)
      if (next) order.push(next.lease.id)
      if (next) await settleOne(other, next)
    }
    assert.deepEqual(order, published.slice(1))
  })

  test('Q5: a retry of a key is kept in this process, with its failures and its history', async (context) => {
    const { engine } = await started(context)
    const id = await accepted(engine, { orderingKey: 'k' })
    await accepted(engine, { orderingKey: 'k' })
    for (let failures = 0; failures < 3; failures++) {
      const [delivery] = await some(() => engine.take(request()), 'the head')
      assert.deepEqual(
        [delivery?.lease.id, delivery?.lease.attempt, delivery?.failures],
        [id, failures + 1, failures],
      )
      const verdict = { kind: 'retry', delayMs: 20, error: 'later', counts: true } as const
      const since = realClock.now()
      if (delivery) await settleOne(engine, delivery, verdict)
      const delayed = engine.counts().get('MNP')?.delayed
      if (realClock.now() < since + 20) assert.equal(delayed, 1)
    }
  })

  test('a retry of a key without a delay is ready at once, and is not counted as delayed for ever', async (context) => {
    const { engine } = await started(context)
    await accepted(engine, { orderingKey: 'k' })
    const verdict = { kind: 'retry', delayMs: 0, error: 'again', counts: true } as const
    const delayed = () => engine.counts().get('MNP')?.delayed
    await settleOne(engine, await takeOne(engine), verdict)
    assert.equal(delayed(), 0)
    await settleOne(engine, await takeOne(engine))
    assert.equal(delayed(), 0)
  })

  test('a long delay does not keep the turn of its key: nothing is held in a process for hours', async (context) => {
    const { engine, options } = await started(context)
    const hourMs = 3_600_000
    await accepted(engine, { orderingKey: 'k', availableAt: realClock.now() + hourMs })
    const second = await accepted(engine, { orderingKey: 'k' })
    assert.deepEqual(ids(await engine.take(request())), [second])
    const connection = await connect(options.url)
    context.after(() => connection.close())
    const channel = await connection.createChannel()
    const bucket = namesOf(options.queueName).bucket(bucketFor(hourMs))
    assert.equal((await channel.checkQueue(bucket)).messageCount, 1)
    // Declared anew, only the very same arguments are taken.
    await channel.assertQueue(bucket, {
      arguments: new Topology(options).bucketArguments(
        bucketFor(hourMs),
        bucketFor(hourMs) + 7 * 24 * hourMs,
      ),
    })
  })

  test('a delay longer than any bucket fits is waited for in pieces, and is not early', async (context) => {
    const { engine } = await started(context)
    // The bucket above would be too late by more than a second, so this goes through the broker twice.
    const delayMs = 6_560
    const rest = delayMs - bucketFor(delayMs)
    assert.equal(rest, 160)
    const due = realClock.now() + delayMs
    const id = await accepted(engine, { availableAt: due })
    assert.deepEqual(await engine.take(request()), [])
    const [delivery] = await eventually(
      async () => {
        const taken = await engine.take(request())
        return taken.length > 0 ? taken : undefined
      },
      () => `the delayed one, with ${rest} ms the second time`,
      60_000,
    )
    assert.equal(delivery?.lease.id, id)
    assert.ok((delivery?.takenAt ?? 0) >= due, `${(delivery?.takenAt ?? 0) - due} ms`)
  })
})
