/** What the children of the benches publish and how they take it: messages of a realistic size, nothing that fails. */
import { idMaker, realClock } from '../../src/app/real.ts'
import type { NewMessage } from '../../src/core/index.ts'

export const TYPE = 'MNP'
const newId = idMaker(realClock)
/** Some 300 bytes stored: the size of the BSS messages in the README's examples. */
const CONTENT =
  'Port 010-1234-5678 from carrier A to carrier B for customer C-100200, requested in the shop at noon'
const ATTRIBUTES = { phone: '010-1234-5678', customer: 'C-100200', from: 'A', to: 'B' }

export function newMessages(count: number, type = TYPE): NewMessage[] {
  const createdAt = realClock.now()
  return Array.from({ length: count }, () => ({
    id: newId(),
    type,
    content: CONTENT,
    attributes: ATTRIBUTES,
    createdAt,
    priority: 4,
  }))
}

/** The engine's default lease and retry settings; nothing fails here, so they only have to be long enough. */
export const takeRequest = (max: number, type = TYPE) => ({
  type,
  max,
  leaseMs: 300_000,
  maxRetries: 3,
  retryDelayMs: 5_000,
})
