/**
 * Child: a fresh process opens a data directory with many waiting visitors. Times the opening, looks at the resident
 * memory of the whole process, then lets it work: places are asked, a batch is let in, newcomers enter.
 */
import { embedded } from '../core/embedded.ts'
import { answer, childConfig } from '../harness/child.ts'
import { median } from '../harness/statistics.ts'
import { EVENT, visitorId } from './event.ts'

const { dataDir, visitors } = childConfig<{ dataDir: string; visitors: number }>()
const BATCH = 500
const ROUNDS = 20
const resident = (): number => process.memoryUsage().rss / 2 ** 20

const bareMb = resident()
const began = performance.now()
const engine = embedded(dataDir, 'worker')
await engine.start()
const openSeconds = (performance.now() - began) / 1000
const openMb = resident()
const { line } = engine
const waiting = (await line.snapshot(EVENT))?.counts.waiting ?? 0
const last = await line.status(EVENT, visitorId(visitors - 1))
if (last.position !== visitors) throw new Error(`the last one has place ${last.position} of ${visitors}`)

await line.change(EVENT, { mode: 'open', cap: 1_000_000 })
let workingMb = openMb
const admits: number[] = []
for (let round = 0; round < ROUNDS; round++) {
  const start = performance.now()
  const { called } = await line.admit(EVENT, BATCH)
  admits.push(performance.now() - start)
  if (called.length !== Math.min(BATCH, visitors - round * BATCH)) throw new Error('a batch was not complete')
  await Promise.all(Array.from({ length: BATCH }, (_, i) => line.status(EVENT, visitorId(round * 31 + i))))
  await Promise.all(
    Array.from({ length: BATCH }, (_, i) => line.enter(EVENT, visitorId(visitors + round * BATCH + i))),
  )
  workingMb = Math.max(workingMb, resident())
}
await engine.stop()
answer({ waiting, openSeconds, bareMb, openMb, workingMb, admitMs: median(admits) })
