/**
 * topology: what it means for the types that they lie in one queue or each in its own. Two types come in at once; the
 * pace of SLOW lets it pile up, QUICK could go at once. The embedded engine has one log with an index per type, so
 * there is nothing to choose; on a broker `per-type` and `single` are held side by side, each with a queue of its own
 * name, which is taken off the broker afterwards: nothing of anybody else's is touched.
 */
import { pause } from '../../core/index.ts'
import type { Chart, Words } from '../report/document.ts'
import type { ExperimentContext, ExperimentFindings, ExperimentKind } from './experiment.ts'
import { skipped, words } from './findings.ts'
import { planOf, runSide, type Side, waitsOf } from './side.ts'
import type { Stage } from './stage.ts'
import {
  judgeTopology,
  LAYOUT_WORDS,
  type Layout,
  layoutFiguresOf,
  QUICK,
  SLOW,
  topologyTable,
} from './topology-judge.ts'

/** Bears more than both types together ever send it: here the queues are looked at. */
const BACKEND = { capacity: 50, limit: 100, serviceMs: 20, spread: 0.5 }
const SLOW_PACE = 16
const TYPES = { [QUICK]: { concurrency: 10 }, [SLOW]: { concurrency: 4, ratePerSecond: SLOW_PACE } }
/** Four quick ones to a slow one. */
const MIX = { [QUICK]: 4, [SLOW]: 1 }
const RATE = 200
const QUICK_MESSAGES = 400
const MESSAGES = 2_000
const PATIENCE_MS = 10_000
const READY_LIMIT_MS = 20_000
const LOOK_EVERY_MS = 100

export const topology: ExperimentKind = {
  name: 'topology',
  title: words('One queue, or one for each type', '큐 하나, 또는 유형마다 하나'),
  run,
}

async function run(context: ExperimentContext): Promise<ExperimentFindings> {
  if (context.running !== undefined) return notOfRunning()
  const { rabbitmqUrl } = context.brokers
  const missing = new Map<Layout, Words>()
  const sides: { layout: Layout; side: Side }[] = []
  const left: string[] = []
  sides.push({ layout: 'embedded', side: await measure(context, 'embedded', {}) })
  for (const layout of ['per-type', 'single'] as const) {
    if (rabbitmqUrl === undefined) missing.set(layout, NO_BROKER)
    else if (!context.signal.aborted) {
      const queueName = `weir-validate-${context.newRun()}`
      const settings = {
        RABBITMQ_URL: rabbitmqUrl,
        QUEUE_ENGINE: 'rabbitmq',
        QUEUE_NAME: queueName,
        QUEUE_TOPOLOGY: layout,
      }
      try {
        sides.push({ layout, side: await measure(context, layout, settings) })
      } finally {
        const removed = await remove(context, queueName)
        if (!removed) left.push(queueName)
      }
    }
  }
  return findings(sides, missing, left)
}

const NO_BROKER = words(
  'It takes a broker: set RABBITMQ_URL=amqp://… and both topologies are measured on it, under queue ' +
    'names of their own that are removed afterwards.',
  '브로커가 필요합니다. RABBITMQ_URL=amqp://… 을 설정하면 두 구성을 각각 전용 큐 이름으로 측정하고 끝나면 지웁니다.',
)

async function measure(
  context: ExperimentContext,
  layout: Layout,
  settings: Readonly<Record<string, string>>,
): Promise<Side> {
  const messages = context.flags.burstSize ?? (context.quick ? QUICK_MESSAGES : MESSAGES)
  context.progress(`${messages} messages of two types, ${LAYOUT_WORDS[layout].en}`)
  const stage = await context.stage({ backend: { ...BACKEND, seed: context.seed }, types: TYPES, settings })
  await ready(stage, context)
  const slow = messages / 5
  const side = await runSide(
    {
      ...{ stage, path: 'queued', mix: MIX, patienceMs: PATIENCE_MS },
      plan: planOf([{ seconds: messages / RATE, from: RATE, to: RATE }]),
      drainLimitMs: (slow / SLOW_PACE) * 3_000 + 15_000,
    },
    context,
  )
  // Before its queue is removed: nobody may be at work on it.
  await stage.stop()
  return side
}

/** The service says that it runs before its broker has answered; refusals of that moment are not what is measured. */
async function ready(stage: Stage, { clock, signal }: ExperimentContext): Promise<void> {
  const end = clock.now() + READY_LIMIT_MS
  while (clock.now() < end && !signal.aborted && stage.fallen() === undefined) {
    const answer = await fetch(`${stage.url}/ready`, { signal: AbortSignal.timeout(READY_LIMIT_MS) }).catch(
      () => undefined,
    )
    await answer?.arrayBuffer()
    if (answer?.ok) return
    await pause(clock, LOOK_EVERY_MS, signal)
  }
}

async function remove({ brokers }: ExperimentContext, queueName: string): Promise<boolean> {
  if (brokers.removeQueue === undefined) return false
  return brokers.removeQueue(queueName, Object.keys(TYPES)).then(
    () => true,
    () => false,
  )
}

function findings(
  measured: readonly { readonly layout: Layout; readonly side: Side }[],
  missing: ReadonlyMap<Layout, Words>,
  left: readonly string[],
): ExperimentFindings {
  const sides = measured.map(({ layout, side }) => layoutFiguresOf(layout, side))
  return {
    criteria: judgeTopology(sides, missing),
    figures: [],
    comparisons: [topologyTable(sides)],
    charts: [waitChart(measured)],
    summary: words(
      'Messages of two types came at once: SLOW piles up behind its pace, QUICK could go. The ' +
        'embedded engine keeps one log with an index for each type, so a type takes its own without ' +
        'looking at others; there is no topology to choose. On RabbitMQ per-type gives each type its ' +
        'queue, and single has one for all, in which those in front hold up the rest.',
      '두 유형의 메시지를 동시에 보냈습니다. SLOW는 속도 제한으로 쌓이고 QUICK은 바로 나갈 수 있습니다. 내장 엔진은 로그 하나에 유형별 색인을 두므로 다른 유형을 ' +
        '보지 않고 자기 것을 꺼내며, 고를 구성이 없습니다. RabbitMQ에서 per-type은 유형마다 큐를, single은 모두를 위한 큐 하나를 쓰며 앞의 메시지가 ' +
        '뒤를 막을 수 있습니다.',
    ),
    notMeasured: left.map((name) =>
      words(
        `The queue ${name} could not be removed from the broker; it holds nothing of yours and may ` +
          'be deleted.',
        `브로커에서 큐 ${name}을(를) 지우지 못했습니다. 사용자의 데이터는 없으므로 지워도 됩니다.`,
      ),
    ),
  }
}

const POINTS = 200

/** The waits of the quick type in the order of arrival, thinned out to what a chart can show. */
function waitChart(measured: readonly { readonly layout: Layout; readonly side: Side }[]): Chart {
  const pointsOf = (side: Side) => {
    const waits = waitsOf(side)
      .filter(({ type }) => type === QUICK)
      .sort((a, b) => a.intendedAt - b.intendedAt)
    const every = Math.max(1, Math.ceil(waits.length / POINTS))
    return waits
      .filter((_, index) => index % every === 0)
      .map(
        ({ intendedAt, startedAt }) =>
          [(intendedAt - side.load.startedAt) / 1000, startedAt - intendedAt] as const,
      )
  }
  const most = (side: Side) => Math.max(0, ...pointsOf(side).map(([, wait]) => wait))
  const said = (language: keyof Words) =>
    measured
      .map(({ layout, side }) => `${LAYOUT_WORDS[layout][language]} ${Math.round(most(side))} ms`)
      .join(', ')
  return {
    id: 'topology.wait',
    title: words('Wait of each message of the quick type, by arrival', '도착 시각별 빠른 유형 메시지의 대기'),
    unit: 'ms',
    series: measured.map(({ layout, side }) => ({
      ...{ id: layout, title: LAYOUT_WORDS[layout], points: pointsOf(side), drawn: 'line' },
    })),
    limits: [],
    alternative: words(`Longest wait: ${said('en')}.`, `가장 긴 대기: ${said('ko')}.`),
  }
}

/** The layout of a running service is its own; another one beside it would be another service. */
function notOfRunning(): ExperimentFindings {
  const why = words(
    'It compares services that are set up differently, and a running one has its own setup; without ' +
      '--api-url each is started for it.',
    '서로 다르게 설정된 서비스를 비교하는데, 실행 중인 서비스는 자기 설정이 있습니다. --api-url 없이 실행하면 각각을 띄워 비교합니다.',
  )
  const given = {
    id: 'topology.embedded.done',
    title: words('Messages whose work was done', '처리된 메시지'),
    bound: { kind: 'exactly', value: 100 },
    unit: '%',
  } as const
  return {
    criteria: [skipped(given, why)],
    figures: [],
    comparisons: [],
    charts: [],
    summary: why,
    notMeasured: [why],
  }
}
