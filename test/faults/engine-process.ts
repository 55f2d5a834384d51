/** An embedded engine in a process of its own, so that the disk can fail under it alone, call by call. */
import { type ChildProcess, fork } from 'node:child_process'
import { once } from 'node:events'
import { join } from 'node:path'
import type { NewMessage } from '../../src/core/index.ts'
import type {
  Delivery,
  QueueEngine,
  Receipt,
  Settlement,
  SettleResult,
  StateCounts,
  TakeRequest,
} from '../../src/queue/index.ts'

export type Call =
  | { readonly method: 'start' | 'accepting' | 'counts' | 'recount' }
  | { readonly method: 'publish'; readonly argument: readonly NewMessage[] }
  | { readonly method: 'take'; readonly argument: TakeRequest }
  | { readonly method: 'settle'; readonly argument: readonly Settlement[] }

export interface Reply {
  readonly number: number
  readonly result?: unknown
  readonly error?: { readonly code: string; readonly message: string }
}

type Waiting = PromiseWithResolvers<unknown>

/** What the engine refused with. */
export class EngineRefusal extends Error {
  readonly code: string

  constructor(code: string, message: string) {
    super(message)
    this.code = code
  }
}

export class EngineProcess {
  readonly #child: ChildProcess
  readonly #waiting = new Map<number, Waiting>()
  #calls = 0

  constructor(dataDir: string, environment: Readonly<Record<string, string>>) {
    const { NODE_TEST_CONTEXT: _, ...inherited } = process.env
    const env = { ...inherited, ...environment }
    this.#child = fork(join(import.meta.dirname, 'engine-child.ts'), [dataDir], { env })
    this.#child.on('message', ({ number, result, error }: Reply) => {
      const waiting = this.#waiting.get(number)
      this.#waiting.delete(number)
      if (error) waiting?.reject(new EngineRefusal(error.code, error.message))
      else waiting?.resolve(result)
    })
    this.#child.once('exit', () => {
      for (const waiting of this.#waiting.values()) waiting.reject(new Error('the engine process ended'))
    })
  }

  start = () => this.#call({ method: 'start' })
  publish = (argument: readonly NewMessage[]) => this.#call<Receipt[]>({ method: 'publish', argument })
  take = (argument: TakeRequest) => this.#call<Delivery[]>({ method: 'take', argument })
  settle = (argument: readonly Settlement[]) => this.#call<SettleResult[]>({ method: 'settle', argument })
  accepting = () => this.#call<ReturnType<QueueEngine['accepting']>>({ method: 'accepting' })
  counts = () => this.#call<Record<string, StateCounts>>({ method: 'counts' })
  recount = () => this.#call<Record<string, StateCounts>>({ method: 'recount' })

  async kill(): Promise<void> {
    if (this.#child.exitCode !== null || this.#child.signalCode !== null) return
    const exited = once(this.#child, 'exit')
    this.#child.kill('SIGKILL')
    await exited
  }

  #call<Result = void>(call: Call): Promise<Result> {
    const waiting: Waiting = Promise.withResolvers()
    this.#calls++
    this.#waiting.set(this.#calls, waiting)
    this.#child.send({ number: this.#calls, call })
    return waiting.promise as Promise<Result>
  }
}
