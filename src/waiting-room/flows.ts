/**
 * The measured flow of every event: samples of the line's own counters, from which waits are estimated. Independent of
 * monitoring, because visitors are told their wait when monitoring is off, too (M1).
 */
import type { DoorSettings } from './door.ts'
import {
  type Eta,
  type EtaContext,
  etaOf,
  etaReason,
  type Flow,
  type FlowSample,
  flowOf,
  withSample,
} from './eta.ts'
import type { Standing } from './frame.ts'
import type { LineCounts } from './port.ts'

interface EventFlow {
  samples: readonly FlowSample[]
  /** Every half minute: what a growing wait is explained with. */
  contexts: readonly { readonly at: number; readonly context: EtaContext }[]
}

const CONTEXT_GAP_MS = 30_000
const CONTEXTS = 4

export class Flows {
  readonly #events = new Map<string, EventFlow>()

  /** Events that are no longer among those given are forgotten. */
  sample(
    events: readonly { readonly event: string; readonly counts: LineCounts; readonly door: DoorSettings }[],
    now: number,
  ): void {
    const gone = new Set(this.#events.keys())
    for (const { event, counts } of events) {
      gone.delete(event)
      const flow = this.#events.get(event) ?? { samples: [], contexts: [] }
      const { departed, missed } = counts
      flow.samples = withSample(flow.samples, { at: now, departed, missed })
      this.#events.set(event, flow)
    }
    for (const event of gone) this.#events.delete(event)
  }

  /** undefined until 30 s of it were measured. */
  flow(event: string, now: number): Flow | undefined {
    return flowOf(this.#events.get(event)?.samples ?? [], now)
  }

  /** For somebody with `ahead` others before; `frame`: the event's newest. */
  eta(frame: Standing, ahead: number, now: number): Eta {
    const flow = this.flow(frame.event, now)
    return etaOf(flow, ahead, frame.mode, flow && this.#reason(frame, flow, now))
  }

  #reason(frame: Standing, flow: Flow, now: number): ReturnType<typeof etaReason> {
    const { cap, ratePerMinute, returned } = frame
    const is: EtaContext = { cap, ratePerMinute, returned, perSecond: flow.perSecond }
    const kept = this.#events.get(frame.event)
    if (!kept) return undefined
    const last = kept.contexts.at(-1)
    if (!last || now - last.at >= CONTEXT_GAP_MS)
      kept.contexts = [...kept.contexts, { at: now, context: is }].slice(-CONTEXTS)
    const oldest = kept.contexts[0]
    return oldest && etaReason(oldest.context, is)
  }
}
