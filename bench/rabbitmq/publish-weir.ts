/** Child: many callers that publish through the engine and wait for their receipts, as the gateway's requests do. */
import { newMessages } from '../core/messages.ts'
import { answer, childConfig } from '../harness/child.ts'
import { measured } from './pace.ts'
import type { PublishPlan } from './publishing.ts'
import { engineOn } from './shape.ts'

const { shape, window, batch, seconds } = childConfig<PublishPlan>()
const [type = ''] = shape.types
const engine = engineOn(shape)
await engine.start()
let running = true
let confirmed = 0

async function caller(): Promise<void> {
  while (running) {
    const receipts = await engine.publish(newMessages(batch, type))
    confirmed += receipts.filter(({ kind }) => kind === 'accepted').length
  }
}

const callers = Array.from({ length: window / batch }, caller)
const rate = await measured(seconds, () => confirmed)
running = false
await Promise.all(callers)
await engine.stop()
answer({ ...rate, confirmed })
