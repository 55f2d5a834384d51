/** Child: messages that wait already, worked off by the real consumer with a handler that does nothing. */
import { realClock, realRandom } from '../../src/app/real.ts'
import { Consumer } from '../../src/consumer/index.ts'
import { silentLogger } from '../../src/core/index.ts'
import { answer, childConfig } from '../harness/child.ts'
import { embedded, newMessages, TYPE } from './embedded.ts'

interface Config {
  readonly dataDir: string
  readonly messages: number
  readonly concurrency: number
}

const { dataDir, messages, concurrency } = childConfig<Config>()
const engine = embedded(dataDir, 'worker')
await engine.start()
for (let made = 0; made < messages; made += 1000) await engine.publish(newMessages(1000))

const settings = {
  name: TYPE,
  ratePerSecond: 0,
  concurrency,
  timeoutMs: 300_000,
  maxRetries: 3,
  retryDelayMs: 5000,
}
const done = { kind: 'done' } as const
const consumer = new Consumer({
  engine,
  types: [{ settings, backend: 'none', processor: { name: 'noop', process: async () => done } }],
  prefetchCount: concurrency,
  clock: realClock,
  random: realRandom,
  logger: silentLogger,
})
const began = performance.now()
const finished = new Promise<void>((resolve) => {
  const look = (): void => {
    // Only what is durably settled counts.
    if ((engine.counts().get(TYPE)?.done ?? 0) >= messages) resolve()
    else setTimeout(look, 1)
  }
  look()
})
consumer.start()
await finished
const elapsed = (performance.now() - began) / 1000
await consumer.stop()
await engine.stop()
answer({ perSecond: messages / elapsed })
