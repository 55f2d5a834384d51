/**
 * Child: one of several consumer processes that start at the same moment and work off what waits for the types they
 * serve, through the real consumer with a handler that does nothing. Ends when nothing has come for a while.
 */
import { setTimeout as sleep } from 'node:timers/promises'
import { answer, childConfig } from '../harness/child.ts'
import { noopConsumer, settledBy } from './noop.ts'
import { engineOn, type Shape } from './shape.ts'

export interface WorkerPlan {
  readonly shape: Shape
  readonly serves: readonly string[]
  readonly prefetch: number
  /** Milliseconds since the epoch; all begin then. */
  readonly goAt: number
}

export interface Worked {
  readonly settled: number
  /** Milliseconds from `goAt` to the last settle. */
  readonly tookMs: number
  /** How long it was ready before `goAt`; negative when it came too late. */
  readonly earlyMs: number
}

const IDLE_MS = 1_500

const { shape, serves, prefetch, goAt } = childConfig<WorkerPlan>()
const engine = engineOn(shape, prefetch)
await engine.start()
const work = settledBy(engine)
const consumer = noopConsumer(work.engine, serves, prefetch)
const earlyMs = goAt - Date.now()
await sleep(Math.max(0, earlyMs))
const began = performance.now()
consumer.start()
do await sleep(100)
while (performance.now() - Math.max(began, work.lastAt) < IDLE_MS)
await consumer.stop()
await engine.stop()
const worked: Worked = { settled: work.settled, tookMs: work.lastAt - began, earlyMs }
answer(worked)
