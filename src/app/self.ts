/** What this process tells the others about itself. */
import { hostname } from 'node:os'
import type { Consumer } from '../consumer/index.ts'
import type { Clock } from '../core/index.ts'
import type { Fleet, Member, MemberDetails } from '../queue/index.ts'

export interface SelfParts {
  readonly role: MemberDetails['role']
  /** Absent in a gateway. */
  readonly consumer: Pick<Consumer, 'progress'> | undefined
  readonly clock: Pick<Clock, 'now'>
}

/** Shorter than this a share of processor time says nothing. */
const SHORTEST_LOOK_MS = 500
const WEIGHT = 0.4

/** Asked once a second. `drain` marks it as one that takes nothing more. */
export class Self {
  readonly #parts: SelfParts
  readonly #load: ProcessorLoad
  #draining = false

  constructor(parts: SelfParts) {
    this.#parts = parts
    this.#load = new ProcessorLoad(parts.clock)
  }

  drain(): void {
    this.#draining = true
  }

  readonly describe = (): MemberDetails => {
    const { role, consumer } = this.#parts
    const cpu = this.#load.read()
    const lanes = consumer?.progress().lanes ?? []
    return {
      role,
      lanes: lanes.map(({ type, concurrencyLimit, running, serviceMs, breaker }) => {
        const lane = { type, slots: Math.floor(concurrencyLimit), running, breaker }
        return serviceMs === undefined ? lane : { ...lane, serviceMs }
      }),
      ...(cpu === undefined ? {} : { cpu }),
      memoryBytes: process.memoryUsage.rss(),
      draining: this.#draining,
    }
  }
}

/** Processor time used ÷ time passed, averaged over the last few looks; 1 = one core busy. */
class ProcessorLoad {
  readonly #clock: Pick<Clock, 'now'>
  #at: number
  #usedUs: number
  #load: number | undefined

  constructor(clock: Pick<Clock, 'now'>) {
    this.#clock = clock
    this.#at = clock.now()
    this.#usedUs = usedUs()
  }

  read(): number | undefined {
    const passedMs = this.#clock.now() - this.#at
    if (passedMs < SHORTEST_LOOK_MS) return this.#load
    const used = usedUs()
    const load = (used - this.#usedUs) / 1000 / passedMs
    this.#load = this.#load === undefined ? load : this.#load + WEIGHT * (load - this.#load)
    this.#at += passedMs
    this.#usedUs = used
    return this.#load
  }
}

function usedUs(): number {
  const { user, system } = process.cpuUsage()
  return user + system
}

/** The fleet of an engine that one process has for itself. */
export class SoleMember implements Fleet {
  readonly #identity: Pick<Member, 'id' | 'pid' | 'host' | 'startedAt'>
  readonly #clock: Pick<Clock, 'now'>
  #self: (() => MemberDetails) | undefined

  constructor(id: string, clock: Pick<Clock, 'now'>) {
    this.#clock = clock
    this.#identity = { id, pid: process.pid, host: hostname(), startedAt: clock.now() }
  }

  describe(self: () => MemberDetails): void {
    this.#self = self
  }

  members(): readonly Member[] {
    return this.#self ? [{ ...this.#identity, ...this.#self(), heardAt: this.#clock.now() }] : []
  }

  /** There is nobody else to hear. */
  speaks(): boolean {
    return true
  }

  hears(): boolean {
    return true
  }
}
