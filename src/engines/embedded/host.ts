/**
 * Where the store runs: in a worker thread (what users get) or in line (deterministic tests, and the benchmark that
 * justifies the thread). One call at a time; the group commit in front of it sees to that.
 */
import { Worker } from 'node:worker_threads'
import type { Random } from '../../core/index.ts'
import type { Batch, BatchReply } from './protocol.ts'
import { Store, type StoreOptions } from './store.ts'

export interface StoreHost {
  open(now: number): Promise<{ recovered: number; reply: BatchReply }>
  run(batch: Batch): Promise<BatchReply>
  close(): Promise<void>
}

export type HostCall =
  | { readonly kind: 'open'; readonly now: number }
  | { readonly kind: 'run'; readonly batch: Batch }
  | { readonly kind: 'close' }

export type HostReply =
  | { readonly kind: 'opened'; readonly recovered: number; readonly reply: BatchReply }
  | { readonly kind: 'batch'; readonly reply: BatchReply }
  | { readonly kind: 'closed' }
  | { readonly kind: 'failed'; readonly message: string; readonly errcode?: number }

/** What `EmbeddedOptions.host` asks for; a worker thread unless it says otherwise. */
export function hostOf(
  options: StoreOptions & { readonly random: Random; readonly host?: 'worker' | 'inline' | StoreHost },
): StoreHost {
  const { dataDir, retentionMs, random, host = 'worker' } = options
  if (host === 'worker') return new WorkerHost({ dataDir, retentionMs })
  return host === 'inline' ? new InlineHost({ dataDir, retentionMs }, random) : host
}

export class InlineHost implements StoreHost {
  readonly #store: Store

  constructor(options: StoreOptions, random: Random) {
    this.#store = new Store(options, random)
  }

  async open(now: number): Promise<{ recovered: number; reply: BatchReply }> {
    return this.#store.open(now)
  }

  async run(batch: Batch): Promise<BatchReply> {
    return this.#store.run(batch)
  }

  async close(): Promise<void> {
    this.#store.close()
  }
}

export class WorkerHost implements StoreHost {
  readonly #options: StoreOptions
  #worker: Worker | undefined
  #waiting: { resolve: (reply: HostReply) => void; reject: (error: Error) => void } | undefined

  constructor(options: StoreOptions) {
    this.#options = options
  }

  async open(now: number): Promise<{ recovered: number; reply: BatchReply }> {
    // The published package holds the same file compiled; the extension follows this module's own.
    const extension = import.meta.url.endsWith('.ts') ? 'ts' : 'js'
    const worker = new Worker(new URL(`./worker.${extension}`, import.meta.url), {
      workerData: this.#options,
    })
    this.#worker = worker
    worker.on('message', (reply: HostReply) => this.#waiting?.resolve(reply))
    worker.on('error', (error) => this.#ended(error instanceof Error ? error : new Error(String(error))))
    worker.on('exit', () => this.#ended(new Error('the store thread ended')))
    const reply = await this.#call({ kind: 'open', now })
    if (reply.kind !== 'opened') {
      await worker.terminate()
      throw hostError(reply)
    }
    return reply
  }

  async run(batch: Batch): Promise<BatchReply> {
    const reply = await this.#call({ kind: 'run', batch })
    if (reply.kind !== 'batch') throw hostError(reply)
    return reply.reply
  }

  async close(): Promise<void> {
    if (!this.#worker) return
    const worker = this.#worker
    const exited = new Promise<void>((resolve) => worker.once('exit', () => resolve()))
    const reply = await this.#call({ kind: 'close' })
    await exited
    if (reply.kind === 'failed') throw hostError(reply)
  }

  #call(call: HostCall): Promise<HostReply> {
    const worker = this.#worker
    if (!worker) return Promise.reject(new Error('the store thread is not running'))
    return new Promise<HostReply>((resolve, reject) => {
      this.#waiting = { resolve, reject }
      worker.postMessage(call)
    }).finally(() => {
      this.#waiting = undefined
    })
  }

  #ended(error: Error): void {
    this.#worker = undefined
    this.#waiting?.reject(error)
  }
}

function hostError(reply: HostReply): Error {
  if (reply.kind !== 'failed') return new Error(`the store thread answered ${reply.kind} out of turn`)
  return Object.assign(
    new Error(reply.message),
    reply.errcode === undefined ? {} : { errcode: reply.errcode },
  )
}
