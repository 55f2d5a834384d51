/** What one type's counts say about its flow over the last minute. Bounded: one sample per look, 61 s of them. */
import type { StateCounts } from '../../queue/index.ts'
import type { ScalingSignals } from './types.ts'

type Counted = Pick<StateCounts, 'accepted' | 'departed' | 'ready' | 'inFlight'>

interface Sample extends Counted {
  readonly at: number
}

const FAST_MS = 10_000
const SLOW_MS = 60_000
/** Nothing going out for this many service times, or steps of the pace, is no chance any more. */
const REMARKABLE = 3

export class Arrivals {
  #samples: Sample[] = []
  /** When something was last handed out, or nothing waited. */
  #movedAt = 0

  sample(at: number, { accepted, departed, ready, inFlight }: Counted): void {
    const last = this.#samples.at(-1)
    if (!last || ready === 0 || departed > last.departed) this.#movedAt = at
    this.#samples.push({ at, accepted, departed, ready, inFlight })
    while (this.#samples.length > 2 && at - (this.#samples[1]?.at ?? at) >= SLOW_MS) this.#samples.shift()
  }

  /** `stepMs`: the longer of the mean service time and the step of the pace. Rates are absent before two samples. */
  signals(
    stepMs: number,
  ): Pick<ScalingSignals, 'arrivalFast' | 'arrivalSlow' | 'backlog' | 'inFlight' | 'outPerSecond'> {
    const first = this.#samples[0]
    const last = this.#samples.at(-1)
    if (!first || !last) return { inFlight: 0 }
    const { ready: backlog, inFlight } = last
    if (first === last) return { backlog, inFlight }
    const recent = this.#samples.find(({ at }) => last.at - at <= FAST_MS) ?? first
    const arrivalFast = accepted(recent === last ? first : recent, last)
    // What became ready again (retries, expired leases) asks for a slot as well, and no `accepted` shows it.
    const becameReady = perSecond(first, last, last.ready - first.ready + last.departed - first.departed)
    const arrivalSlow = Math.max(accepted(first, last), becameReady)
    return { arrivalFast, arrivalSlow, backlog, inFlight, outPerSecond: this.#out(recent, last, stepMs) }
  }

  /** 0 only when it is remarkable; one hand-out in the time allowed is the most that can be said before. */
  #out(recent: Sample, last: Sample, stepMs: number): number {
    const departed = recent === last ? 0 : perSecond(recent, last, last.departed - recent.departed)
    if (departed > 0 || last.ready === 0) return departed
    const patienceMs = Math.max(FAST_MS, REMARKABLE * stepMs)
    return last.at - this.#movedAt >= patienceMs ? 0 : 1000 / patienceMs
  }
}

function accepted(from: Sample, to: Sample): number {
  return perSecond(from, to, to.accepted - from.accepted)
}

/** Counts that several processes tell each other may step back for a moment. */
function perSecond(from: Sample, to: Sample, count: number): number {
  return to.at === from.at ? 0 : (Math.max(0, count) / (to.at - from.at)) * 1000
}
