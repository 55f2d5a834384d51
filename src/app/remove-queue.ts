/** Takes a queue off a broker that was there only for a while. */
import type { MessageType } from '../core/index.ts'
import { SETTINGS } from './settings-table.ts'

/** Of a queue made with the default number of ordering shards. Rejects with the broker's error. */
export async function removeBrokerQueue(
  url: string,
  queueName: string,
  types: readonly MessageType[],
): Promise<void> {
  // Only here, so that whoever never removes one does not load the client.
  const { removeQueue } = await import('../engines/rabbitmq/index.ts')
  await removeQueue({ url, queueName, types, orderingShards: SETTINGS.orderingShards.default })
}
