/** The switch on three real nodes: heard at each of them, when one dies, and at one that has no replica of it. */
import assert from 'node:assert/strict'
import { describe, type TestContext, test } from 'node:test'
import { connect } from 'amqplib'
import { type SwitchState, silentLogger } from '../../../src/core/index.ts'
import { Link } from '../../../src/engines/rabbitmq/link.ts'
import { namesOf } from '../../../src/engines/rabbitmq/names.ts'
import { Outbox } from '../../../src/engines/rabbitmq/outbox.ts'
import { SwitchStream } from '../../../src/engines/rabbitmq/switch.ts'
import { eventually } from '../../fixtures/process.ts'
import { privateBrokerMissing, shared } from '../../fixtures/rabbitmq.ts'
import { startCluster } from '../../fixtures/rabbitmq-cluster.ts'
import { newQueueName, realClock, recordingLogger } from './setting.ts'

const ON: SwitchState = { enabled: true, environment: true }
const OFF: SwitchState = { enabled: false, environment: true }
/** Of nodes that were killed and elect anew. */
const LIMIT_MS = 60_000

describe('the monitoring switch on a cluster', { skip: privateBrokerMissing() }, () => {
  const cluster = shared(({ cleanup }) => startCluster(3, { cleanup }))
  let ids = 0

  /** One that tries the nodes in this order. */
  async function at(t: TestContext, queueName: string, ...nodes: readonly number[]) {
    const { logger, lines } = recordingLogger()
    const url = nodes.map((node) => cluster().urls[node]).join(',')
    const linked = { url, clock: realClock, random: () => 0 }
    const link = new Link({ ...linked, name: 'switch', logger })
    const publishing = new Link({ ...linked, name: 'publish', logger: silentLogger })
    t.after(() => Promise.all([link.stop(), publishing.stop()]))
    const made = new SwitchStream({
      link,
      outbox: new Outbox(publishing, realClock, 5_000),
      names: namesOf(queueName),
      clock: realClock,
      logger,
      newId: () => `choice-${ids++}`,
    })
    let last: SwitchState | undefined
    made.follow((state) => {
      last = state
    })
    await Promise.all([link.start(), publishing.start()])
    const hears = (wanted: SwitchState) =>
      eventually(
        () => (last?.enabled === wanted.enabled ? true : undefined),
        () => `${JSON.stringify(wanted)} at ${url}, heard ${JSON.stringify(last)}: ${JSON.stringify(lines)}`,
        LIMIT_MS,
      )
    /** Until a node takes it: between two leaders it is refused. */
    const chooses = (state: SwitchState) =>
      eventually(
        () =>
          made.save(state).then(
            () => true as const,
            () => undefined,
          ),
        () => `to choose at ${url}: ${JSON.stringify(lines)}`,
        LIMIT_MS,
      )
    return { made, lines, hears, chooses }
  }

  /** Until the node says so: what takes the replica away does not wait for it. */
  const hasNoReplica = (node: number, stream: string) => {
    let told = ''
    return eventually(
      async () => {
        const connection = await connect(cluster().urls[node] ?? '').catch(() => undefined)
        connection?.on('error', () => {})
        try {
          const channel = await connection?.createChannel()
          channel?.on('error', () => {})
          await channel?.prefetch(1)
          await channel?.consume(stream, () => {}, { arguments: { 'x-stream-offset': 'last' } })
          told = 'it can be heard there'
        } catch (error) {
          told = (error as Error).message
        } finally {
          await connection?.close().catch(() => {})
        }
        return /replica/.test(told) || undefined
      },
      () => `node ${node} without a replica: ${told}`,
      LIMIT_MS,
    )
  }

  test('chosen at any node, it is heard at all of them; also after the death of one', async (t) => {
    const queueName = newQueueName()
    const all = await Promise.all([
      at(t, queueName, 0, 1, 2),
      at(t, queueName, 1, 2, 0),
      at(t, queueName, 2, 0, 1),
    ])
    for (const [node, one] of all.entries()) {
      const choice = node % 2 ? ON : OFF
      await one.chooses(choice)
      for (const other of all) await other.hears(choice)
    }
    // Each of them in turn, so that the leader of the stream is among them.
    for (const [node, broker] of cluster().brokers.entries()) {
      await broker.stop('kill')
      const choice = node % 2 ? OFF : ON
      await all[(node + 1) % 3]?.chooses(choice)
      for (const one of all) await one.hears(choice)
      await broker.restart()
    }
    const later = await at(t, queueName, 1)
    await later.hears(ON)
  })

  test('a node without a replica, as one that joined later: it is heard at another one', async (t) => {
    const queueName = newQueueName()
    const stream = namesOf(queueName).switch
    const first = await at(t, queueName, 0, 1)
    await first.chooses(OFF)
    // One that was only away for a while gets its replica as soon as it is back, sooner or later.
    const [node0, , node2] = cluster().brokers
    const name = (await node2?.ctl('eval', 'node().'))?.trim() ?? ''
    const taken = await node0?.ctl(
      'eval',
      `rabbit_stream_queue:delete_replica(<<"/">>, <<"${stream}">>, ${name}).`,
    )
    assert.match(taken ?? '', /ok/)
    await hasNoReplica(2, stream)
    const here = await at(t, queueName, 2, 0)
    await here.hears(OFF)
    assert.match(JSON.stringify(here.lines), /replica/, 'the first node had one after all')
    await here.chooses(ON)
    await first.hears(ON)
    await here.hears(ON)
  })
})
