/** What the operators' page asks of the service. */
import type { DoorMode, DoorSettings, LimitedBy } from '../../src/waiting-room/door.ts'
import { type Answer, ask } from './api.ts'
import type { LineCounts } from './wire.ts'

export interface AdminAnswer {
  readonly eventId: string
  readonly queueSize: number
  readonly currentUsers: number
  readonly threshold: number
  readonly mode: DoorMode
  readonly limitedBy: LimitedBy
  /** The door follows the message queue, in which this type waits too long. */
  readonly slowedBy: { readonly messageType: string } | null
  readonly counts: LineCounts
  readonly door: DoorSettings
}

export interface EventsAnswer {
  readonly events: readonly {
    readonly event: string
    readonly counts: LineCounts
    readonly door: DoorSettings
  }[]
}

export interface ClearAnswer {
  readonly removed: number
  readonly waiting: number
  readonly registered: number
  readonly parked: number
  readonly active: number
}

const path = (rest: string): string => `/api/queue/admin${rest}`

export const listEvents = (token: string) => ask<EventsAnswer>('GET', path(''), token)

export const oneEvent = (event: string, token: string) => ask<AdminAnswer>('GET', path(`/${event}`), token)

export const change = (
  event: string,
  token: string,
  door: Partial<DoorSettings>,
): Promise<Answer<AdminAnswer>> => ask('PATCH', path(`/${event}`), token, door)

export const turn = (
  to: 'pause' | 'resume' | 'drain',
  event: string,
  token: string,
): Promise<Answer<AdminAnswer>> => ask('POST', path(`/${to}/${event}`), token)

/** `dryRun` counts and changes nothing. */
export const clear = (event: string, token: string, asked: { active: boolean; dryRun: boolean }) =>
  ask<ClearAnswer>('POST', path(`/clear/${event}`), token, asked)
