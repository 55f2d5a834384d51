/** What the record of a burst amounts to. Pure, so that the tests can hand it records of other pacers. */
import { aheadOfPaceMs, peakAgainstPace } from '../measure/peak.ts'
import { flatness, perfectOutput, smoothing } from '../measure/smoothing.ts'
import type { Criterion, Words } from '../report/document.ts'
import { acceptedCriterion, auditCriteria, auditFigures } from './audit-criteria.ts'
import { levelCharts, levelFigures, summaryOf } from './burst-leveling-shown.ts'
import {
  type Look,
  lookAt,
  outRate,
  PACER_TOLERANCE_MS,
  PATH_MS,
  predictedSeconds,
  toleranceOf,
} from './burst-look.ts'
import { unlessOnePause } from './burst-pause.ts'
import type { Driven } from './drive.ts'
import type { ExperimentFindings } from './experiment.ts'
import { criterion, shown, skipped, words } from './findings.ts'
import { NO_PACE, NO_RECORD, type Subject } from './subject.ts'

const BINS_MS = [100, 1_000, 10_000] as const
const WINDOWS_MS = [100, 250, 1_000]
/** Of what a perfect pacer has: noise of the machine costs some, windows nearly all. */
const SHARE_OF_PERFECT = 0.5
const UNEVEN_AT_MOST = 0.5
/** The pace makes up for no time that it was held up; on a machine that stands still so long it is held up often. */
const BUSY_MS = 100
/** With fewer a bin, whole numbers alone make counts uneven. */
const EVENTS_PER_BIN = 5

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
    charts: look ? levelCharts(look) : [],
    summary: summaryOf(driven, look),
    notMeasured: calls === null ? [NO_RECORD] : [],
  }
}

/** Counts of a stalled machine are uneven whatever the pacer did. */
function stallOf({ driven }: Look, binMs: number): Words | undefined {
  if (driven.lateMs <= binMs) return undefined
  return words(
    `A process of the measurement stood still for ${shown(driven.lateMs)} ms, longer than a bin of ` +
      `${shown(binMs)} ms, so nothing is concluded.`,
    `측정 프로세스가 ${shown(driven.lateMs)} ms 동안 멈춰 구간(${shown(binMs)} ms)보다 길었으므로 결론을 내리지 않습니다.`,
  )
}

/** A doubt counts only against a failure: noise makes output uneven and never even. */
const unlessPassed = (found: Criterion, doubted: Criterion): Criterion =>
  found.verdict === 'failed' ? doubted : found

function levelCriteria(look: Look): Criterion[] {
  return [
    ...paceCriteria(look),
    ...BINS_MS.map((binMs) => unlessOnePause(look, (seen) => smoothingCriterion(seen, binMs))),
    unlessOnePause(look, flatCriterion),
    unlessOnePause(look, drainCriterion),
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
        `Sliding windows of ${windows} s over ${shown(out.length)} calls; fullest: ${peak.events} ` +
          `calls in ${peak.windowMs} ms where ${shown(pace, 1)}/s allows ${Math.floor(peak.allowed)} ` +
          `(tolerance of the pacer, of the path, lateness of the clocks: ${told}).`,
        `호출 ${shown(out.length)}건에 대한 ${windows}초 이동 구간; 최대: ${peak.windowMs} ms 안에 ${peak.events}건, ` +
          `${shown(pace, 1)}/s 기준 허용 ${Math.floor(peak.allowed)}건(허용 오차 ${told}).`,
      ),
    }),
    criterion({
      ...AHEAD,
      bound,
      measured: aheadOfPaceMs(out, pace),
      ideal: 0,
      evidence: words(
        `The least tolerance with which a pacer of ${shown(pace, 1)}/s could have let this through, ` +
          `over windows of every length; allowed ${told}.`,
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
      `The horizon of ${seconds} s has too few bins of ${secondsOf(binMs)}, or there is no pace; a ` +
        'longer run (--burst-size, --duration) has more.',
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
      `Counts per ${secondsOf(binMs)} over a horizon of ${seconds} s, from the start of the burst to ` +
        `twice the end of the output. A perfect pacer would have had ${shown(perfect, 2)} on the same ` +
        'arrivals; half of that is asked for.',
      `버스트 시작부터 유출 종료 시점의 두 배까지 ${seconds}초 동안 ${binMs / 1000}초 구간별 건수. 같은 유입에서 완벽한 속도 제한기의 값은 ` +
        `${shown(perfect, 2)}이며, 그 절반 이상을 요구합니다.`,
    ),
  }
  return unlessPassed(criterion(given), criterion(given, stallOf(look, binMs)))
}

function flatCriterion(look: Look): Criterion {
  const { out, busy } = look
  const seconds = (busy.to - busy.from) / 1000
  const rate = outRate(look) ?? 0
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
      `Standard deviation ÷ mean of calls per ${shown(binMs)} ms, over the ${shown(seconds, 1)} s in ` +
        'which something waited all the time.',
      `대기열이 계속 있던 ${shown(seconds, 1)}초 동안 ${shown(binMs)} ms당 호출 수의 표준편차 ÷ 평균.`,
    ),
  }
  return unlessPassed(criterion(given), criterion(given, stallOf(look, binMs)))
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
      `From the first message sent to the start of the last call: ${shown(measured, 1)} s; weir plan ` +
        `says ${shown(predicted, 1)} s.`,
      `첫 메시지 전송부터 마지막 호출 시작까지 ${shown(measured, 1)}초; weir plan 예측 ${shown(predicted, 1)}초.`,
    ),
  }
  const why = [...driven.load.generator.why]
  if (driven.lateMs > BUSY_MS)
    why.push(`a process of the measurement stood still for ${shown(driven.lateMs)} ms`)
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
