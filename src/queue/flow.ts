/**
 * Rates and the ETA, measured from the queue's own counters (never guessed): how fast a type comes in and goes out.
 * Independent of monitoring, because ETA and admission need it when monitoring is off (M1).
 */
import type { Clock, MessageType } from '../core/index.ts'
import type { QueueEngine, StateCounts } from './port.ts'

export interface Rates {
  /** Accepted per second. */
  readonly inPerSecond: number
  /** Handed out per second, repeated hand-outs included. */
  readonly outPerSecond: number
}

interface Sample {
  readonly at: number
  readonly accepted: number
  readonly departed: number
  readonly waiting: number
}

interface TypeFlow {
  samples: Sample[]
  /** Per second, over the last window in which messages waited all the time; the pace the queue drains at. */
  drainPerSecond: number | undefined
}

const WINDOW_MS = 10_000
const TICK_MS = 1_000

/** Owns a timer between `start` and `stop`. */
export class FlowMeter {
  readonly #engine: Pick<QueueEngine, 'counts'>
  readonly #clock: Clock
  readonly #types = new Map<MessageType, TypeFlow>()
  #cancel: (() => void) | undefined
  #lastTickAt: number | undefined

  constructor(engine: Pick<QueueEngine, 'counts'>, clock: Clock) {
    this.#engine = engine
    this.#clock = clock
  }

  start(): void {
    if (this.#cancel) return
    this.#tick()
  }

  stop(): void {
    this.#cancel?.()
    this.#cancel = undefined
  }

  /** Over the last ten seconds, or as much of them as was measured; 0 before two samples exist. */
  rates(type: MessageType): Rates {
    const samples = this.#types.get(type)?.samples ?? []
    const first = samples[0]
    const last = samples.at(-1)
    if (!first || !last || last.at === first.at) return { inPerSecond: 0, outPerSecond: 0 }
    const seconds = (last.at - first.at) / 1000
    return {
      inPerSecond: (last.accepted - first.accepted) / seconds,
      outPerSecond: (last.departed - first.departed) / seconds,
    }
  }

  /**
   * Milliseconds until the message at `position` of a type is handed out: position ÷ measured drain rate (Little's law
   * with the arrival order fixed). undefined = not measurable: nothing has been drained while messages waited.
   */
  etaMs(type: MessageType, position: number): number | undefined {
    const rate = this.drainPerSecond(type)
    return rate === undefined || rate <= 0 ? undefined : Math.round((position / rate) * 1000)
  }

  /** Messages per second that leave while others wait; undefined until that was seen. 0 = stalled. */
  drainPerSecond(type: MessageType): number | undefined {
    return this.#types.get(type)?.drainPerSecond
  }

  #tick(): void {
    const now = this.#clock.now()
    for (const [type, counts] of this.#engine.counts()) this.#sample(type, counts, now)
    this.#lastTickAt = now
    this.#cancel = this.#clock.after(TICK_MS, () => this.#tick())
  }

  /** A type that the queue did not know at the last tick had nothing then: its first burst must not go unmeasured. */
  #before(): Sample[] {
    return this.#lastTickAt === undefined
      ? []
      : [{ at: this.#lastTickAt, accepted: 0, departed: 0, waiting: 0 }]
  }

  #sample(type: MessageType, counts: StateCounts, now: number): void {
    const flow = this.#types.get(type) ?? { samples: this.#before(), drainPerSecond: undefined }
    this.#types.set(type, flow)
    flow.samples.push({
      at: now,
      accepted: counts.accepted,
      departed: counts.departed,
      waiting: counts.ready,
    })
    while (flow.samples.length > 2 && (flow.samples[1]?.at ?? now) <= now - WINDOW_MS) flow.samples.shift()
    // A stall is over when nothing waits any more; remembered, its 0 would refuse messages at an idle queue.
    const before = counts.ready === 0 && flow.drainPerSecond === 0 ? undefined : flow.drainPerSecond
    flow.drainPerSecond = drainRate(flow.samples) ?? before
  }
}

/** Departures per second over the newest stretch of samples in which messages waited at every sample. */
function drainRate(samples: readonly Sample[]): number | undefined {
  const last = samples.at(-1)
  if (!last || last.waiting === 0) return undefined
  let first = last
  for (let i = samples.length - 1; i >= 0; i--) {
    const sample = samples[i]
    if (!sample || sample.waiting === 0) break
    first = sample
  }
  if (first.at === last.at) return undefined
  return ((last.departed - first.departed) / (last.at - first.at)) * 1000
}
