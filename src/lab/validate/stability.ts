/**
 * stability: a steady load for as long as was asked for. What grows is told from what only wavers by the interval of
 * its slope: a short run can rarely tell, and then nothing is concluded.
 */
import { planLoad } from '../load/plan.ts'
import { type Estimate, medianOf, slopeOf } from '../measure/estimate.ts'
import { ProcessSampler } from '../processes/sampler.ts'
import type { Chart, Criterion, Figure } from '../report/document.ts'
import { acceptedCriterion, auditCriteria, auditFigures } from './audit-criteria.ts'
import { type Driven, drive } from './drive.ts'
import type { ExperimentContext, ExperimentFindings, ExperimentKind } from './experiment.ts'
import { criterion, shown, skipped, words } from './findings.ts'
import { judgedByInterval } from './interval.ts'
import { NO_PROCESSES, NO_RECORD, subjectOf } from './subject.ts'

const CALL_MS = 20
const LOOK_EVERY_MS = 250
/** What the first third does is warming up: caches fill, code is compiled, the heap takes its size. */
const WARMING = 1 / 3
/** A heap takes minutes to take its size, in steps with plateaus of a minute; until then growth proves nothing. */
const SHORTEST_FOR_MEMORY_S = 600
const MOST_BYTES_PER_MESSAGE = 1_000
const MOST_DRIFT_PERCENT = 50

export const stability: ExperimentKind = {
  name: 'stability',
  title: words('Stability under sustained load', '지속 부하에서의 안정성'),
  run,
}

async function run(context: ExperimentContext): Promise<ExperimentFindings> {
  const { quick, flags, clock, seed, client } = context
  const seconds = flags.durationSeconds ?? (quick ? 11 : 300)
  const rate = flags.sustainedLoad ?? (quick ? 60 : 100)
  const slots = Math.max(10, Math.ceil((rate * CALL_MS * 3) / 1000))
  const subject = await subjectOf(context, {
    backend: { capacity: slots * 2, serviceMs: CALL_MS, seed },
    types: { ORDER: { concurrency: slots, timeoutSeconds: 30 } },
  })
  const sampler = new ProcessSampler({ clock, intervalMs: LOOK_EVERY_MS })
  const started = async () => (await client(subject.url).stats()).startedAt
  const startedAt = await started()
  context.progress(`${shown(rate, 1)} messages a second for ${shown(seconds)} s`)
  const driven = await drive(context, subject, {
    plan: planLoad({ testType: 'sustained', ratePerSecond: rate, durationMs: seconds * 1000 }),
    drainLimitMs: 60_000,
    warmUp: slots,
    async meanwhile() {
      const pid = subject.stage?.pids.service
      if (pid !== undefined) await sampler.watch('service', pid)
      sampler.start()
    },
  }).finally(() => sampler.stop())
  const again = await started().catch(() => undefined)
  const [service] = sampler.series()
  const memory = service?.points.map(({ at, rssBytes }) => [at, rssBytes] as const) ?? []
  return findingsOf(driven, {
    memory: subject.stage ? memory : null,
    restarts: again === startedAt && subject.fallen() === undefined ? 0 : 1,
    how: subject.fallen(),
  })
}

export interface Watched {
  /** Of the service's process, by moments; null for a running service. */
  readonly memory: readonly (readonly [ms: number, bytes: number])[] | null
  readonly restarts: number
  /** How a process ended. */
  readonly how: string | undefined
}

/** What the record of a sustained load amounts to. Pure. */
export function findingsOf(driven: Driven, watched: Watched): ExperimentFindings {
  const { verdict, calls, load } = driven
  const { memory, restarts, how } = watched
  return {
    criteria: [
      criterion({
        id: 'stability.restarts',
        title: words('Ends and restarts of the service', '서비스 종료·재시작'),
        bound: { kind: 'exactly', value: 0 },
        measured: restarts,
        unit: 'restarts',
        evidence: words(
          `The service tells since when it runs, before and after. ${how ?? ''}`.trim(),
          `실행 전후에 서비스가 알려 주는 시작 시각을 비교. ${how ?? ''}`.trim(),
        ),
      }),
      memoryCriterion(driven, memory),
      driftCriterion(driven),
      acceptedCriterion('stability', verdict),
      ...auditCriteria('stability', verdict, calls !== null),
    ],
    figures: [...figuresOf(driven, memory), ...auditFigures('stability', verdict)],
    comparisons: [],
    charts: chartsOf(driven, memory),
    summary: words(
      `${shown(verdict.attempted)} messages over ${shown(load.seconds)} s, ` +
        `${shown(load.acknowledgedPerSecond, 1)}/s acknowledged on average.`,
      `${shown(load.seconds)}초 동안 ${shown(verdict.attempted)}건, 평균 ${shown(load.acknowledgedPerSecond, 1)}/s 승인.`,
    ),
    notMeasured: [...(memory === null ? [NO_PROCESSES] : []), ...(calls === null ? [NO_RECORD] : [])],
  }
}

/** Without the first third of the load. */
function warmed<Point extends readonly [number, number]>(points: readonly Point[], from: number, to: number) {
  const begin = from + (to - from) * WARMING
  return points.filter(([at]) => at >= begin && at <= to)
}

/** Growth of the process over the load, bytes per message. */
function growthOf({ load }: Driven, memory: readonly (readonly [number, number])[]): Estimate | null {
  const slope = slopeOf(warmed(memory, load.startedAt, load.startedAt + load.seconds * 1000))
  const perMs = load.acknowledgedPerSecond / 1000
  if (slope === null || perMs <= 0) return null
  const per = (bytesPerMs: number) => bytesPerMs / perMs
  return { value: per(slope.value), low: per(slope.low), high: per(slope.high), samples: slope.samples }
}

function memoryCriterion(driven: Driven, memory: Watched['memory']): Criterion {
  const of = {
    id: 'stability.memory_growth',
    title: words('Growth of the service’s memory for each message', '메시지당 서비스 메모리 증가'),
    bound: { kind: 'at-most', value: MOST_BYTES_PER_MESSAGE } as const,
    unit: 'bytes',
  }
  if (memory === null) return skipped(of, NO_PROCESSES)
  const growth = growthOf(driven, memory)
  const told = words(
    `Least squares over ${memory.length} looks at the process, without the first third; 95 % interval ` +
      `${shown(growth?.low)} to ${shown(growth?.high)} bytes.`,
    `프로세스를 ${memory.length}회 관찰한 최소제곱 기울기(처음 1/3 제외); 95 % 구간 ${shown(growth?.low)} ~ ${shown(growth?.high)} 바이트.`,
  )
  const short = words(
    `A run of ${shown(driven.load.seconds)} s is too short to tell growth from a heap that takes its ` +
      'size; --duration 10m tells.',
    `${shown(driven.load.seconds)}초는 힙이 자리 잡는 과정과 증가를 구별하기에 짧습니다. --duration 10m 으로 실행하면 판정됩니다.`,
  )
  const found = judgedByInterval({ ...of, evidence: told }, growth)
  const tooShort = driven.load.seconds < SHORTEST_FOR_MEMORY_S
  return found.verdict === 'failed' && tooShort
    ? criterion({ ...of, measured: growth?.value ?? null, evidence: told }, short)
    : found
}

/** Latency of acknowledgements over time, seconds and milliseconds. */
const latencies = ({ load }: Driven): (readonly [number, number])[] =>
  load.series.flatMap(({ from, meanMs }) => (meanMs === null ? [] : [[from, meanMs] as const]))

/**
 * Relative, so that what a slow machine takes for all is no drift; by the medians of stretches, so that a second in
 * which the machine stood still does not outweigh all others.
 */
function driftCriterion(driven: Driven): Criterion {
  const { load } = driven
  const points = latencies(driven)
  const logs = points.flatMap(([at, ms]) => (ms > 0 ? [[at, Math.log(ms)] as const] : []))
  const slope = slopeOf(warmed(logs, 0, load.seconds), medianOf)
  const rise = (perSecond: number) => Math.expm1(perSecond * load.seconds) * 100
  const drift =
    slope === null
      ? null
      : { ...slope, value: rise(slope.value), low: rise(slope.low), high: rise(slope.high) }
  return judgedByInterval(
    {
      id: 'stability.latency_drift',
      title: words('Rise of the answer time over the run', '실행 중 응답 시간 증가'),
      bound: { kind: 'at-most', value: MOST_DRIFT_PERCENT },
      unit: '%',
      evidence: words(
        `Line through the medians of tenths of ${points.length} seconds, without the first third; ` +
          `95 % interval ${shown(drift?.low)} to ${shown(drift?.high)} %.`,
        `${points.length}초를 열로 나눈 중앙값을 지나는 직선(처음 1/3 제외); 95 % 구간 ` +
          `${shown(drift?.low)} ~ ${shown(drift?.high)} %.`,
      ),
    },
    drift,
  )
}

function figuresOf({ load }: Driven, memory: Watched['memory']): Figure[] {
  const most = (memory ?? []).reduce((largest, [, bytes]) => Math.max(largest, bytes), 0)
  const figure = (id: string, en: string, ko: string, value: number | null, unit: string): Figure => ({
    ...{ id: `stability.${id}`, title: words(en, ko), value, unit },
  })
  const { count, p50, p99 } = load.latencyMs
  return [
    figure('rate', 'Acknowledged', '승인 속도', load.acknowledgedPerSecond, 'messages/s'),
    figure('p50', 'Answer, 50 of 100', '응답 p50', count > 0 ? p50 : null, 'ms'),
    figure('p99', 'Answer, 99 of 100', '응답 p99', count > 0 ? p99 : null, 'ms'),
    figure(
      'memory',
      'Memory of the service, at most',
      '서비스 메모리(최대)',
      most > 0 ? most / 2 ** 20 : null,
      'MB',
    ),
  ]
}

function chartsOf(driven: Driven, memory: Watched['memory']): Chart[] {
  const { load } = driven
  const points = latencies(driven)
  const worst = points.reduce((most, [, ms]) => Math.max(most, ms), 0)
  const answer: Chart = {
    ...{ id: 'stability.latency', title: words('Answer time', '응답 시간'), unit: 'ms', limits: [] },
    series: [{ id: 'mean', title: words('mean of a second', '초당 평균'), points, drawn: 'line' }],
    alternative: words(
      `Means of ${points.length} seconds; the highest is ${shown(worst, 1)} ms.`,
      `${points.length}초의 평균; 최고 ${shown(worst, 1)} ms.`,
    ),
  }
  if (memory === null || memory.length === 0) return [answer]
  const mb = memory.map(([at, bytes]) => [(at - load.startedAt) / 1000, bytes / 2 ** 20] as const)
  const [first, last] = [mb[0]?.[1], mb.at(-1)?.[1]]
  const used: Chart = {
    ...{
      id: 'stability.memory',
      title: words('Memory of the service', '서비스 메모리'),
      unit: 'MB',
      limits: [],
    },
    series: [{ id: 'rss', title: words('resident', '상주 메모리'), points: mb, drawn: 'line' }],
    alternative: words(
      `From ${shown(first, 1)} MB to ${shown(last, 1)} MB.`,
      `${shown(first, 1)} MB에서 ${shown(last, 1)} MB로.`,
    ),
  }
  return [answer, used]
}
