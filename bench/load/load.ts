/**
 * A load as the benches order it. wrk where it is installed (it takes least of the two cores), else our own
 * generator.
 */
import { execFile } from 'node:child_process'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { hasProgram } from '../harness/peers.ts'
import { cpuSeconds, runScript } from '../harness/processes.ts'

export interface LoadPlan {
  readonly port: number
  readonly path: string
  readonly body: string
  /** A file with a bearer token in each line: the requests carry one after the other, over and over. */
  readonly tokens?: string
  readonly connections: number
  readonly mode: 'closed' | 'open'
  /** Arrivals per second, open only. */
  readonly ratePerSecond?: number
  readonly warmUpSeconds: number
  readonly seconds: number
}

export interface LoadResult {
  readonly generator: 'own' | 'wrk'
  readonly seconds: number
  /** Requests accepted (2xx) while measuring. */
  readonly ok: number
  readonly okPerSecond: number
  /**
   * How many answers of each status; 0 = the connection broke. wrk does not tell the refusals apart
   * ("other").
   */
  readonly statuses: Readonly<Record<string, number>>
  readonly timeouts: number
  readonly p50Ms: number
  readonly p99Ms: number
  readonly maxMs: number
  readonly generatorCores: number
}

export interface LoadedServer extends LoadResult {
  /**
   * Processor time of the server over the whole load, warm-up included, per second; NaN where it cannot be
   * read.
   */
  readonly serverCores: number
}

/** Our own generator, for open loops and where each status counts. */
export async function ownLoad(plan: LoadPlan, serverPid: number): Promise<LoadedServer> {
  return watched(serverPid, () => runScript<LoadResult>('load/generator.ts', plan))
}

/** The lightest generator there is here, for throughput. */
export async function throughputLoad(plan: LoadPlan, serverPid: number): Promise<LoadedServer> {
  if (!hasProgram('wrk')) return ownLoad(plan, serverPid)
  const warmUp = Math.max(1, Math.round(plan.warmUpSeconds))
  if (plan.warmUpSeconds > 0) await wrk({ ...plan, seconds: warmUp })
  return watched(serverPid, () => wrk(plan))
}

async function watched(serverPid: number, run: () => Promise<LoadResult>): Promise<LoadedServer> {
  const before = cpuSeconds(serverPid)
  const began = performance.now()
  const result = await run()
  const after = cpuSeconds(serverPid)
  const elapsed = (performance.now() - began) / 1000
  return { ...result, serverCores: ((after ?? Number.NaN) - (before ?? Number.NaN)) / elapsed }
}

/** What load/post.lua prints at the end. */
interface WrkSummary {
  readonly requests: number
  readonly microseconds: number
  readonly otherStatus: number
  readonly broken: number
  readonly timeouts: number
  readonly p50: number
  readonly p99: number
  readonly max: number
}

async function wrk(plan: LoadPlan): Promise<LoadResult> {
  const dir = mkdtempSync(join(tmpdir(), 'weir-wrk-'))
  const file = join(dir, 'body.json')
  writeFileSync(file, plan.body)
  const script = fileURLToPath(new URL('post.lua', import.meta.url))
  const url = `http://127.0.0.1:${plan.port}${plan.path}`
  const shape = ['-t', '1', '-c', String(plan.connections), '-d', `${Math.round(plan.seconds)}s`]
  const args = [...shape, '--timeout', '10s', '--latency', '-s', script, url]
  try {
    const { output, cores } = await runWrk(args, file, plan.tokens ?? '')
    const line = output.split('\n').find((one) => one.startsWith('{'))
    if (line === undefined) throw new Error(`wrk said: ${output}`)
    const summary = JSON.parse(line) as WrkSummary
    const seconds = summary.microseconds / 1e6
    const ok = summary.requests - summary.otherStatus
    return {
      generator: 'wrk',
      seconds,
      ok,
      okPerSecond: ok / seconds,
      statuses: { 202: ok, other: summary.otherStatus, 0: summary.broken },
      timeouts: summary.timeouts,
      p50Ms: summary.p50 / 1000,
      p99Ms: summary.p99 / 1000,
      maxMs: summary.max / 1000,
      generatorCores: cores,
    }
  } finally {
    rmSync(dir, { recursive: true })
  }
}

/** Reads the processor time while wrk runs, because it is gone with the process. */
function runWrk(
  args: string[],
  bodyFile: string,
  tokens: string,
): Promise<{ output: string; cores: number }> {
  return new Promise((resolve, reject) => {
    const began = performance.now()
    let cores = Number.NaN
    const env = { ...process.env, BENCH_BODY: bodyFile, BENCH_TOKENS: tokens }
    const child = execFile('wrk', args, { env }, (error, output) => {
      clearInterval(timer)
      if (error) reject(error)
      else resolve({ output, cores })
    })
    const timer = setInterval(() => {
      const used = cpuSeconds(child.pid ?? 0)
      if (used !== undefined) cores = used / ((performance.now() - began) / 1000)
    }, 200)
  })
}
