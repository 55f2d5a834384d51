/**
 * Child: works off messages that wait already, through the engine's take and settle in batches, or through the real
 * consumer with a handler that does nothing. Counted when settled.
 */
import { setTimeout as sleep } from 'node:timers/promises'
import type { Settlement } from '../../src/queue/index.ts'
import { takeRequest } from '../core/messages.ts'
import { answer, childConfig } from '../harness/child.ts'
import type { ConsumePlan } from './consuming.ts'
import { noopConsumer, settledBy } from './noop.ts'
import { stopwatch } from './pace.ts'
import { engineOn } from './shape.ts'

const BATCH = 100
const LOOPS = 4

const { shape, messages, prefetch, drive } = childConfig<ConsumePlan>()
const engine = engineOn(shape, prefetch)
await engine.start()
const stop = stopwatch(0)
const settled = drive === 'consumer' ? await throughConsumer() : await direct()
// With the end of the connection, when the broker has every acknowledgement: as the yardstick does.
await engine.stop()
answer(stop(settled))

async function direct(): Promise<number> {
  let settled = 0
  const loop = async (): Promise<void> => {
    while (settled < messages) {
      const taken = await engine.take(takeRequest(BATCH, shape.types[0]))
      if (taken.length === 0) {
        await sleep(1)
        continue
      }
      const done = taken.map(({ lease }): Settlement => ({ lease, verdict: { kind: 'done' } }))
      const results = await engine.settle(done)
      settled += results.filter((result) => result === 'settled').length
    }
  }
  // The last loop may wait for an empty queue; what counts is when the last message was settled.
  await Promise.race(Array.from({ length: LOOPS }, loop))
  return settled
}

async function throughConsumer(): Promise<number> {
  const work = settledBy(engine)
  const consumer = noopConsumer(work.engine, shape.types, prefetch)
  consumer.start()
  await work.reached(messages)
  await consumer.stop()
  return work.settled
}
