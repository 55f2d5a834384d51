/**
 * A SAMPLE of a validation's report, from a seeded simulation: what the drawing is tried on. Nothing in it was
 * measured, its texts say so, and nothing outside the tests may use it.
 */
import type {
  Criterion,
  ExperimentReport,
  ValidationReport,
  Verdict,
} from '../../../src/lab/report/document.ts'
import { seededRandom } from '../../fixtures/seed.ts'
import { levelling } from './sample-levelling.ts'
import { both, criterion, round, SIMULATED, type Sketch, seconds, series } from './sample-parts.ts'

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
      'The same arrivals, once straight to the fragile back end and once through the queue; the record is its own.',
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
