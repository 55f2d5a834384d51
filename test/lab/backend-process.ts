/** A real `weir backend` in a process of its own, on a free port; ended with the test, however that ends. */
import { type ChildProcess, spawn } from 'node:child_process'
import { join } from 'node:path'
import { bareEnvironment } from '../fixtures/environment.ts'
import { withLimit } from '../fixtures/process.ts'
import type { Finished } from '../fixtures/weir-process.ts'

const MAIN = join(import.meta.dirname, '..', '..', 'src', 'cli', 'main.ts')
const LIMIT_MS = 60_000

export class BackendProcess {
  readonly #child: ChildProcess
  readonly #finished: Promise<Finished>
  #stdout = ''
  #stderr = ''
  #url = ''

  private constructor(args: readonly string[]) {
    this.#child = spawn(process.execPath, [MAIN, 'backend', '--port', '0', ...args], {
      env: bareEnvironment(),
      stdio: ['ignore', 'pipe', 'pipe'],
    })
    this.#finished = new Promise((resolve) => {
      this.#child.once('close', (code) => resolve({ code, stdout: this.#stdout, stderr: this.#stderr }))
    })
  }

  /** Resolves when it has told its address. */
  static async start(args: readonly string[]): Promise<BackendProcess> {
    const backend = new BackendProcess(args)
    await withLimit(backend.#ready(), LIMIT_MS, () => `the back end did not start: ${backend.#stderr}`)
    return backend
  }

  get url(): string {
    return this.#url
  }

  async end(signal: NodeJS.Signals): Promise<Finished> {
    this.#child.kill(signal)
    return withLimit(this.#finished, LIMIT_MS, () => `no end after ${signal}: ${this.#stdout}`)
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#child.kill('SIGKILL')
    await this.#finished
  }

  #ready(): Promise<void> {
    return new Promise((resolve, reject) => {
      this.#child.stderr?.setEncoding('utf8').on('data', (data) => (this.#stderr += data))
      this.#child.stdout?.setEncoding('utf8').on('data', (data) => {
        this.#stdout += data
        const url = /fragile back end at (\S+)/.exec(this.#stdout)?.[1]
        if (url === undefined) return
        this.#url = url
        resolve()
      })
      this.#finished.then(({ stderr }) => reject(new Error(`the back end ended: ${stderr}`)))
    })
  }
}
