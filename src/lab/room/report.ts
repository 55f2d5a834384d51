/** What a room load gives back, and what it shows while it runs. */
import type { LatencySummary } from '../histogram.ts'
import type { GeneratorReport } from '../load/self.ts'
import type { AccountsReport } from './accounts.ts'
import type { RoomVerdict } from './auditor.ts'

export const ROOM_MODES = ['join', 'hold', 'reconnect', 'abandon'] as const
export type RoomMode = (typeof ROOM_MODES)[number]

export interface CostReport {
  /** Processor time per second, all threads; 1 = a whole core. null: not told. */
  readonly cores: number | null
  readonly residentBytes: number | null
  readonly peakResidentBytes: number | null
}

export interface RoomProgress {
  readonly phase: 'accounts' | 'arriving' | 'staying' | 'away' | 'leaving'
  readonly seconds: number
  readonly users: number
  readonly loggedIn: number
  readonly waiting: number
  readonly inside: number
  readonly admitted: number
  readonly done: number
  readonly errors: number
  readonly violations: number
  readonly generator: CostReport
  /** undefined: the server does not say. */
  readonly server: CostReport | undefined
}

export interface ReconnectReport {
  readonly dropped: number
  readonly back: number
  readonly windowSeconds: number
  /** Of those back: the same ticket and place, further ahead, and neither. */
  readonly same: number
  readonly ahead: number
  readonly lost: number
}

export interface RoomLoadReport {
  readonly url: string
  readonly event: string
  readonly mode: RoomMode
  readonly users: number
  readonly seed: number
  /** As the room tells it; null when it does not. */
  readonly threshold: number | null
  readonly seconds: number
  readonly interrupted: boolean
  /** The time was up before all had been in. */
  readonly timedOut: boolean
  readonly accounts: AccountsReport
  readonly visitors: {
    readonly asked: number
    /** Had a place from before this test. */
    readonly hadPlace: number
    readonly admitted: number
    /** Of those, straight away. */
    readonly direct: number
    readonly called: number
    readonly done: number
    readonly abandoned: number
    readonly failed: number
    /** At the end. */
    readonly waiting: number
    readonly inside: number
  }
  /** From asking to being inside, of those who had to wait. */
  readonly waitMs: LatencySummary
  /** Of `check`, as a call. */
  readonly checkMs: LatencySummary
  /** Those who wait at the end, in order; the first of them. */
  readonly positions: readonly {
    readonly email: string
    readonly ticket: number | null
    readonly position: number
  }[]
  /** How many were called together, in the order of the calls. */
  readonly batches: readonly number[]
  readonly reconnect: ReconnectReport | null
  readonly sockets: {
    readonly connects: number
    readonly frames: number
    readonly bytes: number
    /** Of one who waits, each second. */
    readonly framesPerWaiterSecond: number | null
    readonly bytesPerWaiterSecond: number | null
  }
  readonly errors: Readonly<Record<string, number>>
  readonly generator: GeneratorReport & CostReport
  readonly server: CostReport | null
  /** null: not asked for. */
  readonly verdict: RoomVerdict | null
  /** What the scenario was to show and did not; empty when it did, or there was none. */
  readonly unmet: readonly string[]
}
