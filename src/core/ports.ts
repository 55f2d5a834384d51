/** Time and chance are handed in (ARCHITECTURE "Time and chance"); only `app/` makes real ones. */

export interface Clock {
  /** Wall-clock milliseconds since the epoch that never run backwards within a process. */
  now(): number
  /** Calls `run` once, not before `delayMs` from now; the function returned cancels it. */
  after(delayMs: number, run: () => void): () => void
}

/** Uniform in [0, 1). */
export type Random = () => number

/** The subset of pino that the rooms use. */
export interface Logger {
  debug(fields: object, message: string): void
  info(fields: object, message: string): void
  warn(fields: object, message: string): void
  error(fields: object, message: string): void
}

export const silentLogger: Logger = { debug() {}, info() {}, warn() {}, error() {} }

/** Hears events of a stage. Monitoring wraps its listeners so that a throwing one cannot hurt the flow. */
export type Listener<Event> = (event: Event) => void

/** Resolves after `delayMs` on the given clock, or at once when `signal` aborts. Never rejects. */
export function pause(clock: Clock, delayMs: number, signal?: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    if (signal?.aborted) return resolve()
    const finish = () => {
      cancel()
      signal?.removeEventListener('abort', finish)
      resolve()
    }
    const cancel = clock.after(delayMs, finish)
    signal?.addEventListener('abort', finish, { once: true })
  })
}
