/** Child: the same on BullMQ: jobs that wait already, one worker with a processor that does nothing. */

import { answer, childConfig } from '../harness/child.ts'
import { loadBull } from '../harness/peers.ts'
import { newMessages } from './embedded.ts'

interface Config {
  readonly port: number
  readonly queue: string
  readonly messages: number
  readonly concurrency: number
  readonly removeOnComplete: boolean
}

const { port, queue: name, messages, concurrency, removeOnComplete } = childConfig<Config>()
const { Queue, Worker } = loadBull()
const connection = { host: '127.0.0.1', port, maxRetriesPerRequest: null }
const queue = new Queue(name, { connection, defaultJobOptions: { removeOnComplete } })
for (let made = 0; made < messages; made += 1000) {
  await queue.addBulk(newMessages(1000).map((data) => ({ name: 'MNP', data })))
}
const worker = new Worker(name, async () => undefined, { connection, concurrency, autorun: false })
let completed = 0
const finished = new Promise<void>((resolve) => {
  worker.on('completed', () => {
    completed += 1
    if (completed === messages) resolve()
  })
})
const began = performance.now()
void worker.run()
await finished
const elapsed = (performance.now() - began) / 1000
await worker.close()
await queue.close()
answer({ perSecond: messages / elapsed })
process.exit(0)
