/** What the scaler needs of workers in other processes, from what those tell about themselves. */
import type { Clock, MessageType } from '../../core/index.ts'
import type { Member, MemberLane } from '../../queue/index.ts'
import type { WorkerSignals } from './scaler.ts'
import type { Actuator, WorkerCounts } from './types.ts'

/** A process that starts compiles; its CPU says nothing about messages, and would start the next process. */
const CPU_SETTLES_AFTER_MS = 60_000
/** Every process tells what it is once a second; with nobody heard for this long there is nobody. */
const LISTENS_MS = 10_000

interface Worker {
  readonly member: Member
  readonly lane: MemberLane
}

function workersOf(members: readonly Member[], type: MessageType): Worker[] {
  return members.flatMap((member) =>
    member.lanes.filter((lane) => lane.type === type).map((lane) => ({ member, lane })),
  )
}

/**
 * Of all processes that serve the type and do not drain; undefined when there is none. `slotsPerWorker`: what one has
 * when its back end does not hold it back. Breaker: what at least half of them say, for each has its own.
 * CPU: Σ ÷ workers, where one younger than a minute counts as 0, as HPA does with pods that are not ready.
 */
export function fleetSignals(
  members: readonly Member[],
  type: MessageType,
  slotsPerWorker: number,
  now: number,
): WorkerSignals | undefined {
  const workers = workersOf(members, type).filter(({ member }) => !member.draining)
  if (workers.length === 0) return undefined
  const closed = workers.filter(({ lane }) => lane.breaker === 'closed').length
  const open = workers.filter(({ lane }) => lane.breaker === 'open').length
  const slots = sum(workers.map(({ lane }) => lane.slots))
  const times = workers.flatMap(({ lane }) => (lane.serviceMs === undefined ? [] : [lane.serviceMs]))
  const loads = workers.flatMap(({ member }) => (member.cpu === undefined ? [] : [cpuOf(member, now)]))
  return {
    breaker: closed * 2 > workers.length ? 'closed' : open > 0 ? 'open' : 'half_open',
    congested: slots < workers.length * slotsPerWorker,
    ...(times.length === 0 ? {} : { serviceMs: sum(times) / times.length }),
    ...(loads.length === 0 ? {} : { cpu: sum(loads) / workers.length }),
  }
}

function cpuOf({ cpu = 0, startedAt }: Member, now: number): number {
  return now - startedAt < CPU_SETTLES_AFTER_MS ? 0 : cpu
}

/**
 * For Kubernetes: changes nothing itself; what it is told is published as a gauge that HPA or KEDA follow. Those that
 * were asked for and have not been heard of are starting. A gateway that has just started has heard of nobody, which
 * must not read as "nobody is there, so one is enough": until then it knows nothing, and there is no gauge.
 */
export class GaugeActuator implements Actuator {
  readonly advises = true
  readonly #members: () => readonly Member[]
  readonly #clock: Clock
  readonly #madeAt: number
  readonly #wanted = new Map<MessageType, number>()

  /** `members`: as `Fleet.members`. */
  constructor(members: () => readonly Member[], clock: Clock) {
    this.#members = members
    this.#clock = clock
    this.#madeAt = clock.now()
  }

  current(type: MessageType): WorkerCounts | undefined {
    const workers = workersOf(this.#members(), type)
    if (workers.length === 0 && this.#clock.now() - this.#madeAt < LISTENS_MS) return undefined
    const draining = workers.filter(({ member }) => member.draining).length
    const ready = workers.length - draining
    const wanted = this.#wanted.get(type) ?? ready
    return { ready, draining, starting: Math.max(0, wanted - ready) }
  }

  resize(type: MessageType, wanted: number): void {
    this.#wanted.set(type, wanted)
  }
}

function sum(values: readonly number[]): number {
  return values.reduce((total, value) => total + value, 0)
}
