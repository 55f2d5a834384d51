/** `weir up`: runs the service in this terminal. */
import type { Command } from 'commander'
import { loadSettings, runWeir } from '../app/index.ts'
import { configOf, type ServiceOptions, serviceOptions, settingOptions } from './run-options.ts'

interface UpOptions extends ServiceOptions {
  readonly port?: string
  readonly dataDir?: string
  readonly engine?: string
  readonly processes?: boolean
}

const EXAMPLES = `
Examples:
  weir up                                       on 127.0.0.1:8000, data in ./data
  weir up --port 8001 --data-dir /var/lib/weir
  weir up --set ratePerSecond=50 --set concurrency=5
  MESSAGE_TYPE=MNP weir up                      works on MNP only
  RABBITMQ_URL=amqp://localhost weir up         the queue in a broker
  weir up --engine rabbitmq --processes         consumers in processes that follow the load

Every setting can also come from the environment or weir.config.json; weir config shows them all.
SIGTERM or Ctrl-C finishes what is in work and stops; a second one stops at once (nothing accepted is lost).`

export function upCommand(program: Command): void {
  const command = program
    .command('up')
    .summary('run the service')
    .description('Runs gateway, queue and consumers in one process until Ctrl-C.')
    .option('-p, --port <port>', 'port of the API (API_PORT; 8000)')
    .option('--data-dir <dir>', 'where messages are kept without a broker (DATA_DIR; ./data)')
    .option('--engine <name>', 'embedded, or rabbitmq with RABBITMQ_URL (QUEUE_ENGINE; auto)')
    .option('--processes', 'consumers as processes of their own, MIN_REPLICAS to MAX_REPLICAS for each type')
  serviceOptions(command, '127.0.0.1')
    .addHelpText('after', EXAMPLES)
    .action(async (given: UpOptions) => {
      const { port, dataDir, engine, processes = false } = given
      const options = settingOptions(given, { apiPort: port, dataDir, engine })
      await runWeir(loadSettings({ options, ...configOf(given) }), { processes })
    })
}
