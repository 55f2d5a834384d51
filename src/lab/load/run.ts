/**
 * One load: sends what the plan says over keep-alive connections, accounts for every message, and tells what it cost.
 *
 *   sending ──all sent | duration over | signal | grace over──▶ waiting ──nothing under way──▶ done
 *
 * Latency counts from the moment a request was meant to leave: in an open loop the moment of its arrival, so that a
 * service that stalls cannot hide those it kept waiting ("coordinated omission", G. Tene); in a closed loop that is the
 * moment of sending, and the two latencies are the same.
 *
 * Owns its connections and timers until it resolves. Memory does not grow with the number of requests: arrivals are
 * made as they come due, and connections are `concurrency` at most.
 */
import type { Clock } from '../../core/index.ts'
import { seeded } from '../chance.ts'
import { refOf } from '../names.ts'
import { Books } from './books.ts'
import { Connection, type Heard, type Peer } from './connection.ts'
import type { HttpAnswer } from './http-answer.ts'
import { fatesOf, RequestMaker, type Target } from './messages.ts'
import type { LoadPlan } from './plan.ts'
import type { HistoryRecorder } from './recorder.ts'
import type { LoadProgress, LoadReport } from './report.ts'
import { SelfWatch } from './self.ts'
import { arrivalsOf } from './shape.ts'
import { Tally } from './tally.ts'

export interface LoadOptions {
  readonly plan: LoadPlan
  readonly target: Target
  /** Names this run in every message; unique. */
  readonly run: string
  readonly seed: number
  /** Without an answer for so long, a request is given up as unknown. */
  readonly timeoutMs: number
  /** How long after the last arrival an open loop goes on sending what could not leave in time. */
  readonly graceMs: number
  /** `now()` with fractions of a millisecond. */
  readonly clock: Clock
  readonly history?: HistoryRecorder
  /** Ends the run early, with a report. */
  readonly signal?: AbortSignal
  /** Once a second. */
  readonly onProgress?: (progress: LoadProgress) => void
}

/** Never rejects for what the service does; the report tells. */
export const runLoad = (options: LoadOptions): Promise<LoadReport> => new LoadRun(options).run()

/** Where a target's requests go. */
export function peerOf({ url }: Pick<Target, 'url'>): Peer {
  const tls = url.protocol === 'https:'
  const port = url.port === '' ? (tls ? 443 : 80) : Number(url.port)
  return { host: url.hostname.replace(/^\[|\]$/g, ''), port, tls }
}

const SWEEP_MS = 100
const PROGRESS_MS = 1_000
/** After a signal, answers that are nearly there are still counted. */
const LAST_ANSWERS_MS = 2_000
/** A closed loop that cannot connect must not spin. */
const RECONNECT_MS = 100

interface Request {
  readonly refs: readonly string[]
  readonly intendedAt: number
  readonly sentAt: number
}

class LoadRun implements Heard {
  readonly #options: LoadOptions
  readonly #clock: Clock
  readonly #peer: Peer
  readonly #maker: RequestMaker
  readonly #self: SelfWatch
  readonly #tally: Tally
  readonly #books: Books
  readonly #startedAt: number
  readonly #underWay = new Map<Connection, Request>()
  readonly #connections: Connection[] = []
  readonly #free: Connection[] = []
  readonly #arrivals: Iterator<number>
  /** The next arrival of an open loop, wall clock; undefined when there is none left. */
  #nextAt: number | undefined
  #starved = false
  #sent = 0
  #messages = 0
  #sending = true
  #lastAnswerAt: number
  #resting = 0
  readonly #done = Promise.withResolvers<void>()
  readonly #cancels = new Set<() => void>()
  #cancelPump: (() => void) | undefined

  constructor(options: LoadOptions) {
    const { plan, target, seed, clock } = options
    this.#options = options
    this.#clock = clock
    this.#peer = peerOf(target)
    this.#maker = new RequestMaker(target, seeded(seed, 'types'))
    this.#self = new SelfWatch(clock)
    this.#startedAt = clock.now()
    this.#lastAnswerAt = this.#startedAt
    this.#tally = new Tally(this.#startedAt)
    this.#books = new Books(this.#tally, options.history)
    this.#arrivals =
      plan.mode === 'open'
        ? arrivalsOf(plan.segments, plan.requests, plan.arrivals, () => seeded(seed, 'arrivals'))
        : [][Symbol.iterator]()
  }

  async run(): Promise<LoadReport> {
    const { signal, onProgress, plan } = this.#options
    const stop = () => this.#interrupt()
    signal?.addEventListener('abort', stop, { once: true })
    this.#self.start()
    this.#every(SWEEP_MS, () => this.#sweep())
    this.#every(PROGRESS_MS, () => {
      this.#books.flush()
      onProgress?.(this.#progress())
    })
    if (signal?.aborted) this.#interrupt()
    if (plan.mode === 'open') {
      this.#advance()
      this.#pump()
    } else this.#startClosed(plan.concurrency)
    this.#endIfDone()
    await this.#done.promise
    signal?.removeEventListener('abort', stop)
    for (const cancel of this.#cancels) cancel()
    this.#cancelPump?.()
    for (const connection of this.#connections) connection.close()
    this.#books.flush()
    return this.#report()
  }

  answered(connection: Connection, answer: HttpAnswer): void {
    const request = this.#take(connection)
    const now = this.#clock.now()
    this.#lastAnswerAt = now
    const fates = fatesOf(this.#options.target, request.refs, answer)
    this.#books.answered(now, request.refs, fates)
    const good = fates.some(({ kind }) => kind === 'acknowledged')
    this.#tally.answered(now, request.intendedAt, request.sentAt, good)
    this.#freed(connection)
  }

  broke(connection: Connection, sent: boolean, why: string): void {
    const request = this.#take(connection)
    const now = this.#clock.now()
    this.#lastAnswerAt = now
    if (sent) this.#books.unknown(now, request.refs, why)
    else this.#books.unreachable(now, request.refs)
    if (sent || this.#options.plan.mode === 'open') return this.#freed(connection)
    this.#resting++
    this.#after(RECONNECT_MS, () => {
      this.#resting--
      this.#freed(connection)
    })
  }

  #startClosed(concurrency: number): void {
    const { plan } = this.#options
    for (let index = 0; index < concurrency && this.#mayIssue(); index++) this.#issue(this.#newConnection())
    if (plan.durationMs !== undefined) this.#after(plan.durationMs, () => this.#endSending())
  }

  #mayIssue(): boolean {
    const { requests } = this.#options.plan
    return this.#sending && (requests === undefined || this.#sent < requests)
  }

  /** Sends all that is due, as far as there are connections, and waits for the next arrival. */
  #pump(): void {
    this.#cancelPump?.()
    this.#cancelPump = undefined
    while (this.#sending && this.#nextAt !== undefined) {
      const now = this.#clock.now()
      if (this.#nextAt > now) {
        this.#starved = false
        this.#cancelPump = this.#clock.after(this.#nextAt - now, () => this.#pump())
        return
      }
      const connection = this.#free.pop() ?? this.#oneMore()
      if (!connection) {
        this.#starved = true
        return
      }
      if (this.#starved) this.#self.waitedForConnection++
      else this.#self.late.record(now - this.#nextAt)
      this.#issue(connection, this.#nextAt)
      this.#advance()
    }
    this.#endSending()
  }

  #advance(): void {
    const { done, value } = this.#arrivals.next()
    this.#nextAt = done ? undefined : this.#startedAt + value * 1000
  }

  #oneMore(): Connection | undefined {
    return this.#connections.length < this.#options.plan.concurrency ? this.#newConnection() : undefined
  }

  #newConnection(): Connection {
    const connection = new Connection(this.#peer, this)
    this.#connections.push(connection)
    return connection
  }

  #issue(connection: Connection, intendedAt?: number): void {
    const { target, run } = this.#options
    const sentAt = this.#clock.now()
    const refs = Array.from({ length: target.batch }, () => refOf(run, this.#messages++))
    this.#sent++
    this.#books.attempted(sentAt, refs)
    this.#underWay.set(connection, { refs, intendedAt: intendedAt ?? sentAt, sentAt })
    connection.send(this.#maker.make(refs, sentAt))
  }

  #take(connection: Connection): Request {
    const request = this.#underWay.get(connection)
    if (!request) throw new Error('an answer on a connection with nothing under way')
    this.#underWay.delete(connection)
    return request
  }

  #freed(connection: Connection): void {
    if (this.#options.plan.mode === 'open') {
      this.#free.push(connection)
      if (this.#starved) this.#pump()
    } else if (this.#mayIssue()) this.#issue(connection)
    else this.#sending = false
    this.#endIfDone()
  }

  #sweep(): void {
    const { timeoutMs, graceMs, plan } = this.#options
    const now = this.#clock.now()
    for (const [connection, { sentAt }] of this.#underWay) {
      if (now - sentAt > timeoutMs) connection.abandon('timeout')
    }
    if (plan.mode === 'open' && now > this.#startedAt + plan.durationMs + graceMs) this.#endSending()
  }

  #interrupt(): void {
    this.#endSending()
    this.#after(LAST_ANSWERS_MS, () => {
      for (const connection of this.#underWay.keys()) connection.abandon('interrupted')
    })
  }

  #endSending(): void {
    this.#sending = false
    this.#endIfDone()
  }

  #endIfDone(): void {
    if (!this.#sending && this.#underWay.size === 0 && this.#resting === 0) this.#done.resolve()
  }

  #after(delayMs: number, run: () => void): void {
    const cancel = this.#clock.after(delayMs, () => {
      this.#cancels.delete(cancel)
      run()
    })
    this.#cancels.add(cancel)
  }

  #every(periodMs: number, run: () => void): void {
    this.#after(periodMs, () => {
      this.#every(periodMs, run)
      run()
    })
  }

  #progress(): LoadProgress {
    const now = this.#clock.now()
    return {
      seconds: (now - this.#startedAt) / 1000,
      sent: this.#sent,
      requests: this.#options.plan.requests,
      accounts: this.#tally.accounts,
      interval: this.#tally.interval(now),
    }
  }

  #report(): LoadReport {
    const { plan, target, seed, run, signal } = this.#options
    const seconds = (this.#lastAnswerAt - this.#startedAt) / 1000
    const { accounts, latency, service, otherAnswers, codes } = this.#tally
    return {
      ...{ kind: 'load', version: 1, url: safe(target.url), target: target.kind, plan },
      ...{ batch: target.batch, mix: target.mix, size: target.size, keys: target.keys, seed, run },
      ...{ startedAt: this.#startedAt, seconds, accounts },
      requests: { sent: this.#sent, unsent: Math.max(0, (plan.requests ?? this.#sent) - this.#sent) },
      acknowledgedPerSecond: seconds > 0 ? accounts.acknowledged / seconds : 0,
      latencyMs: latency.summary(),
      serviceMs: service.summary(),
      otherAnswersMs: otherAnswers.summary(),
      codes,
      generator: this.#self.stop(),
      series: this.#tally.series(),
      interrupted: signal?.aborted === true,
    }
  }
}

/** Without its password. */
function safe(url: URL): string {
  const shown = new URL(url)
  if (shown.password !== '') shown.password = '***'
  return shown.href
}
