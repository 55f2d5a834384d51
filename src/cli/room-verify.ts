/** `weir room verify`: recomputes the draw of a pre-queue from what was published. */
import { readFileSync, writeFileSync } from 'node:fs'
import type { Command } from 'commander'
import { checkDraw, type DrawCheck, type DrawRecord } from '../app/index.ts'
import { systemReason } from './proof.ts'
import { eventOf, Operator, type OperatorOptions, operatorOptions } from './room-operator.ts'
import { CommandError, count, print, printJson } from './terminal.ts'

interface VerifyOptions extends OperatorOptions {
  readonly eventId?: string
  readonly file?: string
  readonly out?: string
  readonly visitor?: string
}

const HELP = `
Checked are: the secret is the one that was committed to before anybody registered; the list of registrations is the one
that was drawn (hash chain); and every ticket, which follows from secret, list and beacon alone.

Examples:
  weir room verify --eventId 1 --out draw.json     asks the waiting room, as its administrator
  weir room verify --file draw.json                needs nobody
  weir room verify --file draw.json --visitor 7f3a shows the number and the ticket of one

Exit code 0 when the draw is right; 1 otherwise.`

export function roomVerifyCommand(parent: Command): void {
  operatorOptions(parent.command('verify'))
    .summary('recompute the draw of a pre-queue')
    .description('Checks the order that was drawn when a pre-queue opened.')
    .option('--eventId <id>', 'the event, asked of the waiting room')
    .option('--file <file>', 'a record of a draw, as --out writes it')
    .option('-o, --out <file>', 'with --eventId: keep the record')
    .option('--visitor <id>', 'show what this one drew')
    .addHelpText('after', HELP)
    .action(async (_given: unknown, command: Command) => verify(command.optsWithGlobals<VerifyOptions>()))
}

async function verify(options: VerifyOptions): Promise<void> {
  const { file, out, visitor } = options
  if ((file === undefined) === (options.eventId === undefined))
    throw new CommandError('give --eventId or --file', 2)
  const record = file === undefined ? await asked(options) : read(file)
  if (out !== undefined && file === undefined) write(out, record)
  const check = checkDraw(record)
  if (!check.ok) process.exitCode = 1
  if (options.json) return printJson(shown(check, visitor))
  if (!check.ok) return print(`The draw is not right: ${check.fault}.`)
  print(
    `The draw of event ${check.eventId} is right: ${count(check.count)} registrations, every ticket follows.`,
  )
  if (visitor !== undefined) print(ticketText(check.tickets.get(visitor), visitor))
}

const ticketText = (ticket: number | undefined, visitor: string): string =>
  ticket === undefined ? `${visitor} did not register.` : `${visitor} drew ticket ${ticket}.`

function shown(check: DrawCheck, visitor: string | undefined): object {
  if (!check.ok) return check
  const { eventId, count: registered, tickets } = check
  return {
    ok: true,
    eventId,
    registered,
    ...(visitor !== undefined && { ticket: tickets.get(visitor) ?? null }),
  }
}

/** The draw as the waiting room publishes it, and the registrations from its audit trail. */
async function asked(options: VerifyOptions): Promise<DrawRecord> {
  const eventId = eventOf(options.eventId)
  const operator = await Operator.of(options)
  const { draw } = (await (await operator.get(`/api/queue/admin/${eventId}`)).json()) as {
    draw: DrawRecord['draw'] | null
  }
  if (!draw) throw new CommandError(`event ${eventId} had no pre-queue`)
  if (!draw.revealed) throw new CommandError(`the pre-queue of event ${eventId} is not drawn yet`)
  const visitors: string[] = []
  for await (const lines of operator.trail(eventId)) {
    for (const line of lines.trimEnd().split('\n')) {
      const { cause, visitor, ticket } = JSON.parse(line) as {
        cause: string
        visitor?: string
        ticket?: number
      }
      if (cause !== 'register' || visitor === undefined || ticket === undefined) continue
      const index = ticket - draw.first
      if (index >= 0 && index < draw.count) visitors[index] = visitor
    }
  }
  // A hole would be no text: the trail is kept for a while only, and a draw is then checked from its record.
  return { eventId, draw, visitors: Array.from(visitors, (visitor) => visitor ?? '') }
}

function read(file: string): unknown {
  try {
    return JSON.parse(readFileSync(file, 'utf8'))
  } catch (error) {
    const reason = systemReason(error)
    throw new CommandError(reason ?? `${file} is not JSON`, 2)
  }
}

function write(file: string, record: unknown): void {
  try {
    writeFileSync(file, `${JSON.stringify(record, null, 2)}\n`)
  } catch (error) {
    const reason = systemReason(error)
    throw reason === undefined ? error : new CommandError(reason, 2)
  }
}
