/**
 * Consumer processes, so many of each type as the scaler wants. Owns every child it starts until that has ended (S1):
 * a child that is too many drains, never is killed before its limit, and one that ends by itself is replaced after a
 * pause that doubles while they go on ending.
 */
import type { Actuator, WorkerCounts } from '../consumer/index.ts'
import type { Clock, Logger, MessageType, Random } from '../core/index.ts'
import { type WorkerCommand, type WorkerEnd, WorkerProcess } from './worker-process.ts'

export interface SupervisorOptions {
  readonly types: readonly MessageType[]
  readonly command: (type: MessageType) => WorkerCommand
  readonly drainLimitMs: number
  readonly clock: Clock
  readonly random: Random
  readonly logger: Logger
}

const FIRST_PAUSE_MS = 500
const LONGEST_PAUSE_MS = 30_000
/** One that ran for this long ended for a reason of its own, not because none can start. */
const STEADY_AFTER_MS = 30_000

/** The processes of one type. */
interface Crew {
  readonly type: MessageType
  /** Oldest first, those that drain included. */
  workers: WorkerProcess[]
  wanted: number
  /** Ends in a row that nobody asked for. */
  failures: number
  lastEnd: string
  /** No start before this moment. */
  notBefore: number
  cancelStart: () => void
  /** Numbers its processes for the log. */
  made: number
}

export class Supervisor implements Actuator {
  readonly #options: SupervisorOptions
  readonly #crews = new Map<MessageType, Crew>()
  #stopped: Promise<void> | undefined
  #allEnded = () => {}

  constructor(options: SupervisorOptions) {
    this.#options = options
    for (const type of options.types) {
      const fresh = { workers: [], wanted: 0, failures: 0, lastEnd: '', notBefore: 0, made: 0 }
      this.#crews.set(type, { type, ...fresh, cancelStart: () => {} })
    }
  }

  current(type: MessageType): WorkerCounts | undefined {
    const crew = this.#crews.get(type)
    if (!crew) return undefined
    const ready = count(crew, 'running')
    // One that waits for its next start was asked for as well.
    return { ready, starting: Math.max(0, crew.wanted - ready), draining: count(crew, 'draining') }
  }

  resize(type: MessageType, wanted: number): void {
    const crew = this.#crews.get(type)
    if (!crew || this.#stopped) return
    crew.wanted = wanted
    this.#match(crew)
  }

  /** One sentence for each type that nobody works on though somebody should. */
  reasons(): readonly string[] {
    const now = this.#options.clock.now()
    return [...this.#crews.values()].flatMap(({ type, failures, lastEnd, notBefore, ...crew }) => {
      if (crew.wanted === 0 || count(crew, 'running') > 0) return []
      if (failures === 0) return [`${type}: its consumer process is starting`]
      const again = Math.max(0, Math.ceil((notBefore - now) / 1000))
      const next = count(crew, 'starting') > 0 ? 'it is starting again' : `it starts again in ${again} s`
      const often = failures === 1 ? 'once' : `${failures} times in a row`
      return [`${type}: its consumer process ended by itself ${often} (${lastEnd}); ${next}`]
    })
  }

  /** Drains all, and resolves when the last one has ended. Idempotent. */
  stop(): Promise<void> {
    this.#stopped ??= new Promise((resolve) => {
      this.#allEnded = resolve
      for (const crew of this.#crews.values()) {
        crew.wanted = 0
        crew.cancelStart()
        for (const worker of crew.workers) worker.drain()
      }
      this.#checkEnded()
    })
    return this.#stopped
  }

  /** Starts what is missing, drains what is too many: those not yet running first, then the youngest. */
  #match(crew: Crew): void {
    crew.cancelStart()
    const active = crew.workers.filter(({ state }) => state === 'starting' || state === 'running')
    const missing = crew.wanted - active.length
    const now = this.#options.clock.now()
    const waitMs = crew.notBefore - now
    if (missing > 0 && waitMs > 0) {
      crew.cancelStart = this.#options.clock.after(waitMs, () => this.#match(crew))
      return
    }
    // After an end that nobody asked for the next one shows first whether it can live.
    const troubled = crew.failures > 0 && now - crew.notBefore < STEADY_AFTER_MS
    const starts = troubled ? Math.min(missing, 1 - count(crew, 'starting')) : missing
    for (let i = 0; i < starts; i++) this.#start(crew)
    const order = [...active]
      .reverse()
      .sort((a, b) => Number(a.state === 'running') - Number(b.state === 'running'))
    for (const worker of order.slice(0, Math.max(0, -missing))) worker.drain()
  }

  #start(crew: Crew): void {
    const { command, drainLimitMs, clock, logger } = this.#options
    crew.made += 1
    const name = `${crew.type}-${crew.made}`
    const worker: WorkerProcess = new WorkerProcess({
      name,
      command: command(crew.type),
      drainLimitMs,
      clock,
      logger,
      onRunning: (metrics) => {
        const where = metrics === undefined ? {} : { metrics }
        logger.info({ worker: name, workerPid: worker.pid, ...where }, 'A consumer process runs')
        this.#match(crew)
      },
      onEnded: (end) => this.#ended(crew, worker, name, end),
    })
    crew.workers.push(worker)
  }

  #ended(crew: Crew, worker: WorkerProcess, name: string, end: WorkerEnd): void {
    const { clock, random, logger } = this.#options
    const wasAsked = worker.wasDrained
    crew.workers = crew.workers.filter((other) => other !== worker)
    const fields = { worker: name, workerPid: worker.pid, how: end.how }
    if (wasAsked || this.#stopped) {
      if (end.clean) logger.info(fields, 'A consumer process has drained')
      else logger.error(fields, 'A consumer process ended before it had drained; its messages come back')
    } else {
      crew.failures = end.livedMs >= STEADY_AFTER_MS ? 1 : crew.failures + 1
      crew.lastEnd = end.how
      const full = Math.min(LONGEST_PAUSE_MS, FIRST_PAUSE_MS * 2 ** Math.min(10, crew.failures - 1))
      const pauseMs = Math.round(full / 2 + random() * (full / 2))
      crew.notBefore = clock.now() + pauseMs
      logger.error({ ...fields, failures: crew.failures, pauseMs }, 'A consumer process ended by itself')
    }
    if (this.#stopped) this.#checkEnded()
    else this.#match(crew)
  }

  #checkEnded(): void {
    if ([...this.#crews.values()].every(({ workers }) => workers.length === 0)) this.#allEnded()
  }
}

function count({ workers }: Pick<Crew, 'workers'>, state: WorkerProcess['state']): number {
  return workers.filter((worker) => worker.state === state).length
}
