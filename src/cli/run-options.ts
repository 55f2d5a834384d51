/** What the commands that run a service have in common: their options, and how these become settings. */
import type { Command } from 'commander'
import { CommandError } from './terminal.ts'

export interface ServiceOptions {
  readonly config?: string
  readonly host?: string
  readonly logLevel?: string
  readonly set?: readonly string[]
}

/** `host`: the default, for the help. */
export function serviceOptions(command: Command, host: string): Command {
  return command
    .option('--config <file>', 'settings file (WEIR_CONFIG; ./weir.config.json)')
    .option('--host <address>', `address to listen on (HOST; ${host})`)
    .option('--log-level <level>', 'DEBUG, INFO, WARN, … (LOG_LEVEL)')
    .option('--set <name=value>', 'any other setting', (text, before: string[] = []) => [...before, text])
}

/** The settings that were given; `more` are those of options of the command's own. */
export function settingOptions(
  { host, logLevel, set = [] }: ServiceOptions,
  more: Readonly<Record<string, string | undefined>>,
): Record<string, unknown> {
  const values: Record<string, unknown> = {}
  for (const pair of set) {
    const at = pair.indexOf('=')
    if (at < 1) throw new CommandError(`--set takes name=value; found ${pair}`, 2)
    values[pair.slice(0, at)] = pair.slice(at + 1)
  }
  for (const [name, value] of Object.entries({ host, logLevel, ...more })) {
    if (value !== undefined) values[name] = value
  }
  return values
}

/** Where `loadSettings` is to look. */
export function configOf({ config }: ServiceOptions): { config?: string } {
  return config === undefined ? {} : { config }
}
