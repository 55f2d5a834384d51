/**
 * One of Weir's roles as a process of its own, as its users start it: what it printed is part of every failure, and it
 * is ended with the test, by its process id.
 */
import { type ChildProcess, spawn } from 'node:child_process'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import type { TestContext } from 'node:test'
import { bareEnvironment } from '../fixtures/environment.ts'
import { eventually, withLimit } from '../fixtures/process.ts'

const ROOT = join(import.meta.dirname, '..', '..')
export const MAIN = join(ROOT, 'src', 'cli', 'main.ts')
const START_LIMIT_MS = 60_000
const KEPT_LINES = 2_000

export interface LogLine {
  readonly level?: number
  readonly msg: string
  readonly [field: string]: unknown
}

export interface Exit {
  readonly code: number | null
  readonly signal: NodeJS.Signals | null
}

export class RoleProcess {
  readonly child: ChildProcess
  readonly exited: Promise<Exit>
  readonly lines: LogLine[] = []
  #exit: Exit | undefined

  constructor(t: TestContext, args: readonly string[], environment: Readonly<Record<string, string>>) {
    this.child = spawn(process.execPath, [MAIN, ...args], {
      cwd: ROOT,
      env: { ...bareEnvironment(), ...QUIET, ...environment },
      stdio: ['ignore', 'pipe', 'pipe'],
    })
    for (const stream of [this.child.stdout, this.child.stderr]) {
      if (stream) createInterface({ input: stream }).on('line', (line) => this.#heard(line))
    }
    this.exited = new Promise((resolve) => {
      this.child.once('close', (code, signal) => {
        this.#exit = { code, signal }
        resolve(this.#exit)
      })
    })
    t.after(async () => {
      // One that ended by itself is likely why the test failed.
      if (this.#exit?.code) t.diagnostic(`weir ${args.join(' ')} ended (${this.#exit.code}):\n${this.output}`)
      else if (!this.#exit) this.child.kill('SIGKILL')
      await this.exited
    })
  }

  get pid(): number {
    return this.child.pid ?? Number.NaN
  }

  get output(): string {
    return this.lines.map((line) => JSON.stringify(line)).join('\n')
  }

  /** The first line with this text, also one of the past. */
  async saw(text: RegExp, fits: (line: LogLine) => boolean = () => true): Promise<LogLine> {
    return eventually(
      () => {
        const found = this.lines.find((line) => text.test(line.msg) && fits(line))
        if (!found && this.#exit)
          throw new Error(`it ended (${this.#exit.code}) before ${text}:\n${this.output}`)
        return found
      },
      () => `${text} in\n${this.output}`,
      START_LIMIT_MS,
    )
  }

  /** Sends the signal and waits for the end. */
  async end(signal: NodeJS.Signals): Promise<Exit> {
    this.child.kill(signal)
    return withLimit(this.exited, 40_000, () => `no end after ${signal}:\n${this.output}`)
  }

  #heard(line: string): void {
    let read: LogLine = { msg: line }
    try {
      read = JSON.parse(line)
    } catch {
      // A line for people.
    }
    this.lines.push(read)
    if (this.lines.length > KEPT_LINES) this.lines.shift()
  }
}

/** Free ports, on this machine only, a back end without delays; the rest as users get it. */
export const QUIET = {
  API_PORT: '0',
  ROOM_PORT: 'off',
  METRICS_PORT: '0',
  HEALTH_CHECK_PORT: '0',
  HOST: '127.0.0.1',
  BACKEND_SPEED: '0',
  LOG_FORMAT: 'json',
}

export interface RunningRole extends RoleProcess {
  readonly url: string
  readonly metrics: string
  readonly health: string
}

/** Resolves when it runs and has what it needs: with a broker this may come seconds later than the addresses. */
export async function startRole(
  t: TestContext,
  args: readonly string[],
  environment: Readonly<Record<string, string>>,
): Promise<RunningRole> {
  const made = await startUnready(t, args, environment)
  await until(`${made.health}/ready`, ({ status }) => status === 200, START_LIMIT_MS)
  return made
}

/** Resolves when it runs, with the addresses that it prints; what it needs may be away. */
export async function startUnready(
  t: TestContext,
  args: readonly string[],
  environment: Readonly<Record<string, string>>,
): Promise<RunningRole> {
  const made = new RoleProcess(t, args, environment)
  const { url, metrics, health } = await made.saw(/^Weir is running$/, (line) => line.worker === undefined)
  return Object.assign(made, { url: String(url), metrics: String(metrics), health: String(health) })
}

export interface Answer {
  readonly status: number
  readonly headers: Headers
  // biome-ignore lint/suspicious/noExplicitAny: answers are looked into freely by the tests, which is their purpose
  readonly body: any
  readonly text: string
}

export async function call(url: string, method = 'GET', body?: unknown): Promise<Answer> {
  const response = await fetch(url, {
    method,
    headers: {
      'accept-language': 'en',
      ...(body === undefined ? {} : { 'content-type': 'application/json' }),
    },
    ...(body === undefined ? {} : { body: JSON.stringify(body) }),
  })
  const text = await response.text()
  const json = /json/.test(response.headers.get('content-type') ?? '')
  const { status, headers } = response
  return { status, headers, text, body: json && text !== '' ? JSON.parse(text) : undefined }
}

/** Asks until the answer fits; the last one is part of the failure. */
export async function until(
  url: string,
  fits: (answer: Answer) => boolean,
  limitMs = 30_000,
): Promise<Answer> {
  let last: unknown
  return eventually(
    async () => {
      try {
        const answer = await call(url)
        last = answer.text
        return fits(answer) ? answer : undefined
      } catch (error) {
        last = error
        return undefined
      }
    },
    () => `${url} as wanted; the last answer was ${last}`,
    limitMs,
  )
}
