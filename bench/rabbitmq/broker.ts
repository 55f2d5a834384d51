/**
 * The broker that the benches of the RabbitMQ engine run on: one private node on the disk that is measured,
 * ended by its process id, and queues that are as the engine declares them.
 */
import { setTimeout as sleep } from 'node:timers/promises'
import { connect } from 'amqplib'
import { Topology } from '../../src/engines/rabbitmq/topology.ts'
import { findInstallation, makeSite, RabbitNode } from '../../test/fixtures/rabbitmq-node.ts'
import { newMessages } from '../core/messages.ts'
import type { BenchContext, BenchResult, Skip } from '../harness/figures.ts'
import { engineOn, type Shape } from './shape.ts'

/** Messages handed to the engine in one call while a queue is filled. */
const FILL_BATCH = 1_000
const COUNT_LIMIT_MS = 10_000

export interface Broker {
  readonly url: string
  /** "RabbitMQ 3.10.8". */
  readonly version: string
  /** Of the Erlang machine. */
  readonly pid: number
}

/** Runs the work on a node of its own; without an installed RabbitMQ the whole bench is skipped. */
export async function withBroker(
  { newDir, say }: BenchContext,
  what: string,
  work: (broker: Broker) => Promise<BenchResult>,
): Promise<BenchResult> {
  const found = findInstallation()
  if (typeof found === 'string') return { figures: [], skipped: [skipped(what, found)] }
  const dir = newDir('broker')
  const site = await makeSite(found, dir)
  let node: RabbitNode | undefined
  try {
    node = await RabbitNode.make(site, 'bench', `${dir}/node`, [])
    await node.start()
    const { url, pid } = node
    const version = await versionOf(url)
    say(`${version}, one private node`)
    return await work({ url, version, pid })
  } finally {
    await node?.dispose()
    await site.epmd.end('SIGKILL')
  }
}

const skipped = (what: string, reason: string): Skip => ({ what, reason })

/** The engine's own queues of this shape, for as long as the work runs. */
export async function withQueues<T>(shape: Shape, work: () => Promise<T>): Promise<T> {
  const engine = engineOn(shape)
  await engine.start()
  await engine.stop()
  try {
    return await work()
  } finally {
    await remove(shape)
  }
}

/** So many messages of each type, confirmed, in the queues of this shape. */
export async function fill(shape: Shape, each: number): Promise<void> {
  const engine = engineOn(shape)
  await engine.start()
  try {
    for (let made = 0; made < each; made += FILL_BATCH) {
      const count = Math.min(FILL_BATCH, each - made)
      await Promise.all(shape.types.map((type) => engine.publish(newMessages(count, type))))
    }
  } finally {
    await engine.stop()
  }
}

/**
 * Rejects unless the work queues hold exactly so many messages: a run must have lost none and left none. The broker
 * works acknowledgements off in its own time, so it is asked again for a while.
 */
export async function holds(shape: Shape, wanted: number): Promise<void> {
  const connection = await connect(shape.url)
  try {
    const channel = await connection.createChannel()
    const { workQueues } = new Topology(shape)
    const count = async (): Promise<number> => {
      const looks = workQueues.map(({ name }) => channel.checkQueue(name))
      return (await Promise.all(looks)).reduce((sum, { messageCount }) => sum + messageCount, 0)
    }
    const until = performance.now() + COUNT_LIMIT_MS
    for (;;) {
      const found = await count()
      if (found === wanted) return
      if (performance.now() > until) {
        throw new Error(`${found} messages are in ${shape.queueName}, it should be ${wanted}`)
      }
      await sleep(50)
    }
  } finally {
    await connection.close()
  }
}

/** Which properties, headers and fields the first message has, to prove that two sides send the same. */
export async function anatomy({ url, queueName, types }: Shape): Promise<string> {
  const connection = await connect(url)
  try {
    const channel = await connection.createChannel()
    const message = await channel.get(`${queueName}.${types[0]}`, { noAck: true })
    if (message === false) throw new Error(`${queueName} is empty`)
    const { headers = {}, ...properties } = message.properties
    const set = Object.entries(properties).filter(([, value]) => value !== undefined)
    const names = [
      set.map(([name]) => name),
      Object.keys(headers),
      Object.keys(JSON.parse(`${message.content}`)),
    ]
    return `${names.map((some) => some.sort().join(' ')).join('; ')}; ${message.content.length} bytes`
  } finally {
    await connection.close()
  }
}

async function remove(shape: Shape): Promise<void> {
  const connection = await connect(shape.url)
  try {
    const channel = await connection.createChannel()
    const { workQueues, names } = new Topology(shape)
    for (const name of [...workQueues.map((queue) => queue.name), names.dead, names.unrouted, names.switch]) {
      await channel.deleteQueue(name)
    }
    const { exchange, unrouted, dead, delay, due, control } = names
    for (const name of [exchange, unrouted, dead, delay, due, control]) await channel.deleteExchange(name)
  } finally {
    await connection.close()
  }
}

async function versionOf(url: string): Promise<string> {
  const connection = await connect(url)
  const { product, version } = connection.connection.serverProperties
  await connection.close()
  return `${product} ${version}`
}
