/** What a running service says of itself, as far as a plan can use it. */
import type { QueueStatus, TypeInfo, TypeStatus, WeirClient } from '../../client/index.ts'
import { type Clock, pause } from '../../core/index.ts'
import { type MetricSample, sumOf } from '../metrics/exposition.ts'
import { lookAt } from '../metrics/look.ts'
import type { PlanInput } from './plan.ts'

/** What could be read; the rest has to be given. */
export type LiveInput = Partial<
  Pick<PlanInput, 'basePerSecond' | 'backlog' | 'serviceSeconds' | 'workers' | 'slots' | 'ratePerSecond'>
>

export interface LiveOptions {
  readonly client: Pick<WeirClient, 'status' | 'types'>
  /** Where its metrics are too. */
  readonly baseUrl: string
  readonly clock: Clock
  /** Of one type; of all together when absent. */
  readonly type?: string
}

/** What is in work changes from one moment to the next; the mean of so many looks is what Little's law is about. */
const LOOKS = 10
const BETWEEN_MS = 100
const METRICS_LIMIT_MS = 5_000
const DURATION = 'bss_message_processing_duration_seconds'
/** Fewer attempts have no mean worth the name. */
const FEWEST_ATTEMPTS = 20

/** Asks for the types and, while something moves, several times for the status. RangeError: there is no such type. */
export async function liveInput({ client, baseUrl, clock, type }: LiveOptions): Promise<LiveInput> {
  const types = await client.types()
  const looks = [await client.status()]
  const moves = ({ outPerSecond, depth }: QueueStatus) => outPerSecond > 0 || depth.inFlight > 0
  while (looks.length < LOOKS && looks.some(moves)) {
    await pause(clock, BETWEEN_MS)
    looks.push(await client.status())
  }
  const { metrics = [] } = await lookAt({ client, baseUrl, clock, timeoutMs: METRICS_LIMIT_MS })
  return liveOf(looks, types, type, metrics)
}

/**
 * Of one type, or of all together, from looks at the status in their order, at least one. Pure. The time of a message
 * is the mean that the service's metrics tell, where they do (one process, monitoring on); otherwise by Little's law
 * from what was in work and what left, as exact as the looks are many.
 */
export function liveOf(
  looks: readonly QueueStatus[],
  types: readonly TypeInfo[],
  type?: string,
  metrics: readonly MetricSample[] = [],
): LiveInput {
  const chosen = type === undefined ? types : types.filter((one) => isNamed(one, type))
  if (chosen.length === 0) {
    throw new RangeError(
      `the service has no type ${type}; it has ${types.map(({ name }) => name).join(', ')}`,
    )
  }
  const flowsOf = (look: QueueStatus | undefined) => chosen.flatMap(({ name }) => look?.types[name] ?? [])
  const sum = (flows: readonly TypeStatus[], of: (flow: TypeStatus) => number) =>
    flows.reduce((total, flow) => total + of(flow), 0)
  const all = looks.flatMap(flowsOf)
  const now = flowsOf(looks.at(-1))
  // Sums over all looks: their number cancels out in the quotient.
  const out = sum(all, ({ outPerSecond }) => outPerSecond)
  const running = sum(all, (flow) => flow.running ?? 0)
  // Little's law: messages at work = rate × time of each.
  const littles = out > 0 && running > 0 ? running / out : undefined
  const serviceSeconds = meanOf(metrics, chosen) ?? littles
  const slots = chosen.reduce((total, { concurrency }) => total + concurrency, 0)
  const rates = chosen.map(({ ratePerSecond }) => ratePerSecond)
  // A type without a pace makes the sum unlimited.
  const rate = rates.includes(0) ? 0 : rates.reduce((total, one) => total + one, 0)
  return {
    basePerSecond: sum(now, ({ inPerSecond }) => inPerSecond),
    backlog: sum(now, ({ ready, inFlight, delayed }) => ready + inFlight + delayed),
    ...(serviceSeconds !== undefined && { serviceSeconds }),
    workers: Math.max(1, ...now.map(({ consumers }) => consumers ?? 0)),
    slots,
    // One pace for all processes: they share it.
    ...(rate > 0 && { ratePerSecond: rate }),
  }
}

function meanOf(metrics: readonly MetricSample[], types: readonly TypeInfo[]): number | undefined {
  const sum = (suffix: string) =>
    types.reduce(
      (total, { name }) => total + (sumOf(metrics, DURATION + suffix, { message_type: name }) ?? 0),
      0,
    )
  const attempts = sum('_count')
  return attempts < FEWEST_ATTEMPTS ? undefined : sum('_sum') / attempts
}

const isNamed = ({ name, aliases }: TypeInfo, wanted: string): boolean =>
  [name, ...aliases].some((one) => one.toUpperCase() === wanted.trim().toUpperCase())
