/** How a consumer process of this very program is started, with the settings that this process was given. */
import type { MessageType } from '../core/index.ts'
import { NAMES, type Settings } from './settings.ts'
import type { Environment } from './settings-env.ts'
import { SETTINGS } from './settings-table.ts'
import type { WorkerCommand } from './worker-process.ts'

/** The program as it runs: the runtime, its own options, the script. */
export interface Program {
  readonly file: string
  readonly args: readonly string[]
}

/** Each child its own: it answers on this machine only, on a port that is free; its log line names it. */
const PRIVATE = { HOST: '127.0.0.1', METRICS_PORT: '0', HEALTH_CHECK_PORT: 'off', LOG_FORMAT: 'json' }

/**
 * Options given to this process reach the child as environment, where no other user of the machine can read a password
 * in them; they weigh more there than the file, as options do.
 */
export function workerCommand(
  settings: Settings,
  program: Program,
  environment: Environment,
): (type: MessageType) => WorkerCommand {
  const given: Record<string, string> = {}
  for (const name of NAMES) {
    const value = settings[name]
    if (settings.origins[name] === 'option' && value !== undefined)
      given[SETTINGS[name].env[0]] = String(value)
  }
  const file = settings.file === undefined ? {} : { WEIR_CONFIG: settings.file }
  const child = { ...environment, ...given, ...file, ...PRIVATE }
  return (type) => ({
    file: program.file,
    args: [...program.args, 'consumer', '--type', type, '--supervised'],
    environment: child,
  })
}
