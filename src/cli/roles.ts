/** `weir gateway` and `weir consumer`: one role in a process of its own, beside others on a broker. */
import { type Command, Option } from 'commander'
import { loadSettings, runWeir } from '../app/index.ts'
import { configOf, type ServiceOptions, serviceOptions, settingOptions } from './run-options.ts'

const COMMON = `
Works on the broker of RABBITMQ_URL; processes share what REDIS_URL keeps. /health, /ready and /metrics are on
HEALTH_CHECK_PORT (8080) and METRICS_PORT (9090). SIGTERM finishes what is in work and exits 0 within 30 s.`

export function gatewayCommand(program: Command): void {
  const command = program
    .command('gateway')
    .summary('run the way in alone')
    .description('Takes messages in and answers the API; consumers are other processes.')
    .option('-p, --port <port>', 'port of the API (API_PORT; 8000)')
  serviceOptions(command, '0.0.0.0')
    .addHelpText('after', `${COMMON}\n\nExample:\n  RABBITMQ_URL=amqp://rabbitmq weir gateway`)
    .action(async (given: ServiceOptions & { port?: string }) => {
      const options = settingOptions(given, { apiPort: given.port })
      await runWeir(loadSettings({ role: 'gateway', options, ...configOf(given) }))
    })
}

const EXAMPLES = `${COMMON}
Several on one machine: METRICS_PORT=0 (any free port) or off, HEALTH_CHECK_PORT likewise.

Examples:
  RABBITMQ_URL=amqp://rabbitmq weir consumer --type MNP
  SERVICE_TYPE=mnp,change weir consumer`

export function consumerCommand(program: Command): void {
  const command = program
    .command('consumer')
    .summary('run consumers alone')
    .description('Works on messages of some types, or of all; has no API.')
    .option(
      '-t, --type <types>',
      'a type, several with commas, or all (MESSAGE_TYPE, SERVICE_TYPE, PROCESSOR_TYPE)',
    )
    .addOption(new Option('--supervised').hideHelp())
  serviceOptions(command, '0.0.0.0')
    .addHelpText('after', EXAMPLES)
    .action(async (given: ServiceOptions & { type?: string; supervised?: boolean }) => {
      const { type, supervised = false } = given
      const options = settingOptions(given, { consumerTypes: type })
      await runWeir(loadSettings({ role: 'consumer', options, ...configOf(given) }), { supervised })
    })
}
