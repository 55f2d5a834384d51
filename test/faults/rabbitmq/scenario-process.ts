/** A process of a scenario seen from the test: started, told what to do, watched, killed. */
import { type ChildProcess, fork } from 'node:child_process'
import { join } from 'node:path'
import { type Exit, withLimit } from '../../fixtures/process.ts'
import type { Command, ProcessSettings, Saying } from './settings.ts'

const WAIT_LIMIT_MS = 60_000
const KEPT_OUTPUT = 20_000

const SILENT: Saying = {
  tally: { acknowledged: 0, refused: 0, handed: 0, applied: 0 },
  accepting: '',
  health: '',
  ready: false,
  unrouted: null,
  running: false,
  quiet: false,
}

export class ScenarioProcess {
  readonly name: string
  readonly exited: Promise<Exit>
  readonly #child: ChildProcess
  readonly #watchers = new Set<() => void>()
  #last = SILENT
  #output = ''
  #isExited = false

  constructor(settings: ProcessSettings) {
    this.name = settings.name
    const { NODE_TEST_CONTEXT: _, ...env } = process.env
    const child = join(import.meta.dirname, 'child.ts')
    this.#child = fork(child, [JSON.stringify(settings)], { env, silent: true })
    const keep = (chunk: Buffer) => {
      this.#output = (this.#output + chunk.toString()).slice(-KEPT_OUTPUT)
    }
    this.#child.stdout?.on('data', keep)
    this.#child.stderr?.on('data', keep)
    this.#child.on('message', (saying: Saying) => {
      this.#last = saying
      this.#tell()
    })
    this.exited = new Promise((resolve) => {
      this.#child.once('close', (code, signal) => {
        this.#isExited = true
        this.#tell()
        resolve({ code, signal })
      })
    })
  }

  /** What it said last, 25 ms ago or less while it runs. */
  get last(): Saying {
    return this.#last
  }

  get output(): string {
    return this.#output
  }

  get running(): boolean {
    return !this.#isExited
  }

  tell(command: Command): void {
    this.#child.send(command)
  }

  /** Resolves when what it says is what is wanted; rejects with its output when it ends before. */
  async until(what: string, wanted: (saying: Saying) => boolean, limitMs = WAIT_LIMIT_MS): Promise<Saying> {
    const { promise, resolve, reject } = Promise.withResolvers<Saying>()
    const look = () => {
      if (this.#last.running && wanted(this.#last)) resolve(this.#last)
      else if (this.#isExited) reject(new Error(`${this.name} ended before ${what}:\n${this.#output}`))
    }
    this.#watchers.add(look)
    look()
    const complaint = () => `${this.name}, not ${what}: ${JSON.stringify(this.#last)}\n${this.#output}`
    try {
      return await withLimit(promise, limitMs, complaint)
    } finally {
      this.#watchers.delete(look)
    }
  }

  /** So many more messages than now. */
  async more(counter: keyof Saying['tally'], count: number, limitMs?: number): Promise<Saying> {
    const until = this.#last.tally[counter] + count
    return this.until(`${count} more ${counter}`, ({ tally }) => tally[counter] >= until, limitMs)
  }

  /** An orderly end: what is under way is finished first. */
  async stop(): Promise<Exit> {
    if (this.running) this.tell('stop')
    return withLimit(this.exited, WAIT_LIMIT_MS, () => `${this.name} does not stop:\n${this.#output}`)
  }

  async kill(): Promise<Exit> {
    if (this.running) this.#child.kill('SIGKILL')
    return withLimit(this.exited, WAIT_LIMIT_MS, () => `${this.name} does not die`)
  }

  #tell(): void {
    for (const watcher of this.#watchers) watcher()
  }
}
