/** Takes a whole logical queue off the broker: for what made it for a while, as a validation does. */
import { type Channel, type ChannelModel, connect } from 'amqplib'
import type { MessageType } from '../../core/index.ts'
import { namesOf } from './names.ts'
import { Topology } from './topology.ts'

export interface Removal {
  /** As `LinkOptions.url`; of several the first that answers. */
  readonly url: string
  readonly queueName: string
  readonly types: readonly MessageType[]
  readonly orderingShards: number
}

/**
 * Everything of that name goes, whatever is in it and whichever topology it has; what is not there is no fault. No
 * process may be at work on it. Queues of delayed messages go by themselves when nobody has used them for a while.
 * Rejects with the error of the broker, or of the connection.
 */
export async function removeQueue({ url, queueName, types, orderingShards }: Removal): Promise<void> {
  const connection = await anyOf(url.split(','))
  try {
    await removeFrom(await connection.createChannel(), queueName, types, orderingShards)
  } finally {
    await connection.close()
  }
}

async function removeFrom(
  channel: Channel,
  queueName: string,
  types: readonly MessageType[],
  orderingShards: number,
): Promise<void> {
  const { exchange, unrouted, dead, delay, due, control, switch: stream } = namesOf(queueName)
  const work = (['per-type', 'single'] as const).flatMap((topology) =>
    new Topology({ queueName, topology, queueType: 'auto', types, orderingShards }).workQueues.map(
      ({ name }) => name,
    ),
  )
  for (const queue of [...work, unrouted, dead, stream]) await channel.deleteQueue(queue)
  for (const one of [exchange, unrouted, dead, delay, due, control]) await channel.deleteExchange(one)
}

async function anyOf(urls: readonly string[]): Promise<ChannelModel> {
  let fault: unknown
  for (const url of urls) {
    try {
      return await connect(url.trim())
    } catch (error) {
      fault ??= error
    }
  }
  throw fault
}
