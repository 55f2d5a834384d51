/** A process to measure: burns and keeps memory as told, and tells what it thinks itself of what it has used. */
import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { createInterface, type Interface } from 'node:readline'
import { withLimit } from '../../fixtures/process.ts'

const LIMIT_MS = 30_000
const PROGRAM = `
const kept = []
require('node:readline').createInterface({ input: process.stdin }).on('line', (line) => {
  const [what, amount] = line.split(' ')
  if (what === 'burn') {
    const from = process.cpuUsage()
    for (let used = 0; used < amount * 1000; ) {
      for (let turn = 0; turn < 1e5; turn++) Math.sqrt(turn)
      const { user, system } = process.cpuUsage(from)
      used = user + system
    }
  }
  if (what === 'keep') kept.push(Buffer.alloc(amount * 1e6, 1))
  const { user, system } = process.cpuUsage()
  console.log(JSON.stringify({ cpuSeconds: (user + system) / 1e6, rssBytes: process.memoryUsage.rss() }))
})`

export interface OwnView {
  readonly cpuSeconds: number
  readonly rssBytes: number
}

export class Measured {
  readonly #child: ChildProcess
  readonly #lines: Interface
  readonly #exit: Promise<unknown>

  constructor() {
    // A name with blanks and parentheses, as of a program that wants to be misread.
    this.#child = spawn(process.execPath, ['--title=a) S (b', '-e', PROGRAM], {
      stdio: ['pipe', 'pipe', 'inherit'],
    })
    this.#exit = once(this.#child, 'exit')
    if (!this.#child.stdout) throw new Error('no output')
    this.#lines = createInterface({ input: this.#child.stdout })
  }

  get pid(): number {
    if (this.#child.pid === undefined) throw new Error('not started')
    return this.#child.pid
  }

  /** `burn MILLISECONDS`, `keep MEGABYTES`, `look`; resolves when done, with its own view. */
  async tell(what: string): Promise<OwnView> {
    const answer = once(this.#lines, 'line')
    this.#child.stdin?.write(`${what}\n`)
    const [line] = await withLimit(answer, LIMIT_MS, () => `no answer to ${what}`)
    return JSON.parse(line)
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#child.kill('SIGKILL')
    await this.#exit
  }
}
