/**
 * The fragile back end: an HTTP service that bears so many calls at once, gets slower past that, and then fails. It
 * stands for the system that levelling protects, keeps its own record of what hit it, and knows nothing of Weir: any
 * `POST` is a call; the headers of Weir's HTTP target (`Weir-Message-Id`, `-Type`, `-Attempt`) only name it in the log.
 *
 *   POST any path  → 200 {"outcome":"served"|"repeated"} | 500 | 503 | nothing
 *   GET /stats     → BackendStats; DELETE /stats → the same, begun anew; GET /health → 200
 *
 * Work is done once per id, as docs/guides/levelling.md asks of a back end: an id whose work was done is answered at
 * once (`remember` ids are kept, the oldest go first). A call whose caller leaves goes on taking its place until its
 * work is done, which is what makes such systems drown in retries; one that hangs leaves with its caller.
 *
 * Owns the server, the pool's timer, the log, a timer that watches the event loop, one timer for each call that hangs.
 * Stop is idempotent and waits for the calls inside (S1).
 */
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { type Clock, pause } from '../../core/index.ts'
import { draw } from '../chance.ts'
import { LoopLag } from '../loop-lag.ts'
import { Burner } from './burner.ts'
import { type BackendLogHeader, CallLog, type CallOutcome, type LoggedCall } from './call-log.ts'
import { type BackendStats, CallStats } from './call-stats.ts'
import { fateOf, serviceTimeMs, speedAt } from './curve.ts'
import { SharingPool } from './pool.ts'
import { bodyOf, namesOf } from './request.ts'

export interface FragileOptions {
  readonly host: string
  /** 0 = any free one. */
  readonly port: number
  /** Calls at once that it bears unhindered. */
  readonly capacity: number
  /** Calls at once beyond which it refuses; more than `capacity`. */
  readonly limit: number
  /** Mean unhindered time of a call, and how far single ones are from it (share of the mean, 0–1). */
  readonly serviceMs: number
  readonly spread: number
  /** Processor time that each call burns. */
  readonly burnMs: number
  /** Service times and fates of calls are drawn from it and the call's name, so they repeat. */
  readonly seed: number
  /** Ids whose work is remembered as done; 0 = it does everything again. */
  readonly remember: number
  /** After which it hangs up on a call that it will never answer. */
  readonly hangMs: number
  /** Sent with each 503, seconds; 0 = none, as of a system that was never told about overload. */
  readonly retryAfterSeconds: number
  /** Where to keep its record; none when absent. */
  readonly logFile?: string
  /** `now()` with fractions of a millisecond, for latencies. */
  readonly clock: Clock
}

export interface RunningBackend {
  readonly url: string
  stats(): BackendStats
  /** Takes nothing new, lets the calls inside end for at most `drainMs`, cuts off the rest. Idempotent. */
  stop(drainMs?: number): Promise<void>
}

const DRAIN_MS = 5_000
/** Longer than callers keep idle connections, so that it never hangs up on one that is about to be used. */
const KEEP_ALIVE_MS = 75_000
const MOST_CONNECTIONS = 10_000

/** Resolves when it listens. Rejects with the system's error (EADDRINUSE, ENOENT of the log's directory). */
export async function startBackend(options: FragileOptions): Promise<RunningBackend> {
  const { capacity, limit, serviceMs, spread, burnMs, seed, logFile } = options
  const header: BackendLogHeader = {
    kind: 'backend',
    version: 1,
    ...{ capacity, limit, serviceMs, spread, burnMs, seed },
  }
  const log = logFile === undefined ? undefined : await CallLog.open(logFile, header)
  const backend = new FragileBackend(options, log)
  try {
    return await backend.listen()
  } catch (error) {
    await log?.close()
    throw error
  }
}

/** A call from its arrival to its end. */
interface Call {
  readonly start: number
  readonly concurrency: number
  readonly id: string
  readonly named: Pick<LoggedCall, 'type' | 'attempt' | 'ref'>
  readonly response: ServerResponse
}

class FragileBackend {
  readonly #options: FragileOptions
  readonly #log: CallLog | undefined
  readonly #server: Server
  readonly #pool: SharingPool
  readonly #burner: Burner
  readonly #stats: CallStats
  readonly #lag: LoopLag
  readonly #inside = new Set<Call>()
  readonly #remembered = new Set<string>()
  #calls = 0
  #whenEmpty: (() => void) | undefined
  #stopped: Promise<void> | undefined

  constructor(options: FragileOptions, log: CallLog | undefined) {
    this.#options = options
    this.#log = log
    this.#pool = new SharingPool(options.clock, (calls) => speedAt(calls, options))
    this.#burner = new Burner(options.clock)
    this.#stats = new CallStats(options.clock.now())
    this.#lag = new LoopLag(options.clock)
    this.#server = createServer({ keepAliveTimeout: KEEP_ALIVE_MS }, (request, response) => {
      void this.#receive(request, response)
    })
    this.#server.maxConnections = MOST_CONNECTIONS
  }

  async listen(): Promise<RunningBackend> {
    const { host, port } = this.#options
    await new Promise<void>((resolve, reject) => {
      this.#server.once('error', reject)
      this.#server.listen(port, host, resolve)
    })
    this.#lag.start()
    const address = this.#server.address() as AddressInfo
    const name = address.family === 'IPv6' ? `[${address.address}]` : address.address
    return {
      url: `http://${name}:${address.port}`,
      stats: () => this.#told(),
      stop: (drainMs) => this.#stop(drainMs),
    }
  }

  async #receive(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const path = request.url?.split('?', 1)[0]
    if (request.method === 'POST') return this.#call(request, response)
    request.resume()
    if (request.method === 'GET' && path === '/stats') return answer(response, 200, this.#told())
    if (request.method === 'GET' && path === '/health') return answer(response, 200, { status: 'ok' })
    if (request.method === 'DELETE' && path === '/stats') {
      this.#stats.reset(this.#options.clock.now(), this.#inside.size)
      this.#lag.reset()
      return answer(response, 200, this.#told())
    }
    answer(response, 404, { error: 'POST anything is a call; GET /stats, DELETE /stats, GET /health' })
  }

  async #call(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const body = await bodyOf(request)
    if (body === undefined) return answer(response, 413, { error: 'too large' })
    const { clock, seed } = this.#options
    const concurrency = this.#inside.size + 1
    this.#calls++
    const { id, key, ...named } = namesOf(request, body, this.#calls)
    const call: Call = { start: clock.now(), concurrency, id, named, response }
    this.#stats.came(call.start)
    if (this.#stopped) return this.#end(call, 'refused', 503)
    if (this.#remembered.has(id)) return this.#end(call, 'repeated', 200)
    // The number of the call is part of the draw of its fate: a repeated attempt must not meet the same bad luck.
    switch (fateOf(concurrency, this.#options, draw(seed, `fate ${key} ${this.#calls}`))) {
      case 'refuse':
        return this.#end(call, 'refused', 503)
      case 'hang':
        return this.#hang(call)
      case 'fail':
        return this.#work(call, key, () => this.#end(call, 'failed', 500))
      case 'serve':
        return this.#work(call, key, () => this.#serve(call))
    }
  }

  #enter(call: Call): void {
    this.#inside.add(call)
    this.#stats.entered(this.#inside.size)
  }

  #work(call: Call, key: string, done: () => void): void {
    const { serviceMs, spread, burnMs, seed } = this.#options
    this.#enter(call)
    this.#pool.enter(serviceTimeMs(serviceMs, spread, draw(seed, `time ${key}`)), () => {
      this.#burner.burn(burnMs, done)
    })
  }

  /** Two calls of one id may have been inside at once; only the first to be through has done the work. */
  #serve(call: Call): void {
    if (this.#remembered.has(call.id)) return this.#end(call, 'repeated', 200)
    if (this.#options.remember > 0) {
      this.#remembered.add(call.id)
      if (this.#remembered.size > this.#options.remember) {
        const [oldest] = this.#remembered
        if (oldest !== undefined) this.#remembered.delete(oldest)
      }
    }
    this.#end(call, 'served', 200)
  }

  #hang(call: Call): void {
    this.#enter(call)
    const leave = this.#pool.occupy()
    const hangUp = () => call.response.destroy()
    const cancel = this.#options.clock.after(this.#options.hangMs, hangUp)
    call.response.once('close', () => {
      cancel()
      leave()
      if (this.#inside.has(call)) this.#end(call, 'hung', 0)
    })
  }

  #end(call: Call, outcome: CallOutcome, status: number): void {
    const { start, concurrency, id, named, response } = call
    const end = this.#options.clock.now()
    const latencyMs = Math.round((end - start) * 1000) / 1000
    const gone = status !== 0 && response.destroyed
    const lateMs = Math.round(this.#lag.worstSince())
    this.#stats.ended({ outcome, latencyMs })
    this.#log?.write({
      kind: 'call',
      ...{ start, end, latencyMs, concurrency, status: gone ? 0 : status, outcome, id, ...named },
      ...(gone && { gone }),
      ...(lateMs >= 1 && { lateMs }),
    })
    if (this.#inside.delete(call) && this.#inside.size === 0) this.#whenEmpty?.()
    if (status === 0 || gone) return
    const { retryAfterSeconds } = this.#options
    if (status === 503 && retryAfterSeconds > 0) response.setHeader('retry-after', retryAfterSeconds)
    answer(response, status, status === 200 ? { outcome } : { error: outcome })
  }

  #told(): BackendStats {
    const { capacity, limit, clock } = this.#options
    const { user, system } = process.cpuUsage()
    const { p99, max } = this.#lag.summary()
    return {
      capacity,
      limit,
      ...this.#stats.told(clock.now(), this.#inside.size),
      cpuSeconds: (user + system) / 1e6,
      loopLagMs: { p99, max },
      logDropped: this.#log?.dropped ?? 0,
    }
  }

  #stop(drainMs = DRAIN_MS): Promise<void> {
    this.#stopped ??= this.#shutDown(drainMs)
    return this.#stopped
  }

  async #shutDown(drainMs: number): Promise<void> {
    const closed = new Promise<void>((resolve) => this.#server.close(() => resolve()))
    this.#server.closeIdleConnections()
    if (this.#inside.size > 0) {
      const enough = new AbortController()
      this.#whenEmpty = () => enough.abort()
      await pause(this.#options.clock, drainMs, enough.signal)
    }
    this.#pool.clear()
    this.#burner.clear()
    for (const call of this.#inside) {
      this.#end(call, 'cut', 0)
      call.response.destroy()
    }
    // Answers that are still on their way out go first; who has not taken his by then will not.
    this.#server.closeIdleConnections()
    setImmediate(() => this.#server.closeAllConnections())
    await closed
    this.#lag.stop()
    await this.#log?.close()
  }
}

function answer(response: ServerResponse, status: number, body: object): void {
  const text = JSON.stringify(body)
  response.writeHead(status, {
    'content-type': 'application/json',
    'content-length': Buffer.byteLength(text),
  })
  response.end(text)
}
