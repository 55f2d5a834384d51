/**
 * load-generator: how fast `weir load` itself is, against a service that does nothing, on the cores that both share.
 * With its history recorded as in every proof, without, and next to wrk, which records nothing.
 */
import { execFile } from 'node:child_process'
import { statSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { atLeast, type Bench, type BenchContext, type Figure, overRounds } from './harness/figures.ts'
import { hasProgram } from './harness/peers.ts'
import { cpuSeconds, type Started, serveScript } from './harness/processes.ts'
import { formatted } from './harness/report.ts'
import { alternate } from './harness/rounds.ts'
import { joined, median, ratios, spread } from './harness/statistics.ts'
import { throughputLoad } from './load/load.ts'

interface Round {
  readonly perSecond: number
  readonly p99Ms: number
  readonly serverCores: number
  readonly generatorCores: number
  /** Of the history; 0 where none is written. */
  readonly bytes: number
}

const MAIN = fileURLToPath(new URL('../src/cli/main.ts', import.meta.url))
const CONNECTIONS = 50

/** `weir load`, as users run it: the same program, the same report. */
interface Told {
  readonly seconds: number
  readonly acknowledgedPerSecond: number
  readonly accounts: { readonly attempted: number; readonly acknowledged: number }
  readonly latencyMs: { readonly p99: number }
  readonly generator: { readonly cores: number }
}

export const loadGenerator: Bench = {
  name: 'load-generator',
  about:
    'requests/s of weir load against a route that does nothing, with and without its history, next to wrk',
  async run(context) {
    const { quick, say } = context
    const server = await serveScript('load/nothing.ts', {})
    try {
      const recorded = () => weirLoad(context, server, true)
      const variants = {
        recorded,
        unrecorded: () => weirLoad(context, server, false),
        wrk: () => wrkLoad(context, server),
      }
      const { wrk, ...own } = variants
      const hasWrk = hasProgram('wrk')
      const rounds = await alternate<string, Round>(quick ? 1 : 5, hasWrk ? variants : own, say, described)
      const skipped = hasWrk ? [] : [{ what: 'wrk', reason: 'it is not installed' }]
      return { figures: figuresOf(rounds), skipped }
    } finally {
      await server.stop()
    }
  },
}

const described = ({ perSecond, p99Ms, serverCores, generatorCores }: Round): string =>
  `${Math.round(perSecond)}/s, p99 ${p99Ms.toFixed(1)} ms, server ${serverCores.toFixed(2)} cores, ` +
  `generator ${generatorCores.toFixed(2)} cores`

async function weirLoad(context: BenchContext, server: Started, record: boolean): Promise<Round> {
  const out = join(context.newDir('history'), 'history.jsonl')
  const requests = context.quick ? 60_000 : 300_000
  const args = [
    'load',
    '--json',
    '-n',
    String(requests),
    '-c',
    String(CONNECTIONS),
    '--message-type',
    'NOTHING',
  ]
  const before = cpuSeconds(server.pid) ?? Number.NaN
  const told = await weir([...args, ...(record ? ['--out', out] : [])], Number(server.ready.port))
  const used = (cpuSeconds(server.pid) ?? Number.NaN) - before
  if (told.accounts.acknowledged !== requests)
    throw new Error(`not all acknowledged: ${JSON.stringify(told.accounts)}`)
  return {
    perSecond: told.acknowledgedPerSecond,
    p99Ms: told.latencyMs.p99,
    serverCores: used / told.seconds,
    generatorCores: told.generator.cores,
    bytes: record ? statSync(out).size : 0,
  }
}

function weir(args: readonly string[], port: number): Promise<Told> {
  const env = { ...process.env, WEIR_API_URL: `http://127.0.0.1:${port}` }
  return new Promise((resolve, reject) => {
    execFile(process.execPath, [MAIN, ...args], { env, maxBuffer: 64e6 }, (error, output) => {
      if (error) reject(error)
      else resolve(JSON.parse(output) as Told)
    })
  })
}

async function wrkLoad({ quick }: BenchContext, server: Started): Promise<Round> {
  const times = { warmUpSeconds: 1, seconds: quick ? 2 : 10 }
  const body = '{"type":"NOTHING","content":"weir-load 0123456789ab/123456"}'
  const shape = {
    port: Number(server.ready.port),
    path: '/api/message',
    body,
    connections: CONNECTIONS,
  } as const
  const { okPerSecond, p99Ms, serverCores, generatorCores } = await throughputLoad(
    { ...shape, ...times, mode: 'closed' },
    server.pid,
  )
  return { perSecond: okPerSecond, p99Ms, serverCores, generatorCores, bytes: 0 }
}

function figuresOf(rounds: Record<string, Round[]>): Figure[] {
  const { recorded = [], unrecorded = [], wrk = [] } = rounds
  const rates = (of: readonly Round[]) => of.map(({ perSecond }) => perSecond)
  const note = (of: readonly Round[]) => {
    const cores = (name: 'serverCores' | 'generatorCores') =>
      formatted(median(of.map((round) => round[name])), 'cores')
    const each = median(of.map((round) => (round.generatorCores / round.perSecond) * 1e6))
    return `generator ${cores('generatorCores')}, ${each.toFixed(0)} µs a request; server ${cores('serverCores')}`
  }
  const plain = (what: string, of: readonly Round[]): Figure => {
    return { what, value: median(rates(of)), unit: '/s', note: joined(spread(rates(of), 0), note(of)) }
  }
  const ratio = (what: string, a: readonly Round[], b: readonly Round[]): Figure => {
    const each = ratios(rates(a), rates(b))
    return { what, value: median(each), unit: 'x', note: spread(each) }
  }
  const size = median(recorded.map(({ bytes }) => bytes / 1e6))
  return [
    overRounds(
      `weir load, ${CONNECTIONS} connections, recorded`,
      rates(recorded),
      '/s',
      atLeast(15_000),
      note(recorded),
    ),
    { what: 'history written in a round', value: size, unit: 'MB' },
    plain('the same, not recorded', unrecorded),
    ratio('recorded ÷ not recorded', recorded, unrecorded),
    ...(wrk.length > 0 ? [plain('wrk, one thread', wrk), ratio('recorded ÷ wrk', recorded, wrk)] : []),
  ]
}
