/** `weir plan`: what a burst will do, before it comes. */
import type { Command } from 'commander'
import { realClock } from '../app/index.ts'
import {
  type BurstPlan,
  type LiveInput,
  liveInput,
  type PlanInput,
  planBurst,
  storageOf,
} from '../lab/index.ts'
import { planText } from './plan-text.ts'
import { durationOption, rateOption } from './quantities.ts'
import { CommandError, clientFor, type GlobalOptions, numberOption, print, printJson } from './terminal.ts'

interface PlanOptions extends GlobalOptions {
  readonly burst: number
  readonly over: number
  readonly base?: number
  readonly serviceTime?: number
  readonly workers?: number
  readonly slots?: number
  readonly rate?: number
  readonly backendCapacity?: number
  readonly backlog?: number
  readonly drainWithin?: number
  readonly messageSize: number
  readonly from?: string
  readonly type?: string
}

/** What CONCURRENCY is unless set. */
const DEFAULT_SLOTS = 10
const YEAR_MS = 365 * 86_400_000
const MOST_MESSAGES = 1_000_000_000

const EXAMPLES = `
Says how much will wait at most, how long the last message waits, when all is done, and how many workers drain it in
time. A model of flows, not a simulation: docs/guides/proof.md shows the formulas and what they leave out.

  out = the least of workers x slots / service time, --rate, and --backend-capacity / service time

Examples:
  weir plan --burst 50000 --over 60s --base 20/s --service-time 1.5s --workers 10 --drain-within 10m
  weir plan --burst 50000 --over 60s --service-time 200ms --workers 10 --backend-capacity 100
  weir plan --burst 10000 --over 30s --from http://127.0.0.1:8000 --type MNP

--from takes what comes in, what waits, concurrency and pace from a running service, and the mean time of a message from
its metrics; where those do not tell (several processes, monitoring off), from what is in work and what leaves (Little's
law), while something is in work. What is given as a flag goes before it.`

export function planCommand(program: Command): void {
  program
    .command('plan')
    .summary('what a burst will do, before it comes')
    .description('Works out backlog, waits, drain time and workers for a burst.')
    .requiredOption('--burst <n>', 'messages of the burst', numberOption('--burst', 0, MOST_MESSAGES))
    .requiredOption('--over <time>', 'time over which they come', durationOption('--over', 1, YEAR_MS))
    .option('--base <rate>', 'what comes anyway (0/s)', rateOption('--base', 0, 1e6))
    .option('--service-time <time>', 'of one message, mean', durationOption('--service-time', 0.001, YEAR_MS))
    .option('--workers <n>', 'worker processes (1)', numberOption('--workers', 1, 100_000))
    .option(
      '--slots <n>',
      'messages that a worker has in work at once (10)',
      numberOption('--slots', 1, 100_000),
    )
    .option('--rate <rate>', 'output pace, all workers together (none)', rateOption('--rate', 0.0001, 1e6))
    .option(
      '--backend-capacity <n>',
      'calls at once that the back end bears (no bound)',
      numberOption('--backend-capacity', 1, 1e6),
    )
    .option('--backlog <n>', 'messages that wait already (0)', numberOption('--backlog', 0, MOST_MESSAGES))
    .option(
      '--drain-within <time>',
      'after the burst: how many workers?',
      durationOption('--drain-within', 1, YEAR_MS),
    )
    .option(
      '--message-size <bytes>',
      'content and attributes',
      numberOption('--message-size', 0, 1_048_576),
      200,
    )
    .option('--from <url>', 'take what is not given from this running service')
    .option('--type <type>', 'with --from: of this type only')
    .addHelpText('after', EXAMPLES)
    .action(async (_options: unknown, command: Command) => plan(command.optsWithGlobals<PlanOptions>()))
}

async function plan(options: PlanOptions): Promise<void> {
  const input = inputOf(options, await liveOf(options))
  const made = planBurst(input)
  const storage = storageOf(made.peak, messagesOf(made), options.messageSize)
  if (options.json) printJson({ ...made, storage })
  else print(planText(made, storage))
}

/** Without a service to ask, nothing is known. */
async function liveOf({ from, type, ...options }: PlanOptions): Promise<LiveInput> {
  if (from === undefined) {
    if (type !== undefined) throw new CommandError('--type is for --from', 2)
    return {}
  }
  try {
    const client = clientFor({ ...options, apiUrl: from })
    return await liveInput({ client, baseUrl: from, clock: realClock, ...(type !== undefined && { type }) })
  } catch (error) {
    if (error instanceof RangeError) throw new CommandError(error.message, 2)
    throw error
  }
}

function inputOf(options: PlanOptions, live: LiveInput): PlanInput {
  const { burst, over, base, workers, slots, rate, backendCapacity, backlog, drainWithin } = options
  const serviceSeconds = options.serviceTime === undefined ? live.serviceSeconds : options.serviceTime / 1000
  if (serviceSeconds === undefined) {
    const why =
      options.from === undefined
        ? ''
        : '; the service has done too little, and has nothing in work to measure it by'
    throw new CommandError(`give --service-time, how long a message takes${why}`, 2)
  }
  const ratePerSecond = rate ?? live.ratePerSecond
  return {
    burst,
    overSeconds: over / 1000,
    basePerSecond: base ?? live.basePerSecond ?? 0,
    serviceSeconds,
    workers: workers ?? live.workers ?? 1,
    slots: slots ?? live.slots ?? DEFAULT_SLOTS,
    backlog: backlog ?? live.backlog ?? 0,
    ...(ratePerSecond !== undefined && { ratePerSecond }),
    ...(backendCapacity !== undefined && { backendCapacity }),
    ...(drainWithin !== undefined && { drainWithinSeconds: drainWithin / 1000 }),
  }
}

/** All that there is to keep until the backlog is gone, or until the burst ends when it never goes. */
function messagesOf({ input, drainSeconds }: BurstPlan): number {
  return input.backlog + input.burst + input.basePerSecond * (input.overSeconds + (drainSeconds ?? 0))
}
