/**
 * burst_leveling: a burst goes in, and what comes out at the back end is held against the pace that was promised. A
 * pacer with fixed windows keeps the rate of whole seconds and fails here: at a tenth of a second it is a burst.
 */
import type { LoggedCall } from '../backend/call-log.ts'
import { planLoad } from '../load/plan.ts'
import { aheadOfPaceMs, peakAgainstPace } from '../measure/peak.ts'
import { flatness, mean, perfectOutput, perfectSmoothing, smoothing } from '../measure/smoothing.ts'
import { countBefore, type Horizon } from '../measure/times.ts'
import { planBurst } from '../planner/plan.ts'
import type { Chart, Criterion, Figure, Words } from '../report/document.ts'
import { acceptedCriterion, auditCriteria, auditFigures } from './audit-criteria.ts'
import { backlogSeries, binFor, highest, rateSeries } from './charts.ts'
import { type Driven, drive } from './drive.ts'
import type { ExperimentContext, ExperimentFindings, ExperimentKind } from './experiment.ts'
import { criterion, shown, skipped, words } from './findings.ts'
import { NO_PACE, NO_RECORD, type Subject, subjectOf } from './subject.ts'

/** What a pacer may be early, by design: docs/guides/levelling.md, "Pace". */
const PACER_TOLERANCE_MS = 5
/** Between the pacer and the back end's clock lie two processes and a socket; one call may take longer than the next. */
const PATH_MS = 50
const BINS_MS = [100, 1_000, 10_000] as const
const WINDOWS_MS = [100, 250, 1_000]
/** Of what a perfect pacer has: noise of the machine costs some, windows nearly all. */
const SHARE_OF_PERFECT = 0.5
const UNEVEN_AT_MOST = 0.5
/** With fewer a bin, whole numbers alone make counts uneven. */
const EVENTS_PER_BIN = 5
const SLOTS = 20
const CALL_MS = 50

export const burstLeveling: ExperimentKind = {
  name: 'burst_leveling',
  title: words('Levelling of a burst', '버스트 평탄화'),
  run,
}

/** Messages, and the seconds within which a stage works them off; the burst itself comes in a sixth of that. */
function sizeOf({ quick, flags }: ExperimentContext) {
  const messages = flags.burstSize ?? (quick ? 480 : 3_000)
  const seconds = flags.durationSeconds ?? (quick ? 8 : 50)
  return { messages, seconds, burstSeconds: Math.max(0.5, seconds / 6), pace: messages / seconds }
}

async function run(context: ExperimentContext): Promise<ExperimentFindings> {
  const { messages, seconds, burstSeconds, pace } = sizeOf(context)
  const slots = Math.max(SLOTS, Math.ceil((pace * CALL_MS * 3) / 1000))
  const subject = await subjectOf(context, {
    backend: { capacity: slots * 2, serviceMs: CALL_MS, seed: context.seed },
    types: { ORDER: { ratePerSecond: pace, concurrency: slots, timeoutSeconds: 30 } },
  })
  context.progress(`a burst of ${messages} messages within ${shown(burstSeconds, 1)} s`)
  const driven = await drive(context, subject, {
    plan: planLoad({ requests: messages, ratePerSecond: messages / burstSeconds }),
    drainLimitMs: (seconds * 3 + 30) * 1000,
    warmUp: slots,
  })
  return findingsOf(subject, driven)
}

/** What the record of a burst amounts to. Pure, so that the tests can hand it records of other pacers. */
export function findingsOf(
  subject: Pick<Subject, 'pacePerSecond' | 'slots'>,
  driven: Driven,
): ExperimentFindings {
  const { verdict, calls } = driven
  const look = calls === null || calls.length === 0 ? undefined : lookAt(subject, driven, calls)
  return {
    criteria: [
      ...(look ? levelCriteria(look) : unseenCriteria()),
      acceptedCriterion('burst_leveling', verdict),
      ...auditCriteria('burst_leveling', verdict, calls !== null),
    ],
    figures: [...(look ? levelFigures(look) : []), ...auditFigures('burst_leveling', verdict)],
    comparisons: [],
    charts: look ? chartsOf(look) : [],
    summary: summaryOf(driven, look),
    notMeasured: calls === null ? [NO_RECORD] : [],
  }
}

interface Look {
  readonly driven: Driven
  readonly slots: number
  /** null where the type has none. */
  readonly pace: number | null
  readonly calls: readonly LoggedCall[]
  /** Moments of the back end's calls, retries included: the pace counts attempts. */
  readonly out: Float64Array
  /** From the start of the burst to twice the end of the output. */
  readonly horizon: Horizon
  /** Of it, the stretch in which something waited all the time. */
  readonly busy: Horizon
  readonly burstSeconds: number
}

function lookAt(
  { pacePerSecond, slots }: Pick<Subject, 'pacePerSecond' | 'slots'>,
  driven: Driven,
  calls: readonly LoggedCall[],
): Look {
  const { sent, acknowledged } = driven
  const out = Float64Array.from(calls, ({ start }) => start).sort()
  const from = sent[0] ?? 0
  const end = out.at(-1) ?? from
  return {
    ...{ driven, slots, calls, out, pace: pacePerSecond },
    horizon: { from, to: from + (end - from) * 2 },
    busy: busyOf(acknowledged, out),
    burstSeconds: Math.max(0.001, ((sent.at(-1) ?? from) - from) / 1000),
  }
}

/** From the first call to the last moment at which another was still waiting. */
function busyOf(came: Float64Array, gone: Float64Array): Horizon {
  const from = gone[0] ?? 0
  for (let index = 0; index < gone.length; index++) {
    // The backlog just before this call went.
    const at = gone[index] ?? 0
    if (index > 0 && countBefore(came, at) - index <= 0) return { from, to: gone[index - 1] ?? at }
  }
  return { from, to: gone.at(-1) ?? from }
}

const toleranceOf = ({ driven }: Look): number => PACER_TOLERANCE_MS + PATH_MS + driven.lateMs

/** Counts of a stalled machine are uneven whatever the pacer did. */
function stallOf({ driven }: Look, binMs: number): Words | undefined {
  if (driven.lateMs <= binMs) return undefined
  return words(
    `A process of the measurement stood still for ${shown(driven.lateMs)} ms, longer than a bin of ${shown(binMs)} ms, so nothing is concluded.`,
    `측정 프로세스가 ${shown(driven.lateMs)} ms 동안 멈춰 구간(${shown(binMs)} ms)보다 길었으므로 결론을 내리지 않습니다.`,
  )
}

/** A doubt counts only against a failure: noise makes output uneven and never even. */
const unlessPassed = (found: Criterion, doubted: Criterion): Criterion =>
  found.verdict === 'failed' ? doubted : found

function levelCriteria(look: Look): Criterion[] {
  return [
    ...paceCriteria(look),
    ...BINS_MS.map((binMs) => smoothingCriterion(look, binMs)),
    flatCriterion(look),
    drainCriterion(look),
  ]
}

const PEAK = {
  id: 'burst_leveling.peak_output',
  title: words('Most calls in any window, of what the pace allows', '임의 구간 최대 호출 수(속도 제한 대비)'),
  bound: { kind: 'at-most', value: 100 },
  unit: '%',
} as const
const AHEAD = {
  id: 'burst_leveling.ahead_of_pace',
  title: words('Output ahead of the pace, at most', '속도 제한보다 앞선 정도(최대)'),
  unit: 'ms',
} as const

function paceCriteria(look: Look): Criterion[] {
  const { pace, out } = look
  const tolerance = toleranceOf(look)
  const bound = { kind: 'at-most', value: Math.round(tolerance * 10) / 10 } as const
  const peak = pace === null ? null : peakAgainstPace(out, pace, tolerance, WINDOWS_MS)
  if (pace === null || peak === null) return [skipped(PEAK, NO_PACE), skipped({ ...AHEAD, bound }, NO_PACE)]
  const windows = WINDOWS_MS.map((ms) => ms / 1000).join(', ')
  const told = `${PACER_TOLERANCE_MS} + ${PATH_MS} + ${shown(look.driven.lateMs, 1)} ms`
  return [
    criterion({
      ...PEAK,
      measured: peak.share * 100,
      evidence: words(
        `Sliding windows of ${windows} s over ${shown(out.length)} calls; fullest: ${peak.events} calls in ${peak.windowMs} ms where ${shown(pace, 1)}/s allows ${Math.floor(peak.allowed)} (tolerance of the pacer, of the path, lateness of the clocks: ${told}).`,
        `호출 ${shown(out.length)}건에 대한 ${windows}초 이동 구간; 최대: ${peak.windowMs} ms 안에 ${peak.events}건, ${shown(pace, 1)}/s 기준 허용 ${Math.floor(peak.allowed)}건(허용 오차 ${told}).`,
      ),
    }),
    criterion({
      ...AHEAD,
      bound,
      measured: aheadOfPaceMs(out, pace),
      ideal: 0,
      evidence: words(
        `The least tolerance with which a pacer of ${shown(pace, 1)}/s could have let this through, over windows of every length; allowed ${told}.`,
        `${shown(pace, 1)}/s 속도 제한기가 이 출력을 내는 데 필요한 최소 허용 오차(모든 길이의 구간); 허용 ${told}.`,
      ),
    }),
  ]
}

const secondsOf = (binMs: number) => `${binMs / 1000} s`
const smoothingOf = (binMs: number) => ({
  id: `burst_leveling.smoothing_${binMs}ms`,
  title: words(
    `Smoothing (variance in ÷ variance out) at bins of ${secondsOf(binMs)}`,
    `평활 계수(유입 분산 ÷ 유출 분산), 구간 ${binMs / 1000}초`,
  ),
  unit: '',
})

function smoothingCriterion(look: Look, binMs: number): Criterion {
  const { driven, out, horizon, pace } = look
  const of = smoothingOf(binMs)
  const measured = smoothing(driven.sent, out, horizon, binMs)
  const perfect =
    pace === null ? null : smoothing(driven.sent, perfectOutput(driven.sent, pace), horizon, binMs)
  const seconds = shown((horizon.to - horizon.from) / 1000, 1)
  if (measured === null || perfect === null) {
    const why = words(
      `The horizon of ${seconds} s has too few bins of ${secondsOf(binMs)}, or there is no pace; a longer run (--burst-size, --duration) has more.`,
      `관찰 구간 ${seconds}초에 ${binMs / 1000}초 구간이 너무 적거나 속도 제한이 없습니다. 더 길게(--burst-size, --duration) 실행하면 측정됩니다.`,
    )
    return skipped({ ...of, bound: { kind: 'at-least', value: 0 } }, why)
  }
  const given = {
    ...of,
    bound: { kind: 'at-least', value: Math.round(perfect * SHARE_OF_PERFECT * 100) / 100 } as const,
    measured,
    ideal: perfect,
    evidence: words(
      `Counts per ${secondsOf(binMs)} over a horizon of ${seconds} s, from the start of the burst to twice the end of the output. A perfect pacer would have had ${shown(perfect, 2)} on the same arrivals; half of that is asked for.`,
      `버스트 시작부터 유출 종료 시점의 두 배까지 ${seconds}초 동안 ${binMs / 1000}초 구간별 건수. 같은 유입에서 완벽한 속도 제한기의 값은 ${shown(perfect, 2)}이며, 그 절반 이상을 요구합니다.`,
    ),
  }
  return unlessPassed(criterion(given), criterion(given, stallOf(look, binMs)))
}

function flatCriterion(look: Look): Criterion {
  const { out, busy } = look
  const seconds = (busy.to - busy.from) / 1000
  const rate = countBefore(out, busy.to) / Math.max(seconds, 0.001)
  const binMs = Math.max(100, Math.ceil((EVENTS_PER_BIN * 1000) / Math.max(rate, 0.001)))
  const given = {
    id: 'burst_leveling.flatness',
    title: words(
      'Unevenness of output while a backlog waits (CV)',
      '대기열이 있는 동안 유출의 변동 계수(CV)',
    ),
    bound: { kind: 'at-most', value: UNEVEN_AT_MOST } as const,
    measured: flatness(out, busy, binMs),
    ideal: 0,
    unit: '',
    evidence: words(
      `Standard deviation ÷ mean of calls per ${shown(binMs)} ms, over the ${shown(seconds, 1)} s in which something waited all the time.`,
      `대기열이 계속 있던 ${shown(seconds, 1)}초 동안 ${shown(binMs)} ms당 호출 수의 표준편차 ÷ 평균.`,
    ),
  }
  return unlessPassed(criterion(given), criterion(given, stallOf(look, binMs)))
}

/** What the planner would have said beforehand of this burst, this pace and calls of this length. */
function predictedSeconds({ driven, slots, pace, calls, burstSeconds }: Look): number {
  const plan = planBurst({
    ...{
      burst: driven.sent.length,
      overSeconds: burstSeconds,
      basePerSecond: 0,
      backlog: 0,
      workers: 1,
      slots,
    },
    serviceSeconds: Math.max(0.001, mean(calls.map(({ latencyMs }) => latencyMs)) / 1000),
    ...(pace !== null && { ratePerSecond: pace }),
  })
  return burstSeconds + (plan.drainSeconds ?? 0)
}

function drainCriterion(look: Look): Criterion {
  const { driven, out, horizon } = look
  const predicted = predictedSeconds(look)
  const measured = ((out.at(-1) ?? horizon.from) - horizon.from) / 1000
  const given = {
    id: 'burst_leveling.drain_against_plan',
    title: words(
      'Time until the last call, of what the planner says',
      '마지막 호출까지 걸린 시간(계획 대비)',
    ),
    bound: { kind: 'range', from: 85, to: 125 } as const,
    measured: predicted > 0 ? (measured / predicted) * 100 : null,
    ideal: 100,
    unit: '%',
    evidence: words(
      `From the first message sent to the start of the last call: ${shown(measured, 1)} s; weir plan says ${shown(predicted, 1)} s.`,
      `첫 메시지 전송부터 마지막 호출 시작까지 ${shown(measured, 1)}초; weir plan 예측 ${shown(predicted, 1)}초.`,
    ),
  }
  const { why } = driven.load.generator
  const doubt = words(
    `The machine was too busy to tell (${why.join('; ')}).`,
    `측정 장비가 너무 바빠 판단할 수 없습니다(${why.join('; ')}).`,
  )
  return unlessPassed(criterion(given), criterion(given, why.length > 0 ? doubt : undefined))
}

function unseenCriteria(): Criterion[] {
  const none = { kind: 'at-least', value: 0 } as const
  return [
    skipped(PEAK, NO_RECORD),
    skipped({ ...AHEAD, bound: { kind: 'at-most', value: PACER_TOLERANCE_MS } }, NO_RECORD),
    ...BINS_MS.map((binMs) => skipped({ ...smoothingOf(binMs), bound: none }, NO_RECORD)),
  ]
}

function levelFigures(look: Look): Figure[] {
  const { driven, out, pace, burstSeconds, horizon } = look
  const inPerSecond = driven.sent.length / burstSeconds
  const seconds = (horizon.to - horizon.from) / 1000
  const figure = (id: string, title: Words, value: number | null, unit: string): Figure => ({
    ...{ id: `burst_leveling.${id}`, title, value, unit },
  })
  return [
    figure('in_rate', words('Input while the burst lasted', '버스트 중 유입'), inPerSecond, 'messages/s'),
    figure('pace', words('Pace', '속도 제한'), pace, 'calls/s'),
    figure(
      'out_rate',
      words('Output while a backlog waited', '대기열이 있는 동안 유출'),
      outRate(look),
      'calls/s',
    ),
    figure('horizon', words('Horizon of the smoothing coefficients', '평활 계수의 관찰 구간'), seconds, 's'),
    figure(
      'smoothing_formula',
      words(
        'Smoothing of a perfect pacer by the formula, very small bins',
        '완벽한 속도 제한기의 평활 계수(수식, 매우 작은 구간)',
      ),
      pace === null ? null : perfectSmoothing(inPerSecond, pace, burstSeconds, seconds),
      '',
    ),
    figure(
      'latency_p99',
      words('Answer of the service at p99, from the intended moment', '서비스 응답 p99(의도한 시각 기준)'),
      driven.load.latencyMs.count > 0 ? driven.load.latencyMs.p99 : null,
      'ms',
    ),
    figure('calls', words('Calls at the back end', '백엔드 호출 수'), out.length, ''),
    figure('late', words('Clocks late by at most', '시계 지연(최대)'), driven.lateMs, 'ms'),
  ]
}

function outRate({ out, busy }: Look): number | null {
  const seconds = (busy.to - busy.from) / 1000
  return seconds > 0 ? (countBefore(out, busy.to) - countBefore(out, busy.from)) / seconds : null
}

function chartsOf({ driven, out, horizon, pace }: Look): Chart[] {
  const seen = { from: horizon.from, to: out.at(-1) ?? horizon.to }
  const binMs = Math.max(500, binFor((seen.to - seen.from) / 1000))
  const input = rateSeries('in', words('sent', '유입'), driven.sent, seen, binMs)
  const output = rateSeries('out', words('calls at the back end', '백엔드 호출'), out, seen, binMs)
  const waiting = backlogSeries('waiting', words('waiting', '대기'), driven.acknowledged, out, seen)
  const seconds = shown((seen.to - seen.from) / 1000, 1)
  const limits = pace === null ? [] : [{ title: words('pace', '속도 제한'), value: pace }]
  return [
    {
      ...{ id: 'burst_leveling.flow', title: words('In and out', '유입과 유출'), unit: '/s', limits },
      series: [input, output],
      alternative: words(
        `Input peaks at ${shown(highest(input))}/s, output at ${shown(highest(output))}/s in bins of ${shown(binMs)} ms; the last call starts after ${seconds} s.`,
        `유입 최고 ${shown(highest(input))}/s, 유출 최고 ${shown(highest(output))}/s(${shown(binMs)} ms 구간); 마지막 호출은 ${seconds}초 후 시작.`,
      ),
    },
    {
      ...{ id: 'burst_leveling.backlog', title: words('Backlog', '대기열'), unit: 'messages', limits: [] },
      series: [waiting],
      alternative: words(
        `Acknowledged and not yet at the back end: at most ${shown(highest(waiting))}, none after ${seconds} s.`,
        `승인되었으나 아직 백엔드에 도달하지 않은 메시지: 최대 ${shown(highest(waiting))}건, ${seconds}초 후 0건.`,
      ),
    },
  ]
}

function summaryOf({ verdict }: Driven, look: Look | undefined): Words {
  const sent = shown(verdict.attempted)
  if (!look) {
    return words(
      `${sent} messages were sent in a burst; what came out could not be seen.`,
      `${sent}건을 버스트로 보냈으며 유출은 볼 수 없었습니다.`,
    )
  }
  const [input, output] = [shown(verdict.attempted / look.burstSeconds), shown(outRate(look), 1)]
  return words(
    `${sent} messages came within ${shown(look.burstSeconds, 1)} s (${input}/s) and left at ${output}/s. Every figure is from the moments that the sender and the back end wrote down.`,
    `${sent}건이 ${shown(look.burstSeconds, 1)}초 안에(${input}/s) 들어와 ${output}/s로 나갔습니다. 모든 수치는 송신기와 백엔드가 기록한 시각에서 나왔습니다.`,
  )
}
