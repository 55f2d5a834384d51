/**
 * How many workers a type should have: one pure function, for a pool, for processes and for Kubernetes alike.
 *
 * With S the mean time of an attempt, c the slots of a worker, λ the arrivals per second, Q the backlog, D the time in
 * which a backlog should be gone, and u = 0.8 the use of a slot that is planned with:
 *
 *     need = (λ + Q/D) · S / (c · u)     Little's law (L = λW) for slots; Q/D is the rate that clears Q within D.
 *                                        AWS' "backlog per instance" and KEDA's queue length are this without λ.
 *     cap  = R · S / (c · u)             with the pace R: more workers would only wait for the pace
 *     cpu  = ready · use ÷ target        Kubernetes' HPA, "Algorithm details"; the larger need wins, the cap holds
 *
 * Up at once when the need is 10 % over what there is (HPA's tolerance): at most twice the ready ones per step, and not
 * while those asked for before are still starting. Down when the largest need of the last 300 s allows it (HPA's
 * stabilisation window), one worker every 15 s, never while one still drains; of a window that is set shorter or longer
 * the steps keep their share. What was not measured changes nothing.
 *
 * The pace, the concurrency and the breaker protect the back end whatever is decided here (Q6); the caps keep workers
 * from being started for nothing. That is why a cap that falls lowers the number by the slow way too.
 */
import type {
  ScalingDecision,
  ScalingInput,
  ScalingLimit,
  ScalingMemory,
  ScalingReason,
  ScalingSignals,
} from './types.ts'

/** Beyond this use of the slots the waits grow faster than the use (M/M/c). */
export const UTILISATION = 0.8
/** HPA's default tolerance. */
export const TOLERANCE = 0.1
/** HPA's default stabilisation window for scaling down. */
export const WINDOW_MS = 300_000
/** The period of HPA's default policy for scaling down. */
export const STEP_DOWN_MS = 15_000
/** The window is remembered in so many stretches, so that its size does not follow the frequency of looks. */
const STRETCHES = 60
/** With one worker fewer, what waits must still be gone within this share of the target. */
const CALM = 0.5
const ROUNDING = 1e-9

interface Demand {
  /** Workers, as a fraction, before any bound. */
  readonly need: number
  readonly reason: 'drain_target' | 'arrival_rate' | 'cpu_target'
  /** Nothing waits and nothing arrives; what CPU is used is used by nothing. */
  readonly isWithoutWork: boolean
}

interface Bounds {
  readonly lower: number
  readonly upper: number
  /** Workers, as a fraction, that the pace can feed; Infinity without a pace. */
  readonly rateCap: number
  /** `upper` is the back end's bound, not the setting's. */
  readonly backendSlots: boolean
}

interface Look {
  readonly input: ScalingInput
  readonly bounds: Bounds
  /** What was wanted before, within the bounds of now. */
  readonly base: number
  readonly demand: Demand | undefined
}

interface Choice {
  readonly wanted: number
  readonly reason: ScalingReason
  /** What the window remembers of this look. */
  readonly need: number
  readonly limits?: readonly ScalingLimit[]
}

/** Pure; never throws for figures that are missing, negative or not finite. */
export function decide(input: ScalingInput): ScalingDecision {
  const bounds = boundsOf(input)
  const before = input.memory?.wanted ?? input.workers.ready + input.workers.starting
  const base = clamp(before, bounds.lower, bounds.upper)
  const look = { input, bounds, base, demand: demandOf(input) }
  const choice = choose(look)
  return {
    wanted: choice.wanted,
    reason: choice.reason,
    etaMs: etaMs(input.signals),
    need: look.demand?.need,
    cap: capOf(bounds),
    limits: choice.limits ?? [],
    memory: remember(look, choice),
  }
}

function choose(look: Look): Choice {
  const { input, base, bounds, demand } = look
  const { rules, signals, workers } = input
  if (rules.fixed !== undefined) return { wanted: Math.max(1, rules.fixed), reason: 'fixed', need: 0 }
  const waiting = figure(signals.backlog) ?? 0
  if (signals.breaker !== 'closed' && waiting > 0) return held(look, 'breaker_open')
  if (signals.saturated) return opened(look)
  if (demand === undefined) return held(look, unmeasured(look, waiting))
  if (waiting > 0 && figure(signals.outPerSecond) === 0 && workers.ready > 0) return held(look, 'stalled')
  const need = Math.min(demand.need, bounds.rateCap)
  if (need <= base * (1 + TOLERANCE)) return keptOrLowered(look, demand, need)
  return signals.breaker === 'closed' ? raised(look, demand, need) : held(look, 'breaker_open')
}

/** Nothing is changed, and the window does not take these moments for calm ones. */
function held({ base, bounds, demand }: Look, reason: ScalingReason): Choice {
  const need = Math.min(demand?.need ?? 0, bounds.rateCap)
  return { wanted: base, reason, need: Math.max(need, settled(base)) }
}

/** All slots are busy and more could start now: a worker for each that waits, at least twice as many as before. */
function opened({ input, base, bounds }: Look): Choice {
  const { signals, rules } = input
  const inWork = signals.inFlight + (figure(signals.backlog) ?? 0)
  const target = Math.max(2 * base, Math.ceil(inWork / rules.slotsPerWorker))
  const wanted = Math.min(bounds.upper, target)
  return { wanted, reason: 'drain_target', need: settled(wanted), limits: upperLimits(bounds, target) }
}

function raised(look: Look, demand: Demand, need: number): Choice {
  const { input, base, bounds } = look
  const { signals, workers, rules } = input
  const target = ceil(need)
  const reachable = Math.min(target, bounds.upper)
  const limits = [...rateLimits(demand, need), ...upperLimits(bounds, target)]
  if (reachable <= base) return { wanted: base, reason: bounded(look, demand, base), need, limits }
  if (signals.congested) {
    return { wanted: base, reason: 'at_backend_cap', need, limits: [...limits, 'congestion'] }
  }
  if (rules.instant) return { wanted: reachable, reason: bounded(look, demand, reachable), need, limits }
  if (workers.starting > 0) return { wanted: base, reason: 'warming', need, limits }
  const step = 2 * Math.max(1, workers.ready)
  if (step >= reachable) return { wanted: reachable, reason: bounded(look, demand, reachable), need, limits }
  return { wanted: Math.max(base, step), reason: demand.reason, need, limits: [...limits, 'doubling'] }
}

function keptOrLowered(look: Look, demand: Demand, need: number): Choice {
  const { input, base, bounds } = look
  const limits = rateLimits(demand, need)
  const enoughNow = enough(need)
  if (enoughNow < bounds.lower) limits.push('min')
  if (Math.max(bounds.lower, enoughNow) >= base) {
    return { wanted: base, reason: keptFor(look, demand, need), need, limits }
  }
  if (Math.max(bounds.lower, enough(largestNeed(look, need))) >= base) {
    return { wanted: base, reason: 'stabilising', need, limits }
  }
  const settling =
    input.workers.draining > 0 ||
    input.now - (input.memory?.loweredAt ?? Number.NEGATIVE_INFINITY) < timesOf(input).stepMs ||
    !calm(input, base - 1)
  if (settling) return { wanted: base, reason: 'stabilising', need, limits }
  return { wanted: base - 1, reason: demand.reason, need, limits }
}

/** What a missing figure means: nobody is there who could have been measured, or there was nothing to measure. */
function unmeasured({ input, base, bounds }: Look, waiting: number): ScalingReason {
  if (waiting > 0 && input.workers.ready === 0) return 'no_consumer'
  const backlog = figure(input.signals.backlog)
  // At the first look nothing has been heard yet, and the fewest are started whatever will be.
  const isIdle = backlog === 0 || (backlog === undefined && input.memory === undefined)
  return isIdle && base === bounds.lower ? 'minimum' : 'no_signal'
}

/** Why as many as before are about right. */
function keptFor(look: Look, demand: Demand, need: number): ScalingReason {
  const { base, bounds } = look
  if (base === bounds.lower && (ceil(need) < base || (demand.isWithoutWork && need <= base))) return 'minimum'
  if (Math.max(bounds.lower, ceil(need)) < base) return 'stabilising'
  if (need <= base) return bounded(look, demand, base)
  return demand.need > bounds.rateCap ? 'at_backend_cap' : 'stabilising'
}

/** `at_backend_cap` when the signals ask for more than `wanted`, and it is the back end that bounds it. */
function bounded({ bounds }: Look, demand: Demand, wanted: number): ScalingReason {
  if (demand.need > bounds.rateCap && wanted >= Math.min(ceil(bounds.rateCap), bounds.upper)) {
    return 'at_backend_cap'
  }
  return bounds.backendSlots && demand.need > bounds.upper && wanted === bounds.upper
    ? 'at_backend_cap'
    : demand.reason
}

function rateLimits(demand: Demand, need: number): ScalingLimit[] {
  return need < demand.need ? ['backend_rate'] : []
}

function upperLimits(bounds: Bounds, target: number): ScalingLimit[] {
  if (target <= bounds.upper) return []
  return [bounds.backendSlots ? 'backend_slots' : 'max']
}

/** The larger of both signals; undefined when the queue's cannot be read. */
function demandOf({ signals, rules, workers }: ScalingInput): Demand | undefined {
  const backlog = figure(signals.backlog)
  const rates = [figure(signals.arrivalFast), figure(signals.arrivalSlow)].filter(
    (rate) => rate !== undefined,
  )
  const serviceMs = figure(signals.serviceMs)
  if (backlog === undefined || rates.length === 0) return undefined
  const arrivals = Math.max(...rates)
  if (serviceMs === undefined && arrivals + backlog > 0) return undefined
  const perMessage = (serviceMs ?? 0) / 1000 / (rules.slotsPerWorker * UTILISATION)
  const keepUp = arrivals * perMessage
  const drain = (arrivals + backlog / (rules.targetDrainMs / 1000)) * perMessage
  const cpu = cpuNeed(signals, rules.targetCpuPercent, workers.ready)
  const isWithoutWork = arrivals + backlog === 0
  // In whole workers: a little CPU of the one that the queue needs anyway is no reason of its own.
  if (ceil(cpu) > ceil(drain)) return { need: cpu, reason: 'cpu_target', isWithoutWork }
  const reason = ceil(drain) > ceil(keepUp) ? 'drain_target' : 'arrival_rate'
  return { need: Math.max(cpu, drain), reason, isWithoutWork }
}

/**
 * HPA: desired = ceil(current × use ÷ target). The rounding up and the tolerance are those of `decide`, the same for
 * both signals. Work that waits for a back end uses little CPU whatever its backlog: then this need is small, and the
 * queue's wins.
 */
function cpuNeed(signals: ScalingSignals, targetPercent: number | undefined, ready: number): number {
  const used = figure(signals.cpu)
  if (targetPercent === undefined || used === undefined) return 0
  return (ready * used * 100) / targetPercent
}

function boundsOf({ rules, signals }: ScalingInput): Bounds {
  const { min, max, slotsPerWorker, backendSlots, ratePerSecond } = rules
  // Rounded down: this is the bound on calls at once. At least one worker, or nothing would ever go out.
  const holds = backendSlots === undefined ? max : Math.max(1, Math.floor(backendSlots / slotsPerWorker))
  const upper = Math.min(max, holds)
  const lower = Math.min(min, upper)
  const serviceMs = figure(signals.serviceMs)
  const paced = ratePerSecond > 0 && serviceMs !== undefined
  const fed = paced ? (ratePerSecond * serviceMs) / 1000 / (slotsPerWorker * UTILISATION) : Infinity
  // Rounded up where it is used: the pace itself is kept elsewhere, and should be reached.
  return { lower, upper, rateCap: Math.max(lower, fed), backendSlots: holds < max }
}

function capOf({ rateCap, upper, backendSlots }: Bounds): number | undefined {
  const cap = Math.min(ceil(rateCap), backendSlots ? upper : Infinity)
  return cap === Infinity ? undefined : cap
}

function calm({ signals, rules }: ScalingInput, workers: number): boolean {
  const perWorkerMs = (figure(signals.serviceMs) ?? 0) / rules.slotsPerWorker
  return ((figure(signals.backlog) ?? 0) * perWorkerMs) / workers <= CALM * rules.targetDrainMs
}

function etaMs(signals: ScalingSignals): number | undefined {
  const backlog = figure(signals.backlog)
  const rate = figure(signals.outPerSecond)
  if (backlog === 0) return 0
  if (backlog === undefined || rate === undefined) return undefined
  return rate === 0 ? Infinity : Math.round((backlog / rate) * 1000)
}

/** So many that the need is at least the tolerance below them: one that just fits would ask for more at once. */
function enough(need: number): number {
  return ceil(need / (1 - TOLERANCE))
}

/** The need that `workers` are just enough for: with it in the window none of them goes. */
function settled(workers: number): number {
  return workers * (1 - TOLERANCE)
}

function largestNeed({ input, base }: Look, need: number): number {
  const { windowMs, stretchMs } = timesOf(input)
  const needs = input.memory?.needs.filter(({ from }) => input.now - from < windowMs + stretchMs)
  // At the first look nothing is known of the window, and what runs may have had its reasons.
  if (!needs) return Math.max(need, settled(base))
  return needs.reduce((largest, stretch) => Math.max(largest, stretch.need), need)
}

function remember({ input, base }: Look, { wanted, need }: Choice): ScalingMemory {
  const { now, memory } = input
  const loweredAt = wanted < base ? now : (memory?.loweredAt ?? Number.NEGATIVE_INFINITY)
  const { windowMs, stretchMs } = timesOf(input)
  const needs = (memory?.needs ?? []).filter(({ from }) => now - from < windowMs + stretchMs)
  const seen = memory ? need : Math.max(need, settled(base))
  const last = needs.at(-1)
  if (last && now - last.from < stretchMs) {
    needs[needs.length - 1] = { from: last.from, need: Math.max(last.need, seen) }
  } else {
    needs.push({ from: now, need: seen })
  }
  return { wanted, loweredAt, needs }
}

function timesOf({ rules }: ScalingInput): { windowMs: number; stepMs: number; stretchMs: number } {
  const { windowMs = WINDOW_MS } = rules
  return { windowMs, stepMs: (windowMs * STEP_DOWN_MS) / WINDOW_MS, stretchMs: windowMs / STRETCHES }
}

function figure(value: number | undefined): number | undefined {
  return value === undefined || !Number.isFinite(value) || value < 0 ? undefined : value
}

function ceil(workers: number): number {
  return Math.ceil(workers - ROUNDING)
}

function clamp(value: number, lower: number, upper: number): number {
  return Math.min(upper, Math.max(lower, value))
}
