/**
 * monitoring: what switching it on costs. One service under one steady load; the switch is turned over HTTP
 * between blocks of a few seconds, in pairs whose order alternates, so that a backlog that grows or a machine
 * that slows hits both states alike. The difference is taken pair by pair and given with its 95 % interval.
 */
import { setTimeout as sleep } from 'node:timers/promises'
import { atMost, type Bench, type BenchContext, type Figure } from '../harness/figures.ts'
import { runScript } from '../harness/processes.ts'
import { formatted } from '../harness/report.ts'
import { interval95, median } from '../harness/statistics.ts'
import type { LoadPlan, LoadResult } from '../load/load.ts'
import { Service } from './service.ts'

/**
 * Without a line's name every message concerns a line of its own, so the registry never has conflicts to
 * retry.
 */
const BODY = JSON.stringify({
  type: 'SUBSCRIPTION',
  content: 'New line for customer C-100200',
  attributes: { plan: '5G' },
})
/** After a switch, before measuring: what began under the other state is finished. */
const SETTLE_MS = 300

interface Block {
  readonly perSecond: number
  /** Microseconds of the service's processor time for each message accepted or finished. */
  readonly cpuMicros: number
}

interface Pairs {
  readonly on: Block[]
  readonly off: Block[]
}

export const monitoring: Bench = {
  name: 'monitoring',
  about: 'the real service taking in and working off messages, monitoring on and off in turn',
  async run(context) {
    const service = await Service.start(context.newDir('service'))
    try {
      return { figures: figures(await measure(context, service)), skipped: [] }
    } finally {
      await service.stop()
    }
  },
}

async function measure({ quick, say }: BenchContext, service: Service): Promise<Pairs> {
  const [pairs, blockMs] = quick ? [2, 1_500] : [20, 3_000]
  const warmUpSeconds = quick ? 1 : 5
  const seconds = warmUpSeconds + (pairs * 2 * (blockMs + SETTLE_MS)) / 1000 + 10
  const plan: LoadPlan = {
    port: service.port,
    path: '/api/message',
    body: BODY,
    connections: 50,
    mode: 'closed',
    warmUpSeconds,
    seconds,
  }
  const stop = new AbortController()
  const load = runScript<LoadResult>('load/generator.ts', plan, { signal: stop.signal }).catch(
    () => undefined,
  )
  await sleep(warmUpSeconds * 1000)
  const measured: Pairs = { on: [], off: [] }
  for (let pair = 0; pair < pairs; pair++) {
    for (const state of pair % 2 === 0 ? (['on', 'off'] as const) : (['off', 'on'] as const)) {
      const one = await block(service, state === 'on', blockMs)
      measured[state].push(one)
      say(`pair ${pair + 1}  ${state}: ${formatted(one.perSecond, '/s')}, ${formatted(one.cpuMicros, 'µs')}`)
    }
  }
  stop.abort()
  await load
  return measured
}

async function block(service: Service, on: boolean, ms: number): Promise<Block> {
  await service.monitoring(on)
  await sleep(SETTLE_MS)
  const before = await service.work()
  await sleep(ms / 2)
  await service.scrape()
  await sleep(ms / 2)
  const after = await service.work()
  const messages = after.messages - before.messages
  return {
    perSecond: messages / ((after.at - before.at) / 1000),
    cpuMicros: ((after.cpuSeconds - before.cpuSeconds) / messages) * 1e6,
  }
}

function figures({ on, off }: Pairs): Figure[] {
  const rate = (blocks: readonly Block[]): number => median(blocks.map((one) => one.perSecond))
  const cpu = (blocks: readonly Block[]): number => median(blocks.map((one) => one.cpuMicros))
  const slower = on.map((one, i) => (1 - one.perSecond / (off[i]?.perSecond ?? Number.NaN)) * 100)
  const dearer = on.map((one, i) => (one.cpuMicros / (off[i]?.cpuMicros ?? Number.NaN) - 1) * 100)
  return [
    { what: 'accepted + finished, monitoring on', value: rate(on), unit: '/s' },
    { what: 'accepted + finished, monitoring off', value: rate(off), unit: '/s' },
    difference('throughput lost by monitoring', slower),
    { what: 'processor time a message, on', value: cpu(on), unit: 'µs' },
    { what: 'processor time a message, off', value: cpu(off), unit: 'µs' },
    difference('processor time added by monitoring', dearer),
  ]
}

function difference(what: string, values: readonly number[]): Figure {
  const { mean, low, high } = interval95(values)
  if (!Number.isFinite(mean)) return { what, value: mean, unit: '%' }
  const note = `95 % interval ${low.toFixed(1)} to ${high.toFixed(1)} %, ${values.length} pairs; aim 2 %`
  return { what, value: mean, unit: '%', goal: atMost(5), atWorst: high, note }
}
