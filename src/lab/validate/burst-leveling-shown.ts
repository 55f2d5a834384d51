/** What is shown of a burst beside its criteria: figures, charts, a summary. */
import { perfectSmoothing } from '../measure/smoothing.ts'
import type { Chart, Figure, Words } from '../report/document.ts'
import { type Look, outRate } from './burst-look.ts'
import { backlogSeries, binFor, highest, rateSeries } from './charts.ts'
import type { Driven } from './drive.ts'
import { shown, words } from './findings.ts'

export function levelFigures(look: Look): Figure[] {
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

export function levelCharts({ driven, out, horizon, pace }: Look): Chart[] {
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
        `Input peaks at ${shown(highest(input))}/s, output at ${shown(highest(output))}/s in bins of ` +
          `${shown(binMs)} ms; the last call starts after ${seconds} s.`,
        `유입 최고 ${shown(highest(input))}/s, 유출 최고 ${shown(highest(output))}/s(${shown(binMs)} ms 구간); ` +
          `마지막 호출은 ${seconds}초 후 시작.`,
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

export function summaryOf({ verdict }: Driven, look: Look | undefined): Words {
  const sent = shown(verdict.attempted)
  if (!look) {
    return words(
      `${sent} messages were sent in a burst; what came out could not be seen.`,
      `${sent}건을 버스트로 보냈으며 유출은 볼 수 없었습니다.`,
    )
  }
  const [input, output] = [shown(verdict.attempted / look.burstSeconds), shown(outRate(look), 1)]
  return words(
    `${sent} messages came within ${shown(look.burstSeconds, 1)} s (${input}/s) and left at ` +
      `${output}/s. Every figure is from the moments that the sender and the back end wrote down.`,
    `${sent}건이 ${shown(look.burstSeconds, 1)}초 안에(${input}/s) 들어와 ${output}/s로 나갔습니다. 모든 수치는 송신기와 ` +
      '백엔드가 기록한 시각에서 나왔습니다.',
  )
}
