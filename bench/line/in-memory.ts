/**
 * Child: the embedded line without a disk: the real engine over a store that answers at once and keeps nothing. Callers
 * come in waves, as requests do that one turn of the event loop has read.
 */
import { realClock, realRandom } from '../../src/app/real.ts'
import { silentLogger } from '../../src/core/index.ts'
import { EmbeddedLine, type Submit } from '../../src/engines/embedded/line/engine.ts'
import { answer, childConfig } from '../harness/child.ts'
import { EVENT, PATIENT, visitorId } from './event.ts'

interface Config {
  readonly visitors: number
  readonly wave: number
}

const { visitors, wave } = childConfig<Config>()
const submit = (async (name: string) => {
  if (name === 'lineEvents') return { chain: 0, events: [] }
  throw new Error(`${name} is not part of this bench`)
}) as unknown as Submit

async function freshLine(): Promise<EmbeddedLine> {
  const line = new EmbeddedLine({
    clock: realClock,
    logger: silentLogger,
    random: realRandom,
    submit,
    openWrite: (write) => ({ answer: Promise.resolve().then(() => write().chain > 0), add() {} }),
    pending: () => 0,
  })
  await line.load()
  await line.define(EVENT, PATIENT)
  return line
}

async function perSecond(count: number, one: (i: number) => Promise<unknown>): Promise<number> {
  const began = performance.now()
  for (let from = 0; from < count; from += wave) {
    const width = Math.min(wave, count - from)
    await Promise.all(Array.from({ length: width }, (_, i) => one(from + i)))
  }
  return count / ((performance.now() - began) / 1000)
}

const ids = Array.from({ length: visitors }, (_, i) => visitorId(i))
const warm = await freshLine()
const first = Math.min(20_000, visitors)
await perSecond(first, (i) => warm.enter(EVENT, ids[i] ?? ''))
await perSecond(first, (i) => warm.status(EVENT, ids[i] ?? ''))
warm.stop()

const line = await freshLine()
const enters = await perSecond(visitors, (i) => line.enter(EVENT, ids[i] ?? ''))
// Places all over the line, in an order that is not that of the tickets.
const step = 7_919
let wrong = 0
const positions = await perSecond(visitors, async (i) => {
  const at = (i * step) % visitors
  const { position } = await line.status(EVENT, ids[at] ?? '')
  // The first visitor went straight in: whoever has the number `at` is the at-th of those who wait.
  if (position !== at) wrong++
})
if (wrong > 0) throw new Error(`${wrong} positions were not the exact ones`)
line.stop()
answer({ enters, positions })
