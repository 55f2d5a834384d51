/** Child: callers who enter visitors over the real Redis engine, each with its next one when the last is answered. */
import { realClock, realRandom } from '../../src/app/real.ts'
import { silentLogger } from '../../src/core/index.ts'
import { RedisLine } from '../../src/engines/redis/index.ts'
import { answer, childConfig } from '../harness/child.ts'
import { EVENT, PATIENT, visitorId } from './event.ts'

interface Config {
  readonly port: number
  readonly tag: string
  readonly callers: number
  readonly visitors: number
}

const { port, tag, callers, visitors } = childConfig<Config>()
const WARM_UP = 2_000
const line = new RedisLine({
  url: `redis://127.0.0.1:${port}`,
  hashTag: tag,
  clock: realClock,
  random: realRandom,
  logger: silentLogger,
})
await line.start()
await line.define(EVENT, PATIENT)
let next = 0

async function caller(until: number): Promise<void> {
  while (next < until) {
    const { kind } = await line.enter(EVENT, visitorId(next++))
    if (kind !== 'in') throw new Error('nobody may be refused here')
  }
}

const all = (until: number) => Promise.all(Array.from({ length: callers }, () => caller(until)))
await all(WARM_UP)
const cpu = process.cpuUsage()
const began = performance.now()
await all(WARM_UP + visitors)
const seconds = (performance.now() - began) / 1000
const { user, system } = process.cpuUsage(cpu)
const { entered } = (await line.snapshot(EVENT))?.counts ?? {}
if (entered !== next) throw new Error(`${next} were answered and ${entered} are in the line`)
await line.stop()
answer({ perSecond: visitors / seconds, micros: (user + system) / visitors })
