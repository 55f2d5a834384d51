/**
 * One service under test with its fragile back end, each a process of its own over real sockets, in a directory of its
 * own. Nothing of the settings of whoever runs the validation reaches it: the environment is handed in.
 *
 * Owns both processes and the directory from `openStage` until `stop`, which is idempotent (S1) and ends them by their
 * process ids, the service first, so that the back end's log has everything that the service still sent.
 */
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { type Clock, pause } from '../../core/index.ts'
import { type LoggedCall, readCallLog } from '../backend/call-log.ts'
import type { BackendStats } from '../backend/call-stats.ts'
import { Child, type Program } from './child.ts'

/** As the options of `weir backend`. */
export interface FragileSetup {
  /** Calls at once that it bears; `limit`: beyond which it refuses (twice the capacity). */
  readonly capacity: number
  readonly limit?: number
  /** Mean time of a call, and how far calls are from it (share, 0–1). */
  readonly serviceMs: number
  readonly spread?: number
  /** Processor time of each call. */
  readonly burnMs?: number
  /** Ids whose work is not done twice; 100,000 unless given. */
  readonly remember?: number
  readonly seed: number
}

/** As an entry of `types` in weir.config.json, without its target. */
export interface TypeSetup {
  readonly concurrency?: number
  readonly ratePerSecond?: number
  readonly timeoutSeconds?: number
  readonly maxRetries?: number
  readonly retryDelayMs?: number
  readonly maxBacklogSeconds?: number
}

export interface StageOptions {
  readonly backend: FragileSetup
  /** Types with the back end as their target; `null` for no service at all, only the back end. */
  readonly types: Readonly<Record<string, TypeSetup>> | null
  /** Environment variables of the service: SCALE_DOWN_WINDOW_SECONDS and the like. */
  readonly settings?: Readonly<Record<string, string>>
  /** Further arguments of `weir up`, for example --processes. */
  readonly args?: readonly string[]
}

/** What every stage of a run is handed. */
export interface StageDeps {
  readonly program: Program
  /** Of the children: what a process needs to run at all, and no settings. */
  readonly environment: Readonly<Record<string, string | undefined>>
  readonly clock: Clock
  readonly signal?: AbortSignal
}

export interface Stage {
  /** Of the service's API; throws where there is no service. */
  readonly url: string
  readonly backendUrl: string
  readonly pids: { readonly service?: number; readonly backend: number }
  /** What the service keeps its files in. */
  readonly dataDir: string
  /** The back end's own record so far: at least every call that had ended when this was called. */
  calls(): Promise<LoggedCall[]>
  /** The back end's own figures; `anew` begins them anew after this look. Rejects when it does not answer. */
  backendStats(anew?: boolean): Promise<BackendStats>
  /** How a process ended that nobody had asked to end; undefined while all is well. */
  fallen(): string | undefined
  /** The last lines of the service, for the message of a failure. */
  lastWords(): string
  /** Stops the service alone, for example to see what it leaves behind. */
  stopService(): Promise<void>
  stop(): Promise<void>
}

/**
 * Starts the back end, then the service, and resolves when both answer. Rejects with StageError; nothing is left
 * running then.
 */
export async function openStage(options: StageOptions, deps: StageDeps): Promise<Stage> {
  const directory = await mkdtemp(join(tmpdir(), 'weir-validate-'))
  const stage = new OpenStage(directory, deps)
  try {
    await stage.startBackend(options.backend)
    if (options.types !== null) await stage.startService(options.types, options)
    return stage
  } catch (error) {
    await stage.stop()
    throw error
  }
}

const LOG_LIMIT_MS = 10_000
const LOOK_EVERY_MS = 50
const ANSWER_LIMIT_MS = 10_000

class OpenStage implements Stage {
  readonly dataDir: string
  readonly #directory: string
  readonly #deps: StageDeps
  readonly #log: string
  #backend: Child | undefined
  #service: Child | undefined
  #stopped: Promise<void> | undefined

  constructor(directory: string, deps: StageDeps) {
    this.#directory = directory
    this.#deps = deps
    this.dataDir = join(directory, 'data')
    this.#log = join(directory, 'calls.jsonl')
  }

  get url(): string {
    if (!this.#service) throw new Error('this stage has no service')
    return this.#service.told
  }

  get backendUrl(): string {
    return this.#backend?.told ?? ''
  }

  get pids() {
    const service = this.#service?.pid
    return { backend: this.#backend?.pid ?? 0, ...(service !== undefined && { service }) }
  }

  async startBackend(setup: FragileSetup): Promise<void> {
    this.#backend = await this.#start('the back end', [
      ...['backend', '--json', '--port', '0', '--log', this.#log],
      ...backendArgs(setup),
    ])
  }

  async startService(types: Readonly<Record<string, TypeSetup>>, options: StageOptions): Promise<void> {
    const config = join(this.#directory, 'weir.config.json')
    const target = `${this.backendUrl}/`
    const entries = Object.entries(types).map(([name, setup]) => [name, { target, ...setup }])
    await writeFile(config, JSON.stringify({ bss: false, types: Object.fromEntries(entries) }))
    this.#service = await this.#start('the service', ['up', '--config', config, ...(options.args ?? [])], {
      ...{ API_PORT: '0', ROOM_PORT: 'off', HOST: '127.0.0.1', DATA_DIR: this.dataDir },
      ...{ LOG_FORMAT: 'json', LOG_LEVEL: 'INFO' },
      ...options.settings,
    })
  }

  async calls(): Promise<LoggedCall[]> {
    const { clock, signal } = this.#deps
    const { outcomes } = await this.backendStats()
    const ended = Object.values(outcomes).reduce((sum, calls) => sum + calls, 0)
    const until = clock.now() + LOG_LIMIT_MS
    for (;;) {
      const calls: LoggedCall[] = []
      for await (const call of readCallLog(this.#log)) calls.push(call)
      // A line is on its way to the file when the call has ended; it is not there at once.
      if (calls.length >= ended || clock.now() > until || signal?.aborted) return calls
      await pause(clock, LOOK_EVERY_MS, signal)
    }
  }

  async backendStats(anew = false): Promise<BackendStats> {
    const look = { method: 'GET', signal: AbortSignal.timeout(ANSWER_LIMIT_MS) }
    const url = `${this.backendUrl}/stats`
    const told = (await (await fetch(url, look)).json()) as BackendStats
    if (anew) await fetch(url, { ...look, method: 'DELETE' })
    return told
  }

  fallen(): string | undefined {
    if (this.#service?.fell !== undefined) return `the service: ${this.#service.fell}`
    return this.#backend?.fell === undefined ? undefined : `the back end: ${this.#backend.fell}`
  }

  lastWords(): string {
    return this.#service?.lastWords ?? ''
  }

  async stopService(): Promise<void> {
    await this.#service?.stop()
  }

  stop(): Promise<void> {
    this.#stopped ??= this.#end()
    return this.#stopped
  }

  async #end(): Promise<void> {
    await this.#service?.stop()
    await this.#backend?.stop()
    await rm(this.#directory, { recursive: true, force: true })
  }

  #start(name: string, args: readonly string[], settings: Readonly<Record<string, string>> = {}) {
    const { program, environment, clock, signal } = this.#deps
    return Child.start({
      ...{ name, program, args, clock, directory: this.#directory, ready: urlIn },
      environment: { ...environment, ...settings },
      ...(signal && { signal }),
    })
  }
}

/** Both tell their address in a line of JSON when they listen. */
function urlIn(line: string): string | undefined {
  return /^\{.*?"url":"(https?:\/\/[^"]+)"/.exec(line)?.[1]
}

function backendArgs(setup: FragileSetup): string[] {
  const { capacity, limit, serviceMs, spread, burnMs, remember, seed } = setup
  const given = {
    ...{
      '--capacity': capacity,
      '--limit': limit,
      '--spread': spread,
      '--remember': remember,
      '--seed': seed,
    },
    '--service-time': `${serviceMs}ms`,
    '--burn': burnMs === undefined ? undefined : `${burnMs}ms`,
  }
  return Object.entries(given).flatMap(([name, value]) => (value === undefined ? [] : [name, String(value)]))
}
