/** Commands that look: `weir status`, `weir message`, `weir config`. */
import type { Command } from 'commander'
import { describeSettings, loadSettings, realClock, shownType } from '../app/index.ts'
import type { QueueStatus, TypeStatus } from '../client/index.ts'
import { pause } from '../core/index.ts'
import {
  clientFor,
  count,
  duration,
  type GlobalOptions,
  numberOption,
  print,
  printJson,
  table,
} from './terminal.ts'

export function statusCommand(program: Command): void {
  program
    .command('status')
    .summary('depth, flow and consumers of each type')
    .description('Shows what waits, what flows, and how long the backlog will take.')
    .option('-w, --watch', 'refresh until Ctrl-C')
    .option('--interval <seconds>', 'between refreshes', numberOption('--interval', 0.2, 3600, false), 1)
    .addHelpText(
      'after',
      '\nExamples:\n  weir status\n  weir status --watch\n  weir status --json | jq .depth',
    )
    .action(async (_options: unknown, command: Command) => {
      const options = command.optsWithGlobals<GlobalOptions & { watch?: boolean; interval: number }>()
      const client = clientFor(options)
      const show = async () => {
        const status = await client.status()
        if (options.json) print(JSON.stringify(status, null, options.watch ? undefined : 2))
        else print(`${options.watch && process.stdout.isTTY ? '\x1b[H\x1b[J' : ''}${statusText(status)}`)
      }
      await show()
      while (options.watch) {
        await pause(realClock, options.interval * 1000)
        await show()
      }
    })
}

/** The tables that `weir status` prints: the types, and where there are several, the processes. */
export function statusText(status: QueueStatus): string {
  // Shares of the slots of one process are no processes: they say nothing to whoever asks how many to run.
  const scaled = !status.members?.every(({ role }) => role === 'all')
  const headings = [
    'type',
    'ready',
    'in flight',
    'delayed',
    'dead',
    'in/s',
    'out/s',
    'oldest',
    'empty in',
    'running',
    'breaker',
    ...(scaled ? ['ready/wanted', 'because'] : []),
  ]
  const row = (name: string, depth: QueueStatus['depth'], flow: Partial<TypeStatus>) => [
    name,
    ...[depth.ready, depth.inFlight, depth.delayed, depth.dead].map(count),
    (flow.inPerSecond ?? 0).toFixed(1),
    (flow.outPerSecond ?? 0).toFixed(1),
    duration(flow.oldestAgeMs),
    duration(flow.drainEtaMs),
    flow.running === undefined ? '-' : `${flow.running}/${Math.floor(flow.concurrencyLimit ?? 0)}`,
    flow.breaker ?? '-',
    ...(scaled ? scalingCells(flow.scaling) : []),
  ]
  const rows = Object.entries(status.types).map(([name, type]) => row(name, type, type))
  const unrouted = unroutedText(status)
  const engine = status.engine === undefined ? '' : ` (${status.engine})`
  const types = table(headings, [...rows, row('all', status.depth, status)])
  return `${status.queue}${engine}\n\n${types}${unservedText(status)}${unrouted}${membersText(status.members ?? [])}`
}

function scalingCells(scaling: TypeStatus['scaling']): string[] {
  return scaling === undefined ? ['-', '-'] : [`${scaling.ready}/${scaling.wanted}`, scaling.reason]
}

function unservedText({ unserved = [], types }: QueueStatus): string {
  const lines = unserved.map((name) => {
    const { ready = 0 } = types[name] ?? {}
    return `${name}: ${count(ready)} ${ready === 1 ? 'message waits' : 'messages wait'}, and no consumer is there`
  })
  return lines.length === 0 ? '' : `\n\n${lines.join('\n')}`
}

function unroutedText({ queue, unrouted = 0 }: QueueStatus): string {
  if (unrouted === 0) return ''
  const what =
    unrouted === 1 ? '1 message of an unknown type lies' : `${count(unrouted)} messages of unknown types lie`
  return `\n\n${what} in the queue ${queue}.unrouted`
}

function membersText(members: NonNullable<QueueStatus['members']>): string {
  if (members.length < 2) return ''
  const rows = members.map(({ role, host, pid, types, running, draining, cpu, memoryBytes, startedAt }) => [
    role,
    `${host}:${pid}`,
    types.join(',') || '-',
    count(running),
    cpu === undefined ? '-' : `${Math.round(cpu * 100)} %`,
    memoryBytes === undefined ? '-' : `${Math.round(memoryBytes / 1e6)} MB`,
    startedAt,
    draining ? 'draining' : '',
  ])
  return `\n\n${table(['process', 'where', 'types', 'running', 'cpu', 'memory', 'since', ''], rows)}`
}

export function messageCommand(program: Command): void {
  program
    .command('message')
    .summary('the life of one message')
    .description('Shows state, attempts, timings, result or error of a message.')
    .argument('<id>', 'as given when it was accepted')
    .action(async (id: string, _options: unknown, command: Command) => {
      const options = command.optsWithGlobals<GlobalOptions>()
      const life = await clientFor(options).message(id)
      if (options.json) return printJson(life)
      const { history, ...facts } = life
      const rows = Object.entries(facts).map(([key, value]) => [
        key,
        typeof value === 'string' ? value : JSON.stringify(value),
      ])
      print(table(['', ''], rows).trimStart())
      for (const { attempt, takenAt, outcome, error } of history) {
        print(`attempt ${attempt}  ${takenAt}  ${outcome}${error ? `  ${error}` : ''}`)
      }
    })
}

export function configCommand(program: Command): void {
  program
    .command('config')
    .summary('the settings as a start here would resolve them')
    .description('Shows every setting, masked where secret, with its origin, and the message types.')
    .option('--config <file>', 'settings file (WEIR_CONFIG; ./weir.config.json)')
    .action((_options: unknown, command: Command) => {
      const options = command.optsWithGlobals<GlobalOptions & { config?: string }>()
      const settings = loadSettings(options.config === undefined ? {} : { config: options.config })
      const shown = describeSettings(settings)
      const types = settings.types.map(shownType)
      if (options.json) return printJson({ file: settings.file ?? null, settings: shown, types })
      print(`settings file: ${settings.file ?? 'none'}\n`)
      const rows = shown.map(({ name, env, value, origin }) => [
        name,
        env,
        value === null ? '' : String(value),
        origin,
      ])
      print(table(['setting', 'environment variable', 'value', 'origin'], rows))
      const cells = settings.types.map((type, index) => [
        type.name,
        String(types[index]?.handler),
        ...[type.ratePerSecond, type.concurrency, type.maxRetries].map(String),
        duration(type.timeoutMs),
      ])
      print(`\n${table(['type', 'handler', 'rate/s', 'concurrency', 'retries', 'timeout'], cells)}`)
    })
}
