/** The four scenarios that a room has to show, and what each of them is to show. */
import { RoomApi, type RoomApiOptions, RoomCallError } from './api.ts'
import type { RoomLoadReport, RoomMode } from './report.ts'

export interface Scenario {
  readonly threshold: number
  readonly users: number
  readonly mode: RoomMode
  /** In seconds: the stay of each, or of all. */
  readonly holdSeconds: number
  readonly says: string
  /** What was to be seen and was not, in sentences. */
  readonly unmet: (report: RoomLoadReport) => string[]
}

export const SCENARIOS: Readonly<Record<'1' | '2' | '3' | '4', Scenario>> = {
  1: {
    ...{ threshold: 10, users: 15, mode: 'join', holdSeconds: 5 },
    says: 'threshold 10, 15 users: ten are in, five wait with their positions',
    unmet: (report) => [...standing(report, 10, 5), ...positioned(report, 5)],
  },
  2: {
    ...{ threshold: 5, users: 20, mode: 'hold', holdSeconds: 1 },
    says: 'threshold 5, 20 users: five at a time until all are in',
    unmet: (report) => [
      ...expected('let in', report.visitors.admitted, 20),
      ...(report.batches.some((size) => size > 5)
        ? [`a batch of ${Math.max(...report.batches)}, not of 5`]
        : []),
      ...(report.verdict && report.verdict.mostInside > 5
        ? [`${report.verdict.mostInside} inside at once`]
        : []),
    ],
  },
  3: {
    ...{ threshold: 20, users: 100, mode: 'join', holdSeconds: 5 },
    says: 'threshold 20, 100 users: 20 are in, 80 wait; memory and CPU are told',
    unmet: (report) => [
      ...standing(report, 20, 80),
      ...(report.generator.peakResidentBytes === null ? ['no figures of memory and CPU'] : []),
    ],
  },
  4: {
    ...{ threshold: 10, users: 15, mode: 'reconnect', holdSeconds: 0 },
    says: 'threshold 10, 15 users: all connections break and come back, everybody has the same place',
    unmet: ({ reconnect, ...report }) => [
      ...standing({ ...report, reconnect }, 10, 5),
      ...expected('back with the same place', reconnect?.same ?? 0, 15),
    ],
  },
}

function expected(what: string, found: number, wanted: number): string[] {
  return found === wanted ? [] : [`${found} ${what}, not ${wanted}`]
}

function standing({ visitors: { inside, waiting } }: RoomLoadReport, in_: number, wait: number): string[] {
  return [...expected('inside', inside, in_), ...expected('waiting', waiting, wait)]
}

function positioned({ positions }: RoomLoadReport, count: number): string[] {
  const found = positions.map(({ position }) => position).join(', ')
  const wanted = Array.from({ length: count }, (_, i) => i + 1).join(', ')
  return found === wanted ? [] : [`the positions are ${found || 'none'}, not ${wanted}`]
}

export interface Preparation extends Omit<RoomApiOptions, 'onAnswer' | 'onRefused'> {
  readonly event: string
  readonly threshold: number
  readonly admin: { readonly email: string; readonly password: string } | undefined
  /** Somebody is there already, and the scenario counts heads. */
  readonly mustBeEmpty: boolean
}

/** Sets the threshold where the operator's account is given; otherwise only looks. The fault, or undefined. */
export async function prepareRoom(preparation: Preparation): Promise<string | undefined> {
  const { event, threshold, admin, mustBeEmpty, ...options } = preparation
  const api = new RoomApi({ ...options, onAnswer: () => {}, onRefused: () => {} })
  await api.reach()
  if (admin) {
    const { token } = (await api.call('POST', '/api/auth/login', {}, admin)).body
    const who = { token: String(token) }
    const { status } = await api.call('PUT', `/api/queue/admin/${event}`, who, { threshold })
    if (status !== 201) await api.call('PATCH', `/api/queue/admin/${event}`, who, { threshold })
  }
  const line = await api.call('GET', `/api/queue/serving/${event}`).catch((error: unknown) => {
    // The first visitor makes it, or is refused.
    if (error instanceof RoomCallError && error.status === 404) return undefined
    throw error
  })
  if (!line) return undefined
  const { cap, waiting, active } = line.body
  if (cap !== threshold)
    return (
      `the threshold of event ${event} is ${String(cap)} and has to be ${threshold}: start the room with ` +
      `QUEUE_THRESHOLD=${threshold}, or give --adminEmail and --adminPassword`
    )
  const there = Number(waiting) + Number(active)
  if (mustBeEmpty && there > 0)
    return `event ${event} has ${there} visitors already; choose another --eventId`
  return undefined
}
