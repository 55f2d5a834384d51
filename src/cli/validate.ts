/** `weir validate`: the experiments, from flags to exit code. */
import { accessSync, constants, writeFileSync } from 'node:fs'
import { dirname, extname, resolve } from 'node:path'
import { type Command, Option } from 'commander'
import {
  type Environment,
  environment,
  idMaker,
  packageVersion,
  realClock,
  realRandom,
  removeBrokerQueue,
} from '../app/index.ts'
import { WeirClient } from '../client/index.ts'
import {
  type Brokers,
  conclusionText,
  type Experiment,
  experimentNames,
  experimentText,
  LANGUAGES,
  type Language,
  renderHtml,
  renderMarkdown,
  runValidation,
  type ValidationReport,
} from '../lab/index.ts'
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
} from './terminal.ts'

interface ValidateOptions extends GlobalOptions {
  readonly testType: readonly Experiment[]
  readonly burstSize?: number
  readonly duration?: number
  readonly sustainedLoad?: number
  readonly targetCpu?: number
  readonly quick?: boolean
  readonly seed: number
  readonly messageType?: string
  readonly backendLog?: string
  readonly out?: string
  readonly lang: Language
}

const EXAMPLES = `
Starts a service and a fragile back end of its own for each experiment, unless --api-url names a running service;
that one is judged from outside and its settings are left alone (it does get the load). Every figure comes from events
that were recorded; what could not be measured is named, and never counts as passed.

  burst_leveling      a burst in, the pace out: smoothing, peak, flatness, drain time against the plan
  system_protection   the back end's own record and processors, with and without the queue
  queue_buffering     depth over time, loss by an audit of every message
  stability           sustained load: memory, latency, restarts
  auto_scaling        workers over a ramp up and down, with reasons
  monitoring_impact   monitoring on and off in turns: what it costs
  throughput_gain     the same arrivals straight to the back end and through the queue
  topology            one queue for all types against one for each

Examples:
  weir validate --quick                                     all of it in three minutes
  weir validate --test-type burst_leveling --burst-size 1000 --duration 60
  weir validate --test-type stability --duration 10m --sustained-load 50 --out report.html
  weir validate --test-type burst_leveling,queue_buffering --api-url http://127.0.0.1:8000 --backend-log calls.jsonl
  weir report compare before.json after.json

--duration is how long the work of a burst lasts, a sustained load, or switching monitoring to and fro. Exit code 0
when every criterion that could be judged has passed, 1 when one failed, nothing could be judged, or it was
interrupted; 2 for wrong use.`

export function validateCommand(program: Command): void {
  program
    .command('validate')
    .summary('prove by measurement that levelling works')
    .description('Runs experiments, judges what was measured against criteria, and writes a report.')
    .addOption(
      new Option('-t, --test-type <types>', 'one, several with commas, or all')
        .argParser(typesOption)
        .default(experimentNames(), 'all'),
    )
    .option('--burst-size <n>', 'messages of a burst', numberOption('--burst-size', 10, 1_000_000))
    .option('-d, --duration <time>', 'seconds, or 5m', durationOption('--duration', 1_000, 7 * 86_400_000))
    .option(
      '--sustained-load <rate>',
      'messages a second, 50 or 50/s',
      rateOption('--sustained-load', 1, 100_000),
    )
    .option('--target-cpu <percent>', 'of one core, for the workers', numberOption('--target-cpu', 1, 100))
    .option('--quick', 'short experiments')
    .option('--seed <n>', 'arrivals repeat with it', numberOption('--seed', 0, 2 ** 31), 1)
    .option('--message-type <type>', 'with --api-url: the type that is sent (one with a target)')
    .option('--backend-log <file>', 'with --api-url: what its back end did, as weir backend --log writes it')
    .option('-o, --out <file>', 'the report: .json, .html or .md by its ending')
    .addOption(
      new Option('--lang <language>', 'of the report and of this text').choices(LANGUAGES).default('en'),
    )
    .addHelpText('after', EXAMPLES)
    .action(async (_options: unknown, command: Command) =>
      validate(command.optsWithGlobals<ValidateOptions>()),
    )
}

function typesOption(text: string): Experiment[] {
  const known = experimentNames()
  const given = text.split(',').map((part) => part.trim().toLowerCase().replaceAll('-', '_'))
  if (given.includes('all')) return known
  const wrong = given.find((name) => !known.includes(name as Experiment))
  if (wrong === undefined) return given as Experiment[]
  throw new CommandError(`--test-type must be ${known.join(', ')} or all; found ${wrong || 'nothing'}`, 2)
}

async function validate(options: ValidateOptions): Promise<void> {
  checkUse(options)
  const { quick = false, seed, lang, json, testType } = options
  const { burstSize, duration, sustainedLoad, targetCpu } = options
  const running = options.apiUrl === undefined ? undefined : await runningService(options)
  const show = progressLines()
  const newId = idMaker(realClock)
  const report = await runValidation({
    ...{ experiments: testType, quick, seed, clock: fineClock, signal: untilSignal() },
    ...{ program: thisProgram(), environment: bareEnvironment(), weirVersion: packageVersion() },
    flags: {
      ...(burstSize !== undefined && { burstSize }),
      ...(duration !== undefined && { durationSeconds: duration / 1000 }),
      ...(sustainedLoad !== undefined && { sustainedLoad }),
      ...(targetCpu !== undefined && { targetCpu }),
    },
    brokers: brokersOf(environment()),
    newRun: () => newId().slice(-12),
    client: (baseUrl) =>
      new WeirClient({ baseUrl, clock: realClock, random: realRandom, newKey: newId, retries: 1 }),
    ...(running && { running }),
    onProgress: show.line,
    onExperiment: (one) => {
      show.clear()
      if (!json) print(`${experimentText(one, lang)}\n`)
    },
  })
  show.clear()
  tell(report, options)
  if (!report.passed || report.interrupted) process.exitCode = 1
}

/** Those that the environment names; some experiments use one, under a queue name of their own. */
function brokersOf({ RABBITMQ_URL: rabbitmqUrl, REDIS_URL: redisUrl }: Environment): Brokers {
  return {
    ...(redisUrl && { redisUrl }),
    ...(rabbitmqUrl && {
      rabbitmqUrl,
      removeQueue: (queueName, types) => removeBrokerQueue(rabbitmqUrl, queueName, types),
    }),
  }
}

/** Of all of them records are kept until the end. */
const MOST_MESSAGES = 2_000_000
const DEFAULT_SUSTAINED_MS = 300_000

/** What is wrong is told before minutes have been spent. */
function checkUse(options: ValidateOptions): void {
  const { out, apiUrl: url, messageType, backendLog, sustainedLoad, duration } = options
  if (url === undefined && (messageType ?? backendLog) !== undefined) {
    const name = messageType === undefined ? '--backend-log' : '--message-type'
    throw new CommandError(`${name} is of a running service; give --api-url`, 2)
  }
  const sustained = (sustainedLoad ?? 0) * ((duration ?? DEFAULT_SUSTAINED_MS) / 1000)
  if (sustained > MOST_MESSAGES) {
    const told = `${Math.round(sustained)} messages, and ${MOST_MESSAGES} are the most that one run can judge`
    throw new CommandError(`--sustained-load for --duration would be ${told}`, 2)
  }
  if (out === undefined) return
  if (!['.json', '.html', '.md'].includes(extname(out).toLowerCase())) {
    throw new CommandError(`--out must end in .json, .html or .md; found ${out}`, 2)
  }
  const directory = dirname(resolve(out))
  try {
    accessSync(directory, constants.W_OK)
  } catch (error) {
    throw new CommandError(systemReason(error) ?? `${directory} cannot be written to`, 2)
  }
}

/** Asked once before anything is sent: a validation of a wrong address would fail in every way at once. */
async function runningService(options: ValidateOptions) {
  const { messageType, backendLog } = options
  const url = apiUrl(options)
  await clientFor(options).status()
  return {
    url,
    ...(messageType !== undefined && { messageType }),
    ...(backendLog !== undefined && { backendLog }),
  }
}

/** The program as it runs: the runtime, its own options, the script. */
const thisProgram = () => ({ file: process.execPath, args: [...process.execArgv, process.argv[1] ?? ''] })

/** What a process needs to run at all; no setting of whoever runs this may change what is measured. */
const KEPT = ['PATH', 'HOME', 'TMPDIR', 'TEMP', 'TMP', 'SystemRoot', 'LANG', 'TZ', 'NODE_EXTRA_CA_CERTS']

function bareEnvironment(): Record<string, string> {
  const all = environment()
  return Object.fromEntries(
    KEPT.flatMap((name) => {
      const value = all[name]
      return value === undefined ? [] : [[name, value]]
    }),
  )
}

/** On stderr, so that stdout stays the report: one line that is rewritten on a terminal, plain lines otherwise. */
function progressLines() {
  const { stderr } = process
  const terminal = stderr.isTTY === true
  return {
    line(experiment: Experiment, text: string) {
      const line = `${experiment}: ${text}`
      stderr.write(terminal ? `\r\x1b[K${line.slice(0, (stderr.columns ?? 120) - 1)}` : `${line}\n`)
    },
    clear() {
      if (terminal) stderr.write('\r\x1b[K')
    },
  }
}

function tell(report: ValidationReport, { out, lang, json }: ValidateOptions): void {
  if (out !== undefined) {
    try {
      writeFileSync(out, documentOf(report, extname(out).toLowerCase(), lang))
    } catch (error) {
      throw new CommandError(systemReason(error) ?? String(error))
    }
  }
  if (json) return printJson(report)
  print(conclusionText(report, lang))
  if (out !== undefined) print(`${lang === 'ko' ? '보고서' : 'report'}: ${out}`)
}

function documentOf(report: ValidationReport, ending: string, lang: Language): string {
  if (ending === '.html') return renderHtml(report, lang)
  return ending === '.md' ? renderMarkdown(report, lang) : `${JSON.stringify(report, null, 2)}\n`
}
