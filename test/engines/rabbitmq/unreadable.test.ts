/** What cannot be read is in the book too: counted, found, deleted; and no other message of its id is touched. */
import assert from 'node:assert/strict'
import { suite, test } from 'node:test'
import { connect } from 'amqplib'
import { NO_COUNTS, unaccounted } from '../../../src/queue/index.ts'
import { accepted, request } from '../../conformance/subject.ts'
import { eventually } from '../../fixtures/process.ts'
import { brokerMissing, shared, sharedBrokerUrl } from '../../fixtures/rabbitmq.ts'
import { noRedis, startRedis } from '../../fixtures/redis.ts'
import { engineOn, newLedger, optionsFor, removeQueue } from './setting.ts'

suite('unreadable messages and the ledger', { skip: brokerMissing() || noRedis() }, () => {
  const url = sharedBrokerUrl()
  const redis = shared(({ cleanup }) =>
    startRedis({
      cleanup: (run) =>
        cleanup(async () => {
          await run()
        }),
    }),
  )

  test('Q2: counted as dead of the type they were sent as, and gone from the counts when deleted', async (context) => {
    const options = optionsFor(url(), { topology: 'single' })
    const engine = engineOn({ ...options, ledger: newLedger(redis().url, options) })
    context.after(async () => {
      await engine.stop()
      await removeQueue(options)
    })
    await engine.start()
    const good = await accepted(engine)
    const connection = await connect(options.url)
    context.after(() => connection.close())
    const channel = await connection.createConfirmChannel()
    for (const messageId of ['broken', good]) {
      channel.publish(options.queueName, 'MNP', Buffer.from('no JSON'), { messageId, persistent: true })
    }
    await channel.waitForConfirms()
    const counts = () => engine.counts().get('MNP') ?? NO_COUNTS
    const [delivery] = await engine.take(request({ max: 1 }))
    assert.equal(delivery?.lease.id, good)
    const letters = async () => (await engine.deadLetters({ limit: 10 })).items
    await eventually(
      async () => ((await letters()).length === 2 ? true : undefined),
      () => 'two dead letters',
    )
    await eventually(
      () => (counts().dead === 2 ? true : undefined),
      () => JSON.stringify(counts()),
    )
    assert.equal((await engine.find('broken'))?.state, 'dead')
    assert.equal((await engine.find(good))?.state, 'in_flight', 'the readable one of that id is as it was')
    assert.deepEqual(
      (await letters()).map(({ message }) => message.type),
      ['MNP', 'MNP'],
    )
    assert.equal(await engine.deleteDeadLetters({ ids: ['broken'] }), 1)
    assert.deepEqual([counts().dead, counts().deleted, unaccounted(counts())], [1, 1, 0])
    assert.equal(await engine.deleteDeadLetters({ ids: [good] }), 0)
    assert.equal(await engine.deleteDeadLetters({}), 1)
    assert.deepEqual([counts().dead, counts().inFlight, unaccounted(counts())], [0, 1, 0])
    assert.deepEqual([...engine.counts().keys()], ['MNP'], 'no row of an unknown type')
  })
})
