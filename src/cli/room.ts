/** `weir room`: the waiting room in a process of its own, and what an operator checks of it. */
import type { Command } from 'commander'
import { loadSettings, runWeir } from '../app/index.ts'
import { roomAuditCommand } from './room-audit.ts'
import { roomLoadCommand } from './room-load.ts'
import { roomVerifyCommand } from './room-verify.ts'
import { configOf, type ServiceOptions, serviceOptions, settingOptions } from './run-options.ts'

const EXAMPLES = `
With REDIS_URL any number of processes share one line; without it this one keeps the line in DATA_DIR. /health, /ready
and /metrics are on HEALTH_CHECK_PORT (8080) and METRICS_PORT (9090). JWT_SECRET must be set.

Examples:
  JWT_SECRET=$(openssl rand -base64 32) weir room
  JWT_SECRET=… REDIS_URL=redis://redis weir room --port 3002
  weir room audit --eventId 1 --out trail.ndjson
  weir room verify --eventId 1`

export function roomCommand(program: Command): void {
  const command = program
    .command('room')
    .summary('run the waiting room alone')
    .description('Lets people in as places free up; API, sockets and page on ROOM_PORT.')
    .option('-p, --port <port>', 'port of the waiting room (ROOM_PORT; 3001)')
    .option('--data-dir <dir>', 'where the line is kept without Redis (DATA_DIR; ./data)')
  serviceOptions(command, '0.0.0.0')
    .addHelpText('after', EXAMPLES)
    .action(async (given: ServiceOptions & { port?: string; dataDir?: string }) => {
      const options = settingOptions(given, { roomPort: given.port, dataDir: given.dataDir })
      await runWeir(loadSettings({ role: 'room', options, ...configOf(given) }))
    })
  roomAuditCommand(command)
  roomVerifyCommand(command)
  roomLoadCommand(command)
}
