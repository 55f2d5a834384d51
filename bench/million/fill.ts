/** Child: fills a data directory with waiting messages and closes it. */
import { embedded, newMessages } from '../core/embedded.ts'
import { answer, childConfig } from '../harness/child.ts'

const { dataDir, messages } = childConfig<{ dataDir: string; messages: number }>()
const CHUNK = 1_000
const UNDER_WAY = 4
const engine = embedded(dataDir, 'worker')
await engine.start()
const began = performance.now()
let made = 0
async function publishing(): Promise<void> {
  while (made < messages) {
    made += CHUNK
    await engine.publish(newMessages(CHUNK))
  }
}
await Promise.all(Array.from({ length: UNDER_WAY }, publishing))
const seconds = (performance.now() - began) / 1000
await engine.stop()
answer({ perSecond: made / seconds })
