/**
 * Somebody else puts things into the exchange: types that nobody knows, garbage, messages without an id, and good ones.
 * The good ones are worked on; everything else lands where it is seen, byte for byte, and nothing is dropped.
 */
import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { connect, type GetMessage, type Options } from 'amqplib'
import { namesOf } from '../../../src/engines/rabbitmq/names.ts'
import { eventually } from '../../fixtures/process.ts'
import { sharedBroker } from '../../fixtures/rabbitmq.ts'
import { seededRandom } from '../../fixtures/seed.ts'
import { Scenario, scenariosMissing, sharedRedis } from './scenario.ts'

interface Foreign {
  readonly route: string
  readonly body: Buffer
  readonly properties?: Options.Publish
  readonly lands: 'done' | 'unrouted' | 'dead'
}

const json = (value: unknown) => Buffer.from(JSON.stringify(value))
const good = (ref: string) => ({ id: ref, type: 'MNP', content: ref, attributes: { lineId: ref } })

function foreign(random: () => number): Foreign[] {
  const noise = () => Buffer.from(Array.from({ length: 200 }, () => random() * 256))
  return [
    { route: 'ALIEN', body: json({ ...good('a1'), type: 'ALIEN' }), lands: 'unrouted' },
    { route: 'no such route', body: noise(), lands: 'unrouted' },
    { route: '', body: Buffer.alloc(0), lands: 'unrouted' },
    { route: 'MNP', body: json({ ...good('a2'), type: 'ALIEN' }), lands: 'unrouted' },
    { route: 'MNP', body: json({ ...good('a3'), type: '번호이동.*.#' }), lands: 'unrouted' },
    { route: 'CHANGE', body: noise(), lands: 'dead' },
    { route: 'MNP', body: Buffer.from('{"id":"half'), lands: 'dead' },
    { route: 'MNP', body: json(['id', 'type']), lands: 'dead' },
    { route: 'MNP', body: json({ type: 'MNP', content: 'nameless' }), lands: 'dead' },
    { route: 'MNP', body: json({ ...good('x'.repeat(300)) }), lands: 'dead' },
    { route: 'MNP', body: json(good('g1')), lands: 'done' },
    {
      route: 'TERMINATION',
      body: json({ content: 'g2', attributes: { lineId: 'g2' } }),
      properties: { messageId: 'g2' },
      lands: 'done',
    },
    // Of a type that is known, on the way of another one.
    { route: 'CHANGE', body: json(good('g3')), lands: 'done' },
  ]
}

describe('what others put in', { skip: scenariosMissing() }, () => {
  const broker = sharedBroker()
  const redis = sharedRedis()

  for (const topology of ['per-type', 'single'] as const) {
    test(`Q2: each lands where it is seen, ${topology}`, async (t) => {
      const engine = { topology }
      const scenario = new Scenario(t, { broker: broker(), redisUrl: redis().url, ledger: true, engine })
      const names = namesOf(scenario.queueName)
      // Nobody is meant to be late: what times out is handed out again.
      const work = { concurrency: 5, speed: 0.01, timeoutMs: 60_000 }
      const worker = await scenario.start('worker', { work })
      const all = foreign(seededRandom())
      const of = (lands: Foreign['lands']) => all.filter((one) => one.lands === lands)
      await putIn(broker().url, names.exchange, all)
      await worker.until('all that is good', ({ tally }) => tally.applied >= of('done').length)
      await worker.until('counted', ({ unrouted }) => unrouted === of('unrouted').length)
      await eventually(
        () => (/messages of types that nobody here knows/.test(worker.output) ? true : undefined),
        () => `a word of them: ${worker.output}`,
      )
      assert.equal(worker.last.health, 'ok')
      await scenario.finish()

      const bodies = (found: readonly { readonly content: Buffer }[]) =>
        found.map(({ content }) => content.toString('base64')).sort()
      const expected = (lands: Foreign['lands']) => bodies(of(lands).map(({ body }) => ({ content: body })))
      assert.deepEqual(bodies(await keptIn(broker().url, names.unrouted)), expected('unrouted'))
      const dead = await keptIn(broker().url, names.dead)
      assert.deepEqual(bodies(dead), expected('dead'))
      for (const { properties } of dead) {
        const { weir_error: error, weir_died_at: diedAt } = properties.headers ?? {}
        assert.match(String(error), /not a JSON object|no id|longer than/)
        assert.equal(typeof diedAt, 'number')
      }
      const handed = scenario.lines().flatMap((line) => (line.kind === 'handed' ? [line.ref] : []))
      assert.deepEqual(handed.sort(), ['g1', 'g2', 'g3'])
    })
  }
})

async function putIn(url: string, exchange: string, all: readonly Foreign[]): Promise<void> {
  const connection = await connect(url)
  try {
    const channel = await connection.createConfirmChannel()
    for (const { route, body, properties } of all) channel.publish(exchange, route, body, properties)
    await channel.waitForConfirms()
  } finally {
    await connection.close()
  }
}

/** All messages of a queue, which keeps them. */
async function keptIn(url: string, queue: string): Promise<GetMessage[]> {
  const connection = await connect(url)
  try {
    const channel = await connection.createChannel()
    const found: GetMessage[] = []
    for (;;) {
      const raw = await channel.get(queue, { noAck: false })
      if (raw === false) return found
      found.push(raw)
    }
  } finally {
    await connection.close()
  }
}
