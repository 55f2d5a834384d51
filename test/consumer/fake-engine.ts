/**
 * A small honest queue on a fake clock: leases that run out, settles fenced by the attempt, retries that
 * are delayed, messages that expire. It can be slow and it can fail. What it is asked is recorded, for the
 * tests to judge.
 */
import type { Clock, Message, Verdict } from '../../src/core/index.ts'
import type { Delivery, QueueEngine, Settlement, SettleResult, TakeRequest } from '../../src/queue/index.ts'

export type Life = 'ready' | 'delayed' | 'in_flight' | 'done' | 'rejected' | 'dead' | 'expired'

export interface Entry {
  readonly message: Message
  readonly acceptedAt: number
  readonly expiresAt?: number
  state: Life
  attempt: number
  failures: number
  leaseUntil: number
  readonly verdicts: Verdict[]
}

export class FakeEngine implements Pick<QueueEngine, 'take' | 'settle' | 'onReady'> {
  readonly entries = new Map<string, Entry>()
  readonly takes: (TakeRequest & { readonly at: number; readonly got: number })[] = []
  readonly settleCalls: number[] = []
  /** What a call throws; undefined = it works. */
  takeFault: unknown
  settleFault: unknown
  /** One way of a call and the other, each. */
  latencyMs = 0
  stale = 0
  /** No signal when messages become ready, as from a queue that lost it. */
  mute = false
  /** Settle calls, those that failed included, and how many were under way at once, at most. */
  settleTries = 0
  mostSettles = 0
  #settlesNow = 0
  /** How many takes were under way at once, at most. */
  mostTakes = 0
  #takesNow = 0
  readonly #clock: Clock
  readonly #listeners = new Set<(types: ReadonlySet<string>) => void>()
  readonly #ready = new Map<string, Entry[]>()

  constructor(clock: Clock) {
    this.#clock = clock
  }

  put(type: string, count: number, more: { expiresAt?: number } = {}): string[] {
    const ids: string[] = []
    for (let i = 0; i < count; i++) {
      const id = `${type}-${this.entries.size + 1}`
      const message: Message = { id, type, content: 'x', createdAt: this.#clock.now() }
      const entry: Entry = {
        message,
        acceptedAt: this.#clock.now(),
        ...more,
        state: 'ready',
        attempt: 0,
        failures: 0,
        leaseUntil: 0,
        verdicts: [],
      }
      this.entries.set(id, entry)
      this.#queue(type).push(entry)
      ids.push(id)
    }
    this.#signal(type)
    return ids
  }

  get(id: string): Entry {
    const entry = this.entries.get(id)
    if (!entry) throw new Error(`no message ${id}`)
    return entry
  }

  count(state: Life): number {
    let count = 0
    for (const entry of this.entries.values()) if (entry.state === state) count++
    return count
  }

  async take(request: TakeRequest): Promise<Delivery[]> {
    this.#takesNow += 1
    this.mostTakes = Math.max(this.mostTakes, this.#takesNow)
    await this.#travel()
    if (this.takeFault) {
      this.#takesNow -= 1
      throw this.takeFault
    }
    const at = this.#clock.now()
    const queue = this.#queue(request.type)
    const taken: Delivery[] = []
    while (taken.length < request.max) {
      const entry = queue.shift()
      if (!entry) break
      if (entry.expiresAt !== undefined && at > entry.expiresAt) entry.state = 'expired'
      else taken.push(this.#lease(entry, request, at))
    }
    this.takes.push({ ...request, at, got: taken.length })
    await this.#travel()
    this.#takesNow -= 1
    return taken
  }

  async settle(settlements: readonly Settlement[]): Promise<SettleResult[]> {
    this.settleTries += 1
    this.#settlesNow += 1
    this.mostSettles = Math.max(this.mostSettles, this.#settlesNow)
    try {
      await this.#travel()
      if (this.settleFault) throw this.settleFault
      this.settleCalls.push(settlements.length)
      const results = settlements.map((settlement) => this.#settleOne(settlement))
      await this.#travel()
      return results
    } finally {
      this.#settlesNow -= 1
    }
  }

  onReady(listener: (types: ReadonlySet<string>) => void): () => void {
    this.#listeners.add(listener)
    return () => this.#listeners.delete(listener)
  }

  get listeners(): number {
    return this.#listeners.size
  }

  #lease(entry: Entry, request: TakeRequest, at: number): Delivery {
    entry.state = 'in_flight'
    entry.attempt += 1
    entry.leaseUntil = at + request.leaseMs
    const { attempt } = entry
    const cancel = this.#clock.after(request.leaseMs, () => {
      if (entry.state === 'in_flight' && entry.attempt === attempt) this.#lost(entry, request)
    })
    this.#leases.set(entry, cancel)
    const { message, failures, acceptedAt, leaseUntil, expiresAt } = entry
    const lease = { id: message.id, attempt }
    const delivery = { message, lease, failures, acceptedAt, takenAt: at, leaseUntil }
    return expiresAt === undefined ? delivery : { ...delivery, expiresAt }
  }
  readonly #leases = new WeakMap<Entry, () => void>()

  #lost(entry: Entry, request: TakeRequest): void {
    entry.failures += 1
    if (entry.failures > request.maxRetries) entry.state = 'dead'
    else this.#makeReady(entry)
  }

  #settleOne({ lease, verdict }: Settlement): SettleResult {
    const entry = this.get(lease.id)
    if (entry.state !== 'in_flight' || entry.attempt !== lease.attempt) {
      this.stale += 1
      return 'stale'
    }
    this.#leases.get(entry)?.()
    entry.verdicts.push(verdict)
    switch (verdict.kind) {
      case 'done':
      case 'rejected':
      case 'dead':
        entry.state = verdict.kind
        return 'settled'
      case 'retry':
        if (verdict.counts) entry.failures += 1
        entry.state = 'delayed'
        this.#clock.after(verdict.delayMs, () => this.#makeReady(entry))
        return 'settled'
      case 'released':
        entry.state = 'ready'
        this.#queue(entry.message.type).unshift(entry)
        this.#signal(entry.message.type)
        return 'settled'
    }
  }

  #makeReady(entry: Entry): void {
    entry.state = 'ready'
    this.#queue(entry.message.type).push(entry)
    this.#signal(entry.message.type)
  }

  #queue(type: string): Entry[] {
    const queue = this.#ready.get(type) ?? []
    this.#ready.set(type, queue)
    return queue
  }

  #signal(type: string): void {
    if (this.mute) return
    for (const listener of this.#listeners) listener(new Set([type]))
  }

  async #travel(): Promise<void> {
    if (this.latencyMs === 0) return
    await new Promise<void>((resolve) => this.#clock.after(this.latencyMs / 2, resolve))
  }
}
