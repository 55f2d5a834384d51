/** Child: callers who each wait for their answer before they send the next visitor, everything durable. */
import { embedded } from '../core/embedded.ts'
import { answer, childConfig } from '../harness/child.ts'
import { EVENT, PATIENT, visitorId } from './event.ts'

interface Config {
  readonly dataDir: string
  readonly callers: number
  readonly seconds: number
}

const WARM_UP_MS = 500
const { dataDir, callers, seconds } = childConfig<Config>()
const engine = embedded(dataDir, 'worker')
await engine.start()
await engine.line.define(EVENT, PATIENT)
let next = 0
let entered = 0
let running = true

async function caller(): Promise<void> {
  while (running) {
    const { kind } = await engine.line.enter(EVENT, visitorId(next++))
    if (kind !== 'in') throw new Error('nobody may be refused here')
    entered++
  }
}

const all = Promise.all(Array.from({ length: callers }, caller))
await new Promise((resolve) => setTimeout(resolve, WARM_UP_MS))
const [before, began] = [entered, performance.now()]
await new Promise((resolve) => setTimeout(resolve, seconds * 1000))
const perSecond = (entered - before) / ((performance.now() - began) / 1000)
running = false
await all
const { entered: kept } = (await engine.line.snapshot(EVENT))?.counts ?? {}
if (kept !== entered) throw new Error(`${entered} were answered and ${kept} are in the line`)
await engine.stop()
answer({ perSecond })
