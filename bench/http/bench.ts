/**
 * http-ingest: what durability costs at the door, next to the same gateway over an engine that stores
 * nothing.
 */
import {
  atLeast,
  atMost,
  type Bench,
  type BenchContext,
  type Figure,
  overRounds,
} from '../harness/figures.ts'
import { type Started, serveScript } from '../harness/processes.ts'
import { formatted } from '../harness/report.ts'
import { alternate } from '../harness/rounds.ts'
import { joined, median, ratios, spread } from '../harness/statistics.ts'
import { type LoadedServer, type LoadPlan, ownLoad, throughputLoad } from '../load/load.ts'
import { BATCH_BODY, BATCH_SIZE, ONE_BODY } from './bodies.ts'

type Measure = (plan: LoadPlan, serverPid: number) => Promise<LoadedServer>
interface Pair {
  readonly durable: LoadedServer[]
  readonly nothing: LoadedServer[]
  /** Messages finished by the consumer over messages accepted; NaN where nobody consumes. */
  readonly keptUp: number
}

const ONE = '/api/message'
const BATCH = '/api/messages/batch'

export const httpIngest: Bench = {
  name: 'http-ingest',
  about:
    'durable POSTs through the real gateway, next to the same gateway over an engine that stores nothing',
  async run(context) {
    const figures = [
      ...(await throughput(context)),
      ...(await openLoop(context)),
      ...(await batches(context)),
      ...(await thousandConnections(context)),
      ...(await whileConsuming(context)),
    ]
    return { figures, skipped: [] }
  },
}

const describe = (one: LoadedServer): string =>
  `${Math.round(one.okPerSecond)}/s, p99 ${one.p99Ms.toFixed(1)} ms, ` +
  `server ${one.serverCores.toFixed(2)} cores, ` +
  `${one.generator} generator ${one.generatorCores.toFixed(2)} cores`

async function pair(
  context: BenchContext,
  measure: Measure,
  plan: Omit<LoadPlan, 'port' | 'warmUpSeconds' | 'seconds'>,
  consume = false,
): Promise<Pair> {
  const { quick, newDir, say } = context
  const times = { warmUpSeconds: quick ? 1 : 2, seconds: quick ? 2 : 5 }
  const server = (engine: string) =>
    serveScript('http/server.ts', { engine, consume, dataDir: newDir(engine) })
  const durable = await server('embedded')
  const nothing = await server('nothing')
  const loaded = (one: Started) => () => measure({ ...plan, ...times, port: Number(one.ready.port) }, one.pid)
  try {
    const variants = { durable: loaded(durable), nothing: loaded(nothing) }
    const results = await alternate(quick ? 1 : 5, variants, say, describe)
    return { ...results, keptUp: consume ? await shareDone(Number(durable.ready.port)) : Number.NaN }
  } finally {
    await Promise.all([durable.stop(), nothing.stop()])
  }
}

const rates = (results: readonly LoadedServer[]): number[] => results.map((one) => one.okPerSecond)
const p99s = (results: readonly LoadedServer[]): number[] => results.map((one) => one.p99Ms)
const cores = (results: readonly LoadedServer[], of: 'serverCores' | 'generatorCores'): string =>
  formatted(median(results.map((one) => one[of])), 'cores')

/** Processor time a request tells more than the rate when the machine has other work. */
function loadNote(results: readonly LoadedServer[]): string {
  const each = median(results.map((one) => (one.serverCores / one.okPerSecond) * 1e6))
  const server = `server ${cores(results, 'serverCores')}, ${formatted(each, 'µs')} a request`
  const generator = `generator (${results[0]?.generator}) ${cores(results, 'generatorCores')}`
  return joined(spread(rates(results), 0), server, generator)
}

async function throughput(context: BenchContext): Promise<Figure[]> {
  const plan = { path: ONE, body: ONE_BODY, connections: 100, mode: 'closed' } as const
  const { durable, nothing } = await pair(context, throughputLoad, plan)
  const ratio = ratios(rates(durable), rates(nothing))
  return [
    {
      what: 'one message a request, 100 connections, durable',
      value: median(rates(durable)),
      unit: '/s',
      note: loadNote(durable),
    },
    { what: 'the same, storing nothing', value: median(rates(nothing)), unit: '/s', note: loadNote(nothing) },
    overRounds('durable ÷ storing nothing', ratio, 'x', atLeast(0.8)),
  ]
}

async function openLoop(context: BenchContext): Promise<Figure[]> {
  const plan = { path: ONE, body: ONE_BODY, connections: 200, mode: 'open', ratePerSecond: 2_000 } as const
  const { durable, nothing } = await pair(context, ownLoad, plan)
  const differences = p99s(durable).map((value, i) => value - (p99s(nothing)[i] ?? Number.NaN))
  return [
    {
      what: '2,000 arrivals/s, durable: p99',
      value: median(p99s(durable)),
      unit: 'ms',
      note: spread(p99s(durable)),
    },
    {
      what: 'the same, storing nothing: p99',
      value: median(p99s(nothing)),
      unit: 'ms',
      note: spread(p99s(nothing)),
    },
    overRounds(
      'p99 durable − p99 storing nothing',
      differences,
      'ms',
      atMost(15),
      `answered ${median(rates(durable)).toFixed(0)}/s`,
    ),
  ]
}

async function batches(context: BenchContext): Promise<Figure[]> {
  const plan = { path: BATCH, body: BATCH_BODY, connections: 20, mode: 'closed' } as const
  const { durable, nothing } = await pair(context, throughputLoad, plan)
  const messages = (of: readonly LoadedServer[]): number[] => rates(of).map((rate) => rate * BATCH_SIZE)
  return [
    overRounds(
      'batches of 100 a request, messages durable',
      messages(durable),
      '/s',
      atLeast(60_000),
      `server ${cores(durable, 'serverCores')}`,
    ),
    {
      what: 'the same, storing nothing',
      value: median(messages(nothing)),
      unit: '/s',
      note: spread(messages(nothing), 0),
    },
  ]
}

async function thousandConnections(context: BenchContext): Promise<Figure[]> {
  const plan = { path: ONE, body: ONE_BODY, connections: 1_000, mode: 'closed' } as const
  const { durable, nothing } = await pair(context, ownLoad, plan)
  const total = (status: string): number => durable.reduce((sum, one) => sum + (one.statuses[status] ?? 0), 0)
  const timeouts = durable.reduce((sum, one) => sum + one.timeouts, 0)
  return [
    {
      what: '1,000 connections, durable',
      value: median(rates(durable)),
      unit: '/s',
      note: loadNote(durable),
    },
    {
      what: '1,000 connections, storing nothing',
      value: median(rates(nothing)),
      unit: '/s',
      note: loadNote(nothing),
    },
    { what: '1,000 connections: p99', value: median(p99s(durable)), unit: 'ms', note: spread(p99s(durable)) },
    { what: '1,000 connections: time-outs (10 s)', value: timeouts, unit: 'count', goal: atMost(0) },
    { what: '1,000 connections: broken connections', value: total('0'), unit: 'count' },
    { what: '1,000 connections: 503 with Retry-After', value: total('503'), unit: 'count' },
  ]
}

async function whileConsuming(context: BenchContext): Promise<Figure[]> {
  const plan = { path: ONE, body: ONE_BODY, connections: 100, mode: 'closed' } as const
  const { durable, nothing, keptUp } = await pair(context, throughputLoad, plan, true)
  const ratio = ratios(rates(durable), rates(nothing))
  return [
    {
      what: 'while a no-op consumer works them off, durable',
      value: median(rates(durable)),
      unit: '/s',
      note: loadNote(durable),
    },
    overRounds('while consuming ÷ storing nothing', ratio, 'x', atLeast(0.6)),
    { what: 'of those accepted, worked off when the load ended', value: keptUp * 100, unit: '%' },
  ]
}

/** Asked right after the last round. */
async function shareDone(port: number): Promise<number> {
  const response = await fetch(`http://127.0.0.1:${port}/api/stats`)
  const stats = (await response.json()) as { accepted: number; done: number }
  return stats.done / stats.accepted
}
