/** rabbitmq-http: 1,000 connections to a gateway process, every 202 a confirm, with and without a consumer. */
import { connect } from 'amqplib'
import { namesOf } from '../../src/engines/rabbitmq/index.ts'
import { TYPE } from '../core/messages.ts'
import { atMost, type Bench, type BenchContext, type Figure } from '../harness/figures.ts'
import { cpuSeconds } from '../harness/processes.ts'
import { formatted } from '../harness/report.ts'
import { alternate } from '../harness/rounds.ts'
import { joined, median, spread } from '../harness/statistics.ts'
import { ONE_BODY } from '../http/bodies.ts'
import { type LoadedServer, ownLoad } from '../load/load.ts'
import { type Broker, withBroker } from './broker.ts'
import { startConsumer, startGateway } from './roles.ts'

const CONNECTIONS = 1_000
const ARRIVALS = 2_000

/** What the machine spent besides the gateway. */
interface Loaded extends LoadedServer {
  readonly brokerCores: number
}

export const rabbitmqHttp: Bench = {
  name: 'rabbitmq-http',
  about: 'POST /api/message at a gateway process on a quorum queue, 1,000 keep-alive connections',
  run: (context) =>
    withBroker(context, 'rabbitmq-http', async (broker) => ({
      figures: await figures(context, broker),
      skipped: [],
    })),
}

async function figures(context: BenchContext, broker: Broker): Promise<Figure[]> {
  const { quick, say } = context
  const alone = await startGateway(broker.url, 'alone')
  const consumed = await startGateway(broker.url, 'consumed')
  const consumer = await startConsumer(broker.url, 'consumed', TYPE)
  try {
    const times = { warmUpSeconds: quick ? 1 : 2, seconds: quick ? 3 : 8 }
    const base = { path: '/api/message', body: ONE_BODY, connections: CONNECTIONS, ...times }
    const closed =
      ({ port, pid }: typeof alone) =>
      () =>
        watched(broker, () => ownLoad({ ...base, port, mode: 'closed' }, pid))
    const open =
      ({ port, pid }: typeof alone) =>
      () =>
        watched(broker, () => ownLoad({ ...base, port, mode: 'open', ratePerSecond: ARRIVALS }, pid))
    const variants = {
      alone: closed(alone),
      consumed: closed(consumed),
      arrivals: open(consumed),
    }
    const results = await alternate(quick ? 1 : 5, variants, say, describe)
    const kept = await waiting(broker.url, 'alone')
    const answered = results.alone.reduce((sum, { ok }) => sum + ok, 0)
    if (kept < answered) throw new Error(`${answered} were answered 202, ${kept} are in the queue`)
    return [
      ...closedFigures(`${CONNECTIONS} connections`, results.alone, broker.version),
      ...closedFigures(`${CONNECTIONS} connections, a consumer process beside`, results.consumed, ''),
      ...openFigures(results.arrivals),
    ]
  } finally {
    await Promise.all([alone.stop(), consumed.stop(), consumer.stop()])
  }
}

const describe = (one: Loaded): string =>
  `${Math.round(one.okPerSecond)}/s, p99 ${one.p99Ms.toFixed(0)} ms, errors ${errors([one])}${kinds([one])}, ` +
  `gateway ${one.serverCores.toFixed(2)} cores, broker ${one.brokerCores.toFixed(2)} cores`

/** Everything but a 202 in time: other answers, broken connections, time-outs. */
function errors(results: readonly LoadedServer[]): number {
  return results.reduce((sum, { statuses, timeouts }) => {
    const others = Object.entries(statuses).filter(([status]) => status !== '202')
    return sum + timeouts + others.reduce((all, [, count]) => all + count, 0)
  }, 0)
}

/** Which ones, for the remark: `503 × 83, connection broken × 2, no answer in time × 1`. */
function kinds(results: readonly LoadedServer[]): string {
  const counts = new Map<string, number>()
  const add = (kind: string, count: number) => {
    if (count > 0) counts.set(kind, (counts.get(kind) ?? 0) + count)
  }
  for (const { statuses, timeouts } of results) {
    for (const [status, count] of Object.entries(statuses)) {
      if (status !== '202') add(status === '0' ? 'connection broken' : status, count)
    }
    add('no answer in time', timeouts)
  }
  const told = [...counts].map(([kind, count]) => `${kind} × ${count}`)
  return told.length > 0 ? ` (${told.join(', ')})` : ''
}

function closedFigures(how: string, results: readonly Loaded[], note: string): Figure[] {
  const rates = results.map(({ okPerSecond }) => okPerSecond)
  const p99s = results.map(({ p99Ms }) => p99Ms)
  const p50 = formatted(median(results.map(({ p50Ms }) => p50Ms)), 'ms')
  const cores = (of: 'serverCores' | 'brokerCores' | 'generatorCores') =>
    formatted(median(results.map((one) => one[of])), 'cores')
  const load =
    `gateway ${cores('serverCores')}, broker ${cores('brokerCores')}, ` +
    `generator ${cores('generatorCores')}`
  return [
    { what: how, value: median(rates), unit: '/s', note: joined(spread(rates, 0), load, note) },
    {
      what: `${how}: p99`,
      value: median(p99s),
      unit: 'ms',
      note: joined(spread(p99s), `median ${p50}; as fast as answers come`),
    },
    { what: `${how}: errors`, value: errors(results), unit: 'count', goal: atMost(0), note: kinds(results) },
  ]
}

function openFigures(results: readonly Loaded[]): Figure[] {
  const how = `${ARRIVALS} arrivals/s over ${CONNECTIONS} connections`
  const p99s = results.map(({ p99Ms }) => p99Ms)
  const rate = median(results.map(({ okPerSecond }) => okPerSecond))
  return [
    {
      what: `${how}, a consumer beside: p99`,
      value: median(p99s),
      unit: 'ms',
      note: joined(spread(p99s), `answered ${rate.toFixed(0)}/s`),
    },
    { what: `${how}: errors`, value: errors(results), unit: 'count', goal: atMost(0), note: kinds(results) },
  ]
}

async function watched({ pid }: Broker, load: () => Promise<LoadedServer>): Promise<Loaded> {
  const before = cpuSeconds(pid) ?? Number.NaN
  const began = performance.now()
  const result = await load()
  const used = (cpuSeconds(pid) ?? Number.NaN) - before
  return { ...result, brokerCores: used / ((performance.now() - began) / 1000) }
}

/** Messages of the type in the queue of this name. */
async function waiting(url: string, queueName: string): Promise<number> {
  const connection = await connect(url)
  try {
    const channel = await connection.createChannel()
    return (await channel.checkQueue(`${namesOf(queueName).exchange}.${TYPE}`)).messageCount
  } finally {
    await connection.close()
  }
}
