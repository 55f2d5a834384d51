/**
 * The life of the process around a running Weir: signals, exits, the banner. Owns the signal handlers.
 *
 *   running ──SIGTERM/SIGINT, parent gone──▶ stopping ──all stopped──▶ exit 0
 *                                               └──second signal, or longer than 30 s──▶ exit at once
 */
import type { Logger as Pino } from 'pino'
import { WeirError } from '../core/index.ts'
import { makeLogger } from './log.ts'
import { maskUrl, type Settings } from './settings.ts'
import { environment } from './settings-env.ts'
import { checkProcesses } from './settings-relations.ts'
import { packageVersion } from './version.ts'
import { type RunningWeir, startWeir } from './weir.ts'
import { type Program, workerCommand } from './worker-command.ts'
import { runningText } from './worker-process.ts'

/** Kubernetes kills after 30 s; an orderly end of our own must come before. */
const STOP_LIMIT_MS = 29_500
/** Ctrl-C under npm arrives twice, from the terminal and from npm; a person is not that quick. */
const SAME_SIGNAL_MS = 250

export interface RunOptions {
  /** Consumers in processes of their own, which this one starts and drains. */
  readonly processes?: boolean
  /** Started by another process of this program, which wants to hear of it and without which it ends. */
  readonly supervised?: boolean
}

/** Starts, and stops on a signal. Resolves when Weir runs; rejects with one line when it cannot. */
export async function runWeir(settings: Settings, options: RunOptions = {}): Promise<void> {
  const terminal = process.stdout.isTTY === true
  if (options.processes) checkProcesses(settings)
  const logger = makeLogger(settings, terminal)
  const command = options.processes ? workerCommand(settings, thisProgram(), environment()) : undefined
  const supervised = options.supervised === true
  const weir = startWeir(settings, { logger, supervised, ...(command && { workers: command }) })
  // Handlers first: a signal during the start must stop what has started, not kill it half-way.
  const stop = endWith(weir, logger, settings, supervised)
  if (supervised) endWithParent(stop)
  const running = await weir.catch((error: unknown) => {
    throw readable(error, settings)
  })
  greet(running, settings, { logger, terminal, supervised, processes: options.processes === true })
  if (supervised) process.send?.(runningText(running.urls.metrics))
}

function thisProgram(): Program {
  return { file: process.execPath, args: [...process.execArgv, process.argv[1] ?? ''] }
}

/** For a child with a channel: it closes with the parent, also when nobody could send a signal any more. */
export function endWithParent(stop: (why: string) => void): void {
  const orphaned = () => stop('the parent is gone')
  process.once('disconnect', orphaned)
  if (!process.connected) orphaned()
}

/** Gives the function that begins the stop; `why` is for the log. */
function endWith(
  starting: Promise<RunningWeir>,
  logger: Pino,
  settings: Settings,
  supervised: boolean,
): (why: string) => void {
  let stoppingSince: number | undefined
  // A parent says itself whom it drains, and who has drained.
  const level = supervised ? 'debug' : 'info'
  const begin = (why: string) => {
    if (stoppingSince !== undefined) return
    stoppingSince = performance.now()
    logger[level]({ why, drainTimeoutSec: settings.drainTimeoutSec }, 'Stopping: finishing what is in work')
    setTimeout(
      () => {
        logger.error({}, 'The stop took too long; ending now, nothing accepted is lost')
        process.exit(1)
      },
      Math.max(STOP_LIMIT_MS, settings.drainTimeoutSec * 1000 + 4500),
    ).unref()
    void finish(starting, logger, level)
  }
  const signalled = (signal: NodeJS.Signals) => {
    if (stoppingSince === undefined) return begin(signal)
    if (performance.now() - stoppingSince < SAME_SIGNAL_MS) return
    logger.warn({ signal }, 'Second signal: ending at once; what was in work comes back after the next start')
    process.exit(130)
  }
  process.on('SIGINT', signalled)
  process.on('SIGTERM', signalled)
  process.on('SIGHUP', signalled)
  const crash = (error: unknown) => {
    logger.fatal({ err: error }, 'A fault of ours; ending')
    process.exit(1)
  }
  process.on('uncaughtException', crash)
  process.on('unhandledRejection', crash)
  return begin
}

async function finish(starting: Promise<RunningWeir>, logger: Pino, level: 'debug' | 'info'): Promise<void> {
  // A start that failed has told so itself.
  const running = await starting.catch(() => undefined)
  try {
    await running?.stop()
    logger[level]({}, 'Stopped')
    process.exit(0)
  } catch (error) {
    logger.error({ err: error }, 'The stop failed')
    process.exit(1)
  }
}

/** The usual reasons why a start fails, in one line each. */
function readable(error: unknown, settings: Settings): unknown {
  const { code, address, port } = error as NodeJS.ErrnoException & { address?: string; port?: number }
  const { apiPort, roomPort, metricsPort, healthCheckPort } = settings
  const ports = {
    API_PORT: apiPort,
    ROOM_PORT: roomPort,
    METRICS_PORT: metricsPort,
    HEALTH_CHECK_PORT: healthCheckPort,
  }
  const name = Object.entries(ports).find(([, value]) => value === port)?.[0] ?? 'HOST'
  switch (code) {
    case 'EADDRINUSE':
      return new WeirError(
        'invalid_setting',
        `${name}: port ${port} is taken; set ${name} to ${others(name)}`,
      )
    case 'EACCES':
      if (port === undefined) return error
      return new WeirError('invalid_setting', `${name}: port ${port} needs more rights; use 1024 or higher`)
    case 'EADDRNOTAVAIL':
    case 'ENOTFOUND':
      return new WeirError(
        'invalid_setting',
        `HOST must be an address of this machine; found ${address ?? settings.host}`,
      )
    default:
      return error
  }
}

/** What a port may be instead; the extra ones can be left out. */
function others(name: string): string {
  if (name === 'API_PORT') return 'another one'
  return name === 'ROOM_PORT' ? 'another one, or off' : 'another one, 0 (any free one) or off'
}

interface Greeting {
  readonly logger: Pino
  readonly terminal: boolean
  readonly processes: boolean
  /** Its parent tells that it runs. */
  readonly supervised: boolean
}

function greet(
  { url, urls }: RunningWeir,
  settings: Settings,
  { logger, terminal, processes, supervised }: Greeting,
): void {
  const { role } = settings
  const works = role === 'all' || role === 'consumer'
  const types = settings.types.filter(({ name }) => works && settings.consumed.includes(name))
  const pace = types.map(({ name, ratePerSecond, concurrency }) => {
    const rate = ratePerSecond > 0 ? `${ratePerSecond}/s` : 'no rate limit'
    return `${name} ${rate}, ${concurrency} at once`
  })
  const place = placeOf(settings)
  if (!terminal) {
    const fields = {
      url,
      ...urls,
      role,
      ...(processes && { processes }),
      ...place,
      ...(works && { types: pace }),
    }
    logger[supervised ? 'debug' : 'info'](fields, 'Weir is running')
    return
  }
  const named = role === 'all' ? 'Weir' : `Weir ${role}`
  const rows: [string, string][] = [
    ...(role === 'all' || role === 'gateway' ? [['docs', `${url}/docs`] as [string, string]] : []),
    ...Object.entries(urls),
    ...Object.entries(place),
    ...pace.map((text, index): [string, string] => [
      index > 0 ? '' : processes ? 'processes' : 'types',
      text,
    ]),
  ]
  const width = Math.max(...rows.map(([name]) => name.length))
  const lines = [
    `${named} ${packageVersion()} is running${url === '' ? '' : ` at ${url}`}`,
    ...rows.map(([name, text]) => `  ${name.padEnd(width)}  ${text}`),
    '  Ctrl-C stops it; nothing accepted is lost.',
  ]
  process.stdout.write(`${lines.join('\n')}\n`)
}

/** Where things are kept. */
function placeOf({ role, engineName, rabbitmqUrl, redisUrl, dataDir }: Settings): Record<string, string> {
  const redis = redisUrl === undefined ? undefined : maskUrl(redisUrl)
  if (role === 'room') return redis === undefined ? { data: dataDir } : { line: redis }
  const line = role === 'all' && redis !== undefined ? { line: redis } : {}
  if (engineName === 'embedded') return { data: dataDir, ...line }
  return { broker: maskUrl(rabbitmqUrl ?? ''), state: redis ?? 'none (REDIS_URL is not set)' }
}
