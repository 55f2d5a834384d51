/** Dead letters in the broker: shown in order, retried and deleted at least once, the others left as they were (Q2). */
import assert from 'node:assert/strict'
import { describe, type TestContext, test } from 'node:test'
import { type ChannelModel, connect, type GetMessage } from 'amqplib'
import { LIMITS, silentLogger, WeirError } from '../../../src/core/index.ts'
import { DeadLetters, type DeadLettersDeps } from '../../../src/engines/rabbitmq/dead-letters.ts'
import { DeadLock } from '../../../src/engines/rabbitmq/dead-lock.ts'
import { Link } from '../../../src/engines/rabbitmq/link.ts'
import { Outbox } from '../../../src/engines/rabbitmq/outbox.ts'
import { Topology } from '../../../src/engines/rabbitmq/topology.ts'
import { bodyOf, type Copy, envelopeOf } from '../../../src/engines/rabbitmq/wire.ts'
import type { Ledger } from '../../../src/queue/index.ts'
import { eventually } from '../../fixtures/process.ts'
import { privateBrokerMissing, sharedBroker } from '../../fixtures/rabbitmq.ts'
import { newQueueName, realClock, TYPES } from './setting.ts'

const DIED_AT = 1_700_000_000_000

describe('dead letters in the broker', { skip: privateBrokerMissing() }, () => {
  const shared = sharedBroker()

  interface Desk {
    readonly link: Link
    readonly letters: DeadLetters
    readonly retried: string[]
    readonly deleted: string[]
  }

  interface Office {
    readonly topology: Topology
    /** The test's own connection. */
    readonly connection: ChannelModel
    /** One process that works on them. */
    desk(more?: Partial<DeadLettersDeps>): Promise<Desk>
    /** As the engine does when a message has failed for good. */
    put(copies: readonly Copy[]): Promise<void>
    /** As somebody else may do. */
    putRaw(body: Buffer, properties?: object): Promise<void>
    /** Everything in a queue, taken out. */
    drain(queue: string): Promise<GetMessage[]>
    /** Waits until so many are dead letters: the broker counts a moment behind. */
    dead(count: number): Promise<void>
  }

  async function office(t: TestContext): Promise<Office> {
    const topology = new Topology({
      queueName: newQueueName(),
      topology: 'per-type',
      queueType: 'quorum',
      types: TYPES,
      orderingShards: 0,
    })
    const { dead } = topology.names
    const connection = await connect(shared().url, { noDelay: true })
    connection.on('error', () => {})
    t.after(() => connection.close().catch(() => {}))
    await topology.declare(connection)
    const channel = await connection.createConfirmChannel()
    channel.on('error', () => {})
    const putRaw = async (body: Buffer, properties = {}) => {
      channel.publish(dead, '', body, { persistent: true, ...properties })
      await channel.waitForConfirms()
    }
    return {
      topology,
      connection,
      async desk(more = {}) {
        const linked = { url: shared().url, clock: realClock, random: Math.random, logger: silentLogger }
        const link = new Link({ ...linked, name: 'look' })
        const publishing = new Link({ ...linked, name: 'send' })
        t.after(() => Promise.all([link.stop(), publishing.stop()]))
        const retried: string[] = []
        const deleted: string[] = []
        const letters = new DeadLetters({
          link,
          outbox: new Outbox(publishing, realClock, 10_000),
          topology,
          clock: realClock,
          random: Math.random,
          logger: silentLogger,
          retried: ({ message }) => retried.push(message.id),
          deleted: (type) => deleted.push(type),
          ...more,
        })
        await Promise.all([link.start(), publishing.start()])
        return { link, letters, retried, deleted }
      },
      async put(copies) {
        for (const copy of copies) channel.publish(dead, '', bodyOf(copy.message), envelopeOf(copy))
        await channel.waitForConfirms()
      },
      putRaw,
      async drain(queue) {
        const own = await connection.createChannel()
        const all: GetMessage[] = []
        for (let got = await own.get(queue); got; got = await own.get(queue)) {
          own.ack(got)
          all.push(got)
        }
        await own.close()
        return all
      },
      async dead(count) {
        let last = -1
        await eventually(
          async () => {
            last = (await channel.checkQueue(dead)).messageCount
            return last === count ? true : undefined
          },
          () => `${count} dead letters, there are ${last}`,
        )
      },
    }
  }

  function letter(n: number, more: Partial<Copy> & { readonly type?: string } = {}): Copy {
    const { type = 'MNP', ...rest } = more
    const diedAt = DIED_AT + n
    const error = `died: ${n}`
    const entry = { attempt: 4, takenAt: diedAt - 5, endedAt: diedAt, outcome: 'dead', error } as const
    return {
      message: { id: idOf(n), type, content: `내용 ${n}`, createdAt: DIED_AT - 1_000 },
      priority: 5,
      acceptedAt: DIED_AT - 999,
      round: 3,
      attempts: 4,
      failures: 4,
      history: [entry],
      error,
      diedAt,
      ...rest,
    }
  }
  const idOf = (n: number): string => `m-${String(n).padStart(5, '0')}`
  const range = (count: number, from = 0): number[] => Array.from({ length: count }, (_, i) => from + i)
  const idsIn = (all: readonly GetMessage[]) => all.map(({ properties }) => properties.messageId)

  test('pages are oldest first, each once, with reason and history; looking changes nothing', async (t) => {
    const o = await office(t)
    const { letters } = await o.desk()
    assert.deepEqual(await letters.list({ limit: 10 }), { items: [] })
    await o.put(range(7).map((n) => letter(n, { type: n % 2 ? 'CHANGE' : 'MNP' })))
    for (let round = 0; round < 2; round++) {
      const listed: string[] = []
      let after: string | undefined
      do {
        const page = await letters.list({ limit: 3, ...(after !== undefined && { after }) })
        listed.push(...page.items.map(({ message }) => message.id))
        after = page.next
      } while (after !== undefined)
      assert.deepEqual(listed, range(7).map(idOf))
    }
    const changes = await letters.list({ limit: 2, type: 'CHANGE' })
    assert.deepEqual(
      changes.items.map(({ message }) => message.id),
      [idOf(1), idOf(3)],
    )
    assert.deepEqual(changes.items[0], {
      message: letter(1, { type: 'CHANGE' }).message,
      state: 'dead',
      priority: 5,
      attempt: 4,
      failures: 4,
      acceptedAt: DIED_AT - 999,
      takenAt: DIED_AT + 1 - 5,
      finishedAt: DIED_AT + 1,
      error: 'died: 1',
      history: letter(1).history,
    })
    await o.dead(7)
  })

  test('a page follows also when the last one of the page before is gone', async (t) => {
    const o = await office(t)
    const { letters } = await o.desk()
    await o.put(range(6).map((n) => letter(n)))
    const first = await letters.list({ limit: 2 })
    assert.ok(first.next)
    assert.equal(await letters.delete({ ids: [idOf(0), idOf(1)] }), 2)
    const second = await letters.list({ limit: 2, after: first.next })
    assert.deepEqual(
      second.items.map(({ message }) => message.id),
      [idOf(2), idOf(3)],
    )
    await assert.rejects(letters.list({ limit: 2, after: 'no mark' }), { code: 'invalid_query' })
  })

  test('those that are retried start anew in their order; the others stay in theirs, however many', async (t) => {
    const o = await office(t)
    const { letters, retried } = await o.desk()
    const total = 700
    await o.put(range(total).map((n) => letter(n)))
    const chosen = [3, 251, 502, 699].map(idOf)
    assert.equal(await letters.retry({ ids: [...chosen, idOf(3), 'nobody'] }), 4)
    assert.deepEqual(retried, chosen)
    const [work] = o.topology.queuesOf('MNP')
    const again = await o.drain(work?.name ?? '')
    assert.deepEqual(idsIn(again), chosen)
    const headers = again[0]?.properties.headers ?? {}
    assert.deepEqual(
      [headers.weir_round, headers.weir_attempts, headers.weir_failures ?? 0, headers.weir_error],
      [4, 4, 0, undefined],
    )
    const history = JSON.parse(String(headers.weir_history)) as { outcome: string }[]
    assert.deepEqual(
      history.map(({ outcome }) => outcome),
      ['dead', 'requeued'],
    )
    const others = range(total)
      .map(idOf)
      .filter((id) => !chosen.includes(id))
    assert.deepEqual(idsIn(await o.drain(o.topology.names.dead)), others)
  })

  test('all of a type, or all, are retried or deleted; copies of one count once', async (t) => {
    const o = await office(t)
    const { letters, retried, deleted } = await o.desk()
    await o.put(range(30).map((n) => letter(n, { type: n % 3 ? 'MNP' : 'CHANGE' })))
    await o.put([letter(1), letter(1)])
    assert.equal(await letters.retry({ type: 'MNP' }), 20)
    assert.deepEqual(
      retried,
      range(30)
        .filter((n) => n % 3)
        .map(idOf),
    )
    await o.dead(10)
    assert.equal(await letters.delete({ type: 'MNP' }), 0)
    assert.equal(await letters.delete({ ids: [] }), 0)
    assert.equal(await letters.delete({}), 10)
    assert.equal(deleted.length, 10)
    await o.dead(0)
    assert.equal(await letters.retry({}), 0)
  })

  test('one that the broker gave up, because each process that had it died, says so', async (t) => {
    const o = await office(t)
    const { letters } = await o.desk()
    const [work] = o.topology.queuesOf('MNP')
    const { diedAt, error, ...living } = letter(0, { attempts: 2, history: [] })
    assert.ok(work && diedAt && error)
    const channel = await o.connection.createConfirmChannel()
    channel.publish(o.topology.names.exchange, 'MNP', bodyOf(living.message), envelopeOf(living))
    await channel.waitForConfirms()
    let handOuts = 0
    for (;;) {
      const got = await channel.get(work.name)
      if (!got) break
      handOuts++
      channel.nack(got)
    }
    assert.equal(handOuts, LIMITS.crashesPerMessage + 1)
    await o.dead(1)
    const [record] = (await letters.list({ limit: 1 })).items
    assert.equal(record?.attempt, 2 + handOuts)
    assert.match(record.error ?? '', /crash/)
    assert.equal(record.history.at(-1)?.outcome, 'crashed')
    assert.ok((record.finishedAt ?? 0) > DIED_AT)
    assert.equal(await letters.retry({}), 1)
    const [again] = await o.drain(work.name)
    assert.equal(again?.properties.headers?.weir_attempts, 2 + handOuts)
  })

  test('what nobody can read is shown, not retried, and may be deleted', async (t) => {
    const o = await office(t)
    const { letters } = await o.desk()
    await o.putRaw(Buffer.from('{"no json'))
    await o.putRaw(Buffer.from('{"no json'))
    await o.put([
      letter(1, { type: 'ABOLISHED' }),
      letter(2, { type: 'ABOLISHED' }),
      letter(2, { type: 'ABOLISHED' }),
    ])
    assert.equal(await letters.retry({}), 0)
    await o.dead(5)
    const { items } = await letters.list({ limit: 10 })
    assert.deepEqual(
      items.map(({ message }) => message.type),
      ['unknown', 'ABOLISHED', 'ABOLISHED'],
    )
    const [broken] = items
    assert.equal(broken?.message.content, '{"no json')
    assert.match(broken.error ?? '', /JSON/)
    assert.equal(await letters.delete({ ids: [broken.message.id] }), 1)
    await o.dead(3)
  })

  test('Q2: a book that fails leaves every dead letter where it is', async (t) => {
    const o = await office(t)
    const failing = { record: () => Promise.reject(new WeirError('storage_failed', 'away')) }
    const { letters, retried, deleted } = await o.desk({ ledger: failing as unknown as Ledger })
    await o.put(range(3).map((n) => letter(n)))
    for (const fails of [() => letters.retry({}), () => letters.delete({})]) {
      await assert.rejects(fails(), { code: 'storage_failed' })
      // The queue hears of the end of a walk a moment after its caller.
      await o.dead(3)
    }
    assert.deepEqual([retried, deleted], [[], []])
    const healthy = await o.desk()
    assert.deepEqual(
      (await healthy.letters.list({ limit: 9 })).items.map(({ message }) => message.id),
      range(3).map(idOf),
    )
  })

  test('several processes at once take turns: each letter is retried once', async (t) => {
    const o = await office(t)
    const patient = { lockWaitMs: 60_000 }
    const desks = await Promise.all([o.desk(patient), o.desk(patient), o.desk(patient)])
    await o.put(range(600).map((n) => letter(n)))
    const counts = await Promise.all(
      desks.flatMap(({ letters }) => [
        letters.retry({}),
        letters.list({ limit: 5 }).then(({ items }) => items.length * 0),
      ]),
    )
    assert.equal(
      counts.reduce((a, b) => a + b),
      600,
    )
    const [work] = o.topology.queuesOf('MNP')
    assert.deepEqual(idsIn(await o.drain(work?.name ?? '')), range(600).map(idOf))
  })

  test('one whose turn does not come in time is told so', async (t) => {
    const o = await office(t)
    const holder = await connect(shared().url)
    t.after(() => holder.close())
    const name = o.topology.names.deadLock
    await (await holder.createChannel()).assertQueue(name, { exclusive: true })
    const lock = new DeadLock({ name, clock: realClock, random: Math.random, waitMs: 200 })
    const connection = () => o.connection
    const asked = [0, 1].map(() => lock.hold(connection, async () => 'in'))
    for (const one of await Promise.allSettled(asked)) {
      assert.equal(one.status === 'rejected' && (one.reason as WeirError).code, 'overloaded')
    }
    await (await holder.createChannel()).deleteQueue(name)
    assert.equal(await lock.hold(connection, async () => 'in'), 'in')
  })

  test('while the broker has blocked the connection, they are refused at once and not kept waiting', async (t) => {
    const o = await office(t)
    const { letters, link } = await o.desk()
    await o.put(range(3).map((n) => letter(n)))
    await shared().raiseMemoryAlarm()
    try {
      const channel = await link.connection?.createChannel()
      // The alarm may reach the connection after the first publish; from then on nothing is answered on it.
      const refused = await eventually(
        () => {
          channel?.publish('', 'nowhere', Buffer.from('x'))
          return letters.list({ limit: 1 }).then(
            () => undefined,
            (error: unknown) => error,
          )
        },
        () => 'the broker to block the connection',
      )
      assert.equal((refused as WeirError).code, 'broker_blocked')
      for (const ask of [() => letters.retry({}), () => letters.delete({})]) {
        await assert.rejects(ask(), { code: 'broker_blocked' })
      }
    } finally {
      await shared().clearMemoryAlarm()
    }
    await eventually(
      () => (link.blocked === undefined ? true : undefined),
      () => 'the broker to take messages again',
    )
    assert.equal((await letters.list({ limit: 9 })).items.length, 3)
  })

  test('Q2: the broker is killed in the middle: each letter is among the dead, or in its work queue', async (t) => {
    const o = await office(t)
    const total = 3_000
    await o.put(range(total).map((n) => letter(n)))
    const first = Promise.withResolvers<void>()
    const desk = await o.desk({ retried: () => first.resolve() })
    const asked = desk.letters.retry({}).catch((error: unknown) => error)
    await first.promise
    await shared().stop('kill')
    const outcome = await asked
    await shared().restart()
    assert.ok(outcome instanceof WeirError || outcome === total, String(outcome))
    const connection = await connect(shared().url, { noDelay: true })
    t.after(() => connection.close())
    const channel = await connection.createChannel()
    const found = new Set<string>()
    const [work] = o.topology.queuesOf('MNP')
    for (const queue of [o.topology.names.dead, work?.name ?? '']) {
      for (let got = await channel.get(queue); got; got = await channel.get(queue)) {
        found.add(got.properties.messageId)
      }
    }
    assert.equal(found.size, total)
  })
})
