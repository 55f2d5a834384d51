/**
 * Child: a hundred producers, each waiting until its message is durable before it hands in the next; group
 * commit in front of the small store, which runs here or in a thread. Also watched: how late the event loop
 * is meanwhile.
 */
import { setTimeout as sleep } from 'node:timers/promises'
import { Worker } from 'node:worker_threads'
import { newMessages } from '../core/embedded.ts'
import { watchLag } from '../core/lag.ts'
import { answer, childConfig } from '../harness/child.ts'
import { type Binding, openStore, type Row } from './store.ts'

interface Config {
  readonly binding: Binding
  readonly thread: 'main' | 'worker'
  readonly dir: string
  readonly seconds: number
}

const PRODUCERS = 100
const WARM_UP_MS = 500
const { binding, thread, dir, seconds } = childConfig<Config>()

interface Host {
  write(rows: Row[]): Promise<unknown>
  close(): void
}

function mainHost(): Host {
  const store = openStore(binding, dir)
  return { write: async (rows) => store.write(rows), close: () => store.close() }
}

function workerHost(): Host {
  const worker = new Worker(new URL('./thread.ts', import.meta.url), { workerData: { binding, dir } })
  let answered: (() => void) | undefined
  worker.on('message', () => answered?.())
  const write = (rows: Row[]): Promise<void> => {
    const durable = new Promise<void>((resolve) => {
      answered = resolve
    })
    worker.postMessage(rows)
    return durable
  }
  return { write, close: () => worker.postMessage('close') }
}

const host = thread === 'main' ? mainHost() : workerHost()
let pending: Row[] = []
let waiting: (() => void)[] = []
let busy = false
let running = true
let durable = 0

function enqueue(row: Row): Promise<void> {
  pending.push(row)
  if (!busy) {
    busy = true
    setImmediate(() => void flush())
  }
  return new Promise((resolve) => waiting.push(resolve))
}

async function flush(): Promise<void> {
  const [rows, resolves] = [pending, waiting]
  pending = []
  waiting = []
  await host.write(rows)
  durable += rows.length
  for (const resolve of resolves) resolve()
  setImmediate(() => {
    if (pending.length > 0) void flush()
    else busy = false
  })
}

async function producing(): Promise<void> {
  while (running) {
    const [message] = newMessages(1)
    if (message) await enqueue({ id: message.id, body: JSON.stringify(message) })
  }
}

const all = Array.from({ length: PRODUCERS }, producing)
await sleep(WARM_UP_MS)
const lag = watchLag()
const before = durable
const began = performance.now()
await sleep(seconds * 1000)
const perSecond = (durable - before) / ((performance.now() - began) / 1000)
const { p99Ms, maxMs } = lag.stop()
running = false
await Promise.all(all)
host.close()
answer({ perSecond, p99Ms, maxMs })
