/** What the children of these benches share: the engine as users get it, and messages of a realistic size. */
import { realClock, realRandom } from '../../src/app/real.ts'
import { silentLogger } from '../../src/core/index.ts'
import { EmbeddedEngine } from '../../src/engines/embedded/index.ts'

export { newMessages, TYPE, takeRequest } from './messages.ts'

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
