/**
 * queue_buffering: more comes than can leave, waits, and leaves later; nothing of it may be missing or doubled. How
 * much waits is told twice, by the service and by the two ends of it, and drawn side by side.
 */
import { planLoad } from '../load/plan.ts'
import { countBefore, type Horizon } from '../measure/times.ts'
import type { Chart, Criterion, Figure, Series } from '../report/document.ts'
import { acceptedCriterion, auditCriteria, auditFigures } from './audit-criteria.ts'
import { backlogSeries, highest } from './charts.ts'
import { type Driven, drive } from './drive.ts'
import type { ExperimentContext, ExperimentFindings, ExperimentKind } from './experiment.ts'
import { criterion, generatorFault, shown, words } from './findings.ts'
import { NO_RECORD, subjectOf } from './subject.ts'

const SLOTS = 30
const CALL_MS = 50
/** Users of the older system know "two seconds at most, on average"; here it is 99 of 100. */
const ANSWER_AT_MOST_MS = 2_000

export const queueBuffering: ExperimentKind = {
  name: 'queue_buffering',
  title: words('Buffering without loss', '유실 없는 버퍼링'),
  run,
}

/** Messages, the seconds within which a stage works them off, and those within which they come: a fifth. */
function sizeOf({ quick, flags }: ExperimentContext) {
  const messages = flags.burstSize ?? (quick ? 1_000 : 6_000)
  const seconds = flags.durationSeconds ?? (quick ? 9 : 40)
  return { messages, seconds, burstSeconds: Math.max(0.5, seconds / 5), pace: messages / seconds }
}

async function run(context: ExperimentContext): Promise<ExperimentFindings> {
  const { messages, seconds, burstSeconds, pace } = sizeOf(context)
  const slots = Math.max(SLOTS, Math.ceil((pace * CALL_MS * 3) / 1000))
  const subject = await subjectOf(context, {
    backend: { capacity: slots * 2, serviceMs: CALL_MS, seed: context.seed },
    types: { ORDER: { ratePerSecond: pace, concurrency: slots, timeoutSeconds: 30 } },
  })
  context.progress(`${messages} messages within ${shown(burstSeconds, 1)} s, to be buffered`)
  const driven = await drive(context, subject, {
    plan: planLoad({ requests: messages, ratePerSecond: messages / burstSeconds }),
    drainLimitMs: (seconds * 3 + 30) * 1000,
    warmUp: slots,
  })
  return findingsOf(driven)
}

/** What the record of a buffered burst amounts to. Pure. */
export function findingsOf(driven: Driven): ExperimentFindings {
  const { verdict, calls, sent, acknowledged } = driven
  const out = calls === null ? null : Float64Array.from(calls, ({ start }) => start).sort()
  const horizon = horizonOf(driven, out)
  const seen = out === null ? undefined : backlogOf(acknowledged, out, horizon)
  const told = toldSeries(driven, horizon)
  const peak = Math.max(highest(told), seen ? highest(seen) : 0)
  const seconds = (horizon.to - horizon.from) / 1000
  return {
    criteria: [
      acceptedCriterion('queue_buffering', verdict),
      ...auditCriteria('queue_buffering', verdict, calls !== null),
      answerCriterion(driven),
    ],
    figures: [...figuresOf(driven, out, peak, seconds), ...auditFigures('queue_buffering', verdict)],
    comparisons: [],
    charts: [depthChart(told, seen, seconds)],
    summary: words(
      `${shown(sent.length)} messages came faster than they could leave; at most ${shown(peak)} ` +
        `waited, and after ${shown(seconds, 1)} s ` +
        `${driven.drained ? 'nothing was left' : 'some were still there'}.`,
      `나갈 수 있는 것보다 빠르게 ${shown(sent.length)}건이 들어와 최대 ${shown(peak)}건이 대기했고, ${shown(seconds, 1)}초 후 ` +
        `${driven.drained ? '모두 비워졌습니다' : '일부가 남아 있었습니다'}.`,
    ),
    notMeasured: calls === null ? [NO_RECORD] : [],
  }
}

/** From the first message to the moment at which nothing was left, or the looking ended. */
function horizonOf({ sent, depth }: Driven, out: Float64Array | null): Horizon {
  const from = sent[0] ?? depth[0]?.[0] ?? 0
  return { from, to: Math.max(from, depth.at(-1)?.[0] ?? from, out?.at(-1) ?? from) }
}

const backlogOf = (came: Float64Array, gone: Float64Array, horizon: Horizon): Series =>
  backlogSeries(
    'seen',
    words('acknowledged, not yet at the back end', '승인 후 백엔드 미도달'),
    came,
    gone,
    horizon,
  )

function toldSeries({ depth }: Driven, { from }: Horizon): Series {
  const points = depth.filter(([at]) => at >= from).map(([at, left]) => [(at - from) / 1000, left] as const)
  return { id: 'told', title: words('told by the service', '서비스가 알려 준 값'), points, drawn: 'step' }
}

function depthChart(told: Series, seen: Series | undefined, seconds: number): Chart {
  const peak = shown(Math.max(highest(told), seen ? highest(seen) : 0))
  return {
    ...{
      id: 'queue_buffering.depth',
      title: words('Messages waiting', '대기 메시지'),
      unit: 'messages',
      limits: [],
    },
    series: seen ? [seen, told] : [told],
    alternative: words(
      `Rises to ${peak} while the burst comes, and falls to nothing within ${shown(seconds, 1)} s.`,
      `버스트 동안 ${peak}건까지 늘었다가 ${shown(seconds, 1)}초 안에 줄어듭니다.`,
    ),
  }
}

function answerCriterion({ load }: Driven): Criterion {
  const { latencyMs } = load
  const given = {
    id: 'queue_buffering.answer_p99',
    title: words('Answer while the backlog grows, 99 of 100', '대기열이 느는 동안의 응답(p99)'),
    bound: { kind: 'at-most', value: ANSWER_AT_MOST_MS } as const,
    measured: latencyMs.count > 0 ? latencyMs.p99 : null,
    unit: 'ms',
    evidence: words(
      `Of ${shown(latencyMs.count)} acknowledgements, each after a durable write, from the moment ` +
        `its request was meant to leave; mean ${shown(latencyMs.mean, 1)} ms.`,
      `승인 ${shown(latencyMs.count)}건(모두 영속 기록 후 응답), 전송 예정 시각 기준; 평균 ${shown(latencyMs.mean, 1)} ms.`,
    ),
  }
  const found = criterion(given)
  return found.verdict === 'failed' ? criterion(given, generatorFault(load)) : found
}

function figuresOf(driven: Driven, out: Float64Array | null, peak: number, seconds: number): Figure[] {
  const { sent, drained } = driven
  const burst = ((sent.at(-1) ?? 0) - (sent[0] ?? 0)) / 1000
  const gone = out === null ? null : countBefore(out, Number.POSITIVE_INFINITY)
  const figure = (id: string, en: string, ko: string, value: number | null, unit: string): Figure => ({
    ...{ id: `queue_buffering.${id}`, title: words(en, ko), value, unit },
  })
  return [
    figure('peak_depth', 'Most messages waiting', '최대 대기 메시지', peak, 'messages'),
    figure(
      'in_rate',
      'Input while the burst lasted',
      '버스트 중 유입',
      burst > 0 ? sent.length / burst : null,
      'messages/s',
    ),
    figure('drain', 'Until nothing was left', '모두 비워질 때까지', drained ? seconds : null, 's'),
    figure('calls', 'Calls at the back end', '백엔드 호출 수', gone, ''),
  ]
}
