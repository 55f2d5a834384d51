/**
 * The lane of one message type: takes from the queue, paces, runs the processor, settles. Between `start`
 * and `stop` it owns every delivery it took until its verdict is stored (S1).
 *
 * - Q6: no start without the pace, the slots (see `slots.ts`) and the back end's breaker agreeing;
 *   `#startHeld` asks all three.
 * - Q4: an attempt has one verdict, the first of result, timeout and release; see `Attempts.returned`.
 * - It takes no more than it can start soon, so that priority order and other consumers lose nothing to its
 *   buffer.
 * - It never polls: it wakes by the queue's signal, by the end of an attempt, and by one timer.
 */
import type { Outcome, Verdict } from '../core/index.ts'
import { type Delivery, verdictFor } from '../queue/index.ts'
import { Attempt } from './attempt.ts'
import { Attempts } from './attempts.ts'
import type { Backend } from './backend.ts'
import { Demand, LOOK_AHEAD_MS } from './demand.ts'
import { Pace } from './gcra.ts'
import type { LaneDeps, LaneProgress, LaneSettings } from './lane-types.ts'
import { bounded, checked, failed, spared, thrown } from './outcomes.ts'
import { Reporter } from './report.ts'
import { ServiceTime } from './service-time.ts'
import { Settler } from './settler.ts'
import { Slots } from './slots.ts'
import { TakeFaults } from './take-faults.ts'

/** Beyond the processing timeout: room for waiting to be started, and for a slow store to settle. */
const LEASE_GRACE_MS = 15_000
/** The queue's signal is a hint; asking once in a while bounds what a lost one can cost. */
const RECHECK_MS = 1_000
const SHORTEST_WAKE_MS = 1

export class Lane {
  readonly #deps: LaneDeps
  readonly #settings: LaneSettings
  readonly #backend: Backend
  readonly #pace: Pace
  readonly #slots: Slots
  readonly #demand: Demand
  readonly #attempts: Attempts
  readonly #reporter: Reporter
  readonly #serviceTime = new ServiceTime()
  readonly #faults: TakeFaults
  #settler: Settler
  /** Taken and not yet started, oldest first. */
  #held: Delivery[] = []
  #state: 'stopped' | 'running' | 'stopping' = 'stopped'
  #stopped: Promise<void> = Promise.resolve()
  #idle: (() => void) | undefined
  #taking = false
  /** There may be ready messages; false after a take that brought none, until the queue's signal. */
  #ready = true
  #askedAt = 0
  #pumpQueued = false
  #lastProgressAt: number | undefined
  #lastSettledAt: number | undefined
  #wake: { readonly at: number; readonly cancel: () => void } | undefined
  #subscriptions: (() => void)[] = []

  constructor(settings: LaneSettings, backend: Backend, deps: LaneDeps) {
    this.#settings = settings
    this.#backend = backend
    this.#deps = deps
    this.#pace = new Pace(settings.ratePerSecond, deps.clock.now())
    this.#slots = new Slots(settings.concurrency)
    this.#demand = new Demand(settings.prefetchCount)
    this.#faults = new TakeFaults(settings.type, deps.random, deps.logger)
    this.#reporter = new Reporter(settings.type, settings.processor.name, deps.emit, deps.logger)
    this.#attempts = new Attempts(deps.clock, {
      timedOut: (attempt, inFlight) => {
        this.#conclude(attempt, failed('timeout', `no answer within ${settings.timeoutMs} ms`), inFlight)
      },
      hung: (attempt) => this.#reporter.hung(attempt),
      freed: () => this.#moved(),
    })
    this.#settler = this.#newSettler()
  }

  /** Idempotent. */
  start(): void {
    if (this.#state !== 'stopped') return
    this.#state = 'running'
    this.#ready = true
    this.#settler = this.#newSettler()
    this.#lastProgressAt = this.#deps.clock.now()
    this.#subscriptions = [
      this.#deps.engine.onReady((types) => {
        if (!types.has(this.#settings.type)) return
        this.#ready = true
        this.#schedulePump()
      }),
      this.#backend.onChange(() => this.#schedulePump()),
    ]
    this.#schedulePump()
  }

  /**
   * Stops taking at once, gives back what was not started, waits `drainMs` for what runs, then aborts and
   * gives that back too. Resolves when nothing is held and every verdict is stored; idempotent. `settleMs`
   * after the drain it no longer waits for a store that fails: those messages come back by the end of their
   * leases, so none is lost (Q2).
   */
  stop(drainMs: number, settleMs: number): Promise<void> {
    if (this.#state !== 'running') return this.#stopped
    this.#state = 'stopping'
    for (const off of this.#subscriptions) off()
    this.#wake?.cancel()
    this.#wake = undefined
    this.#releaseHeld()
    this.#stopped = this.#drain(drainMs, settleMs)
    return this.#stopped
  }

  /** At once: what runs goes on, what starts from now on obeys. */
  change(change: { readonly ratePerSecond?: number; readonly concurrency?: number }): void {
    if (change.ratePerSecond !== undefined) this.#pace.change(change.ratePerSecond, this.#deps.clock.now())
    if (change.concurrency !== undefined) this.#slots.change(change.concurrency)
    this.#schedulePump()
  }

  /** Opens this many slots, at once; what runs beyond them goes on. See `Slots.open`. */
  resize(slots: number): void {
    this.#slots.open(slots)
    this.#schedulePump()
  }

  progress(): LaneProgress {
    const reasons: string[] = []
    const { type } = this.#settings
    const { name, breaker } = this.#backend
    const serviceMs = this.#serviceTime.meanMs(this.#deps.clock.now())
    if (breaker === 'open') reasons.push(`${type}: back end ${name} fails, breaker open`)
    if (this.#settler.fault) {
      reasons.push(`${type}: ${this.#settler.unsettled} results wait for the store: ${this.#settler.fault}`)
    }
    if (this.#faults.text) reasons.push(`${type}: the queue cannot be read: ${this.#faults.text}`)
    return {
      type,
      consumers: this.#state === 'running' ? 1 : 0,
      running: this.#attempts.occupied,
      concurrencyLimit: this.#slots.adaptive.limit,
      concurrency: this.#slots.concurrency,
      slots: this.#slots.count,
      ...(serviceMs === undefined ? {} : { serviceMs }),
      breaker,
      pausedUntil: this.#backend.pausedUntil,
      ...(this.#lastSettledAt === undefined ? {} : { lastSettledAt: this.#lastSettledAt }),
      held: this.#held.length,
      unsettled: this.#settler.unsettled,
      ...(this.#lastProgressAt === undefined ? {} : { lastProgressAt: this.#lastProgressAt }),
      reasons,
    }
  }

  // ── take ───────────────────────────────────────────────────────────────────────────────────────────────

  /** Once per turn, however many attempts end in it. */
  #schedulePump(): void {
    if (this.#pumpQueued) return
    this.#pumpQueued = true
    queueMicrotask(() => {
      this.#pumpQueued = false
      this.#pump(true)
    })
  }

  /** `beyondSlots`: whether to ask for messages while no slot is free. */
  #pump(beyondSlots: boolean): void {
    if (this.#state !== 'running') return
    const now = this.#deps.clock.now()
    if (!this.#ready && now - this.#askedAt >= RECHECK_MS) this.#ready = true
    this.#startHeld(now)
    this.#tellSaturated(now)
    const max = beyondSlots || this.#free() > 0 ? this.#mayTake(now) : 0
    if (max > 0) void this.#take(max, now)
    this.#armWake(now)
  }

  #free(): number {
    const { occupied, running } = this.#attempts
    return this.#slots.free(occupied, running, this.#settler.unsettled)
  }

  #tellSaturated(now: number): void {
    if (!this.#slots.exhausted(this.#attempts.occupied) || (this.#held.length === 0 && !this.#ready)) return
    if (this.#backend.admits(now) > 0 && this.#pace.waitMs(now) <= 0)
      this.#deps.saturated(this.#settings.type)
  }

  #mayTake(now: number): number {
    if (this.#taking || !this.#ready || now < this.#faults.notBefore) return 0
    return this.#demand.size({
      free: this.#free(),
      held: this.#held.length,
      paced: this.#pace.startsWithin(now, LOOK_AHEAD_MS),
      admitted: this.#backend.admits(now),
    })
  }

  async #take(max: number, now: number): Promise<void> {
    const { type, timeoutMs, maxRetries, retryDelayMs } = this.#settings
    this.#taking = true
    this.#ready = false
    this.#askedAt = now
    try {
      const leaseMs = timeoutMs + LEASE_GRACE_MS
      const taken = await this.#deps.engine.take({ type, max, leaseMs, maxRetries, retryDelayMs })
      const at = this.#deps.clock.now()
      this.#demand.took(at - now, at)
      this.#faults.succeeded()
      if (taken.length === 0) this.#lastProgressAt = at
      else this.#ready = true
      for (const delivery of taken) this.#held.push(delivery)
    } catch (error) {
      this.#faults.failed(error, this.#deps.clock.now())
      this.#ready = true
    }
    this.#taking = false
    if (this.#state === 'running') {
      // What just started may end in this very turn; asking now for a handful would keep the next full take
      // waiting.
      this.#pump(false)
    } else {
      this.#releaseHeld()
      this.#checkIdle()
    }
  }

  // ── start ──────────────────────────────────────────────────────────────────────────────────────────────

  #startHeld(now: number): void {
    while (this.#held.length > 0) {
      const delivery = this.#held[0]
      if (!delivery) break
      if (this.#tooLate(delivery, now)) {
        this.#held.shift()
        this.#settle(delivery, { kind: 'released' })
        continue
      }
      if (this.#free() <= 0 || this.#backend.admits(now) <= 0 || this.#pace.take(now) > 0) break
      this.#held.shift()
      this.#run(delivery, now)
    }
    // Held through an outage or a pause they would be out of reach of everybody, and their leases would run
    // out.
    if (this.#held.length > 0 && this.#backend.opensAt() > now + LOOK_AHEAD_MS) this.#releaseHeld()
  }

  /** Could not be finished within its lease (Q3), or is not wanted any more. */
  #tooLate(delivery: Delivery, now: number): boolean {
    const { expiresAt = Number.POSITIVE_INFINITY } = delivery
    return now > expiresAt || now > this.#startableUntil(delivery)
  }

  #startableUntil(delivery: Delivery): number {
    return delivery.leaseUntil - this.#settings.timeoutMs
  }

  #releaseHeld(): void {
    const held = this.#held
    this.#held = []
    for (const delivery of held) this.#settle(delivery, { kind: 'released' })
  }

  #run(delivery: Delivery, now: number): void {
    const attempt = new Attempt(delivery, now, this.#settings.timeoutMs, this.#backend.start(now))
    this.#attempts.add(attempt, now)
    this.#reporter.started(now - delivery.acceptedAt)
    void this.#process(attempt)
  }

  async #process(attempt: Attempt): Promise<void> {
    let outcome: Outcome
    try {
      outcome = checked(await this.#settings.processor.process(attempt.delivery.message, attempt))
    } catch (error) {
      outcome = thrown(error)
    }
    const inFlight = this.#attempts.running
    if (this.#attempts.returned(attempt)) this.#conclude(attempt, outcome, inFlight)
    this.#moved()
  }

  // ── time ───────────────────────────────────────────────────────────────────────────────────────────────

  /** One timer for everything that only time will change. */
  #armWake(now: number): void {
    const at = Math.max(this.#nextLook(now), now + SHORTEST_WAKE_MS)
    if (at === Number.POSITIVE_INFINITY || (this.#wake && this.#wake.at <= at)) return
    this.#wake?.cancel()
    const cancel = this.#deps.clock.after(at - now, () => {
      this.#wake = undefined
      this.#pump(true)
    })
    this.#wake = { at, cancel }
  }

  #nextLook(now: number): number {
    const head = this.#held[0]
    const mayAsk = this.#ready && !this.#taking
    let at = this.#ready || this.#taking ? Number.POSITIVE_INFINITY : this.#askedAt + RECHECK_MS
    if (head) at = Math.min(at, this.#startableUntil(head) + SHORTEST_WAKE_MS)
    if (!head && !mayAsk) return at
    const opensAt = this.#backend.opensAt()
    if (opensAt > now) return Math.min(at, opensAt)
    const startsAt = now + this.#pace.waitMs(now)
    if (this.#free() <= 0 || this.#backend.admits(now) <= 0) {
      // The end of an attempt will tell, but for a full pool: from that moment on it keeps the type below its pace.
      return startsAt > now && this.#slots.exhausted(this.#attempts.occupied) ? Math.min(at, startsAt) : at
    }
    return Math.min(at, head ? startsAt : Math.max(startsAt - LOOK_AHEAD_MS, this.#faults.notBefore))
  }

  // ── settle ─────────────────────────────────────────────────────────────────────────────────────────────

  #conclude(attempt: Attempt, reported: Outcome, inFlight: number): void {
    const { delivery } = attempt
    const now = this.#deps.clock.now()
    this.#lastProgressAt = now
    this.#lastSettledAt = now
    this.#demand.completed()
    this.#serviceTime.add(now - attempt.startedAt, now)
    this.#backend.report(reported, attempt.round, now)
    if (reported.kind !== 'failed') this.#slots.adaptive.succeeded(inFlight)
    else if (reported.failure !== 'error') this.#slots.adaptive.congested(now)
    const outcome = spared(reported, this.#backend, this.#settings.retryDelayMs, now)
    const verdict = verdictFor(outcome, delivery.failures, this.#settings, this.#deps.random)
    this.#settle(delivery, verdict)
    this.#reporter.finished(attempt, reported, verdict, now)
  }

  #settle(delivery: Delivery, verdict: Verdict): void {
    this.#settler.add({ lease: delivery.lease, verdict: bounded(verdict) })
  }

  #newSettler(): Settler {
    const { engine, clock, random, logger } = this.#deps
    return new Settler({
      engine,
      clock,
      random,
      logger,
      stale: (settlement) => this.#reporter.stale(settlement),
      moved: () => this.#moved(),
    })
  }

  // ── stop ───────────────────────────────────────────────────────────────────────────────────────────────

  async #drain(drainMs: number, settleMs: number): Promise<void> {
    const idle = new Promise<void>((resolve) => {
      this.#idle = resolve
    })
    this.#checkIdle()
    let cancel = this.#deps.clock.after(drainMs, () => {
      this.#releaseRunning()
      cancel = this.#deps.clock.after(settleMs, () => {
        const verdicts = this.#settler.abandon()
        const fields = { type: this.#settings.type, verdicts }
        this.#deps.logger.error(fields, 'The time to stop is over, the store fails; leases will run out')
        this.#idle?.()
      })
      this.#checkIdle()
    })
    await idle
    cancel()
    this.#attempts.forget()
    this.#state = 'stopped'
  }

  /** The drain's deadline: abort, give back, and ignore whatever the processors still say. */
  #releaseRunning(): void {
    const now = this.#deps.clock.now()
    this.#attempts.giveUp((attempt) => {
      this.#backend.abandon(attempt.round, now)
      this.#settle(attempt.delivery, { kind: 'released' })
    }, new Error('the consumer is stopping'))
  }

  #moved(): void {
    this.#schedulePump()
    this.#checkIdle()
  }

  #checkIdle(): void {
    if (this.#state !== 'stopping' || this.#taking) return
    if (this.#attempts.running === 0 && this.#settler.unsettled === 0) this.#idle?.()
  }
}
