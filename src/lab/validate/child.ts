/**
 * A process of this very program that a stage has started. Owns the child: it is ended by its process id, also when
 * this process exits before it was stopped; it ends by itself when this process is killed. Stop is idempotent (S1).
 *
 *   starting ──its line is there──▶ running ──stop──▶ ended        starting, running ──by itself──▶ ended (unasked)
 */
import { type ChildProcess, spawn } from 'node:child_process'
import { createInterface } from 'node:readline'
import { type Clock, pause } from '../../core/index.ts'

/** The program as it runs: the runtime, its own options, the script. */
export interface Program {
  readonly file: string
  readonly args: readonly string[]
}

export interface ChildOptions {
  /** For people, in the lines of errors. */
  readonly name: string
  readonly program: Program
  readonly args: readonly string[]
  readonly environment: Readonly<Record<string, string | undefined>>
  readonly directory: string
  /** What a line on its standard output says when it runs; undefined for any other line. */
  readonly ready: (line: string) => string | undefined
  readonly clock: Clock
  readonly signal?: AbortSignal
}

/** Why a stage could not be set up. */
export class StageError extends Error {}

/** A busy machine is slow to start a process; one that hangs must still end. */
const START_LIMIT_MS = 60_000
const STOP_LIMIT_MS = 15_000
const KEPT_LINES = 40

export class Child {
  readonly #options: ChildOptions
  readonly #child: ChildProcess
  readonly #ended = Promise.withResolvers<void>()
  #lines: string[] = []
  #asked = false
  #how: string | undefined
  #told = ''

  private constructor(options: ChildOptions) {
    this.#options = options
    const { program, args, environment, directory } = options
    this.#child = spawn(program.file, [...program.args, ...args], {
      env: { ...environment, WEIR_ENDS_WITH_PARENT: '1' },
      cwd: directory,
      // A group of its own: Ctrl-C on the terminal is for this process, which then ends what it started in order.
      detached: true,
      stdio: ['ignore', 'pipe', 'pipe', 'ipc'],
    })
    const kill = () => this.#child.kill('SIGKILL')
    process.once('exit', kill)
    this.#child.once('error', (error) => {
      if (this.#child.pid === undefined) this.#end(error.message, kill)
    })
    // `close`, not `exit`: only then all that it wrote has arrived.
    this.#child.once('close', (code, signal) =>
      this.#end(signal === null ? `exit code ${code}` : `signal ${signal}`, kill),
    )
  }

  /** Resolves when it says that it runs. Rejects with StageError, and has ended it then. */
  static async start(options: ChildOptions): Promise<Child> {
    const child = new Child(options)
    try {
      await child.#ready()
      return child
    } catch (error) {
      await child.stop()
      throw error
    }
  }

  /** What `ready` made of its line. */
  get told(): string {
    return this.#told
  }

  get pid(): number {
    return this.#child.pid ?? 0
  }

  /** How it ended without having been asked to, as `exit code 1` or `signal SIGKILL`; undefined while all is well. */
  get fell(): string | undefined {
    return this.#asked ? undefined : this.#how
  }

  /** Its last lines, for the message of a failure. */
  get lastWords(): string {
    return this.#lines.join('\n')
  }

  /** SIGTERM, and SIGKILL for one that does not end in time. Resolves when it is gone. */
  async stop(limitMs = STOP_LIMIT_MS): Promise<void> {
    this.#asked ||= this.#how === undefined
    if (this.#how !== undefined) return
    this.#child.kill('SIGTERM')
    const gone = new AbortController()
    void this.#ended.promise.then(() => gone.abort())
    await pause(this.#options.clock, limitMs, gone.signal)
    if (this.#how === undefined) this.#child.kill('SIGKILL')
    await this.#ended.promise
  }

  async #ready(): Promise<void> {
    const { name, ready, clock, signal } = this.#options
    const over = new AbortController()
    this.#listen((line) => {
      const told = this.#told === '' ? ready(line) : undefined
      if (told === undefined) return
      this.#told = told
      over.abort()
    })
    void this.#ended.promise.then(() => over.abort())
    await pause(clock, START_LIMIT_MS, AbortSignal.any(signal ? [over.signal, signal] : [over.signal]))
    if (this.#told !== '') return
    if (signal?.aborted) throw new StageError(`interrupted while ${name} was starting`)
    const why = this.#how === undefined ? `within ${START_LIMIT_MS / 1000} s` : `(${this.#how})`
    throw new StageError(`${name} did not start ${why}: ${this.#lines.at(-1) ?? 'it said nothing'}`)
  }

  #listen(heard: (line: string) => void): void {
    for (const stream of [this.#child.stdout, this.#child.stderr]) {
      if (!stream) continue
      createInterface({ input: stream, crlfDelay: Infinity }).on('line', (line) => {
        this.#lines.push(line.slice(0, 1000))
        if (this.#lines.length > KEPT_LINES) this.#lines.shift()
        if (stream === this.#child.stdout) heard(line)
      })
    }
  }

  #end(how: string, kill: () => void): void {
    process.removeListener('exit', kill)
    this.#how ??= how
    this.#ended.resolve()
  }
}
