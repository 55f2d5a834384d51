/**
 * One side of a comparison: the same seeded arrivals, sent either straight to a back end or through a service, with
 * what the back end wrote down of it, what waited meanwhile, and what each process used. The experiments differ in what
 * they make of it.
 */
import { type Clock, pause } from '../../core/index.ts'
import type { LoggedCall } from '../backend/call-log.ts'
import { seeded } from '../chance.ts'
import type { Mix, Target } from '../load/messages.ts'
import { type OpenPlan, planLoad } from '../load/plan.ts'
import type { LoadReport } from '../load/report.ts'
import { runLoad } from '../load/run.ts'
import { areaOf, arrivalsOf, type Segment } from '../load/shape.ts'
import { refOf } from '../names.ts'
import { ProcessSampler, type ProcessSeries } from '../processes/sampler.ts'
import type { ExperimentContext } from './experiment.ts'
import type { Stage } from './stage.ts'

export type SidePath = 'straight' | 'queued'

export interface SideOptions {
  readonly stage: Stage
  readonly path: SidePath
  readonly plan: OpenPlan
  readonly mix: Mix
  /** How long senders wait for an answer. */
  readonly patienceMs: number
  /** How long after the last arrival to wait for the queue to be empty. */
  readonly drainLimitMs: number
  /** Messages that are sent before and not counted: the first calls of a process cost more than all others. */
  readonly warmUp?: number
}

export interface Side {
  readonly load: LoadReport
  /** Of this load alone, in the order in which they ended. */
  readonly calls: readonly LoggedCall[]
  readonly processes: readonly ProcessSeries[]
  /** Messages that the service had not finished, by moments; empty on the straight side. */
  readonly waiting: readonly (readonly [ms: number, messages: number])[]
  /** Whether nothing was left in the service when the looking ended; true on the straight side. */
  readonly drained: boolean
  /** How much later than they came the back end may have noted calls, milliseconds. */
  readonly lateMs: number
  /** How a process of the stage ended that nobody had asked to end. */
  readonly fallen: string | undefined
}

const LOOK_EVERY_MS = 250
/** Many, because in an open loop a lack of connections would hold arrivals back. */
const CONNECTIONS = 512
const GRACE_MS = 2_000
const IDLE_LIMIT_MS = 5_000
const WARMING_AT_ONCE = 4

/** A plan of straight pieces, one after the other, with Poisson arrivals. */
export function planOf(segments: readonly Segment[]): OpenPlan {
  return {
    ...{ mode: 'open', testType: 'burst', arrivals: 'poisson', concurrency: CONNECTIONS, segments },
    requests: Math.round(areaOf(segments)),
    ratePerSecond: Math.max(...segments.flatMap(({ from, to }) => [from, to])),
    durationMs: segments.reduce((sum, { seconds }) => sum + seconds, 0) * 1000,
  }
}

/** Rejects only when the back end's record cannot be had: without it nothing was measured. */
export async function runSide(options: SideOptions, context: ExperimentContext): Promise<Side> {
  const { stage, path, plan, patienceMs } = options
  const { clock, seed, signal, newRun } = context
  await warm(options, context)
  const run = newRun()
  const watched = await watch(stage, clock)
  const waiting: [number, number][] = []
  const over = new AbortController()
  const looking = path === 'queued' ? look(options, context, waiting, over.signal) : undefined
  const load = await runLoad({
    ...{ plan, run, seed, clock, signal, timeoutMs: patienceMs, graceMs: GRACE_MS },
    target: targetOf(options),
  })
  const drained = looking === undefined || (await untilEmpty(looking, options, context))
  over.abort()
  await looking?.ended
  await untilIdle(stage, context)
  await watched.stop()
  const lateMs = (await stage.backendStats()).loopLagMs.max
  const calls = (await stage.calls()).filter(({ ref }) => ref?.startsWith(`${run}/`))
  return { load, calls, processes: watched.series(), waiting, drained, lateMs, fallen: stage.fallen() }
}

function targetOf({ stage, path, mix }: SideOptions): Target {
  const url = new URL(path === 'queued' ? stage.url : `${stage.backendUrl}/`)
  return { url, kind: path === 'queued' ? 'api' : 'direct', batch: 1, mix, size: 0, keys: false }
}

async function warm(options: SideOptions, { clock, seed, signal, newRun }: ExperimentContext): Promise<void> {
  const { stage, patienceMs, warmUp = 0 } = options
  if (warmUp === 0) return
  const plan = planLoad({ requests: warmUp, concurrency: WARMING_AT_ONCE })
  await runLoad({
    ...{ plan, run: newRun(), seed, clock, signal, timeoutMs: patienceMs, graceMs: GRACE_MS },
    target: targetOf(options),
  })
  await untilIdle(stage, { clock, signal }, warmUp)
}

async function watch(stage: Stage, clock: Clock): Promise<ProcessSampler> {
  const sampler = new ProcessSampler({ clock, intervalMs: LOOK_EVERY_MS })
  const { backend, service } = stage.pids
  await sampler.watch('backend', backend)
  if (service !== undefined) await sampler.watch('service', service)
  await sampler.watch('generator', process.pid)
  sampler.start()
  return sampler
}

interface Looking {
  /** The newest look: when it began, and the messages in the service. */
  readonly newest: () => { readonly at: number; readonly left: number }
  readonly ended: Promise<void>
}

/** Asks for the depth again and again; a look that fails is left out, for a busy service may be late. */
function look(
  { stage }: SideOptions,
  { client, clock }: ExperimentContext,
  waiting: [number, number][],
  signal: AbortSignal,
): Looking {
  const asked = client(stage.url)
  let newest = { at: Number.NEGATIVE_INFINITY, left: 0 }
  const loop = async () => {
    while (!signal.aborted) {
      const at = clock.now()
      const depth = await asked.status({ signal }).then(
        (status) => status.depth,
        () => undefined,
      )
      if (depth) {
        newest = { at, left: depth.ready + depth.inFlight + depth.delayed }
        waiting.push([clock.now(), newest.left])
      }
      await pause(clock, LOOK_EVERY_MS, signal)
    }
  }
  return { newest: () => newest, ended: loop() }
}

/** Whether the service became empty. Only looks that began after the load count: earlier ones may have missed some. */
async function untilEmpty(
  { newest }: Looking,
  { drainLimitMs, stage }: SideOptions,
  { clock, signal }: ExperimentContext,
): Promise<boolean> {
  const loaded = clock.now()
  for (;;) {
    const { at, left } = newest()
    if (at > loaded && left === 0) return true
    const isOver = clock.now() > loaded + drainLimitMs
    if (isOver || signal.aborted || stage.fallen() !== undefined) return false
    await pause(clock, LOOK_EVERY_MS / 2, signal)
  }
}

/** Until the back end has ended the calls that their callers gave up: they are in its record only then. */
async function untilIdle(
  stage: Stage,
  { clock, signal }: Pick<ExperimentContext, 'clock' | 'signal'>,
  leastCalls = 0,
): Promise<void> {
  const end = clock.now() + IDLE_LIMIT_MS
  while (clock.now() < end && !signal.aborted && stage.fallen() === undefined) {
    const { concurrency, calls } = await stage.backendStats()
    if (concurrency.now === 0 && calls >= leastCalls) return
    await pause(clock, LOOK_EVERY_MS, signal)
  }
}

/** When each message was meant to leave, milliseconds, by the name that the back end knows it by. */
export function intendedOf({ plan, run, seed, startedAt }: LoadReport): ReadonlyMap<string, number> {
  const intended = new Map<string, number>()
  if (plan.mode !== 'open') return intended
  const arrivals = arrivalsOf(plan.segments, plan.requests, plan.arrivals, () => seeded(seed, 'arrivals'))
  let index = 0
  for (const seconds of arrivals) intended.set(refOf(run, index++), startedAt + seconds * 1000)
  return intended
}

export interface Waited {
  readonly type: string
  readonly intendedAt: number
  readonly startedAt: number
  readonly doneAt: number
}

/** From the moment a message was meant to leave until its work began and was done; of those whose work was done. */
export function waitsOf({ load, calls }: Pick<Side, 'load' | 'calls'>): Waited[] {
  const intended = intendedOf(load)
  const seen = new Set<string>()
  return calls.flatMap(({ outcome, ref = '', type = '', start, end }) => {
    const intendedAt = intended.get(ref)
    if (outcome !== 'served' || intendedAt === undefined || seen.has(ref)) return []
    seen.add(ref)
    return [{ type, intendedAt, startedAt: start, doneAt: end }]
  })
}

/** Milliseconds from the start of the load as seconds for a chart. */
export const secondsIn = ({ startedAt }: LoadReport, ms: number): number => (ms - startedAt) / 1000

/** Processor use of a process as points of a chart, in percent of one core. */
export function cpuPoints(side: Side, name: string): (readonly [number, number])[] {
  const points = side.processes.find((one) => one.name === name)?.points ?? []
  return points.map(({ at, cpu }) => [secondsIn(side.load, at), cpu * 100] as const)
}
