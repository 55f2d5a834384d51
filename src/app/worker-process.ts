/**
 * One consumer process that this process has started. Owns the child and its output; knows from the child itself when
 * it runs. The pipe between the two ends with either: a child whose parent dies, however, drains and ends by itself.
 *
 *   starting ──says that it runs──▶ running ──drain──▶ draining ──▶ ended
 *       └──────────drain───────────────────────────────▶│
 *       └──ends by itself──▶ ended (so does one that runs)
 */
import { type ChildProcess, spawn } from 'node:child_process'
import { createInterface } from 'node:readline'
import type { Readable } from 'node:stream'
import type { Clock, Logger } from '../core/index.ts'

export interface WorkerCommand {
  /** The program and its arguments, the type's own included. */
  readonly file: string
  readonly args: readonly string[]
  readonly environment: Readonly<Record<string, string | undefined>>
}

export interface WorkerOptions {
  /** For people: marks its lines in the log. */
  readonly name: string
  readonly command: WorkerCommand
  /** A child that drains for longer is killed; what it had comes back to the queue. */
  readonly drainLimitMs: number
  readonly clock: Clock
  readonly logger: Logger
  /** `metrics`: where it answers, if it does. */
  readonly onRunning: (metrics: string | undefined) => void
  /** Called once, when it has ended and all that it wrote was read. */
  readonly onEnded: (end: WorkerEnd) => void
}

export interface WorkerEnd {
  /** As `exit code 1` or `signal SIGKILL`. */
  readonly how: string
  readonly clean: boolean
  readonly livedMs: number
}

export type WorkerState = 'starting' | 'running' | 'draining' | 'ended'

/** What a child tells its parent when it runs, with where its metrics are; anything else is not ours. */
const RUNNING = 'weir-worker-running'
export const runningText = (metrics?: string): string =>
  metrics === undefined ? RUNNING : `${RUNNING} ${metrics}`

/** The address of the child's metrics, '' without one; undefined when that is not what it told. */
function metricsIn(message: unknown): string | undefined {
  if (typeof message !== 'string') return undefined
  const [word, metrics = '', more] = message.split(' ')
  return word === RUNNING && more === undefined ? metrics : undefined
}

/** pino's numbers. */
const LEVELS = { info: 30, warn: 40, error: 50 } as const

export class WorkerProcess {
  readonly #options: WorkerOptions
  readonly #child: ChildProcess
  readonly #startedAt: number
  #state: WorkerState = 'starting'
  #drained = false
  #hasRun = false
  #cancelKill = () => {}

  constructor(options: WorkerOptions) {
    this.#options = options
    this.#startedAt = options.clock.now()
    const { file, args, environment } = options.command
    this.#child = spawn(file, args, {
      env: environment,
      // A group of its own: Ctrl-C on the terminal is for this process, which then drains its children in order.
      detached: true,
      stdio: ['ignore', 'pipe', 'pipe', 'ipc'],
    })
    this.#read(this.#child.stdout, (line) => this.#relay(line))
    this.#read(this.#child.stderr, (line) => this.#log('warn', {}, line))
    this.#child.on('message', (message) => {
      const metrics = metricsIn(message)
      if (metrics === undefined || this.#state !== 'starting') return
      this.#state = 'running'
      this.#hasRun = true
      options.onRunning(metrics === '' ? undefined : metrics)
    })
    // A failed spawn has no exit; a failed message or signal has one of its own.
    this.#child.on('error', (error) => {
      if (this.#child.pid === undefined) this.#ended(error.message, false)
    })
    this.#child.once('close', (code, signal) => {
      // Before it has handlers the signal that was to drain it ends it: it had nothing yet.
      const early = signal === 'SIGTERM' && this.#drained && !this.#hasRun
      this.#ended(signal ? `signal ${signal}` : `exit code ${code}`, code === 0 || early)
    })
  }

  get state(): WorkerState {
    return this.#state
  }

  /** Whether its end was asked for. */
  get wasDrained(): boolean {
    return this.#drained
  }

  get pid(): number | undefined {
    return this.#child.pid
  }

  /** It takes nothing more, finishes what it has and ends. Idempotent. */
  drain(): void {
    if (this.#state === 'draining' || this.#state === 'ended') return
    this.#state = 'draining'
    this.#drained = true
    this.#child.kill('SIGTERM')
    const { clock, drainLimitMs } = this.#options
    this.#cancelKill = clock.after(drainLimitMs, () => {
      this.#log('error', { drainLimitMs }, 'It did not end in time and is killed; its messages come back')
      this.#child.kill('SIGKILL')
    })
  }

  #ended(how: string, clean: boolean): void {
    if (this.#state === 'ended') return
    this.#state = 'ended'
    this.#cancelKill()
    this.#options.onEnded({ how, clean, livedMs: this.#options.clock.now() - this.#startedAt })
  }

  #read(stream: Readable | null, take: (line: string) => void): void {
    if (stream) createInterface({ input: stream }).on('line', take)
  }

  /** Its lines are JSON, whatever this process writes: told again here, they come out in one form. */
  #relay(line: string): void {
    try {
      const { level, time: _, msg, ...fields } = JSON.parse(line)
      const at =
        level >= LEVELS.error
          ? 'error'
          : level >= LEVELS.warn
            ? 'warn'
            : level >= LEVELS.info
              ? 'info'
              : 'debug'
      this.#log(at, fields, String(msg))
    } catch {
      this.#log('info', {}, line)
    }
  }

  #log(level: 'debug' | 'info' | 'warn' | 'error', fields: object, text: string): void {
    const { logger, name } = this.#options
    logger[level]({ worker: name, workerPid: this.#child.pid, ...fields }, text)
  }
}
