/** `weir up`: runs the service in this terminal. */
import type { Command } from 'commander'
import { loadSettings, runWeir } from '../app/index.ts'
import { CommandError } from './terminal.ts'

interface UpOptions {
  readonly config?: string
  readonly port?: string
  readonly host?: string
  readonly dataDir?: string
  readonly engine?: string
  readonly logLevel?: string
  readonly set: readonly string[]
}

const EXAMPLES = `
Examples:
  weir up                                       on 127.0.0.1:8000, data in ./data
  weir up --port 8001 --data-dir /var/lib/weir
  weir up --set ratePerSecond=50 --set concurrency=5
  MESSAGE_TYPE=MNP weir up                      works on MNP only

Every setting can also come from the environment or weir.config.json; weir config shows them all.
SIGTERM or Ctrl-C finishes what is in work and stops; a second one stops at once (nothing accepted is lost).`

export function upCommand(program: Command): void {
  program
    .command('up')
    .summary('run the service')
    .description('Runs gateway, queue and consumers in one process until Ctrl-C.')
    .option('--config <file>', 'settings file (WEIR_CONFIG; ./weir.config.json)')
    .option('-p, --port <port>', 'port of the API (API_PORT; 8000)')
    .option('--host <address>', 'address to listen on (HOST; 127.0.0.1)')
    .option('--data-dir <dir>', 'where messages are kept (DATA_DIR; ./data)')
    .option('--engine <name>', 'embedded, or rabbitmq with RABBITMQ_URL (QUEUE_ENGINE; auto)')
    .option('--log-level <level>', 'DEBUG, INFO, WARN, … (LOG_LEVEL)')
    .option('--set <name=value>', 'any other setting', (text, before: string[]) => [...before, text], [])
    .addHelpText('after', EXAMPLES)
    .action(async (options: UpOptions) => {
      const { config } = options
      const settings = loadSettings({
        options: settingOptions(options),
        ...(config !== undefined && { config }),
      })
      await runWeir(settings)
    })
}

function settingOptions({ port, host, dataDir, engine, logLevel, set }: UpOptions): Record<string, unknown> {
  const values: Record<string, unknown> = {}
  for (const pair of set) {
    const at = pair.indexOf('=')
    if (at < 1) throw new CommandError(`--set takes name=value; found ${pair}`, 2)
    values[pair.slice(0, at)] = pair.slice(at + 1)
  }
  return {
    ...values,
    apiPort: port ?? values.apiPort,
    host: host ?? values.host,
    dataDir: dataDir ?? values.dataDir,
    engine: engine ?? values.engine,
    logLevel: logLevel ?? values.logLevel,
  }
}
