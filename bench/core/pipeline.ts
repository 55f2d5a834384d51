/**
 * Child: publish, take and settle in batches, all under way at the same time, each durable before the next
 * one of the same loop. Counts messages settled. Publishers pause at a bounded depth, so the rate is that of
 * the whole chain.
 */
import { setTimeout as sleep } from 'node:timers/promises'
import { answer, childConfig } from '../harness/child.ts'
import { embedded, newMessages, TYPE, takeRequest } from './embedded.ts'
import { watchLag } from './lag.ts'

interface Config {
  readonly dataDir: string
  readonly host: 'worker' | 'inline'
  readonly batch: number
  readonly loops: number
  readonly seconds: number
}

/**
 * Deep enough that takers never wait for publishers, shallow enough that the run ends soon after the clock.
 */
const DEPTH = 10_000
const WARM_UP_MS = 1_000

const { dataDir, host, batch, loops, seconds } = childConfig<Config>()
const engine = embedded(dataDir, host)
await engine.start()
let running = true
let settled = 0

async function publishing(): Promise<void> {
  while (running) {
    if ((engine.counts().get(TYPE)?.ready ?? 0) > DEPTH) await sleep(1)
    else await engine.publish(newMessages(batch))
  }
}

async function consuming(): Promise<void> {
  while (running) {
    const taken = await engine.take(takeRequest(batch))
    if (taken.length === 0) {
      await sleep(1)
      continue
    }
    await engine.settle(taken.map(({ lease }) => ({ lease, verdict: { kind: 'done' } })))
    settled += taken.length
  }
}

const all = Array.from({ length: loops }, () => [publishing(), consuming()]).flat()
await sleep(WARM_UP_MS)
const lag = watchLag()
const cpu = process.cpuUsage()
const began = performance.now()
const before = settled
await sleep(seconds * 1000)
const elapsed = (performance.now() - began) / 1000
const perSecond = (settled - before) / elapsed
const used = process.cpuUsage(cpu)
const { p99Ms, maxMs } = lag.stop()
running = false
await Promise.all(all)
await engine.stop()
answer({ perSecond, lagP99Ms: p99Ms, lagMaxMs: maxMs, cores: (used.user + used.system) / 1e6 / elapsed })
