/** `weir metrics`: figures of a running service over time, into a file and out of it. */
import type { Command } from 'commander'
import { maskUrl, realClock } from '../app/index.ts'
import {
  COLLECTION_VERSION,
  type Collected,
  type CollectionEnd,
  CollectionError,
  CollectionFile,
  type CollectionFileOptions,
  type CollectionFormat,
  type CollectionHeader,
  collect,
  ExpositionError,
  lookAt,
  readCollection,
  summarise,
} from '../lab/index.ts'
import { summaryText } from './metrics-text.ts'
import { systemReason, untilSignal } from './proof.ts'
import { durationOption } from './quantities.ts'
import { apiUrl, CommandError, clientFor, count, type GlobalOptions, print, printJson } from './terminal.ts'

interface CollectCommand extends GlobalOptions {
  readonly duration?: number
  readonly interval?: number
  readonly out: string
}

const INTERVAL_MS = 1_000
/** Eleven days of seconds. */
const MOST_LOOKS = 1_000_000
const LOOK_LIMIT_MS = 5_000

const EXAMPLES = `
Each look is the status and the metrics of the same moment. A service that is away leaves a gap, and the
collecting goes on; at the beginning it must be there.

  NAME.jsonl   everything: a header with version, address and settings, then a line for each look
  NAME.csv     the main figures as columns, for a spreadsheet; what is unknown is empty

Examples:
  weir metrics collect --duration 600 --out run.jsonl
  weir metrics collect --duration 10m --interval 5s --out run.csv
  weir metrics show run.jsonl                       least, mean, percentiles, most; what counters grew by`

export function metricsCommand(program: Command): void {
  const metrics = program
    .command('metrics')
    .summary('collect figures of a running service over time')
    .description('Collects what a running service tells of itself, and sums it up.')
    .addHelpText('after', EXAMPLES)
  metrics
    .command('collect')
    .summary('look at each interval, into a file')
    .description(
      'Looks at status and metrics at each interval and keeps every look, until the time is over or Ctrl-C.',
    )
    .requiredOption('-o, --out <file>', 'NAME.jsonl, or NAME.csv for the main figures as columns')
    .option(
      '-d, --duration <time>',
      'seconds, or 10m (until Ctrl-C)',
      durationOption('--duration', 100, 30 * 86_400_000),
    )
    .option('-i, --interval <time>', 'between looks (1s)', durationOption('--interval', 100, 3_600_000))
    .addHelpText('after', EXAMPLES)
    .action(async (_options: unknown, command: Command) =>
      collectInto(command.optsWithGlobals<CollectCommand>()),
    )
  metrics
    .command('show')
    .summary('what a collected file tells')
    .description(
      'Sums a collected file up: states with their spread, counters with what they grew by, gaps, restarts.',
    )
    .argument('<file>', 'NAME.jsonl of weir metrics collect')
    .addHelpText(
      'after',
      '\nExamples:\n  weir metrics show run.jsonl\n  weir metrics show run.jsonl --json | jq .gaps',
    )
    .action(async (file: string, _options: unknown, command: Command) =>
      show(file, command.optsWithGlobals<GlobalOptions>()),
    )
}

async function collectInto(options: CollectCommand): Promise<void> {
  const { duration: durationMs, interval: intervalMs = INTERVAL_MS, out } = options
  if ((durationMs ?? 0) / intervalMs > MOST_LOOKS) {
    throw new CommandError(`that would be over ${count(MOST_LOOKS)} looks; choose a longer --interval`, 2)
  }
  const format = formatOf(out)
  const url = apiUrl(options)
  const signal = untilSignal()
  const client = clientFor(options, 0)
  const timeoutMs = Math.max(intervalMs, LOOK_LIMIT_MS)
  const look = () => lookAt({ client, baseUrl: url, clock: realClock, timeoutMs, signal })
  // Somebody must be there at first: the header tells of whom the file is.
  const first = await look()
  if (first.away !== undefined) throw new CommandError(first.away)
  // A role without an API has metrics alone.
  const [about, settings] = await Promise.all([
    client.about().catch(() => undefined),
    client.config().catch(() => ({})),
  ])
  const header: CollectionHeader = {
    ...{ kind: 'metrics', version: COLLECTION_VERSION, weir: about?.version ?? 'unknown', url: maskUrl(url) },
    ...{ startedAt: realClock.now(), intervalMs, settings },
  }
  const file = opened({ path: out, format, header, types: Object.keys(first.status?.types ?? {}) })
  const progress = collectProgress()
  try {
    const collected = await collect({
      ...{ look, clock: realClock, intervalMs, signal, durationMs: durationMs ?? MOST_LOOKS * intervalMs },
      sink(seen) {
        progress.saw(seen.away)
        return file.keep(seen)
      },
    })
    file.end(realClock.now(), collected)
    progress.clear()
    if (options.json) printJson({ file: out, ...collected })
    else print(collectedText(out, collected))
    if (collected.samples === 0) process.exitCode = 1
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException
    if (code === undefined) throw error
    throw new CommandError(`${out} cannot be written any further (${code}); what was collected is in it`)
  } finally {
    progress.clear()
    file.close()
  }
}

function formatOf(out: string): CollectionFormat {
  const [, ending] = /\.([^./]+)$/.exec(out.toLowerCase()) ?? []
  if (ending === 'csv') return 'csv'
  if (ending === undefined || ending === 'jsonl' || ending === 'ndjson') return 'jsonl'
  throw new CommandError(`--out must be NAME.jsonl or NAME.csv; found ${out}`, 2)
}

function opened(options: CollectionFileOptions): CollectionFile {
  try {
    return new CollectionFile(options)
  } catch (error) {
    throw new CommandError(systemReason(error) ?? String(error), 2)
  }
}

/** One line on a terminal that is rewritten; without one, only when the service goes away and comes back. */
function collectProgress() {
  const { stderr } = process
  const terminal = stderr.isTTY === true
  let [samples, gaps] = [0, 0]
  let wasAway = false
  return {
    saw(away: string | undefined) {
      if (away === undefined) samples++
      else gaps++
      if (terminal) {
        const line = `${count(samples)} looks, ${count(gaps)} without an answer${away ? `: ${away}` : ''}`
        stderr.write(`\r\x1b[K${line.slice(0, (stderr.columns ?? 120) - 1)}`)
      } else if ((away !== undefined) !== wasAway) {
        stderr.write(`weir: ${away ?? 'the service is back'}\n`)
      }
      wasAway = away !== undefined
    },
    clear() {
      if (terminal) stderr.write('\r\x1b[K')
    },
  }
}

const ENDS: Readonly<Record<CollectionEnd, string>> = {
  duration: 'the time is over',
  signal: 'ended by a signal',
  size: 'the file has become as large as it may',
}

function collectedText(out: string, { why, samples, gaps, missed }: Collected): string {
  const late = missed === 0 ? '' : `, ${count(missed)} left out because answers took longer than the interval`
  return `${out}: ${count(samples)} looks, ${count(gaps)} without an answer${late}; ${ENDS[why]}`
}

async function show(file: string, options: GlobalOptions): Promise<void> {
  const summary = await readCollection(file)
    .then(({ header, lines }) => summarise(header, lines))
    .catch((error: unknown) => {
      const reason =
        error instanceof CollectionError || error instanceof ExpositionError
          ? error.message
          : systemReason(error)
      throw reason === undefined ? error : new CommandError(reason, 2)
    })
  if (options.json) printJson(summary)
  else print(summaryText(summary))
}
