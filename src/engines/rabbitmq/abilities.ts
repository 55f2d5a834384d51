/** What this engine can do, which depends on the kind of its queues and on whether there is a ledger. */
import type { Abilities, Ledger } from '../../queue/index.ts'

interface Shape {
  readonly queueType: 'auto' | 'quorum' | 'classic'
  readonly orderingShards: number
  readonly ledger?: Ledger
}

export function abilitiesOf({ queueType, orderingShards, ledger }: Shape): Abilities {
  const booked = ledger !== undefined
  return {
    priority: queueType === 'classic',
    orderingKey: orderingShards > 0,
    delay: true,
    idempotency: booked,
    browse: booked,
    position: booked,
    uniqueIds: false,
    exactCounts: booked,
  }
}
