/** The logger: JSON lines, or readable ones on a terminal. */
import { type Logger as Pino, pino } from 'pino'
import pretty from 'pino-pretty'
import type { Settings } from './settings.ts'

/** Writes to stdout at once, so that the last line before an exit is not lost. */
export function makeLogger(settings: Pick<Settings, 'logLevel' | 'logFormat'>, terminal: boolean): Pino {
  const options = {
    level: settings.logLevel.toLowerCase(),
    base: null,
    timestamp: pino.stdTimeFunctions.isoTime,
  }
  const readable = settings.logFormat === 'pretty' || (settings.logFormat === 'auto' && terminal)
  if (!readable) return pino(options, pino.destination({ dest: 1, sync: true }))
  return pino(options, pretty({ colorize: terminal, sync: true, translateTime: 'SYS:HH:MM:ss.l' }))
}
