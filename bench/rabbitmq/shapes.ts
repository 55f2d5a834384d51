/** rabbitmq-shapes: what the choices of an operator cost: queue type, topology, a ledger. */
import { startRedis } from '../core/redis.ts'
import type { Bench, BenchContext, BenchResult, Figure, Skip } from '../harness/figures.ts'
import { hasProgram } from '../harness/peers.ts'
import { runTogether } from '../harness/processes.ts'
import { alternate } from '../harness/rounds.ts'
import { joined, median, ratios, spread } from '../harness/statistics.ts'
import { fill, holds, withBroker, withQueues } from './broker.ts'
import { consumeRun } from './consuming.ts'
import type { Rate } from './pace.ts'
import { described, publishRun, rateFigure, ratesOf } from './publishing.ts'
import { newShape, type Shape } from './shape.ts'
import type { Worked, WorkerPlan } from './worker.ts'

const TYPES = ['SUBSCRIPTION', 'MNP', 'CHANGE', 'TERMINATION'] as const
const PREFETCH = 100

export const rabbitmqShapes: Bench = {
  name: 'rabbitmq-shapes',
  about:
    'classic next to quorum, one queue next to one per type with four consumers, with a ledger and without',
  run: (context) =>
    withBroker(context, 'rabbitmq-shapes', async ({ url, version }) => {
      const queues = await queueTypes(context, url, version)
      const topologies = await topologyFigures(context, url)
      const ledger = await ledgerFigures(context, url)
      return { figures: [...queues, ...topologies, ...ledger.figures], skipped: ledger.skipped }
    }),
}

async function queueTypes(context: BenchContext, url: string, version: string): Promise<Figure[]> {
  const classic = { queueType: 'classic' } as const
  const { published, consumed } = await both(context, url, {}, classic)
  return [
    rateFigure('publish, quorum', published.left, version),
    rateFigure('publish, classic (durable)', published.right),
    ratioFigure('publish, classic ÷ quorum', published.right, published.left),
    rateFigure('take + settle, quorum', consumed.left),
    rateFigure('take + settle, classic (durable)', consumed.right),
    ratioFigure('take + settle, classic ÷ quorum', consumed.right, consumed.left),
  ]
}

async function ledgerFigures(context: BenchContext, url: string): Promise<BenchResult> {
  if (!hasProgram('redis-server')) {
    const skipped: Skip = { what: 'with a ledger', reason: 'redis-server is not installed' }
    return { figures: [], skipped: [skipped] }
  }
  const redis = await startRedis(context.newDir('redis'), 'everysec')
  try {
    const booked = { redisUrl: `redis://127.0.0.1:${redis.port}` }
    const { published, consumed } = await both(context, url, booked, {})
    const figures = [
      rateFigure('publish, quorum, with a ledger in Redis', published.left, 'appendfsync everysec'),
      ratioFigure('publish, with ÷ without ledger', published.left, published.right),
      rateFigure('take + settle, quorum, with a ledger in Redis', consumed.left),
      ratioFigure('take + settle, with ÷ without ledger', consumed.left, consumed.right),
    ]
    return { figures, skipped: [] }
  } finally {
    await redis.stop()
  }
}

/** Publishing and consuming, each in turn on the one shape and on the other. */
async function both(context: BenchContext, url: string, left: Partial<Shape>, right: Partial<Shape>) {
  const { quick, say } = context
  const rounds = quick ? 1 : 5
  const publish = (more: Partial<Shape>) => () => {
    const load = { window: 1_000, batch: 1, seconds: quick ? 2 : 5 }
    return publishRun('rabbitmq/publish-weir.ts', { ...load, shape: newShape(url, more) })
  }
  const consume = (more: Partial<Shape>) => () => {
    const load = { messages: quick ? 10_000 : 50_000, prefetch: 1_000, drive: 'direct' } as const
    return consumeRun('rabbitmq/consume-weir.ts', { ...load, shape: newShape(url, more) })
  }
  const publishing = { left: publish(left), right: publish(right) }
  const consuming = { left: consume(left), right: consume(right) }
  const told = (one: Partial<Shape>) => one.queueType ?? (one.redisUrl ? 'with a ledger' : 'as it is')
  say(`left: ${told(left)}, right: ${told(right)}; first publishing, then consuming`)
  return {
    published: await alternate<'left' | 'right', Rate>(rounds, publishing, say, described),
    consumed: await alternate<'left' | 'right', Rate>(rounds, consuming, say, described),
  }
}

async function topologyFigures(context: BenchContext, url: string): Promise<Figure[]> {
  const { quick, say } = context
  const each = quick ? 5_000 : 25_000
  const perType = () => {
    const shape = newShape(url, { types: TYPES })
    return teamRun(
      shape,
      TYPES.map((type) => [type]),
      each,
    )
  }
  const single = () => {
    const shape = newShape(url, { types: TYPES, topology: 'single' })
    return teamRun(
      shape,
      TYPES.map(() => TYPES),
      each,
    )
  }
  const describe = (rate: number) => `${Math.round(rate)}/s together`
  const results = await alternate(quick ? 1 : 5, { perType, single }, say, describe)
  const figure = (what: string, rates: number[]): Figure => ({
    what,
    value: median(rates),
    unit: '/s',
    note: joined(spread(rates, 0), `${TYPES.length * each} messages of ${TYPES.length} types`),
  })
  const ratio = ratios(results.single, results.perType)
  return [
    figure('four processes, a queue per type, each process its own type', results.perType),
    figure('four processes, one queue, each process all types', results.single),
    { what: 'one queue ÷ a queue per type', value: median(ratio), unit: 'x', note: spread(ratio) },
  ]
}

/** Messages per second of several consumer processes together, from their common start to the last settle of any. */
async function teamRun(shape: Shape, served: readonly (readonly string[])[], each: number): Promise<number> {
  return withQueues(shape, async () => {
    await fill(shape, each)
    const plans = served.map((serves): WorkerPlan => ({ shape, serves, prefetch: PREFETCH }))
    const team = await runTogether<Worked>('rabbitmq/worker.ts', plans)
    await holds(shape, 0)
    const settled = team.reduce((sum, one) => sum + one.settled, 0)
    if (settled !== each * shape.types.length) throw new Error(`${settled} messages were settled`)
    return (settled / Math.max(...team.map(({ tookMs }) => tookMs))) * 1000
  })
}

function ratioFigure(what: string, of: readonly Rate[], to: readonly Rate[]): Figure {
  const values = ratios(ratesOf(of), ratesOf(to))
  return { what, value: median(values), unit: 'x', note: spread(values) }
}
