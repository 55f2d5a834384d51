/** A connection that seems to live and answers nothing is given up, long before heartbeats would. */
import assert from 'node:assert/strict'
import { EventEmitter } from 'node:events'
import { suite, type TestContext, test } from 'node:test'
import type { ChannelModel } from 'amqplib'
import { silentLogger } from '../../../src/core/index.ts'
import { Link, type Prepare } from '../../../src/engines/rabbitmq/link.ts'
import { Outbox } from '../../../src/engines/rabbitmq/outbox.ts'
import { FakeClock } from '../../fixtures/fake-clock.ts'
import { halfOpenProxy } from '../../fixtures/half-open.ts'
import { eventually } from '../../fixtures/process.ts'
import { brokerMissing, sharedBrokerUrl } from '../../fixtures/rabbitmq.ts'

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
    const { connection } = link
    assert.equal(await link.answer(Promise.resolve('yes'), 'asking'), 'yes')
    await assert.rejects(link.answer(Promise.reject(new Error('no')), 'asking'), /^Error: no$/)
    await clock.advance(ANSWER_LIMIT_MS)
    assert.equal(link.connection, connection)
    assert.equal(clock.pending, 0, 'no timer is left')
  })
})
