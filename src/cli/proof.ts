/** What the proof commands share: time that is fine enough to measure with, and an end by signal. */
import { realClock } from '../app/index.ts'
import type { Clock } from '../core/index.ts'

/** The real clock with fractions of a millisecond: wall clock at start plus the monotonic clock. */
export const fineClock: Clock = {
  now: () => performance.timeOrigin + performance.now(),
  after: (delayMs, run) => realClock.after(delayMs, run),
}

/** Ctrl-C under npm arrives twice, from the terminal and from npm; a person is not that quick. */
const SAME_SIGNAL_MS = 250

/** Aborts at the first SIGINT or SIGTERM; the second ends the process at once. */
export function untilSignal(): AbortSignal {
  const controller = new AbortController()
  let first: number | undefined
  const stop = () => {
    const now = performance.now()
    if (first === undefined) {
      first = now
      controller.abort()
    } else if (now - first > SAME_SIGNAL_MS) process.exit(130)
  }
  process.on('SIGINT', stop)
  process.on('SIGTERM', stop)
  return controller.signal
}

/** The reason of a failed system call in a few words: "port 8000 is taken". */
export function systemReason(error: unknown): string | undefined {
  const { code, port, path, address } = error as NodeJS.ErrnoException & { port?: number; address?: string }
  switch (code) {
    case 'EADDRINUSE':
      return `port ${port} is taken; choose another one with --port (0 = any free one)`
    case 'EACCES':
      return path === undefined
        ? `port ${port} needs more rights; use 1024 or higher`
        : `${path} may not be used (EACCES)`
    case 'EADDRNOTAVAIL':
    case 'ENOTFOUND':
      return `--host must be an address of this machine; found ${address ?? 'another'}`
    case 'ENOENT':
    case 'EISDIR':
    case 'ENOTDIR':
      return `${path} cannot be used (${code})`
    default:
      return undefined
  }
}
