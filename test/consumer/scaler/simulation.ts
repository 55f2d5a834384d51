/**
 * A type's queue and its workers as a model, driven by the real `Scaler` on a fake clock: messages arrive by a curve,
 * wait first in first out, take a seeded time in a slot; workers take some seconds to start and finish what they have
 * when they go. Deterministic: the same curve gives the same figures anywhere. Steps of 100 ms.
 */
import {
  type Actuator,
  decide,
  Scaler,
  type ScalingReason,
  type ScalingRules,
  type WorkerCounts,
} from '../../../src/consumer/index.ts'
import { ServiceTime } from '../../../src/consumer/service-time.ts'
import { silentLogger } from '../../../src/core/index.ts'
import { NO_COUNTS } from '../../../src/queue/index.ts'
import { FakeClock } from '../../fixtures/fake-clock.ts'
import { seededRandom } from '../../fixtures/seed.ts'
import type { Curve } from './curves.ts'

export interface Plan {
  readonly curve: Curve
  readonly rules: ScalingRules
  /** An attempt takes between these, milliseconds, evenly spread. */
  readonly serviceMs: readonly [number, number]
  readonly startMs: number
  /** Workers at the start. */
  readonly initial: number
  /** By CPU alone, as an HPA without the queue's signal: the use of a core per busy slot. */
  readonly cpuPerSlot?: number
}

export interface Outcome {
  readonly messages: number
  readonly meanWaitMs: number
  readonly p99WaitMs: number
  readonly mostWaitMs: number
  /** Workers × seconds, those that start and drain included. */
  readonly workerSeconds: number
  readonly mostWorkers: number
  /** Up after down, or down after up. */
  readonly turns: number
  /** Every number that was wanted, with its moment in seconds. */
  readonly wanted: readonly {
    readonly second: number
    readonly wanted: number
    readonly reason: ScalingReason
  }[]
  /** The highest cap that was told. */
  readonly cap: number | undefined
  /** Arrived and not begun at the end. */
  readonly left: number
  /** Of those that arrived between these seconds. */
  readonly mostWaitBetweenMs: (from: number, to: number) => number
}

interface Worker {
  readonly readyAt: number
  draining: boolean
  /** Ends of what it has in work. */
  busy: number[]
}

const STEP_MS = 100
const TYPE = 'MNP'

class Model implements Actuator {
  readonly #plan: Plan
  readonly #clock: FakeClock
  readonly #random = seededRandom(7)
  readonly #service = new ServiceTime()
  readonly #startedAt: number
  #workers: Worker[]
  #queue: number[] = []
  #head = 0
  #accepted = 0
  #paceAt = 0
  readonly waits: number[] = []
  readonly arrivedAt: number[] = []
  workerSeconds = 0
  mostWorkers = 0

  constructor(plan: Plan, clock: FakeClock) {
    this.#plan = plan
    this.#clock = clock
    this.#startedAt = clock.now()
    this.#workers = Array.from({ length: plan.initial }, () => this.#worker(clock.now()))
  }

  get waiting(): number {
    return this.#queue.length - this.#head
  }

  get inFlight(): number {
    return this.#workers.reduce((total, { busy }) => total + busy.length, 0)
  }

  counts() {
    const departed = this.waits.length
    const of = {
      ...NO_COUNTS,
      accepted: this.#accepted,
      ready: this.waiting,
      inFlight: this.inFlight,
      departed,
    }
    return new Map([[TYPE, of]])
  }

  serviceMs(): number | undefined {
    return this.#service.meanMs(this.#clock.now())
  }

  current(): WorkerCounts {
    const now = this.#clock.now()
    const alive = this.#workers.filter(({ draining }) => !draining)
    const ready = alive.filter(({ readyAt }) => readyAt <= now).length
    return { ready, starting: alive.length - ready, draining: this.#workers.length - alive.length }
  }

  resize(_type: string, wanted: number): void {
    const alive = this.#workers.filter(({ draining }) => !draining)
    for (let i = alive.length; i < wanted; i++)
      this.#workers.push(this.#worker(this.#clock.now() + this.#plan.startMs))
    for (const worker of alive.slice(wanted)) worker.draining = true
  }

  step(now: number): void {
    this.#arrive(now)
    for (const worker of this.#workers) worker.busy = worker.busy.filter((end) => end > now)
    this.#workers = this.#workers.filter(({ draining, busy }) => !draining || busy.length > 0)
    this.#begin(now)
    this.workerSeconds += (this.#workers.length * STEP_MS) / 1000
    this.mostWorkers = Math.max(this.mostWorkers, this.#workers.length)
  }

  #worker(readyAt: number): Worker {
    return { readyAt, draining: false, busy: [] }
  }

  /** Those of a stretch arrive evenly within it. */
  #arrive(now: number): void {
    const { arrivals, stretchSeconds } = this.#plan.curve
    const stretches = (now - this.#startedAt) / 1000 / stretchSeconds
    const whole = Math.floor(stretches)
    const due = this.#before(whole) + Math.floor((arrivals[whole] ?? 0) * (stretches - whole))
    for (; this.#accepted < due; this.#accepted++) this.#queue.push(now)
  }

  #sums: number[] = [0]
  #before(stretch: number): number {
    const { arrivals } = this.#plan.curve
    for (let i = this.#sums.length; i <= stretch; i++) {
      this.#sums.push((this.#sums[i - 1] ?? 0) + (arrivals[i - 1] ?? 0))
    }
    return this.#sums[stretch] ?? 0
  }

  #begin(now: number): void {
    const { slotsPerWorker, ratePerSecond } = this.#plan.rules
    const [least, most] = this.#plan.serviceMs
    for (const worker of this.#workers) {
      if (worker.draining || worker.readyAt > now) continue
      while (worker.busy.length < slotsPerWorker && this.waiting > 0) {
        if (ratePerSecond > 0) {
          if (this.#paceAt > now) return
          this.#paceAt = Math.max(this.#paceAt, now - STEP_MS) + 1000 / ratePerSecond
        }
        const ms = least + this.#random() * (most - least)
        worker.busy.push(now + ms)
        this.#service.add(ms, now)
        const arrivedAt = this.#queue[this.#head] ?? now
        this.arrivedAt.push((arrivedAt - this.#startedAt) / 1000)
        this.waits.push(now - arrivedAt)
        this.#head += 1
      }
    }
    if (this.#head > 10_000) {
      this.#queue = this.#queue.slice(this.#head)
      this.#head = 0
    }
  }
}

export function simulate(plan: Plan): Outcome {
  const clock = new FakeClock()
  const start = clock.now()
  const model = new Model(plan, clock)
  const wanted: { second: number; wanted: number; reason: ScalingReason }[] = []
  let cap: number | undefined
  const scaler = new Scaler({
    engine: model,
    types: () => new Map([[TYPE, plan.rules]]),
    workers: () => {
      const serviceMs = model.serviceMs()
      return { breaker: 'closed', congested: false, ...(serviceMs === undefined ? {} : { serviceMs }) }
    },
    actuator: model,
    clock,
    logger: silentLogger,
    emit: ({ at, to, reason }) => wanted.push({ second: (at - start) / 1000, wanted: to, reason }),
  })
  if (plan.cpuPerSlot === undefined) scaler.start()
  const byCpu = new CpuAlone(plan)
  const seconds = plan.curve.arrivals.length * plan.curve.stretchSeconds
  for (let second = 0; second < seconds; second++) {
    for (let i = 0; i < 1000 / STEP_MS; i++) {
      clock.advanceSync(STEP_MS)
      model.step(clock.now())
    }
    if (plan.cpuPerSlot !== undefined) byCpu.look(model, clock.now())
    const told = scaler.decisions()[0]?.cap
    if (told !== undefined) cap = Math.max(cap ?? 0, told)
  }
  scaler.stop()
  const mostWaitBetweenMs = (from: number, to: number) =>
    model.waits.reduce((most, wait, i) => {
      const at = model.arrivedAt[i] ?? 0
      return at >= from && at < to ? Math.max(most, wait) : most
    }, 0)
  const series = wanted.map((of) => of.wanted)
  return { ...summary(model.waits), ...figures(model), turns: turns(series), wanted, cap, mostWaitBetweenMs }
}

/** HPA on CPU: the same arithmetic with the queue's signals blinded. */
class CpuAlone {
  readonly #plan: Plan
  #memory: ReturnType<typeof decide>['memory'] | undefined

  constructor(plan: Plan) {
    this.#plan = plan
  }

  look(model: Model, now: number): void {
    const workers = model.current()
    const cpu = (model.inFlight * (this.#plan.cpuPerSlot ?? 0)) / Math.max(1, workers.ready)
    const blind = { arrivalFast: 0, backlog: 0, inFlight: 0, breaker: 'closed', congested: false } as const
    const rules = { ...this.#plan.rules, targetCpuPercent: 70 }
    const decision = decide({ now, rules, signals: { ...blind, cpu }, workers, memory: this.#memory })
    this.#memory = decision.memory
    model.resize(TYPE, decision.wanted)
  }
}

function summary(waits: readonly number[]) {
  const sorted = [...waits].sort((a, b) => a - b)
  return {
    messages: waits.length,
    meanWaitMs: waits.reduce((total, wait) => total + wait, 0) / Math.max(1, waits.length),
    p99WaitMs: sorted[Math.floor(sorted.length * 0.99)] ?? 0,
    mostWaitMs: sorted.at(-1) ?? 0,
  }
}

function figures({ workerSeconds, mostWorkers, waiting: left }: Model) {
  return { workerSeconds: Math.round(workerSeconds), mostWorkers, left }
}

export function turns(series: readonly number[]): number {
  let count = 0
  let direction = 0
  series.forEach((value, i) => {
    const step = Math.sign(value - (series[i - 1] ?? value))
    if (step !== 0 && direction !== 0 && step !== direction) count += 1
    if (step !== 0) direction = step
  })
  return count
}
