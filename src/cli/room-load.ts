/** `weir room load`: virtual visitors for a waiting room, from flags to exit code. */
import { type Command, Option } from 'commander'
import { environment, realRandom } from '../app/index.ts'
import {
  prepareRoom,
  ROOM_MODES,
  RoomCallError,
  type RoomLoadOptions,
  type RoomLoadReport,
  type RoomMode,
  RoomRecorder,
  runRoomLoad,
  SCENARIOS,
  type Scenario,
} from '../lab/index.ts'
import { fineClock, systemReason, untilSignal } from './proof.ts'
import { durationOption } from './quantities.ts'
import { roomLoadText, roomProgress } from './room-load-report.ts'
import { CommandError, type GlobalOptions, numberOption, print, printJson } from './terminal.ts'

interface CommandOptions extends GlobalOptions {
  readonly users?: number
  readonly eventId?: string
  readonly delay?: number
  readonly mode?: RoomMode
  readonly hold?: number
  readonly scenario?: keyof typeof SCENARIOS
  readonly duration?: number
  readonly window?: number
  readonly share?: number
  readonly patience?: number
  readonly threshold?: number
  readonly adminEmail?: string
  readonly adminPassword?: string
  readonly checkInvariants?: boolean
  readonly keep?: boolean
  readonly metricsUrl?: string
  readonly serverPid?: number
  readonly seed?: number
  readonly out?: string
}

type Known = CommandOptions & { readonly eventId: string }

const EXAMPLES = `
Virtual visitors are loadtest1@test.com, loadtest2@test.com, … with the password Test1234!; whoever the room does not
know is registered. Each does what the page does: logs in, asks for a place, listens over Socket.IO, takes up the call.

Modes:
  join       come and stay for --hold after the last has come
  hold       whoever is inside stays --hold and goes, until all have been in
  reconnect  all connections break, and come back within --window; everybody must have the same place
  abandon    --share percent of those who wait go without a word; the others must get in all the same

Scenarios (with --adminEmail and --adminPassword, or ADMIN_EMAIL and ADMIN_PASSWORD, the threshold is set first):
  1  ${SCENARIOS[1].says}
  2  ${SCENARIOS[2].says}
  3  ${SCENARIOS[3].says}
  4  ${SCENARIOS[4].says}

What visitors saw is checked: never more inside than the threshold, in order, no place lost, nobody told who another one
is, nobody left waiting at a free place. Exit codes: 0 kept, 1 violated or not shown, 2 wrong use.

Examples:
  weir room load --users 50 --eventId 1 --apiUrl http://localhost:3001 --delay 100
  weir room load --users 200 --mode hold --hold 3
  weir room load --scenario 2 --eventId concert --json --out history.jsonl`

/** The names that users know are camel case; the other spelling is taken, too. */
function both(
  command: Command,
  flags: string,
  description: string,
  parse?: (text: string) => unknown,
): Command {
  const kebab = flags.replace(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`)
  const shown = new Option(flags, description)
  const hidden = new Option(kebab, description).hideHelp()
  for (const option of kebab === flags ? [shown] : [shown, hidden])
    command.addOption(parse ? option.argParser(parse) : option)
  return command
}

export function roomLoadCommand(parent: Command): void {
  const command = parent
    .command('load')
    .summary('let virtual visitors come, and judge the room by what they see')
    .description(
      'Lets virtual visitors come to a waiting room and checks from outside that it keeps its promises.',
    )
    .option('-u, --users <n>', 'how many (50)', numberOption('--users', 1, 50_000))
    .option(
      '-d, --delay <ms>',
      'between two who come, milliseconds (100)',
      numberOption('--delay', 0, 3_600_000),
    )
    .addOption(new Option('-m, --mode <mode>', 'what they do (join)').choices(ROOM_MODES))
    .addOption(new Option('--scenario <n>', 'one that a room has to show').choices(Object.keys(SCENARIOS)))
    .option(
      '--hold <time>',
      'seconds, or 2m (join 10s, hold and abandon 5s)',
      durationOption('--hold', 0, 86_400_000),
    )
    .option('--duration <time>', 'the longest it may take once all are logged in (10m)', time('--duration'))
    .option('--window <time>', 'reconnect: within which all come back (30s)', time('--window'))
    .option('--share <percent>', 'abandon: how many of those who wait (30)', numberOption('--share', 1, 99))
    .option('--patience <time>', 'a place may be free so long while somebody waits (60s)', time('--patience'))
    .option(
      '--threshold <n>',
      'what it has to be; judged by instead of what is told',
      numberOption('--threshold', 0, 1e6),
    )
    .option('--keep', 'nobody gives the place back at the end')
    .option('--seed <n>', 'chance repeats with it (1)', numberOption('--seed', 0, 2 ** 31))
    .option('-o, --out <file>', 'history of everything that the visitors saw')
  both(command, '--eventId <id>', 'whose line (1)')
  both(command, '--apiUrl <url>', 'address of the room (http://localhost:3001)')
  both(command, '--checkInvariants', 'judge the room by what visitors saw (on)')
  both(command, '--adminEmail <email>', 'of an operator, to set the threshold (ADMIN_EMAIL)')
  both(command, '--adminPassword <password>', 'of the same (ADMIN_PASSWORD)')
  both(command, '--metricsUrl <url>', "where the room's process tells its memory and CPU (<room>/metrics)")
  both(
    command,
    '--serverPid <pid>',
    'the process of the room on this machine',
    numberOption('--serverPid', 1, 2 ** 31),
  )
  command
    .option('--no-check-invariants', 'do not')
    .addOption(new Option('--no-checkInvariants').hideHelp())
    .addHelpText('after', EXAMPLES)
    .action(async (_options: unknown, self: Command) => {
      await load(self.optsWithGlobals<CommandOptions>())
    })
}

const time = (name: string) => durationOption(name, 100, 86_400_000)

async function load(given: CommandOptions): Promise<void> {
  const options = { ...given, eventId: given.eventId ?? '1' }
  const scenario = options.scenario === undefined ? undefined : SCENARIOS[options.scenario]
  if (scenario && (options.mode ?? options.users ?? options.threshold) !== undefined)
    throw new CommandError('--scenario says its own --mode, --users and --threshold', 2)
  const url = roomUrl(options)
  if (!/^[A-Za-z0-9_-]{1,64}$/.test(options.eventId))
    throw new CommandError(`--eventId must be 1 to 64 of A-Z a-z 0-9 _ -; found ${options.eventId}`, 2)
  const metricsUrl = options.metricsUrl ?? new URL('/metrics', url).href
  if (!/^https?:$/.test(URL.parse(metricsUrl)?.protocol ?? ''))
    throw new CommandError(`--metricsUrl must be an http:// or https:// URL; found ${metricsUrl}`, 2)
  const signal = untilSignal()
  const threshold = scenario?.threshold ?? options.threshold
  if (threshold !== undefined) await prepared(options, url, threshold, scenario, signal)
  const history = options.out === undefined ? undefined : recorderOf(options.out)
  const progress = roomProgress()
  const report = await spoken(url, () =>
    runRoomLoad({
      ...planOf(options, scenario),
      ...{ url, metricsUrl, signal, clock: fineClock, onProgress: progress.show },
      ...(threshold !== undefined && { threshold }),
      ...(history && { onEvent: (event) => history.record(event) }),
    }),
  ).finally(() => {
    progress.clear()
    history?.close()
  })
  tell(judged(report, scenario), options)
}

function planOf(options: Known, scenario: Scenario | undefined) {
  const mode = scenario?.mode ?? options.mode ?? 'join'
  const holdMs = options.hold ?? (scenario ? scenario.holdSeconds * 1000 : mode === 'join' ? 10_000 : 5_000)
  const plan: Omit<RoomLoadOptions, 'url' | 'metricsUrl' | 'signal' | 'clock' | 'onProgress'> = {
    event: options.eventId,
    users: scenario?.users ?? options.users ?? 50,
    mode,
    delayMs: options.delay ?? 100,
    holdMs,
    durationMs: options.duration ?? 600_000,
    windowMs: options.window ?? 30_000,
    share: (options.share ?? 30) / 100,
    seed: options.seed ?? 1,
    patienceMs: options.patience ?? 60_000,
    checkInvariants: options.checkInvariants ?? true,
    keep: options.keep === true,
    ...(options.serverPid !== undefined && { serverPid: options.serverPid }),
  }
  return plan
}

/** `--apiUrl`, else the local room on ROOM_PORT. WEIR_API_URL is of the other service. */
function roomUrl({ apiUrl }: CommandOptions): string {
  const url = apiUrl ?? `http://localhost:${environment().ROOM_PORT || 3001}`
  if (!/^https?:$/.test(URL.parse(url)?.protocol ?? ''))
    throw new CommandError(`--apiUrl must be an http:// or https:// URL; found ${url}`, 2)
  return url
}

async function prepared(
  options: Known,
  url: string,
  threshold: number,
  scenario: Scenario | undefined,
  signal: AbortSignal,
): Promise<void> {
  const { ADMIN_EMAIL, ADMIN_PASSWORD } = environment()
  const { adminEmail: email = ADMIN_EMAIL, adminPassword: password = ADMIN_PASSWORD, eventId } = options
  if ((email === undefined) !== (password === undefined))
    throw new CommandError('give both --adminEmail and --adminPassword, or neither', 2)
  const admin = email !== undefined && password !== undefined ? { email, password } : undefined
  const common = { url, signal, clock: fineClock, random: realRandom }
  const fault = await spoken(url, () =>
    prepareRoom({ ...common, event: eventId, threshold, admin, mustBeEmpty: scenario !== undefined }),
  )
  if (fault !== undefined) throw new CommandError(fault, 2)
}

/** What the room answers to a call that nothing goes on without, in one line. */
async function spoken<T>(url: string, run: () => Promise<T>): Promise<T> {
  try {
    return await run()
  } catch (error) {
    if (!(error instanceof RoomCallError)) throw error
    const where = error.status === 0 ? '' : `${new URL(url).origin}: `
    throw new CommandError(`${where}${error.message}`)
  }
}

function recorderOf(file: string): RoomRecorder {
  try {
    return new RoomRecorder(file)
  } catch (error) {
    throw new CommandError(systemReason(error) ?? String(error), 2)
  }
}

/** What was to be shown and was not; of what was broken off nothing is asked. */
function judged(report: RoomLoadReport, scenario: Scenario | undefined): RoomLoadReport {
  if (report.interrupted) return { ...report, unmet: [] }
  const { unmet, timedOut, visitors, reconnect } = report
  const late = timedOut ? [`the time was up with ${visitors.waiting} still waiting (--duration)`] : []
  const away = reconnect ? reconnect.dropped - reconnect.back : 0
  const gone = away > 0 ? [`${away} of ${reconnect?.dropped} connections did not come back`] : []
  return { ...report, unmet: [...unmet, ...late, ...gone, ...(scenario?.unmet(report) ?? [])] }
}

function tell(report: RoomLoadReport, { json, out }: CommandOptions): void {
  if (json) printJson(report)
  else print(roomLoadText(report))
  if (!json && out !== undefined) print(`  history       ${out}`)
  if (report.unmet.length > 0 || report.verdict?.ok === false) process.exitCode = 1
}
