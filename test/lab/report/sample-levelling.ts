/** The first experiment of the SAMPLE report: a burst through a paced queue, simulated message by message. */
import { simulateQueue } from '../queue-simulation.ts'
import { both, criterion, round, type Sketch, seconds, series } from './sample-parts.ts'

const PACE = 100

/** A burst through a paced queue, message by message. */
function burst(random: () => number) {
  const arrivals = Array.from({ length: 2000 }, () => 1 + random() * 4).sort((a, b) => a - b)
  const starts: number[] = []
  for (const at of arrivals) starts.push(Math.max(at, (starts.at(-1) ?? 0) + 1 / PACE))
  const service = arrivals.map(() => 0.04 + random() * 0.05)
  const { peak, longestWait } = simulateQueue({
    ...{
      arrivals,
      serviceSeconds: (index: number) => service[index] ?? 0,
      servers: 18,
      spacingSeconds: 1 / PACE,
    },
  })
  const rate = (times: number[], from: number) =>
    times.filter((at) => at >= from && at < from + 0.5).length / 0.5
  const bins = seconds(0, 26, 0.5)
  const count = (times: number[], until: number) => times.filter((at) => at <= until).length
  return {
    peak,
    longestWait,
    inflow: bins.map((from): [number, number] => [from, rate(arrivals, from)]),
    outflow: bins.map((from): [number, number] => [from, rate(starts, from)]),
    depth: seconds(0, 26, 0.1).map((at): [number, number] => [at, count(arrivals, at) - count(starts, at)]),
    latency: bins.map((at): [number, number | null] =>
      at < 1 || at > 21 ? [at, null] : [at, round(55 + random() * 30 + (at > 12 && at < 13 ? 60 : 0))],
    ),
  }
}

const TIMES = both('Arrivals and starts', '유입과 처리 시작')

export function levelling(random: () => number): Sketch {
  const { inflow, outflow, depth, latency, peak, longestWait } = burst(random)
  const most = Math.max(...outflow.map(([, value]) => value))
  const mostIn = Math.max(...inflow.map(([, value]) => value))
  return {
    experiment: 'burst_leveling',
    title: both('Burst levelling', '버스트 평준화'),
    summary: both(
      `2,000 messages within four seconds; the pace lets out ${PACE} a second. A peak goes in, a plain comes out.`,
      `4초 안에 2,000건이 들어오고 초당 ${PACE}건씩 나갑니다. 몰려 들어온 요청이 일정한 속도로 나옵니다.`,
    ),
    criteria: [
      criterion(
        'burst_leveling.peak_output',
        both('Highest output in any tenth of a second', '0.1초 구간 최대 유출'),
        {
          ...{ measured: 100.02, unit: 'messages/s', ideal: PACE, bound: { kind: 'at-most', value: 105 } },
        },
      ),
      criterion(
        'burst_leveling.smoothing_1s',
        both('Smoothing coefficient, bins of 1 s', '평활 계수, 1초 구간'),
        {
          ...{ measured: 18.62, bound: { kind: 'at-least', value: 5 }, ideal: 19.1 },
          evidence: both(
            'Variance in by variance out over 42 s, from the first arrival to twice the drain.',
            '첫 도착부터 소진 시간의 두 배까지 42초 동안의 유입 분산 ÷ 유출 분산.',
          ),
        },
      ),
      criterion('burst_leveling.drain', both('Drain time against the prediction', '예측 대비 소진 시간'), {
        ...{ measured: 1.018, bound: { kind: 'range', from: 0.9, to: 1.1 }, ideal: 1 },
      }),
      criterion('burst_leveling.lost', both('Lost messages', '유실된 메시지'), {
        ...{ measured: 0, unit: 'messages', bound: { kind: 'exactly', value: 0 } },
      }),
    ],
    charts: [
      {
        id: 'flow',
        title: TIMES,
        unit: 'messages/s',
        series: [
          series('in', both('In', '유입'), 'bars', inflow),
          series('out', both('Out', '유출'), 'step', outflow),
        ],
        limits: [{ title: both('pace', '속도 제한'), value: PACE }],
        alternative: both(
          `In: up to ${mostIn} a second for four seconds. Out: never above ${most} a second, flat to 21 s.`,
          `유입은 4초 동안 초당 최대 ${mostIn}건, 유출은 초당 ${most}건을 넘지 않고 21초까지 일정합니다.`,
        ),
      },
      {
        id: 'depth',
        title: both('Waiting in the queue', '큐에서 대기 중'),
        unit: 'messages',
        series: [series('depth', both('Waiting', '대기'), 'step', depth)],
        limits: [],
        alternative: both(
          `Rises to ${peak} within five seconds, then falls evenly to zero at 21 s.`,
          `5초 안에 ${peak}건까지 늘었다가 일정하게 줄어 21초에 0이 됩니다.`,
        ),
      },
      {
        id: 'latency',
        title: both('Latency of the back end', '백엔드 응답 시간'),
        unit: 'ms',
        series: [
          series('p50', both('p50', 'p50'), 'line', latency),
          series(
            'p99',
            both('p99', 'p99'),
            'line',
            latency.map(([at, v]) => [at, v === null ? null : round(v * 1.6 + 9)]),
          ),
        ],
        limits: [{ title: both('slow from here', '지연 기준'), value: 150 }],
        alternative: both(
          'Between 55 and 145 ms at p99, one peak at 12 s.',
          'p99는 55–145 ms이며 12초에 한 번 높아집니다.',
        ),
      },
    ],
    figures: [
      { id: 'peak', title: both('Peak backlog', '최대 대기'), value: peak, unit: 'messages' },
      { id: 'wait', title: both('Longest wait', '최장 대기 시간'), value: round(longestWait, 2), unit: 's' },
      {
        id: 'cv',
        title: both('Variation of output while a backlog exists', '대기 중 유출 변동 계수'),
        value: 0.0123,
        unit: '',
      },
      { id: 'disk', title: both('Bytes written', '기록한 바이트'), value: null, unit: 'MiB' },
    ],
    notMeasured: [
      both(
        'Bins of 10 s: the run was too short for four of them.',
        '10초 구간: 네 구간이 되기에 실행이 너무 짧았습니다.',
      ),
    ],
  }
}
