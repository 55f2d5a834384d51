/**
 * A load of people: logs virtual visitors in, lets them come one after the other, does with them what the mode says,
 * and judges the room by what they saw.
 *
 *   join       come and stay
 *   hold       whoever is inside stays for a while and goes, until all have been in
 *   reconnect  all connections break and come back within a window; everybody must have the same place
 *   abandon    a share of those who wait goes without a word; the others must get in all the same
 *
 * Owns the visitors and the watch while `runRoomLoad` runs. The auditor hears every event and keeps no history.
 */
import { type Clock, pause, type Random } from '../../core/index.ts'
import { seeded } from '../chance.ts'
import { type Account, type AccountsReport, logIn } from './accounts.ts'
import { inLanes, RoomApi } from './api.ts'
import { RoomAuditor, type RoomVerdict } from './auditor.ts'
import type { RoomEvent } from './history.ts'
import { namesIn } from './names.ts'
import { reconnected } from './reconnect.ts'
import type { ReconnectReport, RoomLoadReport, RoomMode, RoomProgress } from './report.ts'
import { RoomTally } from './tally.ts'
import { type Connect, VirtualVisitor, type VisitorPhase } from './visitor.ts'
import { RoomWatch } from './watch.ts'

export interface RoomLoadOptions {
  readonly url: string
  readonly event: string
  readonly users: number
  readonly mode: RoomMode
  /** Between two visitors who come, milliseconds. */
  readonly delayMs: number
  /** join: how long to stay after the last has come; otherwise: how long each stays inside. */
  readonly holdMs: number
  /** The longest that all of it may take. */
  readonly durationMs: number
  /** reconnect: within which all come back. */
  readonly windowMs: number
  /** abandon: which share goes. */
  readonly share: number
  readonly seed: number
  /** What the threshold really is; without it what the room says is believed. */
  readonly threshold?: number
  readonly patienceMs: number
  readonly checkInvariants: boolean
  /** Nobody gives the place back at the end. */
  readonly keep: boolean
  readonly serverPid?: number
  readonly metricsUrl: string
  readonly clock: Clock
  readonly signal: AbortSignal
  readonly onProgress: (progress: RoomProgress) => void
  /** Every event, as it happens. */
  readonly onEvent?: (event: RoomEvent) => void
}

const LANES = 32
/** For the last connection to be made. */
const LISTEN_MS = 60_000
const LEAVE_MS = 10_000
const LISTED = 20
/** Frames and calls on their way when nothing happens any more. */
const SETTLE_MS = 1_500

export async function runRoomLoad(options: RoomLoadOptions): Promise<RoomLoadReport> {
  // Only who asks for it pays for loading it: the command line is quick otherwise.
  const { io } = await import('socket.io-client')
  const connect: Connect = (token) =>
    io(options.url, {
      auth: { token, eventId: options.event },
      transports: ['websocket'],
      forceNew: true,
      autoConnect: false,
      reconnectionDelayMax: 10_000,
      randomizationFactor: 0.5,
    })
  return new RoomRun(options, connect).run()
}

class RoomRun {
  readonly #options: RoomLoadOptions
  readonly #connect: Connect
  readonly #random: Random
  readonly #auditor: RoomAuditor
  readonly #tally = new RoomTally()
  readonly #api: RoomApi
  readonly #watch: RoomWatch
  readonly #ids = new Set<string>()
  #visitors: VirtualVisitor[] = []
  /** Aborts when the time is up or the user wants an end. */
  readonly #end = new AbortController()
  #timedOut = false
  #startedAt = 0
  #loggedIn = 0
  #phase: RoomProgress['phase'] = 'accounts'
  #wake = (): void => {}

  constructor(options: RoomLoadOptions, connect: Connect) {
    this.#options = options
    this.#connect = connect
    const { url, clock, event, seed, threshold, patienceMs, serverPid } = options
    this.#random = seeded(seed, 'room load')
    this.#auditor = new RoomAuditor({ patienceMs, ...(threshold !== undefined && { threshold }) })
    this.#api = new RoomApi({
      url,
      clock,
      random: this.#random,
      signal: this.#end.signal,
      onAnswer: (visitor, path, body) => this.#answered(visitor, path, body),
      onRefused: (code) => this.#tally.error(code),
    })
    this.#watch = new RoomWatch({
      ...{ api: this.#api, clock, event, serverPid },
      metricsUrl: new URL(options.metricsUrl),
      onLine: (line) => this.#record(line),
      onTick: () => this.#show(),
    })
  }

  async run(): Promise<RoomLoadReport> {
    const { clock, signal, durationMs } = this.#options
    this.#startedAt = clock.now()
    const abort = () => {
      this.#end.abort()
      this.#wake()
    }
    signal.addEventListener('abort', abort, { once: true })
    if (signal.aborted) abort()
    let cancelEnd = (): void => {}
    try {
      await this.#api.reach()
      this.#watch.start()
      const { accounts, report } = await this.#logIn()
      cancelEnd = clock.after(durationMs, () => {
        this.#timedOut = true
        abort()
      })
      this.#watch.begin()
      await this.#arrive(accounts)
      const { reconnect, everybody } = await this.#mode()
      await this.#lastLook()
      const outcome = this.#outcome(report, reconnect, everybody)
      await this.#leave()
      return outcome
    } finally {
      cancelEnd()
      signal.removeEventListener('abort', abort)
      this.#end.abort()
      for (const visitor of this.#visitors) visitor.close()
      await this.#watch.stop()
      this.#watch.self.stop()
    }
  }

  async #logIn(): Promise<{ accounts: readonly Account[]; report: AccountsReport }> {
    const { users, clock } = this.#options
    const onDone = (count: number): void => {
      this.#loggedIn = count
    }
    const { signal } = this.#end
    const all = await logIn(this.#api, users, { now: clock.now, signal, onDone })
    for (const { visitor, email } of all.accounts) {
      this.#ids.add(visitor)
      this.#record({ kind: 'visitor', at: clock.now(), visitor, email })
    }
    return all
  }

  async #arrive(accounts: readonly Account[]): Promise<void> {
    const { clock, event, delayMs, holdMs, mode } = this.#options
    this.#phase = 'arriving'
    const stays = mode === 'join' || mode === 'reconnect'
    const context = {
      ...{ api: this.#api, clock, event, connect: this.#connect, tally: this.#tally },
      isId: (text: string) => this.#ids.has(text),
      record: (one: RoomEvent) => this.#record(one),
      onFrame: (frame: Readonly<Record<string, unknown>>) => this.#watch.frame(frame),
      onChange: () => this.#wake(),
      holdMs: stays ? undefined : holdMs,
    }
    const coming: Promise<void>[] = []
    for (const account of accounts) {
      if (this.#end.signal.aborted) break
      const visitor = new VirtualVisitor(account, context)
      this.#visitors.push(visitor)
      coming.push(visitor.enter())
      if (delayMs > 0) await pause(clock, delayMs, this.#end.signal)
    }
    await Promise.all(coming)
    // Listening, or beyond help: whoever failed or went through meanwhile is waited for no longer.
    const isHeard = (one: VirtualVisitor): boolean => one.isPresent || !isThere(one.phase)
    await this.#until(() => this.#visitors.every(isHeard), LISTEN_MS)
    for (const one of this.#visitors) if (!isHeard(one)) this.#tally.error('not_listening')
  }

  /** `everybody`: all those who stayed should have been inside by now. */
  async #mode(): Promise<{ reconnect: ReconnectReport | null; everybody: boolean }> {
    const { clock, mode, holdMs, windowMs } = this.#options
    const { signal } = this.#end
    this.#phase = 'staying'
    if (mode === 'join') await pause(clock, holdMs, signal)
    if (mode === 'reconnect') {
      await pause(clock, SETTLE_MS, signal)
      this.#phase = 'away'
      const context = { clock, random: this.#random, signal, windowMs, lanes: LANES }
      const until = (done: () => boolean, ms: number) => this.#until(done, ms)
      return { reconnect: await reconnected(this.#visitors, context, until), everybody: false }
    }
    if (mode === 'abandon') this.#abandon()
    if (mode === 'hold' || mode === 'abandon') return { reconnect: null, everybody: await this.#allIn() }
    return { reconnect: null, everybody: false }
  }

  #abandon(): void {
    const waiting = this.#visitors.filter(({ phase }) => phase === 'waiting')
    for (const visitor of waiting) if (this.#random() < this.#options.share) visitor.abandon()
  }

  /** Until nobody is there any more, or places have been free for too long; false = the time was up before that. */
  async #allIn(): Promise<boolean> {
    const { patienceMs, clock } = this.#options
    let since = clock.now()
    while (this.#visitors.some(({ phase }) => isThere(phase))) {
      if (this.#end.signal.aborted) return false
      const line = this.#watch.line
      const isFree = line?.mode === 'open' && line.limitedBy !== 'rate' && line.active < line.cap
      // Full of others, who may stay as long as they like, or of visitors who have not taken up their call yet.
      if (!isFree || this.#count('inside') > 0) since = clock.now()
      if (clock.now() - since > patienceMs) return true
      await this.#until(() => false, 1_000)
    }
    return true
  }

  async #lastLook(): Promise<void> {
    if (this.#options.signal.aborted) return
    const there = this.#visitors.filter(({ phase }) => phase === 'waiting')
    // Also when the time is up: without it nobody's place at the end is known.
    await inLanes(there, LANES, (visitor) => visitor.look())
  }

  async #leave(): Promise<void> {
    const { keep, clock } = this.#options
    if (keep) return
    this.#phase = 'leaving'
    const limit = new AbortController()
    const cancel = clock.after(LEAVE_MS, () => limit.abort())
    // Those who wait first, so that nobody is called into a place that is being given back.
    for (const phase of ['waiting', 'away', 'inside'] as const) {
      const some = this.#visitors.filter((visitor) => visitor.phase === phase)
      await inLanes(some, LANES, (visitor) => visitor.leave(), limit.signal)
    }
    cancel()
  }

  /** Until it is so, or the end of the time or of the test. */
  async #until(done: () => boolean, limitMs: number): Promise<void> {
    const { clock } = this.#options
    const end = clock.now() + limitMs
    while (!done() && clock.now() < end && !this.#end.signal.aborted) {
      await new Promise<void>((resolve) => {
        const cancel = clock.after(Math.max(1, end - clock.now()), resolve)
        this.#wake = () => {
          cancel()
          resolve()
        }
      })
    }
  }

  #record(event: RoomEvent): void {
    this.#options.onEvent?.(event)
    if (this.#options.checkInvariants) this.#auditor.see(event)
  }

  #answered(visitor: string | undefined, path: string, body: unknown): void {
    if (visitor === undefined) return
    const names = namesIn(body, (text) => this.#ids.has(text))
    if (names.length === 0) return
    this.#record({ kind: 'named', at: this.#options.clock.now(), visitor, frame: path, names })
  }

  #count(phase: VisitorPhase): number {
    let count = 0
    for (const visitor of this.#visitors) if (visitor.phase === phase) count++
    return count
  }

  #show(): void {
    const { clock, users, onProgress } = this.#options
    const nothing = { cores: null, residentBytes: null, peakResidentBytes: null }
    onProgress({
      phase: this.#phase,
      seconds: (clock.now() - this.#startedAt) / 1000,
      users,
      loggedIn: this.#loggedIn,
      waiting: this.#count('waiting'),
      inside: this.#count('inside'),
      admitted: this.#tally.admitted,
      done: this.#tally.done,
      errors: this.#tally.errorCount,
      violations: this.#auditor.violations,
      generator: this.#watch.own.report() ?? nothing,
      server: this.#watch.server.report(),
    })
  }

  #outcome(accounts: AccountsReport, reconnect: ReconnectReport | null, everybody: boolean): RoomLoadReport {
    const { url, event, mode, users, seed, clock, signal, checkInvariants } = this.#options
    const tally = this.#tally
    const at = clock.now()
    const waiting = this.#visitors.filter(({ phase }) => phase === 'waiting')
    const waiterMs = tally.waiterMs + waiting.reduce((sum, visitor) => sum + visitor.waitedMs(at), 0)
    const each = (value: number): number | null => (waiterMs > 0 ? value / (waiterMs / 1000) : null)
    const verdict: RoomVerdict | null = checkInvariants ? this.#auditor.verdict({ everybody, at }) : null
    const failed = this.#visitors.find(({ phase }) => phase === 'failed')
    return {
      ...{ url, event, mode, users, seed, accounts, reconnect, verdict },
      threshold: this.#watch.line?.cap ?? null,
      seconds: (at - this.#startedAt) / 1000,
      interrupted: signal.aborted,
      timedOut: this.#timedOut && this.#visitors.some(({ phase }) => phase === 'waiting'),
      visitors: {
        asked: this.#visitors.length,
        ...{ hadPlace: tally.hadPlace, admitted: tally.admitted, direct: tally.direct },
        ...{ called: tally.called, done: tally.done },
        abandoned: this.#count('away'),
        failed: this.#count('failed'),
        waiting: waiting.length,
        inside: this.#count('inside'),
      },
      waitMs: tally.waits.summary(),
      checkMs: tally.checks.summary(),
      positions: waiting
        .toSorted((a, b) => a.position - b.position)
        .slice(0, LISTED)
        .map(({ account: { email }, ticket, position }) => ({ email, ticket, position })),
      batches: [...tally.batches].sort(([a], [b]) => a - b).map(([, count]) => count),
      sockets: {
        ...{ connects: tally.connects, frames: tally.frames, bytes: tally.bytes },
        framesPerWaiterSecond: each(tally.waiterFrames),
        bytesPerWaiterSecond: each(tally.waiterBytes),
      },
      errors: Object.fromEntries(tally.errors),
      generator: { ...this.#watch.self.stop(), ...this.#cost() },
      server: this.#watch.server.report(true) ?? null,
      unmet: failed ? [`${failed.account.email} failed: ${failed.reason}`] : [],
    }
  }

  #cost() {
    const { residentBytes = null, peakResidentBytes = null } = this.#watch.own.report(true) ?? {}
    return { residentBytes, peakResidentBytes }
  }
}

const isThere = (phase: VisitorPhase): boolean => phase === 'waiting' || phase === 'inside'
