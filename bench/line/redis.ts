/** line-redis: entering over the Redis engine, next to a bare join script with the same client. */
import { type Redis, startRedis } from '../core/redis.ts'
import { atLeast, type Bench, type Figure, overRounds } from '../harness/figures.ts'
import { hasProgram } from '../harness/peers.ts'
import { runScript } from '../harness/processes.ts'
import { alternate } from '../harness/rounds.ts'
import { joined, median, ratios, spread } from '../harness/statistics.ts'

interface Rate {
  readonly perSecond: number
  /** Processor time of the client for each. */
  readonly micros: number
}

const CALLERS = 1_000

export const lineRedis: Bench = {
  name: 'line-redis',
  about: `entering over the Redis engine, ${CALLERS} callers at once, next to a bare join script with the same client`,
  async run({ quick, newDir, say }) {
    if (!hasProgram('redis-server'))
      return { figures: [], skipped: [{ what: 'all of it', reason: 'redis-server is not installed' }] }
    const memory = await startRedis(newDir('memory'), 'off')
    const log = await startRedis(newDir('everysec'), 'everysec')
    const visitors = quick ? 10_000 : 100_000
    let round = 0
    const run = (script: string, { port }: Redis) => {
      return () => runScript<Rate>(script, { port, tag: `r${++round}`, callers: CALLERS, visitors })
    }
    try {
      const variants = {
        'engine, memory': run('line/redis-line.ts', memory),
        'bare, memory': run('line/redis-bare.ts', memory),
        'engine, everysec': run('line/redis-line.ts', log),
        'bare, everysec': run('line/redis-bare.ts', log),
      }
      const results = await alternate(
        quick ? 1 : 5,
        variants,
        say,
        ({ perSecond }) => `${Math.round(perSecond)}/s`,
      )
      const figures = [
        ...pair('in memory only', results['engine, memory'], results['bare, memory']),
        ...pair('appendfsync everysec', results['engine, everysec'], results['bare, everysec']),
      ]
      return { figures, skipped: [] }
    } finally {
      await Promise.all([memory.stop(), log.stop()])
    }
  },
}

function pair(where: string, engine: readonly Rate[], bare: readonly Rate[]): Figure[] {
  const rates = (results: readonly Rate[]): number[] => results.map(({ perSecond }) => perSecond)
  const cost = (results: readonly Rate[]): string =>
    `${median(results.map(({ micros }) => micros)).toFixed(0)} µs of processor time in the client`
  const [own, plain] = [rates(engine), rates(bare)]
  return [
    overRounds(`enters, Redis ${where}`, own, '/s', atLeast(25_000), cost(engine)),
    {
      what: `bare join script, Redis ${where}`,
      value: median(plain),
      unit: '/s',
      note: joined(spread(plain, 0), cost(bare)),
    },
    {
      what: `engine ÷ bare, ${where}`,
      value: median(ratios(own, plain)),
      unit: 'x',
      note: spread(ratios(own, plain)),
    },
  ]
}
