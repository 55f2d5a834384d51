/** Commands that change something: `weir dead-letters`, `weir monitoring`, `weir types`. */
import { createInterface } from 'node:readline/promises'
import type { Command } from 'commander'
import { type MessageLife, type WeirClient, WeirClientError } from '../client/index.ts'
import {
  CommandError,
  clientFor,
  count,
  type GlobalOptions,
  numberOption,
  print,
  printJson,
  table,
} from './terminal.ts'

interface Selection extends GlobalOptions {
  readonly type?: string
  readonly all?: boolean
  readonly yes?: boolean
  readonly limit: number
}

export function deadLettersCommand(program: Command): void {
  const group = program
    .command('dead-letters')
    .summary('look at, retry or purge what failed for good')
    .description('Dead letters: messages whose attempts are used up, kept with their history.')
    .addHelpText(
      'after',
      `
Examples:
  weir dead-letters list --type MNP
  weir dead-letters retry 01963f…        one or several by id
  weir dead-letters retry --all --type MNP
  weir dead-letters purge --all --yes`,
    )
  group
    .command('list')
    .description('Lists dead letters, oldest first.')
    .option('-t, --type <type>', 'only of this type')
    .option('--limit <n>', 'at most', numberOption('--limit', 1, 1_000_000), 100)
    .action(async (_options: unknown, command: Command) => {
      const options = command.optsWithGlobals<Selection>()
      const items = await listed(clientFor(options), options)
      if (options.json) return printJson(items)
      if (items.length === 0) return print('no dead letters')
      const rows = items.map((item) => [
        item.id,
        item.type,
        item.finishedAt ?? '',
        String(item.attempts),
        item.error ?? '',
      ])
      print(table(['id', 'type', 'died', 'attempts', 'error'], rows))
    })
  changing(group.command('retry'), 'Makes dead letters ready again, with a fresh count of attempts.', false)
  changing(group.command('purge'), 'Deletes dead letters for good.', true)
}

async function listed(client: WeirClient, { type, limit }: Selection): Promise<MessageLife[]> {
  const items: MessageLife[] = []
  let after: string | undefined
  do {
    const page = await client.deadLetters({
      limit: Math.min(1000, limit - items.length),
      ...(type !== undefined && { type }),
      ...(after !== undefined && { after }),
    })
    items.push(...page.items)
    after = page.next
  } while (after !== undefined && items.length < limit)
  return items
}

function changing(command: Command, description: string, purge: boolean): void {
  command
    .description(description)
    .argument('[ids...]', 'which ones')
    .option('--all', 'all of them, or all of --type')
    .option('-t, --type <type>', 'with --all: only of this type')
  if (purge) command.option('-y, --yes', 'do not ask')
  command.action(async (ids: string[], _options: unknown, self: Command) => {
    await changeDeadLetters(ids, self.optsWithGlobals<Selection>(), purge)
  })
}

async function changeDeadLetters(ids: readonly string[], options: Selection, purge: boolean): Promise<void> {
  const some = ids.length > 0
  if (some === (options.all === true)) throw new CommandError('give ids, or --all (with --type)', 2)
  if (purge && !options.yes) {
    const all = `all dead letters${options.type ? ` of ${options.type}` : ''}`
    await confirm(`Delete ${some ? `${ids.length} dead letter(s)` : all} for good? [y/N] `)
  }
  const client = clientFor(options)
  const changeOne = (id: string) => (purge ? client.deleteDeadLetter(id) : client.retryDeadLetter(id))
  const done = some ? await changeEach(ids, changeOne) : await changeAll(client, options, purge)
  if (options.json) printJson(purge ? { deleted: done } : { retried: done })
  else print(`${count(done)} ${purge ? 'deleted' : 'ready again'}`)
}

/** Gives how many were changed; those that were not are told, and do not hold up the others. */
async function changeEach(ids: readonly string[], changeOne: (id: string) => Promise<void>): Promise<number> {
  let done = 0
  for (const id of ids) {
    try {
      await changeOne(id)
      done++
    } catch (error) {
      if (!(error instanceof WeirClientError)) throw error
      process.stderr.write(`weir: ${id}: ${error.message}\n`)
      process.exitCode = 1
    }
  }
  return done
}

function changeAll(client: WeirClient, { type }: Selection, purge: boolean): Promise<number> {
  const query = type === undefined ? {} : { type }
  return purge ? client.deleteDeadLetters(query) : client.retryDeadLetters(query)
}

/** Asks on a terminal; without one nobody can answer, so it is refused instead of hanging. */
async function confirm(question: string): Promise<void> {
  if (!process.stdin.isTTY)
    throw new CommandError('purge deletes for good; add --yes to do it without being asked', 2)
  const terminal = createInterface({ input: process.stdin, output: process.stderr })
  const answer = await terminal.question(question)
  terminal.close()
  if (!/^y(es)?$/i.test(answer.trim())) throw new CommandError('nothing was deleted')
}

export function monitoringCommand(program: Command): void {
  const group = program
    .command('monitoring')
    .summary('switch metrics on or off while running')
    .description('Switches monitoring; messages flow the same either way.')
  for (const word of ['on', 'off'] as const) {
    group
      .command(word)
      .description(`Switches monitoring ${word}.`)
      .action(async (_options: unknown, command: Command) => {
        const options = command.optsWithGlobals<GlobalOptions>()
        const change = await clientFor(options).setMonitoring(word === 'on')
        if (options.json) return printJson(change)
        const before = change.previous_state ? 'on' : 'off'
        print(`monitoring is ${change.current_state ? 'on' : 'off'} (was ${before})`)
      })
  }
  group
    .command('status')
    .description('Shows whether monitoring is on and what was processed.')
    .action(async (_options: unknown, command: Command) => {
      const options = command.optsWithGlobals<GlobalOptions>()
      const status = await clientFor(options).monitoring()
      if (options.json) return printJson(status)
      const { total_messages_processed: total, last_processed: last } = status.system_info
      print(`monitoring is ${status.monitoring_status.monitoring_enabled ? 'on' : 'off'}`)
      const when = last ?? (total === 0 ? undefined : 'not since this start')
      print(`${count(total)} processed${when === undefined ? '' : `, the last: ${when}`}`)
    })
}

export function typesCommand(program: Command): void {
  const group = program
    .command('types')
    .summary('list message types, change their pace')
    .description('Message types with pace, concurrency and limits.')
  group
    .command('list', { isDefault: true })
    .description('Lists the types as they are now.')
    .action(async (_options: unknown, command: Command) => {
      const options = command.optsWithGlobals<GlobalOptions>()
      const types = await clientFor(options).types()
      if (options.json) return printJson(types)
      const rows = types.map((type) => [
        type.name,
        type.aliases.join(', '),
        type.handler,
        ...[type.ratePerSecond, type.concurrency, type.maxBacklogSeconds, type.maxRetries].map(String),
      ])
      print(table(['type', 'aliases', 'handler', 'rate/s', 'concurrency', 'max backlog s', 'retries'], rows))
    })
  group
    .command('set')
    .description('Changes a type of the running service at once; a restart takes the settings again.')
    .argument('<type>')
    .option('--rate <n>', 'messages per second; 0 = no limit', numberOption('--rate', 0, 1_000_000, false))
    .option('--concurrency <n>', 'in processing at once', numberOption('--concurrency', 1, 10_000))
    .option(
      '--max-backlog <s>',
      'refuse beyond this predicted wait; 0 = never',
      numberOption('--max-backlog', 0, 31_536_000, false),
    )
    .addHelpText('after', '\nExample:\n  weir types set MNP --rate 20 --concurrency 5')
    .action(async (name: string, _options: unknown, command: Command) => {
      const options = command.optsWithGlobals<
        GlobalOptions & { rate?: number; concurrency?: number; maxBacklog?: number }
      >()
      const { rate, concurrency, maxBacklog } = options
      if (rate === undefined && concurrency === undefined && maxBacklog === undefined) {
        throw new CommandError('give --rate, --concurrency or --max-backlog', 2)
      }
      const type = await clientFor(options).setType(name, {
        ...(rate !== undefined && { ratePerSecond: rate }),
        ...(concurrency !== undefined && { concurrency }),
        ...(maxBacklog !== undefined && { maxBacklogSeconds: maxBacklog }),
      })
      if (options.json) return printJson(type)
      const limits = `${type.ratePerSecond || 'no limit'} per second, ${type.concurrency} at once`
      print(`${type.name}: ${limits}, backlog limit ${type.maxBacklogSeconds || 'none'}`)
    })
}
