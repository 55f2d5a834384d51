/** What a running service says of itself, as far as a plan can use it. */
import type { QueueStatus, TypeInfo, TypeStatus, WeirClient } from '../../client/index.ts'
import type { PlanInput } from './plan.ts'

/** What could be read; the rest has to be given. */
export type LiveInput = Partial<
  Pick<PlanInput, 'basePerSecond' | 'backlog' | 'serviceSeconds' | 'workers' | 'slots' | 'ratePerSecond'>
>

/** Asks for the status and the types. Throws RangeError for a type that the service does not have. */
export async function liveInput(
  client: Pick<WeirClient, 'status' | 'types'>,
  type?: string,
): Promise<LiveInput> {
  const [status, types] = await Promise.all([client.status(), client.types()])
  return liveOf(status, types, type)
}

/** Of one type, or of all together. Pure. */
export function liveOf(status: QueueStatus, types: readonly TypeInfo[], type?: string): LiveInput {
  const chosen = type === undefined ? types : types.filter((one) => isNamed(one, type))
  if (chosen.length === 0) {
    throw new RangeError(
      `the service has no type ${type}; it has ${types.map(({ name }) => name).join(', ')}`,
    )
  }
  const flows = chosen.flatMap(({ name }) => status.types[name] ?? [])
  const sum = (of: (flow: TypeStatus) => number) => flows.reduce((total, flow) => total + of(flow), 0)
  const out = sum(({ outPerSecond }) => outPerSecond)
  const running = sum((flow) => flow.running ?? 0)
  const slots = chosen.reduce((total, { concurrency }) => total + concurrency, 0)
  const rates = chosen.map(({ ratePerSecond }) => ratePerSecond)
  // A type without a pace makes the sum unlimited.
  const rate = rates.includes(0) ? 0 : rates.reduce((total, one) => total + one, 0)
  const workers = Math.max(1, ...flows.map(({ consumers }) => consumers ?? 0))
  return {
    basePerSecond: sum(({ inPerSecond }) => inPerSecond),
    backlog: sum(({ ready, inFlight, delayed }) => ready + inFlight + delayed),
    // Little's law: messages at work = rate × time of each.
    ...(out > 0 && running > 0 && { serviceSeconds: running / out }),
    workers,
    slots,
    // The pace is kept by each process for itself.
    ...(rate > 0 && { ratePerSecond: rate * workers }),
  }
}

const isNamed = ({ name, aliases }: TypeInfo, wanted: string): boolean =>
  [name, ...aliases].some((one) => one.toUpperCase() === wanted.trim().toUpperCase())
