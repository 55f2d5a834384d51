/**
 * Child: the real gateway on a free port, over the embedded engine or over an engine that stores nothing.
 * Everything between the socket and `publish` is the same code in both, so their difference is what
 * durability costs.
 */
import { idMaker, realClock, realRandom } from '../../src/app/real.ts'
import { Consumer } from '../../src/consumer/index.ts'
import { silentLogger, type TypeSettings } from '../../src/core/index.ts'
import { createGateway, type GatewayDeps } from '../../src/gateway/index.ts'
import { FlowMeter, type QueueEngine } from '../../src/queue/index.ts'
import { embedded, TYPE } from '../core/embedded.ts'
import { answer, childConfig } from '../harness/child.ts'
import { StoresNothing } from './stores-nothing.ts'

interface Config {
  readonly engine: 'embedded' | 'nothing'
  readonly dataDir: string
  /** A consumer with a no-op processor in the same process, as in `weir up`. */
  readonly consume: boolean
  /** Listening sockets of its port, unless as many as users get. */
  readonly listeners?: number
}

const config = childConfig<Config>()
const engine: QueueEngine =
  config.engine === 'embedded' ? embedded(config.dataDir, 'worker') : new StoresNothing()
const settings: TypeSettings = {
  name: TYPE,
  aliases: [],
  handler: { kind: 'builtin', name: 'noop' },
  ratePerSecond: 0,
  concurrency: 100,
  timeoutMs: 300_000,
  maxRetries: 3,
  retryDelayMs: 5_000,
  maxBacklogSeconds: 0,
}
const flow = new FlowMeter(engine, realClock)
const done = { kind: 'done' } as const
const consumer = new Consumer({
  engine,
  types: [{ settings, backend: 'none', processor: { name: 'noop', process: async () => done } }],
  prefetchCount: 10,
  clock: realClock,
  random: realRandom,
  logger: silentLogger,
})
const unswitched = async () => ({ previous: false, current: false })
const deps: GatewayDeps = {
  engine,
  flow,
  types: { all: () => [settings], change: () => settings },
  fleet: { members: () => [], hears: () => true },
  advice: {},
  effects: 'queue',
  unrouted: () => undefined,
  scaling: () => undefined,
  lastProcessedAt: () => undefined,
  monitoring: { enabled: false, set: unswitched, toggle: unswitched },
  metrics: async () => ({ contentType: 'text/plain', body: '' }),
  readiness: () => ({ ready: true }),
  config: () => ({}),
  page: () => '',
  emit: () => {},
  clock: realClock,
  random: realRandom,
  logger: silentLogger,
  newId: idMaker(realClock),
  queueName: 'bench',
  defaultLanguage: 'en',
  version: '0',
  startedAt: realClock.now(),
}

await engine.start()
flow.start()
const { listeners } = config
const gateway = await createGateway(deps, {
  port: 0,
  docs: false,
  ...(listeners !== undefined && { listeners }),
})
const { port } = await gateway.start()
if (config.consume) consumer.start()
answer({ port })
process.once('SIGTERM', async () => {
  await gateway.stop()
  if (config.consume) await consumer.stop()
  flow.stop()
  await engine.stop()
  process.exit(0)
})
