/**
 * auto_scaling: the number of workers of a type over a load that goes up and down again, as the service tells it, with
 * its reasons. A pool begins full, so on a stage of its own the looking begins before the load, when the pool finds out
 * that it is not needed:
 *
 *   workers  max ─┐          ┌───────────┐
 *              1  └──────────┘           └──
 *            start     ▁▂▄▆█▆▄▂▁ load     window, and a minute in which arrivals are remembered
 */
import type { LoadReport } from '../load/report.ts'
import { runLoad } from '../load/run.ts'
import type { Segment } from '../load/shape.ts'
import type { Figure, Words } from '../report/document.ts'
import { workerCharts } from './auto-scaling-charts.ts'
import { judgeScaling, type Scaling, type WorkerLook } from './auto-scaling-judge.ts'
import { WorkerWatch } from './auto-scaling-watch.ts'
import type { ExperimentContext, ExperimentFindings, ExperimentKind } from './experiment.ts'
import { generatorFault, words } from './findings.ts'
import { planOf } from './side.ts'
import type { Stage } from './stage.ts'
import { subjectOf } from './subject.ts'

const TYPE = 'ORDER'
/** Bears far more than all workers together: here they are the bound, and not the back end. */
const BACKEND = { capacity: 100, limit: 200, serviceMs: 200, spread: 0.5 }
const SLOTS_OF_WORKER = 2
const DRAIN_TARGET_SECONDS = 5
/** What arrives is remembered for so long by the scaler. */
const MEMORY_MS = 60_000
/** The scaler looks once a second, and takes one worker away at a time. */
const STEP_MS = 1_000
const SLACK_MS = 15_000

/** The whole way down takes over a minute, so the quick run sees its beginning. */
const QUICK = { workers: 3, windowSeconds: 4, upSeconds: 3, downSeconds: 2 }
const WHOLE = { workers: 5, windowSeconds: 30, upSeconds: 30, downSeconds: 30 }
/** Of a running service: what is sent at most, unless the flags say so. */
const RATE_OF_RUNNING = 100
const FEWEST = 1

export const autoScaling: ExperimentKind = {
  name: 'auto_scaling',
  title: words('Scaling with the load', '부하에 따른 확장'),
  run,
}

async function run(context: ExperimentContext): Promise<ExperimentFindings> {
  if (context.running !== undefined) return findings([await watched(context, await ofRunning(context))], [])
  const { rabbitmqUrl } = context.brokers
  const pool = await watched(context, await ofPool(context))
  await pool.setup.stop()
  if (context.quick || rabbitmqUrl === undefined) return findings([pool], [NO_PROCESSES_RUN])
  const queueName = `weir-validate-${context.newRun()}`
  try {
    const processes = await watched(context, await ofProcesses(context, rabbitmqUrl, queueName))
    await processes.setup.stop()
    return findings([pool, processes], [])
  } finally {
    await context.brokers.removeQueue?.(queueName, [TYPE])
  }
}

const NO_PROCESSES_RUN = words(
  'Workers that are processes of their own (weir up --engine rabbitmq --processes): without --quick ' +
    'and with RABBITMQ_URL they are measured.',
  '별도 프로세스인 워커(weir up --engine rabbitmq --processes): --quick 없이 RABBITMQ_URL을 주면 측정합니다.',
)

interface Setup {
  readonly id: string
  readonly title: Words
  readonly url: string
  readonly type: string
  readonly segments: readonly Segment[]
  readonly max: number | null
  readonly windowMs: number | null
  /** As in `Scaling`. */
  readonly fullSince: number | null
  /** Workers that the load asks for; `more`: than there were before it. */
  readonly expected: number | 'more'
  /** How long to wait before the load for the fewest workers. */
  readonly settleMs: number
  /** How long to look after the load, and for how few workers; or why not. */
  readonly downMs: number
  readonly down: 'one fewer' | 'as before' | Words
  readonly fallen: () => string | undefined
  readonly stop: () => Promise<void>
}

/** Up to twice what all workers together can do, and down again. */
function segmentsOf(context: ExperimentContext, peak: number): Segment[] {
  const { quick, flags } = context
  const { upSeconds, downSeconds } = quick ? QUICK : WHOLE
  const scale = flags.durationSeconds === undefined ? 1 : flags.durationSeconds / (upSeconds + downSeconds)
  return [
    { seconds: upSeconds * scale, from: 0, to: peak },
    { seconds: downSeconds * scale, from: peak, to: 0 },
  ]
}

/** What a service of our own is started with, whatever its workers are. */
function settingsOf({ quick, flags }: ExperimentContext): Record<string, string> {
  const { workers, windowSeconds } = quick ? QUICK : WHOLE
  return {
    MIN_REPLICAS: String(FEWEST),
    MAX_REPLICAS: String(workers),
    SCALE_DOWN_WINDOW_SECONDS: String(windowSeconds),
    DRAIN_TARGET_SECONDS: String(DRAIN_TARGET_SECONDS),
    ...(flags.targetCpu !== undefined && { TARGET_CPU_UTILIZATION: String(flags.targetCpu) }),
  }
}

/** The same for both kinds of workers: so many slots of a service time of 200 ms each. */
function ownSetup(
  context: ExperimentContext,
  stage: Stage,
): Omit<Setup, 'id' | 'title' | 'settleMs' | 'fullSince'> {
  const { workers, windowSeconds } = context.quick ? QUICK : WHOLE
  const windowMs = windowSeconds * 1000
  const bear = (workers * SLOTS_OF_WORKER * 1000) / BACKEND.serviceMs
  return {
    ...{ url: stage.url, type: TYPE, max: workers, expected: workers, windowMs },
    segments: segmentsOf(context, context.flags.sustainedLoad ?? 2 * bear),
    downMs: MEMORY_MS + 2 * windowMs + workers * STEP_MS + SLACK_MS,
    down: context.quick ? 'one fewer' : 'as before',
    fallen: () => stage.fallen(),
    stop: () => stage.stop(),
  }
}

async function ofPool(context: ExperimentContext): Promise<Setup> {
  const { workers, windowSeconds } = context.quick ? QUICK : WHOLE
  const stage = await context.stage({
    backend: { ...BACKEND, seed: context.seed },
    types: { [TYPE]: { concurrency: workers * SLOTS_OF_WORKER } },
    settings: settingsOf(context),
  })
  const [process] = (await context.client(stage.url).status()).members ?? []
  return {
    ...ownSetup(context, stage),
    id: 'auto_scaling',
    fullSince: process === undefined ? null : Date.parse(process.startedAt),
    title: words('a pool in one process', '한 프로세스 안의 풀'),
    settleMs: windowSeconds * 1000 + workers * 2 * STEP_MS + SLACK_MS,
  }
}

async function ofProcesses(
  context: ExperimentContext,
  rabbitmqUrl: string,
  queueName: string,
): Promise<Setup> {
  const stage = await context.stage({
    backend: { ...BACKEND, seed: context.seed },
    types: { [TYPE]: { concurrency: SLOTS_OF_WORKER } },
    settings: { ...settingsOf(context), RABBITMQ_URL: rabbitmqUrl, QUEUE_NAME: queueName },
    args: ['--engine', 'rabbitmq', '--processes'],
  })
  return {
    ...ownSetup(context, stage),
    id: 'auto_scaling.processes',
    fullSince: null,
    title: words('processes on a broker', '브로커를 쓰는 프로세스들'),
    settleMs: SLACK_MS,
  }
}

/** Its window is mostly five minutes: in the quick run there is no time for that. */
async function ofRunning(context: ExperimentContext): Promise<Setup> {
  const subject = await subjectOf(context, { backend: { ...BACKEND, seed: 0 }, types: null })
  const client = context.client(subject.url)
  const [config, { engine }] = await Promise.all([client.config(), client.status()])
  const number = (name: string) => (typeof config[name] === 'number' ? config[name] : null)
  const window = number('scaleDownWindowSeconds')
  const windowMs = window === null ? null : window * 1000
  const { sustainedLoad } = context.flags
  const replicas = number('maxReplicas')
  // One process has no more workers than its slots can be divided into.
  const max = engine === 'embedded' && replicas !== null ? poolOf(subject.slots, replicas) : replicas
  return {
    ...{ id: 'auto_scaling', title: words('the running service', '실행 중인 서비스') },
    ...{ settleMs: 0, fullSince: null },
    ...{ url: subject.url, type: subject.type, max, windowMs, expected: 'more' },
    segments: segmentsOf(context, sustainedLoad ?? 2 * (subject.pacePerSecond ?? RATE_OF_RUNNING)),
    downMs: context.quick ? 0 : MEMORY_MS + 2 * (windowMs ?? MEMORY_MS) + SLACK_MS,
    down: context.quick ? NO_TIME : 'as before',
    fallen: () => undefined,
    stop: () => Promise.resolve(),
  }
}

/** At most `replicas` workers of ⌈slots ÷ replicas⌉ slots; as many as that divides the slots into. */
export const poolOf = (slots: number, replicas: number): number =>
  Math.ceil(slots / Math.ceil(slots / replicas))

const NO_TIME = words(
  'There is no time for it in --quick: the service waits for its window (SCALE_DOWN_WINDOW_SECONDS) ' +
    'and remembers what arrived for a minute.',
  '--quick에는 시간이 없습니다. 서비스는 창(SCALE_DOWN_WINDOW_SECONDS)을 기다리고 도착량을 1분 동안 기억합니다.',
)

interface Watched {
  readonly setup: Setup
  readonly scaling: Scaling
  readonly load: LoadReport
}

async function watched(context: ExperimentContext, setup: Setup): Promise<Watched> {
  const { clock, seed, signal, newRun, progress } = context
  const watch = new WorkerWatch(context, setup.url, setup.type)
  progress(`${setup.title.en}: before the load`)
  await watch.until(
    ({ wanted }) => setup.settleMs === 0 || wanted === FEWEST,
    setup.settleMs || LOOK_LIMIT_MS,
  )
  const before = watch.newest?.wanted ?? FEWEST
  const loadFrom = clock.now()
  progress(`${setup.title.en}: the load, up and down`)
  const load = await runLoad({
    ...{ plan: planOf(setup.segments), run: newRun(), seed, clock, signal },
    ...{ timeoutMs: TIMEOUT_MS, graceMs: TIMEOUT_MS },
    target: {
      url: new URL(setup.url),
      kind: 'api',
      batch: 1,
      mix: { [setup.type]: 1 },
      size: 0,
      keys: false,
    },
  })
  const most = Math.max(before, ...watch.looks.map(({ at, wanted }) => (at >= loadFrom ? wanted : 0)))
  const downTo = setup.down === 'one fewer' ? most - 1 : setup.down === 'as before' ? before : setup.down
  progress(`${setup.title.en}: after the load`)
  if (typeof downTo === 'number') await watch.until(({ wanted }) => wanted <= downTo, setup.downMs)
  await watch.stop()
  const { id, max, windowMs, fullSince } = setup
  // A pool that is full already has no more to give.
  const expected = setup.expected === 'more' ? Math.min(before + 1, max ?? before + 1) : setup.expected
  const unless = generatorFault(load)
  const fallen = setup.fallen()
  return {
    setup,
    load,
    scaling: { id, looks: watch.looks, loadFrom, fullSince, expected, max, windowMs, downTo, unless, fallen },
  }
}

const TIMEOUT_MS = 10_000
const LOOK_LIMIT_MS = 5_000

function findings(all: readonly Watched[], notMeasured: readonly Words[]): ExperimentFindings {
  return {
    criteria: all.flatMap(({ scaling }) => judgeScaling(scaling)),
    figures: all.flatMap(figuresOf),
    comparisons: [],
    charts: all.flatMap(({ setup, scaling, load }) => workerCharts(setup.title, scaling, load)),
    summary: words(
      'A load went up and down again; how many workers were wanted and at work, and why, is what the ' +
        'service told in its status four times a second. It scales by what waits and arrives; what the ' +
        'processors do is shown beside it.',
      '부하를 올렸다가 내리면서, 원한 워커와 일하는 워커의 수와 그 이유를 서비스의 상태에서 초당 네 번 확인했습니다. 서비스는 대기량과 도착량으로 확장하며, CPU ' +
        '사용률은 옆에 함께 보여 줍니다.',
    ),
    notMeasured,
  }
}

function figuresOf({ scaling: { id, looks, loadFrom } }: Watched): Figure[] {
  const during = looks.filter(({ at }) => at >= loadFrom)
  const first = (isSo: (look: WorkerLook) => boolean) => {
    const found = during.find(isSo)
    return found === undefined ? null : (found.at - loadFrom) / 1000
  }
  const most = Math.max(0, ...during.map(({ ready }) => ready))
  const peakAt = first(({ ready }) => ready === most)
  return [
    {
      ...{ id: `${id}.peak_after`, unit: 's', value: peakAt },
      title: words('Most workers at work, after the load began', '부하 시작 후 워커가 가장 많아질 때까지'),
    },
    {
      ...{
        id: `${id}.longest_wait`,
        unit: 'ms',
        value: during.length === 0 ? null : Math.max(...during.map(({ oldestMs }) => oldestMs)),
      },
      title: words('Age of the oldest message that waited', '가장 오래 기다린 메시지의 나이'),
    },
  ]
}
