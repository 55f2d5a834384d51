/**
 * Child: one of several consumer processes that start at the same moment and work off what waits for the types they
 * serve, through the real consumer with a handler that does nothing. Ends when nothing has come for a while.
 */
import { setTimeout as sleep } from 'node:timers/promises'
import { answer, childConfig, togetherWithOthers } from '../harness/child.ts'
import { noopConsumer, settledBy } from './noop.ts'
import { engineOn, type Shape } from './shape.ts'

export interface WorkerPlan {
  readonly shape: Shape
  readonly serves: readonly string[]
  readonly prefetch: number
}

export interface Worked {
  readonly settled: number
  /** Milliseconds from the common start to the last settle. */
  readonly tookMs: number
}

const IDLE_MS = 1_500

const { shape, serves, prefetch } = childConfig<WorkerPlan>()
const engine = engineOn(shape, prefetch)
await engine.start()
const work = settledBy(engine)
const consumer = noopConsumer(work.engine, serves, prefetch)
await togetherWithOthers()
const began = performance.now()
consumer.start()
do await sleep(100)
while (performance.now() - Math.max(began, work.lastAt) < IDLE_MS)
await consumer.stop()
await engine.stop()
const worked: Worked = { settled: work.settled, tookMs: work.lastAt - began }
answer(worked)
