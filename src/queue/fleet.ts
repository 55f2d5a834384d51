/**
 * Who works on the queue: every process tells the others once a second what it is and does. What the scaler decides by,
 * and what the status page calls consumers, is what was really heard, never what was asked for.
 */
import type { MessageType } from '../core/index.ts'

/** The lane of one type in one process. */
export interface MemberLane {
  readonly type: MessageType
  /** Messages that it may have in work at once, now. */
  readonly slots: number
  readonly running: number
  /** Mean time in the processor over the last minute, milliseconds; absent before the first end. */
  readonly serviceMs?: number
  readonly breaker: 'closed' | 'open' | 'half_open'
  /**
   * When the oldest of those that lie in this process, ready to be handed out, was accepted; wall-clock milliseconds.
   */
  readonly oldestReadyAt?: number
}

/** What a process tells about itself. */
export interface MemberDetails {
  readonly role: 'all' | 'gateway' | 'consumer'
  readonly lanes: readonly MemberLane[]
  /** Processor time used ÷ time passed, over the last seconds: 1 = one core busy. Absent before it was measured. */
  readonly cpu?: number
  /** Resident memory, bytes. */
  readonly memoryBytes?: number
  /** It finishes what it has and takes nothing more. */
  readonly draining: boolean
}

export interface Member extends MemberDetails {
  /** Made anew at each start of a process. */
  readonly id: string
  readonly pid: number
  readonly host: string
  /** Wall-clock milliseconds. */
  readonly startedAt: number
  readonly heardAt: number
}

export interface Fleet {
  /** `self` is asked once a second and must not throw. */
  describe(self: () => MemberDetails): void
  /** Those heard of within the last five seconds, this process included. */
  members(): readonly Member[]
  /** Whether this process can tell the others of itself; a broker that is blocked passes it on later. */
  speaks(): boolean
  /**
   * Whether reports come through, and have for long enough to have heard everybody. While they do not, who is missing
   * from `members` may only not have been heard.
   */
  hears(): boolean
}
