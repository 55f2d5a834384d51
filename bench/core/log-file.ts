/**
 * Child: the limit. A bare log file with group commit: every message is one record, its end another,
 * everything that came meanwhile is one write and one fdatasync. No index, no order, no lookup, no lease:
 * what a durable queue adds to this is its cost.
 */
import { open } from 'node:fs/promises'
import { setTimeout as sleep } from 'node:timers/promises'
import { answer, childConfig } from '../harness/child.ts'
import { newMessages } from './embedded.ts'

interface Config {
  readonly file: string
  readonly batch: number
  readonly loops: number
  readonly seconds: number
  /** Records a message; 2: its coming and its end. */
  readonly records?: 1 | 2
}

const { file, batch, loops, seconds, records = 2 } = childConfig<Config>()
const log = await open(file, 'a')
let pending: string[] = []
let wake: (() => void)[] = []
let busy = false
let running = true
let finished = 0

async function append(record: string): Promise<void> {
  pending.push(record)
  const durable = new Promise<void>((resolve) => wake.push(resolve))
  if (!busy) void flush()
  return durable
}

async function flush(): Promise<void> {
  busy = true
  await new Promise((resolve) => setImmediate(resolve))
  while (pending.length > 0) {
    const text = pending.join('')
    const waiting = wake
    pending = []
    wake = []
    await log.write(text)
    await log.datasync()
    for (const resolve of waiting) resolve()
    await new Promise((resolve) => setImmediate(resolve))
  }
  busy = false
}

async function loop(): Promise<void> {
  while (running) {
    const messages = newMessages(batch)
    await append(messages.map((message) => `${JSON.stringify(message)}\n`).join(''))
    if (records === 2) await append(messages.map(({ id }) => `{"done":"${id}"}\n`).join(''))
    finished += batch
  }
}

const all = Array.from({ length: loops }, loop)
await sleep(500)
const began = performance.now()
const before = finished
await sleep(seconds * 1000)
const perSecond = (finished - before) / ((performance.now() - began) / 1000)
running = false
await Promise.all(all)
await log.close()
answer({ perSecond })
