/** `weir audit`: what became of every message of a recorded history. */
import type { Command } from 'commander'
import {
  Auditor,
  type AuditVerdict,
  CallLogError,
  endsOf,
  HistoryError,
  type HistoryEvent,
  HistoryRecorder,
  readHistory,
  workDone,
} from '../lab/index.ts'
import { fineClock, systemReason, untilSignal } from './proof.ts'
import { durationOption } from './quantities.ts'
import { CommandError, clientFor, count, type GlobalOptions, print, printJson } from './terminal.ts'

interface AuditCommandOptions extends GlobalOptions {
  readonly recorded: string
  readonly ask?: boolean
  readonly wait?: number
  readonly backendLog?: string
  readonly out?: string
}

const WAIT_MS = 600_000
/** In the text; --json has a hundred of each kind. */
const SHOWN_PER_KIND = 10

const EXAMPLES = `
What went in is what the client saw, what came out is what was observed; the service's own counters are not asked.
  lost         acknowledged, and did not come out (or expired without a time to live)
  unexpected   came out, and nobody had tried to send it
  duplicated   ended, took effect, or became a message more than once
  reordered    came out after one of its ordering key that was sent later
  unfinished   had no end yet when the looking ended
  recovered    was not acknowledged and came out all the same; allowed, because no answer is not a no

Where what came out is from: lines of the file itself; --ask (the service, about each acknowledged message;
finished ones are kept for RETENTION_HOURS); --backend-log (the back end that does the work of all of them). With
both of these a message that is done without its work having been done counts as lost, work done twice as duplicated.

Examples:
  weir load basic --out history.jsonl && weir audit --recorded history.jsonl --ask
  weir audit --recorded history.jsonl --ask --backend-log calls.jsonl --out whole.jsonl
  weir audit --recorded whole.jsonl --json

Exit code 0 when everything acknowledged came out once and nothing else did; 1 otherwise.`

export function auditCommand(program: Command): void {
  program
    .command('audit')
    .summary('what became of every message of a history')
    .description('Judges a recorded history: lost, unexpected, duplicated, reordered, unfinished, recovered.')
    .requiredOption('--recorded <file>', 'history, as weir load --out writes it')
    .option('--ask', 'ask the service what became of each acknowledged message')
    .option(
      '--wait <time>',
      'with --ask: for messages to end, at most (10m)',
      durationOption('--wait', 0, 7 * 86_400_000),
    )
    .option('--backend-log <file>', 'what the back end did, as weir backend --log writes it')
    .option('-o, --out <file>', 'the whole history, with what came out')
    .addHelpText('after', EXAMPLES)
    .action(async (_options: unknown, command: Command) =>
      audit(command.optsWithGlobals<AuditCommandOptions>()),
    )
}

async function audit(options: AuditCommandOptions): Promise<void> {
  const verdict = await judged(options).catch((error: unknown) => {
    if (error instanceof HistoryError || error instanceof CallLogError)
      throw new CommandError(error.message, 2)
    const reason = systemReason(error)
    throw reason === undefined ? error : new CommandError(reason, 2)
  })
  if (options.json) printJson(verdict)
  else print(verdictText(verdict))
  if (!verdict.passed) process.exitCode = 1
}

async function judged(options: AuditCommandOptions): Promise<AuditVerdict> {
  const { recorded, ask, backendLog, out } = options
  const history = await readHistory(recorded)
  const effects = history.header.effects || (ask === true && backendLog !== undefined)
  const auditor = new Auditor({ effects })
  const copy = out === undefined ? undefined : new HistoryRecorder(out, effects)
  const observe = (event: HistoryEvent) => {
    auditor.observe(event)
    copy?.record(event)
  }
  try {
    const { open, acknowledged, cameOut } = await observeAll(history.events, observe, ask)
    if (acknowledged && !cameOut && !ask && backendLog === undefined) {
      const told = `${recorded} tells what went in and not what came out`
      throw new CommandError(`${told}; add --ask (the service at --api-url) or --backend-log`, 2)
    }
    if (backendLog !== undefined) await observeAll(workDone(backendLog, ask ? 'effect' : 'ended'), observe)
    if (ask) for (const event of await asked(open, options)) observe(event)
  } finally {
    copy?.close()
  }
  return auditor.verdict()
}

/**
 * `open`, when it is to be kept: ids that were acknowledged and of which no end was told. `acknowledged`, `cameOut`:
 * something of the kind was told at all.
 */
async function observeAll(
  events: AsyncIterable<HistoryEvent>,
  observe: (event: HistoryEvent) => void,
  keepOpen = false,
) {
  const open = new Set<string>()
  let acknowledged = false
  let cameOut = false
  for await (const event of events) {
    observe(event)
    if (event.kind === 'acknowledged') {
      acknowledged = true
      if (keepOpen) open.add(event.id)
    } else if (event.kind === 'ended') open.delete(event.id)
    cameOut ||= event.kind === 'ended' || event.kind === 'effect' || event.kind === 'waiting'
  }
  return { open, acknowledged, cameOut }
}

async function asked(ids: Iterable<string>, options: AuditCommandOptions): Promise<HistoryEvent[]> {
  const { stderr } = process
  const events = await endsOf(ids, {
    client: clientFor(options, 3),
    clock: fineClock,
    waitMs: options.wait ?? WAIT_MS,
    signal: untilSignal(),
    onProgress: (stage, left) => {
      if (!stderr.isTTY) return
      const what = stage === 'waiting' ? 'still in the queue' : 'still to ask after'
      stderr.write(`\r\x1b[K${count(left)} messages ${what}`)
    },
  })
  if (stderr.isTTY) stderr.write('\r\x1b[K')
  return events
}

export function verdictText(verdict: AuditVerdict): string {
  const { attempted, acknowledged, refused, unknown, findings, ended } = verdict
  const answers = `${count(acknowledged)} acknowledged, ${count(refused)} refused, ${count(unknown)} unknown`
  const kinds = ['ok', 'lost', 'unexpected', 'duplicated', 'reordered', 'unfinished', 'recovered'] as const
  const lines = [`${count(attempted)} attempted: ${answers}`]
  for (const kind of kinds) lines.push(`  ${kind.padEnd(10)}  ${count(verdict[kind]).padStart(11)}`)
  const states = Object.entries(ended).map(([state, messages]) => `${count(messages)} ${state}`)
  lines.push(`  ended       ${states.join(', ')}`)
  for (const [kind, found] of Object.entries(Object.groupBy(findings, (finding) => finding.kind))) {
    lines.push('', `${kind}:`)
    for (const { ref, id, why } of found.slice(0, SHOWN_PER_KIND)) {
      lines.push(`  ${[ref, id].filter((name) => name !== undefined).join('  ')}: ${why}`)
    }
    const more = verdict[kind as (typeof found)[number]['kind']] - SHOWN_PER_KIND
    if (more > 0) lines.push(`  and ${count(more)} more`)
  }
  return `${lines.join('\n')}\n\n${conclusion(verdict)}`
}

function conclusion({ passed, acknowledged }: AuditVerdict): string {
  if (passed) return 'PASSED: everything acknowledged came out once, and nothing else did'
  return acknowledged === 0 ? 'FAILED: nothing was acknowledged, so nothing is proved' : 'FAILED'
}
