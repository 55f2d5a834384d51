/** `weir backend`: the fragile back end that levelling is shown to protect, as a process of its own. */
import type { Command } from 'commander'
import { type BackendStats, startBackend } from '../lab/index.ts'
import { fineClock, systemReason, untilSignal } from './proof.ts'
import { durationOption, rateOption } from './quantities.ts'
import {
  CommandError,
  count,
  duration,
  type GlobalOptions,
  numberOption,
  print,
  printJson,
} from './terminal.ts'

interface BackendOptions extends GlobalOptions {
  readonly capacity: number
  readonly limit?: number
  readonly serviceTime?: number
  readonly throughput?: number
  readonly spread: number
  readonly burn?: number
  readonly seed: number
  readonly remember: number
  readonly hang?: number
  readonly retryAfter: number
  readonly port: number
  readonly host: string
  readonly log?: string
}

const DEFAULT_SERVICE_MS = 200
const DEFAULT_HANG_MS = 30_000

const EXAMPLES = `
What it does with n calls inside, at capacity C and limit L:
  n <= C        each call takes its service time
  C < n <= L    each call gets slower by (n/C)^2, as they all share it; of those that come then, up to half
                fail (500, after their time) and up to a tenth are never answered, growing with (n-C)/(L-C)
  n > L         503 at once

Any POST is a call. GET /stats tells concurrency, rate, latencies and outcomes; DELETE /stats begins them anew.
--log keeps one JSON line a call: start, end, concurrency, latency, status, outcome, message id.
A message id (header Weir-Message-Id or Idempotency-Key) whose work was done is answered, not done again.

Examples:
  weir backend --capacity 100                            on 127.0.0.1:9100, 200 ms a call, 500 a second at best
  weir backend --capacity 20 --throughput 50/s --log calls.jsonl
  weir backend --capacity 4 --burn 5ms                   each call also burns 5 ms of processor time

As the target of a type, in weir.config.json:
  {"types": {"ORDER": {"target": "http://127.0.0.1:9100/", "ratePerSecond": 400, "concurrency": 80}}}`

export function backendCommand(program: Command): void {
  program
    .command('backend')
    .summary('a fragile back end to prove things on')
    .description('Runs an HTTP service that slows down and fails past its capacity, and records what hit it.')
    .option('--capacity <n>', 'calls at once that it bears', numberOption('--capacity', 1, 100_000), 100)
    .option(
      '--limit <n>',
      'calls at once beyond which it refuses (twice the capacity)',
      numberOption('--limit', 2, 200_000),
    )
    .option(
      '--service-time <time>',
      'mean time of a call (200ms)',
      durationOption('--service-time', 0, 600_000),
    )
    .option(
      '--throughput <rate>',
      'instead: what it does at best, capacity ÷ service time',
      rateOption('--throughput', 0.01, 1e6),
    )
    .option(
      '--spread <share>',
      'how far calls are from the mean, 0 to 1',
      numberOption('--spread', 0, 1, false),
      0.5,
    )
    .option('--burn <time>', 'processor time of each call (none)', durationOption('--burn', 0, 60_000))
    .option('--seed <n>', 'chance repeats with it', numberOption('--seed', 0, 2 ** 31), 1)
    .option(
      '--remember <n>',
      'ids whose work is not done twice; 0 = none',
      numberOption('--remember', 0, 10_000_000),
      100_000,
    )
    .option(
      '--hang <time>',
      'until it hangs up on a call that it never answers (30s)',
      durationOption('--hang', 1, 3_600_000),
    )
    .option(
      '--retry-after <s>',
      'Retry-After of a 503; 0 = none',
      numberOption('--retry-after', 0, 86_400),
      0,
    )
    .option('-p, --port <port>', '0 = any free one', numberOption('--port', 0, 65_535), 9100)
    .option('--host <address>', 'address to listen on', '127.0.0.1')
    .option('--log <file>', 'its record of every call, begun anew')
    .addHelpText('after', EXAMPLES)
    .action(async (_options: unknown, command: Command) => run(command.optsWithGlobals<BackendOptions>()))
}

async function run(options: BackendOptions): Promise<void> {
  const { capacity, spread, seed, remember, port, host } = options
  const limit = options.limit ?? capacity * 2
  if (limit <= capacity)
    throw new CommandError(`--limit must be more than the capacity (${capacity}); found ${limit}`, 2)
  const signal = untilSignal()
  const backend = await startBackend({
    ...{ capacity, limit, spread, seed, remember, port, host },
    serviceMs: serviceMs(options),
    burnMs: options.burn ?? 0,
    hangMs: options.hang ?? DEFAULT_HANG_MS,
    retryAfterSeconds: options.retryAfter,
    clock: fineClock,
    ...(options.log !== undefined && { logFile: options.log }),
  }).catch((error: unknown) => {
    throw new CommandError(systemReason(error) ?? String(error))
  })
  if (options.json)
    print(JSON.stringify({ url: backend.url, capacity, limit, serviceMs: serviceMs(options), seed }))
  else greet(backend.url, options, limit)
  // What it tells once it runs; a signal that came meanwhile is not missed.
  if (!signal.aborted)
    await new Promise<void>((resolve) => signal.addEventListener('abort', () => resolve(), { once: true }))
  await backend.stop().catch((error: unknown) => {
    process.exitCode = 1
    process.stderr.write(`weir: the log is not complete: ${systemReason(error) ?? String(error)}\n`)
  })
  if (options.json) printJson(backend.stats())
  else print(farewell(backend.stats()))
}

function serviceMs({ serviceTime, throughput, capacity }: BackendOptions): number {
  if (throughput === undefined) return serviceTime ?? DEFAULT_SERVICE_MS
  if (serviceTime !== undefined)
    throw new CommandError('give --service-time or --throughput; one follows from the other', 2)
  return (capacity / throughput) * 1000
}

function greet(url: string, options: BackendOptions, limit: number): void {
  const ms = serviceMs(options)
  const best = ms > 0 ? `${count(Math.round((options.capacity / ms) * 1000))} a second at best` : 'at once'
  print(`fragile back end at ${url}`)
  print(`  bears ${options.capacity} calls of ${duration(ms)} at once (${best}), refuses beyond ${limit}`)
  if (options.log !== undefined) print(`  log   ${options.log}`)
  print(`  stats ${url}/stats; Ctrl-C stops it`)
}

/** What it saw, in two lines. */
function farewell({ calls, seconds, outcomes, concurrency, latencyMs }: BackendStats): string {
  const parts = Object.entries(outcomes).filter(([, times]) => times > 0)
  const told = parts.map(([outcome, times]) => `${count(times)} ${outcome}`).join(', ')
  const latency = latencyMs.count > 0 ? `, p99 ${duration(latencyMs.p99)}` : ''
  const took = duration(seconds * 1000)
  return `${count(calls)} calls in ${took}: ${told || 'nothing'}\nat most ${concurrency.max} at once${latency}`
}
