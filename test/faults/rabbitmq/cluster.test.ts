/**
 * Three nodes: the leader of the quorum queues is killed under load and joins again, then the node that clients are
 * connected to is cut off from the two others. The majority goes on, clients find it by themselves, and what was
 * confirmed comes out, once.
 */
import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { eventually } from '../../fixtures/process.ts'
import { type Broker, shared } from '../../fixtures/rabbitmq.ts'
import { startCluster } from '../../fixtures/rabbitmq-cluster.ts'
import { silences } from './gaps.ts'
import { Scenario, scenariosMissing, sharedRedis } from './scenario.ts'

describe('a cluster of three', { skip: scenariosMissing() }, () => {
  const cluster = shared((options) => startCluster(3, options))
  const redis = sharedRedis()

  function nodes(): readonly [Broker, Broker, Broker] {
    const [first, second, third] = cluster().brokers
    assert.ok(first && second && third)
    return [first, second, third]
  }
  /** Tried in this order. */
  const from = (...brokers: readonly Broker[]) => brokers.map(({ url }) => url).join(',')

  test('Q1, Q2, Q7: the leader of the queues is killed under load: the others go on, and it joins again', async (t) => {
    const [first, second, third] = nodes()
    const scenario = new Scenario(t, { broker: second, redisUrl: redis().url, ledger: true })
    // Leaders are where the queues were declared, so it is the sender's node that has them.
    const sender = await scenario.start('sender', {
      load: { clients: 5, pauseMs: 100 },
      url: from(first, second, third),
    })
    const elsewhere = await scenario.start('elsewhere', {
      load: { clients: 5, pauseMs: 100 },
      url: from(second, third, first),
    })
    const worker = await scenario.start('worker', {
      work: { concurrency: 10, speed: 0.01 },
      url: from(third, second, first),
    })
    sender.tell('publish')
    elsewhere.tell('publish')
    await Promise.all([sender.more('acknowledged', 200), worker.more('applied', 200)])
    const queue = `${scenario.queueName}.MNP`
    await leads(second, queue, 'weir1')
    await first.stop('kill')
    const killedAt = Date.now()
    // Everybody, also who was connected to the node that died, and before it is back.
    await Promise.all([
      ...[sender, elsewhere].map((process) => process.more('acknowledged', 100)),
      worker.more('applied', 100),
    ])
    assert.notEqual(await leaderOf(second, queue), 'weir1')
    scenario.measured({ case: 'leader killed', ...silences(scenario.lines(), killedAt) })
    await first.restart()
    await Promise.all([sender.more('acknowledged', 50), worker.more('applied', 50)])
    await scenario.finish()
    const { handOuts, messages } = await scenario.judge()
    scenario.measured({ case: 'leader killed', duplicates: handOuts - messages, messages })
  })

  test('Q1, Q2, Q7: the node of the clients and the leaders is cut off, and healed', async (t) => {
    const [first, second, third] = nodes()
    const scenario = new Scenario(t, { broker: first, redisUrl: redis().url, ledger: true })
    const url = from(third, first, second)
    const sender = await scenario.start('sender', { load: { clients: 5, pauseMs: 100 }, url })
    const worker = await scenario.start('worker', { work: { concurrency: 10, speed: 0.01 }, url })
    sender.tell('publish')
    await Promise.all([sender.more('acknowledged', 200), worker.more('applied', 200)])
    const queue = `${scenario.queueName}.MNP`
    await leads(first, queue, 'weir3')
    await cluster().partition(third)
    const cutAt = Date.now()
    await Promise.all([sender.more('acknowledged', 100), worker.more('applied', 100)])
    assert.notEqual(await leaderOf(first, queue), 'weir3')
    scenario.measured({ case: 'node cut off', ...silences(scenario.lines(), cutAt - 1_000) })
    await cluster().heal()
    await Promise.all([sender.more('acknowledged', 50), worker.more('applied', 50)])
    await scenario.finish()
    const { handOuts, messages } = await scenario.judge()
    scenario.measured({ case: 'node cut off', duplicates: handOuts - messages, messages })
  })
})

const members = (queue: string) =>
  `{ok, Q} = rabbit_amqqueue:lookup(rabbit_misc:r(<<"/">>, queue, <<"${queue}">>)), \
    {ok, Members, {_, Node} = Leader} = ra:members(amqqueue:get_pid(Q))`

/** The short name of the node that leads a quorum queue, as soon as one does. */
function leaderOf(broker: Broker, queue: string): Promise<string> {
  const ask = async () => /weir\d/.exec(await broker.ctl('eval', `${members(queue)}, Node.`))?.[0]
  return eventually(
    () => ask().catch(() => undefined),
    () => `a leader of ${queue}`,
  )
}

/** Where a queue was declared it is led from, unless a node stood still: then the others have elected another one. */
async function leads(broker: Broker, queue: string, node: string): Promise<void> {
  const transfer = `[ra:transfer_leadership(Leader, M) || {_, '${node}@localhost'} = M <- Members].`
  await eventually(
    async () => {
      if ((await leaderOf(broker, queue)) === node) return true
      await broker.ctl('eval', `${members(queue)}, ${transfer}`).catch(() => {})
      return undefined
    },
    () => `${node} to lead ${queue}`,
  )
}
