/** A connection that seems to live and answers nothing is given up, long before heartbeats would. */
import assert from 'node:assert/strict'
import { EventEmitter } from 'node:events'
import { suite, type TestContext, test } from 'node:test'
import type { Channel, ChannelModel } from 'amqplib'
import { silentLogger } from '../../../src/core/index.ts'
import { Link, type Prepare } from '../../../src/engines/rabbitmq/link.ts'
import { Outbox } from '../../../src/engines/rabbitmq/outbox.ts'
import { Pulse } from '../../../src/engines/rabbitmq/pulse.ts'
import { FakeClock } from '../../fixtures/fake-clock.ts'
import { halfOpenProxy } from '../../fixtures/half-open.ts'
import { eventually, withLimit } from '../../fixtures/process.ts'
import { brokerMissing, sharedBrokerUrl } from '../../fixtures/rabbitmq.ts'
import { engineOn, optionsFor, removeQueue } from './setting.ts'

const CONFIRM_TIMEOUT_MS = 2_000
const ANSWER_LIMIT_MS = 10_000
const CLOSE_LIMIT_MS = 2_000
/** No heartbeat of either side is missed while the test runs. */
const HEARTBEAT_SEC = 3_600
/** Time for the next try comes; the try itself takes real time, and must not run out of the fake one. */
const STEP_MS = 20

/** To the default exchange and no queue: the broker confirms at once and keeps nothing. */
const nobodys = { exchange: '', routingKey: 'nobody', body: Buffer.from('{}'), properties: {} }

test('a broker that confirmed another message meanwhile is slow and not silent: the connection stays', async () => {
  const clock = new FakeClock()
  const confirms: ((error: null) => void)[] = []
  const publish = (...sent: readonly unknown[]) => confirms.push(sent[4] as (error: null) => void)
  const channel = Object.assign(new EventEmitter(), { publish })
  const renewed: string[] = []
  const prepared: Promise<void>[] = []
  const link = {
    up: true,
    onUp: (prepare: Prepare) =>
      prepared.push(prepare({ createConfirmChannel: async () => channel } as unknown as ChannelModel)),
    renew: (reason: string) => renewed.push(reason),
    heard: () => {},
  }
  const outbox = new Outbox(link as unknown as Link, clock, CONFIRM_TIMEOUT_MS)
  await Promise.all(prepared)
  const late = assert.rejects(outbox.send([nobodys]), { code: 'broker_unavailable' })
  await clock.advance(1)
  const second = outbox.send([nobodys])
  confirms[1]?.(null)
  await second
  await clock.advance(CONFIRM_TIMEOUT_MS)
  await late
  assert.deepEqual(renewed, [])
  const unheard = assert.rejects(outbox.send([nobodys]), { code: 'broker_unavailable' })
  await clock.advance(CONFIRM_TIMEOUT_MS)
  await unheard
  assert.deepEqual(renewed, ['publishing: no answer within 2000 ms'])
})

suite('the pulse of a connection', () => {
  const EVERY_MS = 10_000

  /** A channel whose answers are given by hand. */
  function felt() {
    const clock = new FakeClock()
    const asked: PromiseWithResolvers<object>[] = []
    const prefetch = () => {
      const question = Promise.withResolvers<object>()
      asked.push(question)
      return question.promise
    }
    const channel = Object.assign(new EventEmitter(), { prefetch }) as unknown as Channel
    const ended: string[] = []
    const state = { isBlocked: false }
    const pulse = new Pulse(channel, {
      clock,
      everyMs: EVERY_MS,
      limitMs: ANSWER_LIMIT_MS,
      isBlocked: () => state.isBlocked,
      silent: (reason) => ended.push(reason),
    })
    return { clock, asked, ended, state, pulse, channel }
  }

  test('each answer is followed by the next question, and stopped it asks no more', async () => {
    const { clock, asked, ended, pulse } = felt()
    for (let beats = 1; beats <= 5; beats++) {
      await clock.advance(EVERY_MS - 1)
      assert.equal(asked.length, beats - 1)
      await clock.advance(1)
      assert.equal(asked.length, beats)
      await clock.advance(ANSWER_LIMIT_MS - 1)
      asked.at(-1)?.resolve({})
      await clock.settle()
    }
    pulse.stop()
    assert.equal(clock.pending, 0)
    assert.deepEqual(ended, [])
  })

  test('stopped with a question under way: its answer, or its end, starts nothing', async () => {
    for (const end of ['resolve', 'reject'] as const) {
      const { clock, asked, ended, pulse } = felt()
      await clock.advance(EVERY_MS)
      pulse.stop()
      asked[0]?.[end](new Error('Channel ended'))
      await clock.settle()
      assert.equal(clock.pending, 0)
      assert.deepEqual(ended, [])
    }
  })

  test('a question without an answer is told once, at its limit', async () => {
    const { clock, ended } = felt()
    await clock.advance(EVERY_MS + ANSWER_LIMIT_MS - 1)
    assert.deepEqual(ended, [])
    await clock.advance(1)
    assert.deepEqual(ended, ['no answer within 10000 ms'])
    await clock.advance(5 * EVERY_MS)
    assert.equal(ended.length, 1)
  })

  test('while the broker takes no messages it may be silent; its time begins when it takes them again', async () => {
    const { clock, ended, state } = felt()
    await clock.advance(EVERY_MS)
    state.isBlocked = true
    await clock.advance(7 * ANSWER_LIMIT_MS)
    assert.deepEqual(ended, [])
    state.isBlocked = false
    await clock.advance(ANSWER_LIMIT_MS)
    assert.deepEqual(ended, [], 'the rest of the limit that began while it was blocked')
    await clock.advance(ANSWER_LIMIT_MS)
    assert.deepEqual(ended, ['no answer within 10000 ms'])
  })

  test('one that confirms and delivers may answer late, and is silent when that ends too', async () => {
    const { clock, ended, pulse } = felt()
    await clock.advance(EVERY_MS)
    for (let i = 0; i < 5; i++) {
      await clock.advance(ANSWER_LIMIT_MS - 1)
      pulse.heard()
      await clock.advance(1)
    }
    assert.deepEqual(ended, [])
    await clock.advance(ANSWER_LIMIT_MS)
    assert.deepEqual(ended, ['no answer within 10000 ms'])
  })

  test('a channel that is over is told with its reason, and its error is not the end of the process', async () => {
    const { clock, asked, ended, channel } = felt()
    channel.emit('error', new Error('of the channel'))
    await clock.advance(EVERY_MS)
    asked[0]?.reject(new Error('Channel closed'))
    await clock.settle()
    assert.deepEqual(ended, ['the channel for asking is over: Channel closed'])
    assert.equal(clock.pending, 0)
  })
})

suite('a silent connection', { skip: brokerMissing() }, () => {
  const url = sharedBrokerUrl()

  async function connected(context: TestContext) {
    const target = new URL(url())
    const proxy = await halfOpenProxy(Number(target.port || 5672))
    target.port = String(proxy.port)
    const clock = new FakeClock()
    const link = new Link({
      url: target.href,
      name: 'silence',
      clock,
      random: () => 0.5,
      logger: silentLogger,
      heartbeatSec: HEARTBEAT_SEC,
    })
    const outbox = new Outbox(link, clock, CONFIRM_TIMEOUT_MS)
    context.after(async () => {
      const stopped = link.stop()
      // Nobody may be there to answer the farewell, and the time for it is the fake clock's.
      await clock.advance(CLOSE_LIMIT_MS)
      await stopped
      await proxy.close()
    })
    await link.start()
    assert.ok(link.up)
    const back = () =>
      eventually(
        async () => {
          await clock.advance(STEP_MS)
          return link.up || undefined
        },
        () => `up again: ${link.fault}`,
        20_000,
      )
    return { proxy, clock, link, outbox, back }
  }

  test('no confirm at all while a sender waits: he is refused, and the next connection confirms', async (context) => {
    const { proxy, clock, link, outbox, back } = await connected(context)
    await outbox.send([nobodys])
    proxy.swallow('toClient')
    const refused = assert.rejects(outbox.send([nobodys]), { code: 'broker_unavailable' })
    await clock.advance(CONFIRM_TIMEOUT_MS)
    await refused
    assert.equal(link.up, false)
    assert.match(link.fault ?? '', /publishing: no answer within 2000 ms/)
    proxy.mend()
    await back()
    await outbox.send([nobodys])
  })

  test('a question without an answer: who asked is told, and the connection is made anew', async (context) => {
    const { clock, link, back } = await connected(context)
    const asked = assert.rejects(link.answer(new Promise(() => {}), 'asking'), /asking: no answer within/)
    await clock.advance(ANSWER_LIMIT_MS - 1)
    assert.ok(link.up, 'not before its time')
    await clock.advance(1)
    await asked
    assert.equal(link.up, false)
    await back()
  })

  test('a question that is answered, or refused, leaves the connection as it is', async (context) => {
    const { clock, link } = await connected(context)
    const startedAt = clock.now()
    const { connection } = link
    assert.equal(await link.answer(Promise.resolve('yes'), 'asking'), 'yes')
    await assert.rejects(link.answer(Promise.reject(new Error('no')), 'asking'), /^Error: no$/)
    await clock.advance(ANSWER_LIMIT_MS)
    assert.equal(link.connection, connection)
    assert.equal(clock.nextAt, startedAt + HEARTBEAT_SEC * 1000, 'no timer is left but that of the pulse')
  })

  test('nobody asks and nobody answers: it is made anew all the same', async (context) => {
    const { proxy, clock, link, back } = await connected(context)
    proxy.swallow('toClient')
    await clock.advance(HEARTBEAT_SEC * 1000 + ANSWER_LIMIT_MS - 1)
    assert.ok(link.up, 'not before its time')
    await clock.advance(1)
    assert.equal(link.up, false)
    assert.match(link.fault ?? '', /no answer within 10000 ms/)
    proxy.mend()
    await back()
  })

  test('one that answers stays, for as long as nobody uses it', async (context) => {
    const { clock, link } = await connected(context)
    const { connection } = link
    for (let beats = 0; beats < 20; beats++) {
      const askedAt = (clock.nextAt ?? 0) + ANSWER_LIMIT_MS
      await clock.advance(HEARTBEAT_SEC * 1000)
      // Answered when the limit no longer is what comes next.
      await eventually(
        () => (clock.nextAt !== askedAt ? true : undefined),
        () => 'an answer',
      )
    }
    assert.equal(link.connection, connection)
  })

  test('one that was heard of stays for another limit, and no longer', async (context) => {
    const { proxy, clock, link } = await connected(context)
    proxy.swallow('toClient')
    await clock.advance(HEARTBEAT_SEC * 1000 + ANSWER_LIMIT_MS - 1)
    link.heard()
    await clock.advance(ANSWER_LIMIT_MS)
    assert.ok(link.up)
    await clock.advance(1)
    assert.equal(link.up, false)
  })

  test('confirms and deliveries are heard of, each on its own connection', async (context) => {
    const heard = context.mock.method(Link.prototype, 'heard')
    const options = optionsFor(url(), { types: ['MNP'] })
    const engine = engineOn(options)
    context.after(async () => {
      await engine.stop()
      await removeQueue(options)
    })
    await engine.start()
    await engine.publish([{ id: 'a', type: 'MNP', content: 'x', createdAt: 0, priority: 4 }])
    assert.equal(heard.mock.callCount(), 1)
    const request = { type: 'MNP', max: 1, leaseMs: 60_000, maxRetries: 0, retryDelayMs: 0 }
    assert.equal((await engine.take(request)).length, 1)
    assert.equal(new Set(heard.mock.calls.map((call) => call.this)).size, 2)
  })

  test('whoever asks for more than before is told, and the next take brings it', async (context) => {
    const target = new URL(url())
    const proxy = await halfOpenProxy(Number(target.port || 5672))
    target.port = String(proxy.port)
    const clock = new FakeClock()
    const heartbeatSec = 300
    const options = optionsFor(target.href, { types: ['MNP'], prefetch: 0, clock, heartbeatSec })
    const engine = engineOn(options)
    context.after(async () => {
      // Whoever waits for ever would make the stop wait as well.
      proxy.cut()
      const stopped = engine.stop()
      await clock.advance(2 * CLOSE_LIMIT_MS)
      await stopped
      await removeQueue({ ...options, url: url() })
      await proxy.close()
    })
    await engine.start()
    const message = (id: string) => ({ id, type: 'MNP', content: 'x', createdAt: 0, priority: 4 })
    await engine.publish(['a', 'b', 'c'].map(message))
    const request = { type: 'MNP', max: 1, leaseMs: 3_600_000, maxRetries: 0, retryDelayMs: 0 }
    assert.equal((await engine.take(request)).length, 1)

    proxy.swallow('toClient')
    const told = assert.rejects(engine.take({ ...request, max: 500 }), { code: 'broker_unavailable' })
    await clock.advance(heartbeatSec * 1000 + ANSWER_LIMIT_MS)
    await withLimit(told, 10_000, () => 'the take waits for ever')
    assert.equal(engine.health().ok, false)
    proxy.mend()
    const again = await eventually(
      async () => {
        await clock.advance(STEP_MS)
        if (!engine.health().ok) return undefined
        return engine.take({ ...request, max: 500 }).catch(() => undefined)
      },
      () => `to take again: ${JSON.stringify(engine.health())}`,
      20_000,
    )
    assert.deepEqual(again.map(({ message: { id } }) => id).sort(), ['a', 'b', 'c'])
  })
})
