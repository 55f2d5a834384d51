/** How an ability that the engine does not have is refused. */
import type { Abilities } from '../queue/index.ts'

const DOES: Record<keyof Abilities, string> = {
  priority: 'priorities',
  orderingKey: 'ordering keys',
  delay: 'delays',
  idempotency: 'idempotency keys',
  browse: 'looking up one message',
  position: 'positions in the queue',
  uniqueIds: 'refusing an id that was used before',
  exactCounts: 'exact counts',
}

/** The one sentence for an ability that the engine does not have, with what to set for it. */
export function missing(ability: keyof Abilities, advice: Partial<Record<keyof Abilities, string>>): string {
  const what = advice[ability]
  return `This queue, as it is set up, does not do ${DOES[ability]}${what === undefined ? '' : `; ${what}`}`
}
