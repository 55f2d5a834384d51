/** The small store in a thread of its own. */
import { parentPort, workerData } from 'node:worker_threads'
import { type Binding, openStore, type Row } from './store.ts'

const { binding, dir } = workerData as { binding: Binding; dir: string }
const store = openStore(binding, dir)
parentPort?.on('message', (rows: Row[] | 'close') => {
  if (rows === 'close') {
    store.close()
    parentPort?.close()
    return
  }
  store.write(rows)
  parentPort?.postMessage(rows.length)
})
