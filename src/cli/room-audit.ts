/** `weir room audit`: exports the audit trail of an event. */
import { createWriteStream } from 'node:fs'
import { Readable } from 'node:stream'
import { pipeline } from 'node:stream/promises'
import type { Command } from 'commander'
import { systemReason } from './proof.ts'
import { eventOf, Operator, type OperatorOptions, operatorOptions } from './room-operator.ts'
import { CommandError } from './terminal.ts'

const HELP = `
One JSON object a line: seq, at (milliseconds since the epoch), visitor, from, to, cause. A trail is kept for seven days
(in Redis for about a million entries).

Example:
  weir room audit --eventId 1 --out trail.ndjson`

export function roomAuditCommand(parent: Command): void {
  operatorOptions(parent.command('audit'))
    .summary('export the audit trail of an event')
    .description('Writes every transition of an event, oldest first, as lines of JSON.')
    .requiredOption('--eventId <id>', 'the event')
    .option('-o, --out <file>', 'a file; standard output unless set')
    .addHelpText('after', HELP)
    .action(async (_given: unknown, command: Command) => {
      const options = command.optsWithGlobals<OperatorOptions & { eventId?: string; out?: string }>()
      const event = eventOf(options.eventId)
      const operator = await Operator.of(options)
      const trail = Readable.from(operator.trail(event))
      try {
        if (options.out === undefined) for await (const lines of trail) process.stdout.write(lines)
        else await pipeline(trail, createWriteStream(options.out))
      } catch (error) {
        const reason = systemReason(error)
        throw reason === undefined ? error : new CommandError(reason, 2)
      }
    })
}
