/**
 * One load on a subject, followed to its end: what was sent, what the back end did, what waited meanwhile, and what the
 * auditor makes of it all. Every figure comes from events that were recorded while it ran.
 */
import { join } from 'node:path'
import { type Clock, pause } from '../../core/index.ts'
import type { AuditVerdict } from '../auditor.ts'
import type { LoggedCall } from '../backend/call-log.ts'
import type { Target } from '../load/messages.ts'
import { type LoadPlan, planLoad } from '../load/plan.ts'
import { HistoryRecorder } from '../load/recorder.ts'
import type { LoadReport } from '../load/report.ts'
import { runLoad } from '../load/run.ts'
import { LoopLag } from '../loop-lag.ts'
import { endsOf } from '../what-came-out.ts'
import type { ExperimentContext } from './experiment.ts'
import { audited, recordedOf } from './recorded.ts'
import type { Subject } from './subject.ts'

export interface Driven {
  readonly load: LoadReport
  /** Moments at which messages left the generator and were acknowledged; sorted milliseconds. */
  readonly sent: Float64Array
  readonly acknowledged: Float64Array
  /** Of this load alone, by their start; null where the back end's record is not to be had. */
  readonly calls: readonly LoggedCall[] | null
  /** Messages in the service that were not finished, as it told them, by moments. */
  readonly depth: readonly (readonly [ms: number, messages: number])[]
  /** Whether nothing was left when the looking ended. */
  readonly drained: boolean
  readonly verdict: AuditVerdict
  /** How much later than they came calls may have been noted, milliseconds. */
  readonly lateMs: number
}

const TIMEOUT_MS = 30_000
const GRACE_MS = 10_000
const LOOK_EVERY_MS = 250
/** Finished messages may take a moment to be known as such. */
const ASK_LIMIT_MS = 15_000
/** At least, of a back end that cannot be asked: it may be on another machine. */
const UNKNOWN_LATE_MS = 50
const LOG_LIMIT_MS = 5_000
const WARM_LIMIT_MS = 30_000

export interface DriveOptions {
  readonly plan: LoadPlan
  /** After the load, for the queue to become empty. */
  readonly drainLimitMs: number
  /** Messages that are sent before and not counted: the first call of a process is slower than all others. */
  readonly warmUp?: number
  /** Begins with the load, after the warm-up; waited for before the queue is watched to its end. */
  readonly meanwhile?: () => Promise<void>
}

/** Never rejects for what the service does. Rejects with CallLogError for a record that is none. */
export async function drive(
  context: ExperimentContext,
  subject: Subject,
  { plan, drainLimitMs, warmUp = 0, meanwhile }: DriveOptions,
): Promise<Driven> {
  const { clock } = context
  if (warmUp > 0) await warm(context, subject, warmUp)
  // To the end of the output and not only of the load: where this process stands still, others on the machine may, too.
  const lag = new LoopLag(clock)
  lag.start()
  try {
    return await followed(context, subject, { plan, drainLimitMs, ...(meanwhile && { meanwhile }) }, lag)
  } finally {
    lag.stop()
  }
}

async function followed(
  context: ExperimentContext,
  subject: Subject,
  { plan, drainLimitMs, meanwhile }: Omit<DriveOptions, 'warmUp'>,
  lag: LoopLag,
): Promise<Driven> {
  const { clock, seed, signal, newRun, scratch } = context
  const run = newRun()
  const file = join(scratch, `${run}.jsonl`)
  const history = new HistoryRecorder(file, true)
  const depth = new DepthWatch(context, subject.url)
  const loading = runLoad({
    ...{ plan, run, seed, clock, signal, history, timeoutMs: TIMEOUT_MS, graceMs: GRACE_MS },
    target: targetOf(subject),
    onProgress: ({ sent, requests }) =>
      context.progress(`${sent}${requests === undefined ? '' : ` of ${requests}`} messages sent`),
  }).finally(() => history.close())
  // Whatever fails beside it, the load is over before anything else goes on.
  const [loaded, aside] = await Promise.allSettled([loading, meanwhile?.()])
  for (const one of [loaded, aside]) if (one.status === 'rejected') throw one.reason
  const load = await loading
  const drained = await untilEmpty(context, subject, depth, drainLimitMs)
  await depth.stop()
  const calls = await callsOf(subject, run, load, clock)
  const read = await recordedOf(file, calls !== null)
  const ends = await endsOf(read.ids, {
    ...{ client: context.client(subject.url), clock, waitMs: drained ? ASK_LIMIT_MS : 0, signal },
  }).catch(() => null)
  const told = await subject.lateMs().catch(() => null)
  const written = (calls ?? []).map(({ lateMs = 0 }) => lateMs)
  const late = told ?? written.reduce((most, ms) => Math.max(most, ms), UNKNOWN_LATE_MS)
  return {
    ...{ load, sent: read.sent, acknowledged: read.acknowledged, calls, depth: depth.seen, drained },
    verdict: audited(read, calls, ends),
    lateMs: Math.max(late, lag.summary().max || 0),
  }
}

const targetOf = ({ url, type }: Subject): Target => ({
  ...{ url: new URL(url), kind: 'api', batch: 1, mix: { [type]: 1 }, size: 0, keys: false },
})

async function warm(context: ExperimentContext, subject: Subject, messages: number): Promise<void> {
  const { clock, seed, signal, newRun } = context
  context.progress(`warming up with ${messages} messages`)
  const depth = new DepthWatch(context, subject.url)
  await runLoad({
    ...{ plan: planLoad({ requests: messages, concurrency: 4 }), run: newRun(), target: targetOf(subject) },
    ...{ seed, clock, signal, timeoutMs: TIMEOUT_MS, graceMs: GRACE_MS },
  })
  await untilEmpty(context, subject, depth, WARM_LIMIT_MS)
  await depth.stop()
}

/** Follows how much waits, as the service itself tells it. Owns one pending look until `stop`. */
class DepthWatch {
  readonly seen: [number, number][] = []
  readonly #over = new AbortController()
  readonly #ended: Promise<void>

  constructor({ client, clock }: ExperimentContext, url: string) {
    this.#ended = this.#look(client(url), clock)
  }

  async stop(): Promise<void> {
    this.#over.abort()
    await this.#ended
  }

  async #look(client: ReturnType<ExperimentContext['client']>, clock: Clock): Promise<void> {
    const { signal } = this.#over
    while (!signal.aborted) {
      const at = clock.now()
      // A look that fails is left out: a busy service may be late, and one that is gone is told elsewhere.
      const depth = await client.status({ signal }).then(
        (status) => status.depth,
        () => undefined,
      )
      if (depth) this.seen.push([at, depth.ready + depth.inFlight + depth.delayed])
      await pause(clock, LOOK_EVERY_MS, signal)
    }
  }
}

/** Only looks that began after the load count: earlier ones may have missed some. */
async function untilEmpty(
  { clock, signal, progress }: ExperimentContext,
  subject: Subject,
  depth: DepthWatch,
  limitMs: number,
): Promise<boolean> {
  const loaded = clock.now()
  for (let toldAt = loaded; ; ) {
    const [at, left] = depth.seen.at(-1) ?? [0, 0]
    if (at > loaded && left === 0) return true
    if (clock.now() > loaded + limitMs || signal.aborted || subject.fallen() !== undefined) return false
    if (clock.now() > toldAt + 1000) {
      toldAt = clock.now()
      progress(`${left} messages still in the queue`)
    }
    await pause(clock, LOOK_EVERY_MS / 2, signal)
  }
}

/**
 * The calls of this load in the order of their starts. Whoever writes the record may be a moment behind, so it is read
 * again until as many messages as were acknowledged are served in it, for a few seconds.
 */
async function callsOf(
  subject: Subject,
  run: string,
  { accounts }: LoadReport,
  clock: Clock,
): Promise<LoggedCall[] | null> {
  const until = clock.now() + (subject.stage ? 0 : LOG_LIMIT_MS)
  for (;;) {
    const all = await subject.calls()
    if (all === null) return null
    // On a stage nobody else sends: what came without one of our names is nobody's.
    const own = all.filter(({ ref }) => ref?.startsWith(`${run}/`) ?? subject.stage !== undefined)
    const served = new Set(own.flatMap(({ ref, outcome }) => (outcome === 'served' ? [ref] : [])))
    if (served.size >= accounts.acknowledged || clock.now() >= until)
      return own.sort((a, b) => a.start - b.start)
    await pause(clock, LOOK_EVERY_MS)
  }
}
