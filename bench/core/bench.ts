/** queue-core: the engine and the consumer without HTTP, next to BullMQ and to a bare log file. */
import { join } from 'node:path'
import {
  atLeast,
  type Bench,
  type BenchContext,
  type Figure,
  overRounds,
  type Skip,
} from '../harness/figures.ts'
import { hasProgram } from '../harness/peers.ts'
import { runScript } from '../harness/processes.ts'
import { alternate } from '../harness/rounds.ts'
import { joined, median, ratios, spread } from '../harness/statistics.ts'
import { type Redis, startRedis } from './redis.ts'

interface Rate {
  readonly perSecond: number
  readonly lagP99Ms?: number
  readonly lagMaxMs?: number
  readonly cores?: number
}

const CONCURRENCY = 100
const rates = (results: readonly Rate[]): number[] => results.map(({ perSecond }) => perSecond)
const perSecond = ({ perSecond: rate }: Rate): string => `${Math.round(rate)}/s`

export const queueCore: Bench = {
  name: 'queue-core',
  about: 'publish + take + settle in process, durable; a no-op handler through the consumer next to BullMQ',
  async run(context) {
    const chain = await chainFigures(context)
    const noop = await noopFigures(context)
    return { figures: [...chain, ...noop.figures], skipped: noop.skipped }
  },
}

async function chainFigures({ quick, newDir, say }: BenchContext): Promise<Figure[]> {
  const load = { batch: 100, loops: 8, seconds: quick ? 1.5 : 5 }
  const engine = (host: 'worker' | 'inline') => () =>
    runScript<Rate>('core/pipeline.ts', { ...load, host, dataDir: newDir(host) })
  const log = () => runScript<Rate>('core/log-file.ts', { ...load, file: join(newDir('log'), 'log') })
  const variants = { worker: engine('worker'), inline: engine('inline'), log }
  const results = await alternate(quick ? 1 : 5, variants, say, perSecond)
  const [worker, inline, limit] = [rates(results.worker), rates(results.inline), rates(results.log)]
  const lag = (of: readonly Rate[]): string => {
    const p99 = median(of.map(({ lagP99Ms = Number.NaN }) => lagP99Ms)).toFixed(1)
    const max = median(of.map(({ lagMaxMs = Number.NaN }) => lagMaxMs)).toFixed(0)
    return `event loop late by ${p99} ms p99, ${max} ms at most`
  }
  const cores = median(results.worker.map((one) => one.cores ?? Number.NaN)).toFixed(1)
  return [
    overRounds(
      'publish + take + settle, batches of 100, store in its thread',
      worker,
      '/s',
      atLeast(40_000),
      joined(`${cores} cores`, lag(results.worker)),
    ),
    {
      what: 'the same with the store in line',
      value: median(inline),
      unit: '/s',
      note: joined(spread(inline, 0), lag(results.inline)),
    },
    {
      what: 'bare log file, group commit, two records a message',
      value: median(limit),
      unit: '/s',
      note: spread(limit, 0),
    },
    {
      what: 'store in its thread ÷ bare log file',
      value: median(ratios(worker, limit)),
      unit: 'x',
      note: spread(ratios(worker, limit)),
    },
  ]
}

async function noopFigures(context: BenchContext): Promise<{ figures: Figure[]; skipped: Skip[] }> {
  const { quick, newDir, say } = context
  const load = { messages: quick ? 5_000 : 50_000, concurrency: CONCURRENCY }
  const weir = () => runScript<Rate>('core/noop-weir.ts', { ...load, dataDir: newDir('weir') })
  if (!hasProgram('redis-server')) {
    const { weir: alone } = await alternate(quick ? 1 : 5, { weir }, say, perSecond)
    const skipped = [{ what: 'BullMQ', reason: 'redis-server is not installed' }]
    return { figures: [weirFigure(rates(alone))], skipped }
  }
  const memory = await startRedis(newDir('redis-memory'), 'off')
  const always = await startRedis(newDir('redis-always'), 'always')
  try {
    const bullLoad = { ...load, messages: quick ? 2_000 : 20_000 }
    const variants = {
      weir,
      'BullMQ, memory': bull(memory, bullLoad),
      'BullMQ, always': bull(always, bullLoad),
    }
    const results = await alternate(quick ? 1 : 5, variants, say, perSecond)
    const [own, inMemory, synced] = [
      rates(results.weir),
      rates(results['BullMQ, memory']),
      rates(results['BullMQ, always']),
    ]
    const figures: Figure[] = [
      weirFigure(own),
      {
        what: 'BullMQ, Redis in memory only',
        value: median(inMemory),
        unit: '/s',
        note: spread(inMemory, 0),
      },
      { what: 'BullMQ, appendfsync always', value: median(synced), unit: '/s', note: spread(synced, 0) },
      ratioFigure('Weir (durable) ÷ BullMQ in memory', ratios(own, inMemory)),
      ratioFigure('Weir ÷ BullMQ, appendfsync always', ratios(own, synced)),
    ]
    return { figures, skipped: [] }
  } finally {
    await Promise.all([memory.stop(), always.stop()])
  }
}

const weirFigure = (own: number[]): Figure => ({
  what: `no-op handler, concurrency ${CONCURRENCY}, real consumer`,
  value: median(own),
  unit: '/s',
  note: spread(own, 0),
})

const ratioFigure = (what: string, values: number[]): Figure => overRounds(what, values, 'x', atLeast(3))

/**
 * Completed jobs are kept: BullMQ's default, what Weir does too, and not slower than removing them when both
 * were tried.
 */
function bull(redis: Redis, load: object): () => Promise<Rate> {
  let round = 0
  return () => {
    const queue = `noop-${++round}`
    return runScript<Rate>('core/noop-bull.ts', { ...load, queue, port: redis.port, removeOnComplete: false })
  }
}
