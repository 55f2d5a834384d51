/**
 * Looks at the line from outside while a load runs: the frame that everybody may read, and what the two processes cost.
 *
 * Owns a timer between `start` and `stop`.
 */
import type { Clock } from '../../core/index.ts'
import { SelfWatch } from '../load/self.ts'
import type { RoomApi } from './api.ts'
import { CostMeter, ownUse, serverUse } from './cost.ts'
import type { LineSeen } from './history.ts'

const EVERY_MS = 1_000

export interface WatchOptions {
  readonly api: RoomApi
  readonly clock: Clock
  readonly event: string
  readonly serverPid: number | undefined
  readonly metricsUrl: URL
  readonly onLine: (line: LineSeen) => void
  readonly onTick: () => void
}

export class RoomWatch {
  readonly #options: WatchOptions
  readonly self: SelfWatch
  readonly own = new CostMeter()
  readonly server = new CostMeter()
  #running = false
  #cancel = (): void => {}
  #run: Promise<void> = Promise.resolve()
  #last = ''
  #lastAt = Number.NEGATIVE_INFINITY
  line: LineSeen | undefined

  constructor(options: WatchOptions) {
    this.#options = options
    this.self = new SelfWatch(options.clock)
  }

  start(): void {
    this.#running = true
    this.#tick()
  }

  /** Logging in is over: what both processes cost from here on is the load's. */
  begin(): void {
    this.self.start()
    this.own.again()
    this.server.again()
  }

  async stop(): Promise<void> {
    this.#running = false
    this.#cancel()
    await this.#run
  }

  /** Of any frame for everybody; what says nothing new is heard of once a second. */
  frame(frame: Readonly<Record<string, unknown>>): void {
    const at = this.#options.clock.now()
    const line = lineIn(frame, at)
    if (!line) return
    const text = JSON.stringify({ ...line, at: 0 })
    if (text === this.#last && at - this.#lastAt < EVERY_MS) return
    this.#last = text
    this.#lastAt = at
    this.line = line
    this.#options.onLine(line)
  }

  #tick(): void {
    this.#run = this.#look().finally(() => {
      if (this.#running) this.#cancel = this.#options.clock.after(EVERY_MS, () => this.#tick())
    })
  }

  async #look(): Promise<void> {
    const { api, clock, event, serverPid, metricsUrl, onTick } = this.#options
    this.own.add(ownUse(), clock.now())
    onTick()
    // A line that cannot be read right now is read a second later; the visitors' own calls tell of the fault.
    const line = api.peek(`/api/queue/serving/${event}`).catch(() => ({}))
    const [used, frame] = await Promise.all([serverUse(serverPid, metricsUrl), line])
    this.frame(frame)
    if (used) this.server.add(used, clock.now())
  }
}

/** undefined: an older room's frame, which says less. */
function lineIn(frame: Readonly<Record<string, unknown>>, at: number): LineSeen | undefined {
  const number = (...names: string[]): number | undefined => {
    for (const name of names) if (typeof frame[name] === 'number') return frame[name]
    return undefined
  }
  const [waiting, active, cap] = [
    number('waiting', 'queueSize'),
    number('active', 'currentUsers'),
    number('cap', 'threshold'),
  ]
  if (waiting === undefined || active === undefined || cap === undefined) return undefined
  const { mode, limitedBy } = frame
  return {
    kind: 'line',
    at,
    ...{ waiting, active, cap },
    epoch: number('epoch') ?? 1,
    returned: number('returned') ?? 0,
    mode: typeof mode === 'string' ? mode : 'open',
    limitedBy: typeof limitedBy === 'string' ? limitedBy : 'none',
  }
}
