/** `weir monitor`: a running service at a glance, in the terminal. */
import type { Command } from 'commander'
import { environment, maskUrl, realClock } from '../app/index.ts'
import { collect, figuresOf, type Look, lookAt } from '../lab/index.ts'
import { MonitorHistory, type MonitorView } from './monitor-history.ts'
import { Screen } from './monitor-screen.ts'
import { monitorLines } from './monitor-view.ts'
import { untilSignal } from './proof.ts'
import { durationOption } from './quantities.ts'
import { apiUrl, clientFor, duration, type GlobalOptions, numberOption, print } from './terminal.ts'

interface MonitorOptions extends GlobalOptions {
  readonly interval?: number
  readonly count?: number
  /** Commander's name for --no-color. */
  readonly color: boolean
}

const INTERVAL_MS = 1_000
const LOOK_LIMIT_MS = 5_000
/** Of a file or a pipe, which has no width. */
const PLAIN_COLUMNS = 120

const EXAMPLES = `
q or Ctrl-C ends it. Where the output is no terminal it prints a block for each look, with --json a line.
CPU (of one core) and memory are what each process measured of itself; a dash is what nobody knows.
NO_COLOR or --no-color takes the colours away.

Examples:
  weir monitor
  weir monitor --api-url http://10.0.0.5:8000 --interval 5
  weir monitor --json --count 60 > minute.jsonl`

export function monitorCommand(program: Command): void {
  program
    .command('monitor')
    .summary('a running service at a glance, until q')
    .description('Shows rates, depth, workers, CPU and memory of a running service, again and again.')
    .option('-i, --interval <time>', 'between looks (1s)', durationOption('--interval', 100, 3_600_000))
    .option('--count <n>', 'looks, then it ends', numberOption('--count', 1, 1_000_000_000))
    .option('--no-color', 'without colours')
    .addHelpText('after', EXAMPLES)
    .action(async (_options: unknown, command: Command) => monitor(command.optsWithGlobals<MonitorOptions>()))
}

async function monitor(options: MonitorOptions): Promise<void> {
  const { interval: intervalMs = INTERVAL_MS, count: most = Number.POSITIVE_INFINITY } = options
  const baseUrl = apiUrl(options)
  const url = maskUrl(baseUrl)
  const client = clientFor(options, 0)
  const quit = new AbortController()
  const signal = AbortSignal.any([quit.signal, untilSignal()])
  process.once('SIGHUP', () => quit.abort())
  const shown = shownOn(options, intervalMs, () => quit.abort())
  const history = new MonitorHistory(url)
  let looks = 0
  try {
    const { samples } = await collect({
      ...{ clock: realClock, intervalMs, signal },
      look: () => lookAt({ client, baseUrl, clock: realClock, timeoutMs: LOOK_LIMIT_MS, signal }),
      sink(look) {
        shown.show(history.add(look))
        return ++looks < most
      },
    })
    // Of a script that asked for so many looks and got none.
    if (samples === 0 && looks >= most) process.exitCode = 1
  } finally {
    shown.end()
  }
}

interface Shown {
  show(view: MonitorView): void
  end(): void
}

function shownOn({ json, color }: MonitorOptions, intervalMs: number, quit: () => void): Shown {
  const { TERM, NO_COLOR } = environment()
  if (json) return { show: (view) => print(JSON.stringify(jsonOf(view))), end() {} }
  if (!process.stdout.isTTY || TERM === 'dumb') {
    const size = { columns: PLAIN_COLUMNS, colour: false }
    return { show: (view) => print(`${monitorLines(view, size).join('\n')}\n`), end() {} }
  }
  let last: MonitorView | undefined
  const footer = `q quits; looks every ${duration(intervalMs)}`
  const draw = () => {
    const size = { ...screen.size, colour: color && !NO_COLOR, footer }
    if (last) screen.draw(monitorLines(last, size))
    else screen.draw(['looking …'])
  }
  const screen = new Screen(process.stdout, process.stdin, { quit, resized: draw })
  screen.enter()
  draw()
  return {
    show(view) {
      last = view
      draw()
    },
    end: () => screen.leave(),
  }
}

/** What a program gets of a look: everything but the drawings. */
function jsonOf({ url, look, rooms }: MonitorView) {
  const { at, away, status, withoutStatus, withoutMetrics }: Look = look
  const told = { at: new Date(at).toISOString(), url }
  if (away !== undefined) return { ...told, away }
  const figures = figuresOf(look)
  return { ...told, figures, status, rooms, withoutStatus, withoutMetrics }
}
