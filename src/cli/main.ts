/** The `weir` command. Commands are thin: they talk to the service through the client, or start it through app. */
import { Command, CommanderError } from 'commander'
import { packageVersion } from '../app/index.ts'
import { WeirClientError } from '../client/index.ts'
import { WeirError } from '../core/index.ts'
import { deadLettersCommand, monitoringCommand, typesCommand } from './act.ts'
import { auditCommand } from './audit.ts'
import { backendCommand } from './backend.ts'
import { loadCommand } from './load.ts'
import { configCommand, messageCommand, statusCommand } from './look.ts'
import { metricsCommand } from './metrics.ts'
import { monitorCommand } from './monitor.ts'
import { planCommand } from './plan.ts'
import { reportCommand } from './report.ts'
import { consumerCommand, gatewayCommand } from './roles.ts'
import { roomCommand } from './room.ts'
import { sendCommand } from './send.ts'
import { CommandError } from './terminal.ts'
import { upCommand } from './up.ts'
import { validateCommand } from './validate.ts'

const OVERVIEW = `
Start here:
  weir up                                            run the service
  weir send --type MNP --content "Move my number"    hand in work
  weir status --watch                                see it flow

Exit codes: 0 done, 1 refused or failed, 2 wrong use.`

function makeProgram(): Command {
  const program = new Command('weir')
    .description('Levels load: work goes in as it comes and comes out at a pace the back end can bear.')
    .version(packageVersion())
    .option('--api-url <url>', 'address of the service (WEIR_API_URL; http://127.0.0.1:8000)')
    .option('--json', 'print JSON for programs')
    .showHelpAfterError('(weir --help shows what there is)')
    .addHelpText('after', OVERVIEW)
    .exitOverride()
  for (const add of [
    upCommand,
    gatewayCommand,
    consumerCommand,
    roomCommand,
    sendCommand,
    statusCommand,
    messageCommand,
    deadLettersCommand,
    monitoringCommand,
    typesCommand,
    configCommand,
    monitorCommand,
    metricsCommand,
    loadCommand,
    auditCommand,
    planCommand,
    reportCommand,
    backendCommand,
    validateCommand,
  ]) {
    add(program)
  }
  return program
}

/** One line for everything the world can do wrong; a stack only for our own bugs. */
function lineOf(error: unknown): { line: string; code: number } {
  if (error instanceof CommandError) return { line: error.message, code: error.exitCode }
  if (error instanceof WeirClientError) {
    const faults = error.faults?.map(({ field, problem }) => `${field}: ${problem}`).join('; ')
    return { line: faults ? `${error.message} (${faults})` : error.message, code: 1 }
  }
  if (error instanceof WeirError) return { line: error.message, code: 1 }
  return { line: error instanceof Error ? (error.stack ?? error.message) : String(error), code: 1 }
}

// `weir … | head` closes the pipe early; that is no fault.
process.stdout.on('error', (error: NodeJS.ErrnoException) => {
  if (error.code === 'EPIPE') process.exit(0)
  throw error
})

try {
  await makeProgram().parseAsync()
} catch (error) {
  if (error instanceof CommanderError) process.exit(error.exitCode === 0 ? 0 : 2)
  const { line, code } = lineOf(error)
  process.stderr.write(`weir: ${line}\n`)
  process.exitCode = code
}
