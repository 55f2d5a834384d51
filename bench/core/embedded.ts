/** What the children of these benches share: the engine as users get it, and messages of a realistic size. */
import { idMaker, realClock, realRandom } from '../../src/app/real.ts'
import { type NewMessage, silentLogger } from '../../src/core/index.ts'
import { EmbeddedEngine } from '../../src/engines/embedded/index.ts'

export function embedded(dataDir: string, host: 'worker' | 'inline'): EmbeddedEngine {
  return new EmbeddedEngine({
    dataDir,
    clock: realClock,
    logger: silentLogger,
    random: realRandom,
    retentionMs: 24 * 3600 * 1000,
    diskReserveBytes: 64 * 1024 * 1024,
    host,
  })
}

export const TYPE = 'MNP'
const newId = idMaker(realClock)
/** Some 300 bytes stored: the size of the BSS messages in the README's examples. */
const CONTENT =
  'Port 010-1234-5678 from carrier A to carrier B for customer C-100200, requested in the shop at noon'
const ATTRIBUTES = { phone: '010-1234-5678', customer: 'C-100200', from: 'A', to: 'B' }

export function newMessages(count: number): NewMessage[] {
  const createdAt = realClock.now()
  return Array.from({ length: count }, () => ({
    id: newId(),
    type: TYPE,
    content: CONTENT,
    attributes: ATTRIBUTES,
    createdAt,
    priority: 4,
  }))
}

/** The engine's default lease and retry settings; nothing fails here, so they only have to be long enough. */
export const takeRequest = (max: number) => ({
  type: TYPE,
  max,
  leaseMs: 300_000,
  maxRetries: 3,
  retryDelayMs: 5_000,
})
