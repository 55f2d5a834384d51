/** `weir room verify`: recomputes the draw of a pre-queue from what was published. */
import { readFileSync, writeFileSync } from 'node:fs'
import type { Command } from 'commander'
import { checkDraw, checkNumber, type DrawCheck, type DrawRecord } from '../app/index.ts'
import { systemReason } from './proof.ts'
import { asVisitor, eventOf, Operator, type OperatorOptions, operatorOptions } from './room-operator.ts'
import { CommandError, count, print, printJson } from './terminal.ts'

interface VerifyOptions extends OperatorOptions {
  readonly eventId?: string
  readonly file?: string
  readonly out?: string
  readonly visitor?: string
  readonly number?: string
  readonly promise?: string
}

const HELP = `
Checked are: the secret is the one that was committed to before anybody registered; the list of registrations is the
one that was drawn (hash chain); every ticket, which follows from secret, list and beacon alone; and that those who have
been called since had the ticket that they drew. With --number, what everybody may check: the secret and one's ticket.

Examples:
  weir room verify --eventId 1 --out draw.json     asks the waiting room, as its administrator
  weir room verify --file draw.json                needs nobody
  weir room verify --file draw.json --visitor 7f3a shows the ticket of one
  weir room verify --eventId 1 --number 17         as any visitor: what my number drew

Exit code 0 when the draw is right; 1 otherwise.`

export function roomVerifyCommand(parent: Command): void {
  operatorOptions(parent.command('verify'))
    .summary('recompute the draw of a pre-queue')
    .description('Checks the order that was drawn when a pre-queue opened.')
    .option('--eventId <id>', 'the event, asked of the waiting room')
    .option('--file <file>', 'a record of a draw, as --out writes it')
    .option('-o, --out <file>', 'with --eventId: keep the record')
    .option('--visitor <id>', 'show what this one drew')
    .option('--number <n>', 'what this number drew, from what everybody may read; needs no admin')
    .option('--promise <hash>', 'with --number: the commitment as it was published before')
    .addHelpText('after', HELP)
    .action(async (_given: unknown, command: Command) => verify(command.optsWithGlobals<VerifyOptions>()))
}

async function verify(options: VerifyOptions): Promise<void> {
  const { file, out, visitor } = options
  if ((file === undefined) === (options.eventId === undefined))
    throw new CommandError('give --eventId or --file', 2)
  if (options.number !== undefined) return verifyOne(options, options.number)
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

async function verifyOne(options: VerifyOptions, given: string): Promise<void> {
  const { eventId, promise } = options
  if (eventId === undefined) throw new CommandError('--number is asked of the room: give --eventId', 2)
  const number = Number(given)
  if (!Number.isSafeInteger(number) || number < 1)
    throw new CommandError(`--number must be a whole number from 1; found ${given}`, 2)
  const { draw } = (await asVisitor(options, `/api/queue/draw/${eventOf(eventId)}`)) as {
    draw: DrawRecord['draw'] | null
  }
  if (!draw) throw new CommandError(`event ${eventId} had no pre-queue`)
  const verdict = checkNumber(draw, number, promise)
  if (!verdict.ok) process.exitCode = 1
  if (options.json) return printJson({ ...verdict, eventId, number, draw })
  if (!verdict.ok) return print(`Not right: ${verdict.fault}.`)
  const place = `${count(verdict.ticket - draw.first + 1)} of ${count(draw.count)}`
  print(
    `Number ${number} of event ${eventId} drew ticket ${verdict.ticket}: place ${place} in the order by lot.`,
  )
  print(`The secret is the one that was promised as ${draw.commitment}.`)
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

/** The draw as the waiting room publishes it, and from its audit trail who registered and what came of it. */
async function asked(options: VerifyOptions): Promise<DrawRecord> {
  const eventId = eventOf(options.eventId)
  const operator = await Operator.of(options)
  const { draw } = (await (await operator.get(`/api/queue/admin/${eventId}`)).json()) as {
    draw: DrawRecord['draw'] | null
  }
  if (!draw) throw new CommandError(`event ${eventId} had no pre-queue`)
  if (!draw.revealed) throw new CommandError(`the pre-queue of event ${eventId} is not drawn yet`)
  const trail = new DrawTrail(draw)
  for await (const lines of operator.trail(eventId)) {
    for (const line of lines.trimEnd().split('\n')) trail.add(JSON.parse(line) as TrailEntry)
  }
  // A hole would be no text: the trail is kept for a while only, and a draw is then checked from its record.
  const visitors = Array.from(trail.visitors, (visitor) => visitor ?? '')
  return { eventId, draw, visitors, held: trail.held }
}

interface TrailEntry {
  readonly cause: string
  readonly visitor?: string
  readonly ticket?: number
}

/** What an audit trail says of one draw. */
class DrawTrail {
  /** By number. */
  readonly visitors: string[] = []
  readonly held: Record<string, number> = {}
  readonly #draw: DrawRecord['draw']
  #isOpen = false

  constructor(draw: DrawRecord['draw']) {
    this.#draw = draw
  }

  add({ cause, visitor, ticket }: TrailEntry): void {
    // The opening of an earlier pre-queue comes before anybody is registered for this one.
    if (cause === 'open') this.#isOpen = this.visitors.length > 0
    if (visitor === undefined || ticket === undefined) return
    const index = ticket - this.#draw.first
    if (index < 0 || index >= this.#draw.count) return
    if (cause === 'register') this.visitors[index] = visitor
    // Until the opening the trail names a number where there is no ticket.
    else if (this.#isOpen) this.held[visitor] = ticket
  }
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
