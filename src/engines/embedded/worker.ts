/** The store in a thread of its own: a slow sync stalls this thread and not the event loop that answers clients. */
import { parentPort, workerData } from 'node:worker_threads'
import type { HostCall, HostReply } from './host.ts'
import { Store, type StoreOptions } from './store.ts'

if (!parentPort) throw new Error('worker.ts runs as a worker thread')
const port = parentPort
const store = new Store(workerData as StoreOptions, Math.random)

port.on('message', (call: HostCall) => {
  let reply: HostReply
  try {
    if (call.kind === 'run') reply = { kind: 'batch', reply: store.run(call.batch) }
    else if (call.kind === 'open') reply = { kind: 'opened', ...store.open(call.now) }
    else {
      store.close()
      reply = { kind: 'closed' }
    }
  } catch (error) {
    const { message, errcode } = error as { message: string; errcode?: number }
    reply = { kind: 'failed', message, ...(errcode !== undefined && { errcode }) }
  }
  port.postMessage(reply)
  if (call.kind === 'close') port.close()
})
