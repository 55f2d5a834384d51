/**
 * Looks at a type's workers again and again, as the service's status tells them. Owns one pending look or pause between
 * `start` and `stop`; bounded by the length of the experiment, four looks a second.
 */
import type { QueueStatus } from '../../client/index.ts'
import { pause } from '../../core/index.ts'
import type { WorkerLook } from './auto-scaling-judge.ts'
import type { ExperimentContext } from './experiment.ts'

const LOOK_EVERY_MS = 200

export class WorkerWatch {
  readonly looks: WorkerLook[] = []
  readonly #context: ExperimentContext
  readonly #over = new AbortController()
  readonly #ended: Promise<void>

  constructor(context: ExperimentContext, url: string, type: string) {
    this.#context = context
    this.#ended = this.#watch(url, type)
  }

  get newest(): WorkerLook | undefined {
    return this.looks.at(-1)
  }

  /** Waits until a look that began after this call says so; false when the time is up, or the run is to end. */
  async until(isSo: (look: WorkerLook) => boolean, limitMs: number): Promise<boolean> {
    const { clock, signal } = this.#context
    const from = clock.now()
    for (;;) {
      const { newest } = this
      if (newest !== undefined && newest.at > from && isSo(newest)) return true
      if (clock.now() > from + limitMs || signal.aborted) return false
      await pause(clock, LOOK_EVERY_MS / 2, signal)
    }
  }

  async stop(): Promise<void> {
    this.#over.abort()
    await this.#ended
  }

  async #watch(url: string, type: string): Promise<void> {
    const { client, clock } = this.#context
    const { signal } = this.#over
    const asked = client(url)
    while (!signal.aborted) {
      const at = clock.now()
      // A look that fails is left out; a service that is gone is told elsewhere.
      const status = await asked.status({ signal }).catch(() => undefined)
      const look = status && lookOf(status, type, at, clock.now())
      if (look) this.looks.push(look)
      await pause(clock, LOOK_EVERY_MS, signal)
    }
  }
}

/** undefined while the service does not tell about the workers of the type. */
export function lookOf(
  status: QueueStatus,
  type: string,
  at: number,
  heardAt: number,
): WorkerLook | undefined {
  const flow = status.types[type]
  if (flow?.scaling === undefined) return undefined
  const { wanted, ready, reason } = flow.scaling
  const loads = (status.members ?? []).flatMap(({ cpu }) => (cpu === undefined ? [] : [cpu]))
  return {
    ...{ at, heardAt, wanted, ready, reason },
    waiting: flow.ready + flow.inFlight + flow.delayed,
    oldestMs: flow.oldestAgeMs ?? 0,
    cpu: loads.length === 0 ? null : loads.reduce((sum, cpu) => sum + cpu * 100, 0),
  }
}
