/** A book that cannot be told, while the broker works: what was done in the broker is done once. */
import assert from 'node:assert/strict'
import { suite, test } from 'node:test'
import { connect } from 'amqplib'
import { WeirError } from '../../../src/core/index.ts'
import { namesOf } from '../../../src/engines/rabbitmq/names.ts'
import type { Ledger, Move, Recorded } from '../../../src/queue/index.ts'
import { accepted, refuses, settleOne, takeOne } from '../../conformance/subject.ts'
import { brokerMissing, sharedBrokerUrl } from '../../fixtures/rabbitmq.ts'
import { engineOn, optionsFor, removeQueue } from './setting.ts'

/** Knows nothing and agrees to everything, unless it is away. */
class Book implements Ledger {
  away = false
  readonly moves: Move[] = []

  async record(moves: readonly Move[]): Promise<Recorded[]> {
    if (this.away) throw new WeirError('storage_failed', 'the book is away')
    this.moves.push(...moves)
    return moves.map(() => ({ kind: 'recorded', attempt: 1, failures: 0 }))
  }

  async reserve(reservations: readonly unknown[]) {
    return reservations.map(() => ({ kind: 'fresh' }) as const)
  }

  async start() {}
  async stop() {}
  async release() {}
  async find() {
    return undefined
  }
  health() {
    return { ok: true } as const
  }
  counts() {
    return new Map()
  }
  onCounts() {
    return () => {}
  }
}

suite('the RabbitMQ engine with a book that fails', { skip: brokerMissing() }, () => {
  const url = sharedBrokerUrl()

  test('a verdict that is tried again until the book hears it puts one copy into the broker', async (context) => {
    const book = new Book()
    const options = optionsFor(url(), { ledger: book })
    const engine = engineOn(options)
    context.after(async () => {
      await engine.stop()
      await removeQueue(options)
    })
    await engine.start()
    await accepted(engine)
    const delivery = await takeOne(engine)
    book.away = true
    for (let i = 0; i < 5; i++) {
      const verdict = { kind: 'dead', error: `try ${i}` } as const
      await refuses(engine.settle([{ lease: delivery.lease, verdict }]), 'storage_failed')
    }
    book.away = false
    assert.equal(await settleOne(engine, delivery, { kind: 'dead', error: 'the last' }), 'settled')
    const connection = await connect(options.url)
    context.after(() => connection.close())
    const channel = await connection.createChannel()
    const found = await channel.get(namesOf(options.queueName).dead, { noAck: true })
    assert.ok(found)
    assert.equal(found.properties.headers?.weir_error, 'try 0', 'the first verdict is the verdict')
    assert.equal(await channel.get(namesOf(options.queueName).dead, { noAck: true }), false)
    const told = book.moves.find(({ kind }) => kind === 'moved')
    assert.equal(told?.kind === 'moved' && told.error, 'try 0')
  })
})
