/** Another process that works on the same messages: `effects-child.ts <url> <queue name> <how many>`. */
import { realClock } from '../../../src/app/index.ts'
import { silentLogger } from '../../../src/core/index.ts'
import { RedisEffects } from '../../../src/engines/redis/index.ts'
import { runner, ScriptedBackend } from '../../bss/fixtures.ts'
import { Counting, jobOf, type Told, untilDecided } from './jobs.ts'

const [url = '', queueName = '', count = '0'] = process.argv.slice(2)
const effects = new RedisEffects({
  url,
  queueName,
  clock: realClock,
  random: Math.random,
  logger: silentLogger,
  retentionMs: 60_000,
  callLimitMs: 60_000,
})
await effects.start()
const happened: string[] = []
const run = runner(new Counting(effects, happened), new ScriptedBackend())
// Backwards, so that the two processes meet in the middle and fight for lines on the way.
for (let n = Number(count) - 1; n >= 0; n--) {
  const { service, id, attributes } = jobOf(n)
  const outcome = await untilDecided((attempt) => run(service, id, attributes, attempt))
  console.log(JSON.stringify({ id, outcome, isOwn: happened.includes(id) } satisfies Told))
}
await effects.stop()
