/** room-http: asking for entry over HTTP, next to a route of the same service that does nothing. */
import { atLeast, type Bench, type Figure, overRounds } from '../harness/figures.ts'
import { serveScript } from '../harness/processes.ts'
import { formatted } from '../harness/report.ts'
import { alternate } from '../harness/rounds.ts'
import { joined, median, ratios, spread } from '../harness/statistics.ts'
import { type LoadedServer, type LoadPlan, throughputLoad } from '../load/load.ts'
import { EVENT } from './event.ts'

const CONNECTIONS = 100
/** Who asks again: as many as come on the evening that the room is for. */
const VISITORS = 10_000
/** Enough that none asks twice while newcomers are counted, whatever the rate. */
const NEWCOMERS = 300_000
const ROUNDS = 5

export const roomHttp: Bench = {
  name: 'room-http',
  about: `POST /api/queue/check at ${CONNECTIONS} connections, next to a route of the same service that does nothing`,
  async run({ quick, newDir, say }) {
    const load = { visitors: VISITORS, newcomers: quick ? 60_000 : NEWCOMERS }
    const server = await serveScript('line/room-server.ts', { dataDir: newDir('room'), ...load })
    const { port, again, newcomers } = server.ready as { port: number; again: string; newcomers: string[] }
    const times = { warmUpSeconds: quick ? 1 : 2, seconds: quick ? 2 : 5 }
    const run = (path: string, tokens: string, more: Partial<LoadPlan> = {}) => {
      const plan: LoadPlan = {
        port,
        path,
        tokens,
        body: '',
        connections: CONNECTIONS,
        mode: 'closed',
        ...times,
        ...more,
      }
      return throughputLoad(plan, server.pid)
    }
    const check = `/api/queue/check/${EVENT}`
    let round = 0
    try {
      const variants = {
        nothing: () => run('/nothing', again),
        again: () => run(check, again),
        // No warm-up with these: those who asked while it lasted would be no newcomers afterwards.
        newcomer: () => run(check, newcomers[round++] ?? '', { warmUpSeconds: 0 }),
      }
      const results = await alternate(quick ? 1 : ROUNDS, variants, say, (one) => {
        return `${Math.round(one.okPerSecond)}/s, ${refused(one)} refused`
      })
      const wrong = Object.values(results)
        .flat()
        .reduce((sum, one) => sum + refused(one), 0)
      return {
        figures: [
          rate('a route that does nothing', results.nothing),
          rate('check of those who are in the line', results.again),
          ratio('check of those in the line ÷ nothing', results.again, results.nothing),
          rate('check of newcomers, each durable', results.newcomer),
          ratio('check of newcomers ÷ nothing', results.newcomer, results.nothing),
          { what: 'answers other than 2xx, broken connections, time-outs', value: wrong, unit: 'count' },
        ],
        skipped: [],
      }
    } finally {
      await server.stop()
    }
  },
}

const rates = (results: readonly LoadedServer[]): number[] => results.map((one) => one.okPerSecond)

function rate(what: string, results: readonly LoadedServer[]): Figure {
  const each = median(results.map((one) => (one.serverCores / one.okPerSecond) * 1e6))
  const used = formatted(median(results.map((one) => one.serverCores)), 'cores')
  const note = joined(spread(rates(results), 0), `server ${used}, ${formatted(each, 'µs')} a request`)
  return { what, value: median(rates(results)), unit: '/s', note }
}

const ratio = (what: string, of: readonly LoadedServer[], to: readonly LoadedServer[]): Figure =>
  overRounds(what, ratios(rates(of), rates(to)), 'x', atLeast(0.5))

function refused({ statuses, timeouts }: LoadedServer): number {
  const others = Object.entries(statuses).filter(([status]) => !status.startsWith('2'))
  return others.reduce((sum, [, count]) => sum + count, timeouts)
}
