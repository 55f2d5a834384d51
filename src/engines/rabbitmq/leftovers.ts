/**
 * Queues that another setting of this QUEUE_NAME has made. They are still bound, or hold what nobody would look for any
 * more: with both topologies at once every message would be routed twice and done twice (Q7), and a shard beyond the
 * last one is read by nobody (Q2). So a process refuses to work beside them, and says what to do.
 *
 * Types that only some processes are configured with are no fault: their queues are never looked for here.
 */
import type { ChannelModel } from 'amqplib'
import type { MessageType } from '../../core/index.ts'
import { shardQueue, workQueue } from './names.ts'

export interface OwnSettings {
  readonly queueName: string
  readonly topology: 'per-type' | 'single'
  readonly types: readonly MessageType[]
  readonly orderingShards: number
}

/** A queue that must not be there, and the end of the sentence "the queue … ". */
interface Leftover {
  readonly name: string
  readonly belongs: string
}

/**
 * Shards have no gaps unless somebody deletes some of them, so the first ones beyond ours tell of the others, and so do
 * the last ones of usual numbers. All that a setting allows would be sixty questions per type at each connection.
 */
const NEXT_SHARDS = 4
const USUAL_LAST_SHARDS = [3, 7, 15, 31, 63]

/** Each is a channel of its own while it is asked for; brokers allow some two thousand on a connection. */
const AT_ONCE = 64

/** One sentence for people about the first that is there; undefined when there is none. Rejects as the broker fails. */
export async function findLeftover(
  connection: ChannelModel,
  options: OwnSettings,
): Promise<string | undefined> {
  const suspects = suspectsOf(options)
  for (let from = 0; from < suspects.length; from += AT_ONCE) {
    const some = suspects.slice(from, from + AT_ONCE)
    const there = await Promise.all(some.map(({ name }) => exists(connection, name)))
    const found = some.find((_, i) => there[i])
    if (found) return sentence(found)
  }
  return undefined
}

function sentence({ name, belongs }: Leftover): string {
  const back = 'set it back and let that queue drain, then delete it'
  return `the queue ${name} belongs to ${belongs}: ${back}, or choose another QUEUE_NAME`
}

function suspectsOf(options: OwnSettings): Leftover[] {
  const { topology, queueName, types, orderingShards } = options
  const other = topology === 'single' ? 'per-type' : 'single'
  const stems = { single: [queueName], 'per-type': types.map((type) => workQueue(queueName, type)) }
  const ofOther = stems[other].flatMap((stem): Leftover[] => {
    const belongs = `QUEUE_TOPOLOGY=${other} and not to ${topology}`
    return [stem, shardQueue(stem, 0)].map((name) => ({ name, belongs }))
  })
  const beyond = stems[topology].flatMap((stem) =>
    shardsBeyond(orderingShards).map((shard): Leftover => {
      const belongs = `ORDERING_SHARDS=${shard + 1} or more and not to ${orderingShards}`
      return { name: shardQueue(stem, shard), belongs }
    }),
  )
  return [...ofOther, ...beyond]
}

function shardsBeyond(shards: number): number[] {
  const next = Array.from({ length: NEXT_SHARDS }, (_, i) => shards + i)
  return [...new Set([...next, ...USUAL_LAST_SHARDS.filter((last) => last >= shards)])]
}

/** On a channel that is thrown away, because "there is none" ends it. */
async function exists(connection: ChannelModel, queue: string): Promise<boolean> {
  const channel = await connection.createChannel()
  channel.on('error', () => {})
  try {
    await channel.checkQueue(queue)
  } catch (error) {
    // With the same code the broker says that a queue is there and cannot be reached just now.
    if ((error as { code?: unknown }).code === 404) return !/no queue/.test((error as Error).message)
    throw error
  }
  await channel.close()
  return true
}
