/**
 * Lets people in: at every interval, at once when a batch stopped at its bound, and with `admitEarly` whenever a place
 * comes free. Opens pre-queues whose moment has come. Several may run on one line; the engine's steps are atomic.
 *
 * Owns the timers, the flows that waits are estimated from, and the run under way, between `start` and `stop` (S1).
 * One run at a time; a run that fails is tried again at the next interval, and nobody is admitted meanwhile.
 *
 * While the process stands still (a machine that is moved, a debugger) it hears nobody: those who wait would all seem
 * absent to the first run afterwards, which would call whoever came last. So everybody counts as present then (L2).
 */
import { type Clock, type Logger, pause } from '../core/index.ts'
import { Flows } from './flows.ts'
import { ADMIT_MAX, type Called, type LineEngine, type LineNews } from './port.ts'

export interface ProcessorOptions {
  readonly line: LineEngine
  readonly clock: Clock
  readonly logger: Logger
  readonly intervalMs: number
  /** Use a freed place at once, not at the next interval. */
  readonly admitEarly: boolean
  /** A public value that nobody could know while people registered; '' without one. */
  readonly beacon?: (event: string) => Promise<string>
  /** Hears whom this processor called, for monitoring. It must not throw. */
  readonly onCalled?: (event: string, called: readonly Called[]) => void
  /** Hears every second what the flows are measured from, for monitoring. It must not throw. */
  readonly onSample?: (events: Awaited<ReturnType<LineEngine['events']>>) => void
}

const SAMPLE_EVERY_MS = 1_000
const BEAT_EVERY_MS = 500
/** Sockets are presence, said once a second and less often the longer the grace is, which is at least three. */
const STOOD_STILL_MS = 1_500

export class LineProcessor {
  readonly flows = new Flows()
  readonly #options: ProcessorOptions
  #phase: 'new' | 'running' | 'stopped' = 'new'
  #run: Promise<void> = Promise.resolve()
  /** Events with a freed place that no run has looked at since. */
  readonly #freed = new Set<string>()
  #failing = false
  #beatAt: number
  #stoodStill = false
  #off: (() => void)[] = []

  constructor(options: ProcessorOptions) {
    this.#options = options
    this.#beatAt = options.clock.now()
  }

  start(): void {
    if (this.#phase !== 'new') return
    this.#phase = 'running'
    const { line, clock, logger, intervalMs } = this.#options
    this.#beatAt = clock.now()
    logger.info({}, `Queue processor started (interval: ${intervalMs}ms)`)
    this.#every(intervalMs, () => this.#next(() => this.#all()))
    this.#every(SAMPLE_EVERY_MS, () => this.#sample())
    this.#every(BEAT_EVERY_MS, async () => this.#beat())
    this.#off.push(line.follow((news) => this.#heard(news)))
  }

  /** Waits for the run under way; nobody is admitted afterwards. */
  async stop(): Promise<void> {
    this.#phase = 'stopped'
    for (const off of this.#off.splice(0)) off()
    await this.#run
  }

  #every(ms: number, work: () => Promise<void>): void {
    let cancel = () => {}
    const again = (): void => {
      cancel = this.#options.clock.after(ms, () => {
        // The next one is counted from the end of this one: a slow store must not pile runs up.
        work().finally(() => {
          if (this.#phase === 'running') again()
        })
      })
    }
    again()
    this.#off.push(() => cancel())
  }

  /** Also before each admission, which may come before the beat that is late. */
  #beat(): void {
    const now = this.#options.clock.now()
    if (now - this.#beatAt > STOOD_STILL_MS) this.#stoodStill = true
    this.#beatAt = now
  }

  #heard(news: LineNews): void {
    if (!this.#options.admitEarly || news.kind !== 'moved' || !news.freed) return
    const first = this.#freed.size === 0
    this.#freed.add(news.event)
    // What comes free until this run begins is served by it.
    if (first) void this.#next(() => this.#early())
  }

  /** After the run under way. Never rejects. */
  #next(work: () => Promise<void>): Promise<void> {
    this.#run = this.#run.then(async () => {
      if (this.#phase !== 'running') return
      try {
        await work()
        if (this.#failing) this.#options.logger.info({}, 'admissions go on')
        this.#failing = false
      } catch (error) {
        if (!this.#failing) this.#options.logger.warn({ err: error }, 'nobody can be admitted')
        this.#failing = true
      }
    })
    return this.#run
  }

  async #early(): Promise<void> {
    const events = [...this.#freed]
    this.#freed.clear()
    for (const event of events) await this.#admit(event)
  }

  async #all(): Promise<void> {
    const { line, clock, logger, beacon } = this.#options
    for (const { event, door } of await line.events()) {
      if (door.mode !== 'prequeue' || door.opensAt === null || door.opensAt > clock.now()) continue
      const draw = await line.open(event, (await beacon?.(event)) ?? '')
      if (draw) logger.info({ event, registered: draw.count }, 'the pre-queue is drawn and the door is open')
    }
    const waiting = (await line.events()).filter(({ counts }) => counts.waiting > 0)
    if (waiting.length > 0) logger.info({}, `Processing ${waiting.length} queue(s)...`)
    for (const { event } of waiting) await this.#admit(event)
  }

  async #admit(event: string): Promise<void> {
    const { line, clock, logger, onCalled } = this.#options
    for (;;) {
      this.#beat()
      if (this.#stoodStill) await line.present()
      this.#stoodStill = false
      const { called, parked, more } = await line.admit(event, ADMIT_MAX)
      if (called.length > 0) onCalled?.(event, called)
      if (called.length > 0) logger.info({ event, called: called.length, parked }, 'visitors were called')
      if (!more || this.#phase !== 'running') return
      // At once, but others get their turn of the event loop first.
      await pause(clock, 0)
    }
  }

  async #sample(): Promise<void> {
    try {
      const { line, clock, onSample } = this.#options
      const events = await line.events()
      this.flows.sample(events, clock.now())
      onSample?.(events)
    } catch {
      // The line is away: there is nothing to measure, and the runs say so.
    }
  }
}
