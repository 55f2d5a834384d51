/**
 * The life of the process around a running Weir: signals, exits, the banner. Owns the signal handlers.
 *
 *   running ──SIGTERM/SIGINT──▶ stopping ──all stopped──▶ exit 0
 *                                  └──second signal, or longer than 30 s──▶ exit at once
 */
import type { Logger as Pino } from 'pino'
import { WeirError } from '../core/index.ts'
import { makeLogger } from './log.ts'
import type { Settings } from './settings.ts'
import { packageVersion } from './version.ts'
import { type RunningWeir, startWeir } from './weir.ts'

/** Kubernetes kills after 30 s; an orderly end of our own must come before. */
const STOP_LIMIT_MS = 29_500
/** Ctrl-C under npm arrives twice, from the terminal and from npm; a person is not that quick. */
const SAME_SIGNAL_MS = 250

/** Starts, and stops on a signal. Resolves when Weir runs; rejects with one line when it cannot. */
export async function runWeir(settings: Settings): Promise<void> {
  const terminal = process.stdout.isTTY === true
  const logger = makeLogger(settings, terminal)
  const weir = startWeir(settings, { logger })
  // Handlers first: a signal during the start must stop what has started, not kill it half-way.
  endWith(weir, logger, settings)
  const running = await weir.catch((error: unknown) => {
    throw readable(error, settings)
  })
  greet(running, settings, logger, terminal)
}

function endWith(starting: Promise<RunningWeir>, logger: Pino, settings: Settings): void {
  let stoppingSince: number | undefined
  const stop = (signal: NodeJS.Signals) => {
    const now = performance.now()
    if (stoppingSince !== undefined) {
      if (now - stoppingSince < SAME_SIGNAL_MS) return
      logger.warn(
        { signal },
        'Second signal: ending at once; what was in work comes back after the next start',
      )
      process.exit(130)
    }
    stoppingSince = now
    logger.info({ signal, drainTimeoutSec: settings.drainTimeoutSec }, 'Stopping: finishing what is in work')
    setTimeout(
      () => {
        logger.error({}, 'The stop took too long; ending now, nothing accepted is lost')
        process.exit(1)
      },
      Math.max(STOP_LIMIT_MS, settings.drainTimeoutSec * 1000 + 4500),
    ).unref()
    void finish(starting, logger)
  }
  process.on('SIGINT', stop)
  process.on('SIGTERM', stop)
  process.on('SIGHUP', stop)
  const crash = (error: unknown) => {
    logger.fatal({ err: error }, 'A fault of ours; ending')
    process.exit(1)
  }
  process.on('uncaughtException', crash)
  process.on('unhandledRejection', crash)
}

async function finish(starting: Promise<RunningWeir>, logger: Pino): Promise<void> {
  // A start that failed has told so itself.
  const running = await starting.catch(() => undefined)
  try {
    await running?.stop()
    logger.info({}, 'Stopped')
    process.exit(0)
  } catch (error) {
    logger.error({ err: error }, 'The stop failed')
    process.exit(1)
  }
}

/** The usual reasons why a start fails, in one line each. */
function readable(error: unknown, settings: Settings): unknown {
  const { code, address, port } = error as NodeJS.ErrnoException & { address?: string; port?: number }
  const variable = { [settings.apiPort]: 'API_PORT', [settings.metricsPort ?? -1]: 'METRICS_PORT' }[
    port ?? -2
  ]
  const name = variable ?? (port === settings.healthCheckPort ? 'HEALTH_CHECK_PORT' : 'HOST')
  switch (code) {
    case 'EADDRINUSE':
      return new WeirError('invalid_setting', `${name}: port ${port} is taken; set ${name} to another one`)
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

function greet({ url, urls }: RunningWeir, settings: Settings, logger: Pino, terminal: boolean): void {
  const types = settings.types.filter(({ name }) => settings.consumed.includes(name))
  const pace = types.map(({ name, ratePerSecond, concurrency }) => {
    const rate = ratePerSecond > 0 ? `${ratePerSecond}/s` : 'no rate limit'
    return `${name} ${rate}, ${concurrency} at once`
  })
  if (!terminal) {
    logger.info({ url, ...urls, dataDir: settings.dataDir, types: pace }, 'Weir is running')
    return
  }
  const lines = [
    `Weir ${packageVersion()} is running at ${url}`,
    `  docs      ${url}/docs`,
    ...Object.entries(urls).map(([name, at]) => `  ${name.padEnd(8)}  ${at}`),
    `  data      ${settings.dataDir}`,
    ...pace.map((line, index) => `  ${index === 0 ? 'types' : '     '}     ${line}`),
    '  Ctrl-C stops it; nothing accepted is lost.',
  ]
  process.stdout.write(`${lines.join('\n')}\n`)
}
