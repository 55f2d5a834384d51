/** The switch in the broker: kept over restarts, heard by all in one order, in nobody's way when it is not there. */
import assert from 'node:assert/strict'
import { describe, type TestContext, test } from 'node:test'
import { type ChannelModel, connect } from 'amqplib'
import { type Clock, type SwitchState, silentLogger, WeirError } from '../../../src/core/index.ts'
import { Link } from '../../../src/engines/rabbitmq/link.ts'
import { namesOf } from '../../../src/engines/rabbitmq/names.ts'
import { Outbox } from '../../../src/engines/rabbitmq/outbox.ts'
import { SwitchStream } from '../../../src/engines/rabbitmq/switch.ts'
import { FakeClock } from '../../fixtures/fake-clock.ts'
import { eventually } from '../../fixtures/process.ts'
import { privateBrokerMissing, sharedBroker } from '../../fixtures/rabbitmq.ts'
import { newQueueName, realClock, recordingLogger } from './setting.ts'

const ON: SwitchState = { enabled: true, environment: true }
const OFF: SwitchState = { enabled: false, environment: true }

describe('the monitoring switch in the broker', { skip: privateBrokerMissing() }, () => {
  const shared = sharedBroker()
  let ids = 0

  function store(
    t: TestContext,
    queueName: string,
    { url = shared().url, clock = realClock }: { url?: string; clock?: Clock } = {},
  ) {
    const linked = { url, clock: realClock, random: () => 0, logger: silentLogger }
    const link = new Link({ ...linked, name: 'switch' })
    const publishing = new Link({ ...linked, name: 'publish' })
    const outbox = new Outbox(publishing, realClock, 60_000)
    t.after(async () => {
      outbox.abandon('the test is over')
      await Promise.all([link.stop(), publishing.stop(), outbox.drained()])
    })
    const made = new SwitchStream({
      link,
      outbox,
      names: namesOf(queueName),
      clock,
      logger: silentLogger,
      newId: () => `choice-${ids++}`,
    })
    const heard: SwitchState[] = []
    made.follow((state) => heard.push(state))
    const start = () => Promise.all([link.start(), publishing.start()])
    /** With what was chosen last: the first stream of a broker may take it longer than anybody's start waits. */
    const up = async () => {
      await start()
      return eventually(
        () =>
          made.load().then(
            (state) => ({ state }),
            () => undefined,
          ),
        () => `the last choice: ${link.fault ?? 'not told'}`,
      )
    }
    return { made, heard, start, up }
  }

  const hears = (heard: readonly SwitchState[], wanted: readonly SwitchState[]) =>
    eventually(
      () => (JSON.stringify(heard) === JSON.stringify(wanted) ? true : undefined),
      () => `${JSON.stringify(wanted)}, heard ${JSON.stringify(heard)}`,
    )

  test('nothing was chosen; then each choice is heard by all, in one order', async (t) => {
    const queueName = newQueueName()
    const [a, b] = [store(t, queueName), store(t, queueName)]
    const nothing = { state: undefined }
    assert.deepEqual(await Promise.all([a.up(), b.up()]), [nothing, nothing])
    await a.made.save(OFF)
    await hears(b.heard, [OFF])
    await Promise.all(Array.from({ length: 10 }, (_, i) => (i % 2 ? a : b).made.save(i % 3 ? ON : OFF)))
    await eventually(
      () => (a.heard.length === 11 && b.heard.length === 11 ? true : undefined),
      () => `eleven choices, heard ${a.heard.length} and ${b.heard.length}`,
    )
    assert.deepEqual(a.heard, b.heard)
    assert.deepEqual(await a.made.load(), a.heard.at(-1))
  })

  test('one that comes later has the last choice as soon as it is up', async (t) => {
    const queueName = newQueueName()
    const first = store(t, queueName)
    await first.up()
    for (const state of [OFF, ON, OFF]) await first.made.save(state)
    const later = store(t, queueName)
    assert.deepEqual(await later.up(), { state: OFF })
    assert.deepEqual(later.heard.at(-1), OFF)
  })

  test('a listener that was switched off hears no more, and a throwing one hurts no other', async (t) => {
    const a = store(t, newQueueName())
    await a.up()
    let calls = 0
    const unfollow = a.made.follow(() => {
      calls++
      throw new Error('a fault of the listener')
    })
    await a.made.save(OFF)
    await hears(a.heard, [OFF])
    unfollow()
    await a.made.save(ON)
    await hears(a.heard, [OFF, ON])
    assert.equal(calls, 1)
  })

  test('garbage in the stream is passed over', async (t) => {
    const queueName = newQueueName()
    const a = store(t, queueName)
    await a.up()
    await a.made.save(OFF)
    const connection = await connect(shared().url)
    t.after(() => connection.close())
    const channel = await connection.createConfirmChannel()
    for (const text of ['', '{}', '[', '{"enabled":1,"environment":true}', 'x'.repeat(2_000)]) {
      channel.sendToQueue(namesOf(queueName).switch, Buffer.from(text))
    }
    await channel.waitForConfirms()
    await a.made.save(ON)
    await hears(a.heard, [OFF, ON])
  })

  test('with the broker away, load and save refuse within a second, and say why', async (t) => {
    const clock = new FakeClock()
    const a = store(t, newQueueName(), { url: 'amqp://127.0.0.1:1', clock })
    await a.start()
    const isRefusal = (error: unknown) => {
      assert.ok(error instanceof WeirError)
      assert.equal(error.code, 'broker_unavailable')
      assert.match(error.message, /ECONNREFUSED/)
      return true
    }
    let refused = 0
    const asked = [a.made.load(), a.made.save(ON)].map(async (one) => {
      await assert.rejects(one, isRefusal)
      refused++
    })
    await clock.advance(999)
    assert.equal(refused, 0, 'the broker may still tell')
    await clock.advance(1)
    await Promise.all(asked)
  })

  test('where a queue of that name is no stream, there is no switch, and it says so', async (t) => {
    const queueName = newQueueName()
    const connection = await connect(shared().url)
    t.after(() => connection.close())
    await (await connection.createChannel()).assertQueue(namesOf(queueName).switch, { durable: true })
    // Nobody is refused before the broker has told, however long that takes.
    const a = store(t, queueName, { clock: new FakeClock() })
    await a.start()
    const isMissing = (error: unknown) => error instanceof WeirError && error.code === 'not_available'
    await assert.rejects(a.made.load(), isMissing)
    await assert.rejects(a.made.save(ON), isMissing)
  })

  test('a node without a replica: another one is tried, and nobody says that there are no streams', async () => {
    const clock = new FakeClock()
    const { logger, lines } = recordingLogger()
    const answer = 'PRECONDITION_FAILED - queue does not have a replica on the local node'
    const nodes = { hasReplica: false, renewed: [] as string[] }
    let up: (connection: ChannelModel) => Promise<void> = async () => {}
    const channel = {
      on: () => {},
      close: async () => {},
      assertQueue: async () => {},
      prefetch: async () => {},
      checkQueue: async () => {},
      consume: async () => {
        if (!nodes.hasReplica) throw Object.assign(new Error(answer), { code: 406 })
      },
    }
    const connection = () => ({ createChannel: async () => channel }) as unknown as ChannelModel
    const link = {
      fault: undefined,
      onUp: (prepare: typeof up) => {
        up = prepare
      },
      renew: (reason: string) => {
        nodes.renewed.push(reason)
        void up(connection())
      },
    } as unknown as Link
    const made = new SwitchStream({
      link,
      outbox: new Outbox(link, clock, 5_000),
      names: namesOf('q'),
      clock,
      logger,
      newId: () => 'none',
    })
    await up(connection())
    await eventually(
      () => (nodes.renewed.length === 3 ? true : undefined),
      () => `three other nodes, tried ${nodes.renewed.length}`,
    )
    const refused = assert.rejects(made.load(), (error: unknown) => {
      assert.ok(error instanceof WeirError)
      assert.deepEqual([error.code, /replica/.test(error.message)], ['broker_unavailable', true])
      return true
    })
    await clock.advance(1_000)
    await refused
    assert.equal(nodes.renewed.length, 3, 'others listen on this connection too')
    assert.ok(lines.every(({ message }) => !/no streams/.test(message)))
    // An operator gives the node a replica.
    nodes.hasReplica = true
    await clock.advance(1_000)
    assert.equal(await made.load(), undefined)
  })

  test('the choice survives a killed broker; what is chosen afterwards is heard', async (t) => {
    const queueName = newQueueName()
    const [a, b] = [store(t, queueName), store(t, queueName)]
    await Promise.all([a.up(), b.up()])
    await a.made.save(OFF)
    await hears(b.heard, [OFF])
    await shared().stop('kill')
    await shared().restart()
    const later = store(t, queueName)
    await later.start()
    await eventually(
      () => (later.heard.length > 0 ? true : undefined),
      () => 'the last choice, by a process that starts now',
    )
    assert.deepEqual(await later.made.load(), OFF)
    await eventually(
      () =>
        a.made.save(ON).then(
          () => true,
          () => undefined,
        ),
      () => 'the broker to take a choice again',
    )
    for (const { heard } of [a, b, later]) {
      await eventually(
        () => (heard.at(-1)?.enabled ? true : undefined),
        () => `the new choice, heard ${JSON.stringify(heard)}`,
      )
    }
  })
})
