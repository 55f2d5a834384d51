/** The whole of the `weir` command: what there is and what it is called. */
import { Command } from 'commander'
import { packageVersion } from '../app/index.ts'
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
import { upCommand } from './up.ts'
import { validateCommand } from './validate.ts'

const OVERVIEW = `
Start here:
  weir up                                            run the service
  weir send --type MNP --content "Move my number"    hand in work
  weir status --watch                                see it flow

Exit codes: 0 done, 1 refused or failed, 2 wrong use.`

/** Anew for each use: it keeps what it has parsed. */
export function makeProgram(): Command {
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
