/** `weir load`: the load generator, from flags to exit code. */
import { writeFileSync } from 'node:fs'
import { type Command, Option } from 'commander'
import { idMaker, realClock } from '../app/index.ts'
import {
  ARRIVAL_PROCESSES,
  type ArrivalProcess,
  HistoryRecorder,
  type LoadPlan,
  LoadPlanError,
  type LoadReport,
  type LoadWishes,
  type Mix,
  MOST_REQUESTS,
  peerOf,
  planLoad,
  presetOf,
  reach,
  runLoad,
  type Target,
  TEST_TYPES,
  type TestType,
} from '../lab/index.ts'
import { loadProgress, loadText } from './load-report.ts'
import { fineClock, systemReason, untilSignal } from './proof.ts'
import { durationOption, rateOption } from './quantities.ts'
import {
  apiUrl,
  CommandError,
  clientFor,
  type GlobalOptions,
  numberOption,
  print,
  printJson,
  senderFor,
} from './terminal.ts'

interface CommandOptions extends GlobalOptions {
  readonly requests?: number
  readonly concurrency?: number
  readonly testType?: TestType
  readonly rate?: number
  readonly duration?: number
  readonly arrivals?: ArrivalProcess
  readonly messageType?: string
  readonly mix?: Mix
  readonly batch: number
  readonly size: number
  readonly keys?: boolean
  readonly direct?: string
  readonly seed: number
  readonly timeout?: number
  readonly out?: string
  readonly report?: string
  readonly volume?: number
}

const TIMEOUT_MS = 30_000
const GRACE_MS = 30_000

const EXAMPLES = `
Presets: basic (1,000 requests over 50 connections), high-volume (5,000 over 100; --volume 10000, 20000 or 50000
over 150, 200 or 300).

Test types, with R = --rate, the highest rate:
  burst        with --rate: R all the time; without: as fast as --concurrency connections get their answers
  sustained    R all the time
  ramp         evenly from 0 to R
  spike-train  ten spikes of R, R/10 between them
  mixed        half of R, a climb to R, three spikes, a quarter of R
Give two of --requests, --rate and --duration; the third follows. Requests with a rate come at moments fixed
beforehand (open loop), and latency counts from those, so that a service that stalls cannot hide whom it kept waiting.

Every message is accounted for: acknowledged (2xx), refused (4xx, 503, 507), failed (another 5xx, or no
connection), unknown (sent, and no answer). Nothing is sent twice. Exit code 0 only when all were acknowledged.

Examples:
  weir load basic
  weir load --requests 10000 --concurrency 150
  weir load --test-type sustained --rate 200/s --duration 5m --out history.jsonl
  weir load --test-type spike-train --rate 500 --mix MNP=3,CHANGE=1 --seed 7
  weir load --batch 100 --requests 1000                100,000 messages
  weir load basic --direct http://127.0.0.1:9100/      straight to a back end: the same, without a queue
  weir audit --recorded history.jsonl --ask            what became of every one of them`

export function loadCommand(program: Command): void {
  program
    .command('load')
    .summary('put load on a service and measure it')
    .description('Sends messages in a chosen pattern and accounts for every one, with latencies.')
    .argument('[preset]', 'basic or high-volume')
    .option('-n, --requests <n>', 'HTTP requests', numberOption('--requests', 1, MOST_REQUESTS))
    .option('-c, --concurrency <n>', 'connections at most', numberOption('--concurrency', 1, 10_000))
    .addOption(new Option('-t, --test-type <type>', 'the pattern (burst)').choices(TEST_TYPES))
    .option('-r, --rate <rate>', 'requests per second, 200 or 200/s', rateOption('--rate', 0.001, 1_000_000))
    .option('-d, --duration <time>', 'seconds, or 5m', durationOption('--duration', 100, 7 * 86_400_000))
    .addOption(
      new Option('--arrivals <process>', 'how they come within the rate (poisson)').choices(
        ARRIVAL_PROCESSES,
      ),
    )
    .option('--message-type <type>', 'all of this type (unless given, all types of the service evenly)')
    .option('--mix <shares>', 'types with their shares: MNP=3,CHANGE=1', mixOption)
    .option('--batch <n>', 'messages per request', numberOption('--batch', 1, 1000), 1)
    .option('--size <n>', 'characters of content, at least', numberOption('--size', 0, 65_536), 0)
    .option('--keys', 'with an idempotency key for each message')
    .option('--direct <url>', 'POST each message to this back end instead, without a queue')
    .option('--seed <n>', 'arrivals and types repeat with it', numberOption('--seed', 0, 2 ** 31), 1)
    .option(
      '--timeout <time>',
      'until an answer is given up (30s)',
      durationOption('--timeout', 10, 3_600_000),
    )
    .option(
      '--volume <n>',
      'of high-volume: its number of requests',
      numberOption('--volume', 1, MOST_REQUESTS),
    )
    .option('-o, --out <file>', 'history of every message, for weir audit')
    .option('--report <file>', 'the report as JSON')
    .addHelpText('after', EXAMPLES)
    .action(async (preset: string | undefined, _options: unknown, command: Command) => {
      await load(preset, command.optsWithGlobals<CommandOptions>())
    })
}

/** `MNP=3,CHANGE=1`; a type without a number has the share 1. */
function mixOption(text: string): Mix {
  const entries = text.split(',').map((part) => {
    const [type = '', share = '1', more] = part.trim().split('=')
    const value = Number(share)
    if (type === '' || more !== undefined || !(value > 0 && value <= 1e6)) {
      throw new CommandError(`--mix takes types with shares, such as MNP=3,CHANGE=1; found ${text}`, 2)
    }
    return [type, value] as const
  })
  return Object.fromEntries(entries)
}

async function load(preset: string | undefined, options: CommandOptions): Promise<void> {
  const plan = planOf(preset, options)
  const target = await targetOf(options)
  const signal = untilSignal()
  const history = options.out === undefined ? undefined : recorderOf(options.out)
  // Begun before the load: nobody wants to hear after an hour that the report has no place.
  if (options.report !== undefined) writeReport(options.report, '')
  const progress = loadProgress()
  const report = await runLoad({
    plan,
    target,
    run: idMaker(realClock)().slice(-12),
    seed: options.seed,
    timeoutMs: options.timeout ?? TIMEOUT_MS,
    graceMs: GRACE_MS,
    clock: fineClock,
    signal,
    onProgress: progress.show,
    ...(history && { history }),
  }).finally(() => history?.close())
  progress.clear()
  tell(report, options)
  if (report.accounts.acknowledged < report.accounts.attempted) process.exitCode = 1
}

function planOf(preset: string | undefined, options: CommandOptions): LoadPlan {
  const { testType, requests, concurrency, rate, duration, arrivals, volume } = options
  try {
    if (preset === undefined && volume !== undefined)
      throw new LoadPlanError('--volume is for the preset high-volume')
    const wishes: LoadWishes = {
      ...(preset !== undefined && presetOf(preset, volume)),
      ...(testType !== undefined && { testType }),
      ...(requests !== undefined && { requests }),
      ...(concurrency !== undefined && { concurrency }),
      ...(rate !== undefined && { ratePerSecond: rate }),
      ...(duration !== undefined && { durationMs: duration }),
      ...(arrivals !== undefined && { arrivals }),
    }
    return planLoad(wishes)
  } catch (error) {
    if (error instanceof LoadPlanError) throw new CommandError(error.message, 2)
    throw error
  }
}

/** Also makes sure that somebody is there: a load on a wrong address measures nothing. */
async function targetOf(options: CommandOptions): Promise<Target> {
  const { batch, size, direct, messageType, keys: wished = false } = options
  // A back end takes the key as a header and may ignore it.
  const keys = wished && (direct !== undefined || (await doesKeys(options)))
  if (messageType !== undefined && options.mix !== undefined) {
    throw new CommandError('give --message-type or --mix', 2)
  }
  const mix = messageType === undefined ? options.mix : { [messageType]: 1 }
  if (direct === undefined) {
    const url = new URL(apiUrl(options))
    const types = await clientFor(options).types()
    return { url, kind: 'api', batch, size, keys, mix: mix ?? evenly(types.map(({ name }) => name)) }
  }
  if (batch > 1) throw new CommandError('--batch is for the API; with --direct each message is a request', 2)
  const url = URL.parse(direct)
  if (!url || !/^https?:$/.test(url.protocol)) {
    throw new CommandError(`--direct must be an http:// or https:// URL; found ${direct}`, 2)
  }
  const target: Target = { url, kind: 'direct', batch, size, keys, mix: mix ?? { LOAD: 1 } }
  await reach(peerOf(target), 5_000).catch((error: NodeJS.ErrnoException) => {
    throw new CommandError(`${url.origin} cannot be reached: ${error.code ?? error.message}`)
  })
  return target
}

/** Asked once, as `weir send` does; every request with a key would be refused otherwise. */
async function doesKeys(options: CommandOptions): Promise<boolean> {
  const { keys } = await senderFor(options)
  if (!keys) process.stderr.write('weir: the service does no idempotency keys: sending without\n')
  return keys
}

const evenly = (types: readonly string[]): Mix => Object.fromEntries(types.map((type) => [type, 1]))

function recorderOf(file: string): HistoryRecorder {
  try {
    return new HistoryRecorder(file)
  } catch (error) {
    throw new CommandError(systemReason(error) ?? String(error), 2)
  }
}

function tell(report: LoadReport, { json, out, report: file }: CommandOptions): void {
  if (json) printJson(report)
  else {
    print(loadText(report))
    if (out !== undefined) print(`  history        ${out}`)
  }
  if (file !== undefined) writeReport(file, `${JSON.stringify(report, null, 2)}\n`)
}

function writeReport(file: string, text: string): void {
  try {
    writeFileSync(file, text)
  } catch (error) {
    throw new CommandError(systemReason(error) ?? String(error), 2)
  }
}
