/** Child: fills a line with waiting visitors, durably, and stops. */
import { embedded } from '../core/embedded.ts'
import { answer, childConfig } from '../harness/child.ts'
import { EVENT, PATIENT, visitorId } from './event.ts'

const { dataDir, visitors } = childConfig<{ dataDir: string; visitors: number }>()
const WAVE = 2_000
const engine = embedded(dataDir, 'worker')
await engine.start()
await engine.line.define(EVENT, { ...PATIENT, mode: 'paused' })
const began = performance.now()
for (let from = 0; from < visitors; from += WAVE) {
  const width = Math.min(WAVE, visitors - from)
  await Promise.all(Array.from({ length: width }, (_, i) => engine.line.enter(EVENT, visitorId(from + i))))
}
const filledMb = process.memoryUsage().rss / 2 ** 20
const perSecond = visitors / ((performance.now() - began) / 1000)
await engine.stop()
answer({ perSecond, filledMb })
