/** What the processes of the fleet tell, as the status shows it. */
import type { MessageType } from '../core/index.ts'
import type { Member, MemberLane } from '../queue/index.ts'
import type { QueueStatus } from './schemas.ts'
import { iso } from './time.ts'

type Shown = NonNullable<QueueStatus['members']>[number]

/** The consumers of one type, all processes together. */
export interface TypeConsumers {
  /** Those that take messages. */
  readonly consumers: number
  readonly running: number
  readonly concurrencyLimit: number
  readonly breaker: MemberLane['breaker']
}

/** A status page is for people; beyond this many processes it shows the first ones. */
const MEMBERS_SHOWN = 200
const WORST = ['closed', 'half_open', 'open'] as const

export function consumersByType(members: readonly Member[]): Map<MessageType, TypeConsumers> {
  const types = new Map<MessageType, TypeConsumers>()
  for (const { lanes, draining } of members) {
    for (const { type, slots, running, breaker } of lanes) {
      const so = types.get(type) ?? {
        consumers: 0,
        running: 0,
        concurrencyLimit: 0,
        breaker: 'closed' as const,
      }
      types.set(type, {
        consumers: so.consumers + (draining ? 0 : 1),
        running: so.running + running,
        concurrencyLimit: so.concurrencyLimit + (draining ? 0 : slots),
        breaker: WORST[Math.max(WORST.indexOf(so.breaker), WORST.indexOf(breaker))] ?? 'closed',
      })
    }
  }
  return types
}

export function shownMembers(members: readonly Member[]): Shown[] {
  return members.slice(0, MEMBERS_SHOWN).map((member) => {
    const { id, role, host, pid, lanes, draining, cpu, memoryBytes } = member
    return {
      id,
      role,
      host,
      pid,
      types: lanes.map(({ type }) => type),
      running: lanes.reduce((sum, { running }) => sum + running, 0),
      draining,
      startedAt: iso(member.startedAt),
      ...(cpu === undefined ? {} : { cpu: Math.round(cpu * 1000) / 1000 }),
      ...(memoryBytes === undefined ? {} : { memoryBytes }),
    }
  })
}
