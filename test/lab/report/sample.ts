/**
 * A SAMPLE of a validation's report, from a seeded simulation: what the drawing is tried on. Nothing in it was measured,
 * its texts say so, and nothing outside the tests may use it.
 */
import type {
  Chart,
  Comparison,
  Criterion,
  Experiment,
  ExperimentReport,
  Series,
  ValidationReport,
  Verdict,
  Words,
} from '../../../src/lab/report/document.ts'
import { seededRandom } from '../../fixtures/seed.ts'
import { simulateQueue } from '../queue-simulation.ts'

type Points = [number, number | null][]

export const both = (en: string, ko: string): Words => ({ en, ko })

const series = (id: string, title: Words, drawn: Series['drawn'], points: Points): Series => ({
  ...{ id, title, drawn, points },
})

const seconds = (from: number, to: number, step: number): number[] =>
  Array.from({ length: Math.round((to - from) / step) }, (_, index) =>
    Number((from + index * step).toFixed(3)),
  )

const round = (value: number, digits = 1): number => Number(value.toFixed(digits))

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

interface Sketch {
  readonly experiment: Experiment
  readonly title: Words
  readonly summary: Words
  readonly criteria: readonly Criterion[]
  readonly charts?: readonly Chart[]
  readonly comparisons?: readonly Comparison[]
  readonly figures?: ExperimentReport['figures']
  readonly notMeasured?: readonly Words[]
}

const SIMULATED = both(
  'SAMPLE from a simulation, nothing here was measured.',
  '시뮬레이션 예시이며 측정한 값이 아닙니다.',
)

export function criterion(id: string, title: Words, rest: Partial<Criterion> = {}): Criterion {
  return {
    id,
    title,
    bound: { kind: 'at-most', value: 100 },
    measured: 80,
    unit: '',
    verdict: 'passed',
    evidence: both('From the simulated events of the whole run.', '전체 실행의 모의 이벤트에서 구했습니다.'),
    ...rest,
  }
}

const TIMES = both('Arrivals and starts', '유입과 처리 시작')

function levelling(random: () => number): Sketch {
  const { inflow, outflow, depth, latency, peak, longestWait } = burst(random)
  const most = Math.max(...outflow.map(([, value]) => value))
  return {
    experiment: 'burst_leveling',
    title: both('Burst levelling', '버스트 평준화'),
    summary: both(
      `2,000 messages within four seconds; the pace lets out ${PACE} a second. The burst goes in as a peak and comes out flat.`,
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
          `In: up to ${Math.max(...inflow.map(([, value]) => value))} a second for four seconds. Out: never above ${most} a second, flat until the backlog is gone after 21 s.`,
          `유입은 4초 동안 초당 최대 ${Math.max(...inflow.map(([, value]) => value))}건, 유출은 초당 ${most}건을 넘지 않고 21초에 모두 소진될 때까지 일정합니다.`,
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

function protection(random: () => number): Sketch {
  const straight = seconds(0, 20, 0.25).map((at): [number, number] => [
    at,
    at < 6 ? Math.round(30 + random() * 10) : at < 9 ? 12 : 0,
  ])
  const queued = seconds(0, 20, 0.25).map((at): [number, number] => [
    at,
    at < 17 ? 15 + Math.floor(random() * 4) : 0,
  ])
  return {
    experiment: 'system_protection',
    title: both('System protection', '시스템 보호'),
    summary: both(
      'The same arrivals once straight to the fragile back end and once through the queue; its own record tells how many calls were inside at once.',
      '같은 도착을 한 번은 백엔드로 바로, 한 번은 큐를 거쳐 보냈습니다. 동시 호출 수는 백엔드 자신의 기록입니다.',
    ),
    criteria: [
      criterion('system_protection.calls', both('Calls inside at once', '동시 호출 수'), {
        ...{ measured: 18, unit: 'calls', bound: { kind: 'at-most', value: 18 }, ideal: 18 },
      }),
      criterion('system_protection.p99', both('The back end’s own p99', '백엔드 자체 p99'), {
        ...{ measured: 251.3, unit: 'ms', bound: { kind: 'at-most', value: 250 }, verdict: 'failed' },
        evidence: both(
          'Above the bound by 1.3 ms over 1,985 calls; three of them fell together with a flush of the disk.',
          '1,985건 중 기준을 1.3 ms 넘었습니다. 세 건은 디스크 기록과 겹쳤습니다.',
        ),
      }),
      criterion('system_protection.cpu', both('Processor time of the back end', '백엔드 CPU'), {
        ...{ measured: null, unit: '%', bound: { kind: 'at-most', value: 80 }, verdict: 'skipped' },
        evidence: both(
          'This system does not tell it of other processes.',
          '이 시스템은 다른 프로세스의 CPU를 알려 주지 않습니다.',
        ),
      }),
    ],
    charts: [
      {
        id: 'inside',
        title: both('Calls inside the back end', '백엔드 안의 호출'),
        unit: 'calls',
        series: [
          series('straight', both('Straight', '직접'), 'step', straight),
          series('queued', both('Through the queue', '큐를 거쳐'), 'step', queued),
        ],
        limits: [
          { title: both('fails from', '실패 시작'), value: 40 },
          { title: both('capacity', '수용량'), value: 20 },
          { title: both('sockets', '소켓 한도'), value: 1000 },
        ],
        alternative: both(
          'Straight: up to 40, beyond its capacity of 20. Through the queue: never above 18.',
          '직접 보내면 수용량 20을 넘어 40까지, 큐를 거치면 18을 넘지 않습니다.',
        ),
      },
    ],
    comparisons: [
      {
        id: 'ab',
        title: both('The same 3,000 arrivals', '같은 3,000건의 도착'),
        sides: [both('Straight', '직접'), both('Through the queue', '큐를 거쳐')],
        rows: [
          { title: both('Done', '완료'), unit: 'messages', values: [129, 3000] },
          {
            title: both('Refused, failed, unknown', '거부, 실패, 불명'),
            unit: 'messages',
            values: [2871, 0],
          },
          { title: both('Calls at once, at most', '최대 동시 호출'), unit: 'calls', values: [40, 18] },
          { title: both('The back end’s p99', '백엔드 p99'), unit: 'ms', values: [591.2, 251.3] },
          { title: both('Time to recover', '복구 시간'), unit: 's', values: [null, 0.4] },
        ],
      },
    ],
    figures: [],
  }
}

function scaling(random: () => number): Sketch {
  const load = (at: number) => (at < 60 ? at * 4 : at < 120 ? 240 : Math.max(0, 240 - (at - 120) * 4))
  const workers = seconds(0, 240, 5).map((at): [number, number] => [
    at,
    Math.max(1, Math.ceil(load(at - 10) / 40)),
  ])
  return {
    experiment: 'auto_scaling',
    title: both('Auto-scaling', '자동 확장'),
    summary: both(
      'A ramp up and down; workers follow the arrival rate and do not flap.',
      '부하를 올렸다가 내렸습니다. 워커 수가 유입을 따라가며 흔들리지 않습니다.',
    ),
    criteria: [
      criterion('auto_scaling.flaps', both('Changes of direction', '방향 전환 횟수'), {
        ...{ measured: 1, unit: 'changes', bound: { kind: 'at-most', value: 2 }, ideal: 1 },
      }),
      criterion('auto_scaling.wait', both('Wait at p99', 'p99 대기 시간'), {
        ...{ measured: 4123, unit: 'ms', bound: { kind: 'at-most', value: 10_000 } },
      }),
    ],
    charts: [
      {
        id: 'workers',
        title: both('Workers', '워커'),
        unit: 'workers',
        series: [
          series(
            'wanted',
            both('Wanted', '필요'),
            'step',
            workers.map(([at, value]) => [at, value]),
          ),
          series(
            'ready',
            both('Ready', '준비됨'),
            'step',
            workers.map(([at], index) => [
              at,
              at > 95 && at < 110 ? null : (workers[Math.max(0, index - 1)]?.[1] ?? 1),
            ]),
          ),
        ],
        limits: [{ title: both('MAX_REPLICAS', 'MAX_REPLICAS'), value: 8 }],
        alternative: both(
          'From 1 to 6 workers within 70 s, back to 1 at 190 s.',
          '70초 안에 1개에서 6개로 늘고 190초에 1개로 돌아옵니다.',
        ),
      },
      {
        id: 'rate',
        title: both('Arrivals', '유입'),
        unit: 'messages/s',
        series: [
          series(
            'in',
            both('In', '유입'),
            'bars',
            seconds(0, 240, 1).map((at) => [at, Math.round(load(at) + random() * 20)]),
          ),
        ],
        limits: [],
        alternative: both('Up to 240 a second between 60 and 120 s.', '60–120초에 초당 최대 240건입니다.'),
      },
    ],
  }
}

function monitoring(random: () => number): Sketch {
  const block = (from: number, level: number) =>
    seconds(from, 80, 20).map((at): [number, number] => [at, round(level + random() * 120, 0)])
  return {
    experiment: 'monitoring_impact',
    title: both('Cost of monitoring', '모니터링 영향'),
    summary: both(
      'Monitoring on and off in turn within one run.',
      '한 실행 안에서 모니터링을 번갈아 켜고 껐습니다.',
    ),
    criteria: [
      criterion(
        'monitoring_impact.cost',
        both('Throughput lost with monitoring on', '모니터링으로 잃은 처리량'),
        {
          ...{
            measured: -0.42,
            unit: '%',
            bound: { kind: 'at-most', value: 2 },
            ideal: 0,
            verdict: 'inconclusive',
          },
          evidence: both(
            '95 % interval from −2.9 to 2.1 %: too wide on a busy machine.',
            '95 % 신뢰구간 −2.9–2.1 %: 바쁜 기계라 너무 넓습니다.',
          ),
        },
      ),
    ],
    charts: [
      {
        id: 'blocks',
        title: both('Throughput by block', '구간별 처리량'),
        unit: 'messages/s',
        series: [
          series('on', both('On', '켬'), 'bars', block(0, 4000)),
          series('off', both('Off', '끔'), 'bars', block(10, 4010)),
        ],
        limits: [],
        alternative: both('About 4,050 a second in every block.', '모든 구간에서 초당 약 4,050건입니다.'),
      },
    ],
    comparisons: [
      {
        id: 'onoff',
        title: both('On and off', '켬과 끔'),
        sides: [both('On', '켬'), both('Off', '끔')],
        rows: [{ title: both('Throughput', '처리량'), unit: 'messages/s', values: [4061, 4078] }],
      },
    ],
  }
}

function stability(random: () => number): Sketch {
  const long = seconds(0, 1200, 0.1)
  return {
    experiment: 'stability',
    title: both('Stability', '안정성'),
    summary: both('Twenty minutes of even load.', '20분 동안 고른 부하를 주었습니다.'),
    criteria: [
      criterion('stability.memory_slope', both('Slope of memory', '메모리 증가율'), {
        ...{ measured: -0.8, unit: 'MiB/h', bound: { kind: 'at-most', value: 5 }, ideal: 0 },
      }),
      criterion('stability.restarts', both('Restarts', '재시작'), {
        ...{ measured: 0, unit: 'restarts', bound: { kind: 'exactly', value: 0 } },
      }),
    ],
    charts: [
      {
        id: 'memory',
        title: both('Memory of the service', '서비스 메모리'),
        unit: 'MiB',
        series: [
          series(
            'rss',
            both('Resident', '상주'),
            'line',
            long.map((at) => [
              at,
              round(180 + 12 * Math.sin(at / 40) + random() * 9 + (at === 700 ? 60 : 0)),
            ]),
          ),
        ],
        limits: [],
        alternative: both(
          'Between 168 and 201 MiB, one peak of 250 MiB at 11:40.',
          '168–201 MiB이며 11:40에 한 번 250 MiB까지 올라갑니다.',
        ),
      },
    ],
  }
}

function verdictOf(criteria: readonly Criterion[]): Verdict {
  const has = (verdict: Verdict) => criteria.some((one) => one.verdict === verdict)
  if (has('failed')) return 'failed'
  if (has('inconclusive')) return 'inconclusive'
  return has('passed') ? 'passed' : 'skipped'
}

/** The same seed gives the same report. */
export function sampleReport(seed = 7): ValidationReport {
  const random = seededRandom(seed)
  const sketches = [levelling, protection, scaling, monitoring, stability].map((make) => make(random))
  const experiments = sketches.map(
    (sketch, index): ExperimentReport => ({
      ...{ comparisons: [], charts: [], figures: [], ...sketch },
      notMeasured: [SIMULATED, ...(sketch.notMeasured ?? [])],
      verdict: verdictOf(sketch.criteria),
      startedAtSeconds: index * 30,
      seconds: 26.4,
    }),
  )
  const all = experiments.flatMap(({ criteria }) => criteria)
  const passed = all.filter(({ verdict }) => verdict === 'passed').length
  const judged = passed + all.filter(({ verdict }) => verdict === 'failed').length
  return {
    kind: 'validation',
    version: 1,
    startedAt: Date.UTC(2026, 10, 21, 9, 15, 30),
    seconds: 162.4,
    quick: true,
    seed,
    url: null,
    environment: {
      ...{
        weir: '0.1.0-sample',
        node: 'v24.0.0',
        platform: 'linux x64',
        cpu: 'Simulated processor at 2.4 GHz',
      },
      ...{ cores: 2, memoryBytes: 8 * 1024 ** 3, loadBefore: 0.42, engine: 'embedded' },
    },
    experiments,
    score: (passed / judged) * 100,
    grade: 'B',
    passed: passed === judged,
    interrupted: false,
  }
}
