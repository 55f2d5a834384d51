/** One process of a scenario: an engine with what it is told to do, publish or consume or both. See `settings.ts`. */
import { idMaker, realClock, realRandom } from '../../../src/app/real.ts'
import { SimulatedLegacyBackend } from '../../../src/bss/index.ts'
import type { Logger } from '../../../src/core/index.ts'
import { RabbitMqEngine } from '../../../src/engines/rabbitmq/index.ts'
import { RedisEffects, RedisLedger } from '../../../src/engines/redis/index.ts'
import { ProgressWatch } from '../../../src/monitoring/index.ts'
import { seededRandom } from '../../fixtures/seed.ts'
import { Journal } from './journal.ts'
import { consumerOf } from './processing.ts'
import { Publisher, TYPES } from './publisher.ts'
import { type Command, type ProcessSettings, RETENTION_MS, type Saying } from './settings.ts'

const SAY_EVERY_MS = 25
/** No word for as long is no chance any more: the process stood still. */
const LATE_MS = 100

const settings = JSON.parse(process.argv[2] ?? '') as ProcessSettings
const { name, url, redisUrl, queueName, load, work } = settings
const clock = realClock
const random = realRandom
const print = (level: string) => (fields: object, message: string) =>
  console.log(`${new Date().toISOString()} ${name} ${level}: ${message} ${JSON.stringify(fields)}`)
const logger: Logger = { debug() {}, info: print('info'), warn: print('warn'), error: print('error') }

const store = { url: redisUrl, queueName, clock, random, logger, retentionMs: RETENTION_MS }
const effects = new RedisEffects(store)
const engine = new RabbitMqEngine({
  url,
  queueName,
  topology: 'per-type',
  queueType: 'quorum',
  types: TYPES,
  orderingShards: 2,
  prefetch: 10,
  clock,
  random,
  logger,
  newId: idMaker(clock),
  host: 'test',
  pid: process.pid,
  ...(settings.ledger && { ledger: new RedisLedger(store) }),
  ...settings.engine,
})
const journal = new Journal(settings.journal, name)
const backend = new SimulatedLegacyBackend({ seed: 1, speed: work?.speed ?? 0, capacity: 1_000 }, clock)

const seen = { handed: 0, applied: 0 }
const consumer = work && consumerOf({ engine, effects, backend, journal, work, clock, random, logger, seen })
const publisher =
  load &&
  new Publisher({
    ...{ engine, journal, settings, load, random: seededRandom(settings.seed), newId: idMaker(clock) },
    now: () => clock.now(),
  })

const readiness = new ProgressWatch({
  ...{ engine, clock, logger, lanes: () => [] },
  accepting: () => engine.accepting(),
})

let before = ''
let saidAt = performance.now()
function say(): void {
  const lateMs = performance.now() - saidAt - SAY_EVERY_MS
  saidAt = performance.now()
  if (lateMs > LATE_MS) journal.write([{ kind: 'late', ms: Math.round(lateMs) }])
  const open = engine.accepting()
  const health = engine.health()
  const state = { accepting: open.ok ? 'ok' : open.code, health: health.ok ? 'ok' : health.reason }
  const text = JSON.stringify(state)
  if (text !== before) journal.write([{ kind: 'state', ...state }])
  before = text
  const tally = { acknowledged: publisher?.acknowledged ?? 0, refused: publisher?.refused ?? 0, ...seen }
  const unrouted = engine.unrouted() ?? null
  const { ready } = readiness.readiness()
  const saying: Saying = { tally, ...state, ready, unrouted, running: true, quiet: publisher?.quiet ?? true }
  if (process.connected) process.send?.(saying)
}

async function stop(): Promise<void> {
  await publisher?.stop()
  await consumer?.stop()
  await engine.stop()
  await effects.stop()
  clearInterval(saying)
  journal.close()
  process.exit(0)
}

process.on('message', (command: Command) => {
  if (command === 'publish') publisher?.start()
  if (command === 'quiet') void publisher?.stop()
  if (command === 'stop') void stop()
})
// Without the test there is nobody to end it.
process.once('disconnect', () => process.exit(1))

await effects.start()
await engine.start()
consumer?.start()
saidAt = performance.now()
const saying = setInterval(say, SAY_EVERY_MS)
say()
