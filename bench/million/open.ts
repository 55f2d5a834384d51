/**
 * Child: opens a directory with many waiting messages in a fresh process. Times the opening, looks at the
 * resident memory with nothing but the engine in the process, then takes from it and from an empty queue in
 * turn. Each take is of one refill's size, so both queues keep their depth; only the take is timed.
 */
import { embedded, newMessages, TYPE, takeRequest } from '../core/embedded.ts'
import { answer, childConfig } from '../harness/child.ts'
import { median, quantile } from '../harness/statistics.ts'

interface Config {
  readonly dataDir: string
  readonly emptyDir: string
  readonly takes: number
}

const TAKE = 100
const WARM_UP = 20
const { dataDir, emptyDir, takes } = childConfig<Config>()
const resident = (): number => process.memoryUsage().rss / 2 ** 20

const bareMb = resident()
const began = performance.now()
const big = embedded(dataDir, 'worker')
await big.start()
const openSeconds = (performance.now() - began) / 1000
const waiting = big.counts().get(TYPE)?.ready ?? 0
const openMb = resident()
let workingMb = openMb

async function timedTake(engine: typeof big): Promise<number> {
  await engine.publish(newMessages(TAKE))
  const start = performance.now()
  const taken = await engine.take(takeRequest(TAKE))
  const elapsed = performance.now() - start
  if (taken.length !== TAKE) throw new Error(`took ${taken.length} of ${TAKE}`)
  await engine.settle(taken.map(({ lease }) => ({ lease, verdict: { kind: 'done' } })))
  return elapsed
}

/** Memory is looked at while only the big engine is open: first it works alone. */
for (let i = 0; i < takes; i++) {
  await timedTake(big)
  workingMb = Math.max(workingMb, resident())
}
const empty = embedded(emptyDir, 'worker')
await empty.start()
const full: number[] = []
const none: number[] = []
for (let i = 0; i < takes + WARM_UP; i++) {
  const onBig = await timedTake(big)
  const onEmpty = await timedTake(empty)
  if (i < WARM_UP) continue
  full.push(onBig)
  none.push(onEmpty)
}
await Promise.all([big.stop(), empty.stop()])
answer({
  waiting,
  openSeconds,
  bareMb,
  openMb,
  workingMb,
  takeFullMs: median(full),
  takeEmptyMs: median(none),
  takeFullP99Ms: quantile(full, 0.99),
  takeEmptyP99Ms: quantile(none, 0.99),
})
