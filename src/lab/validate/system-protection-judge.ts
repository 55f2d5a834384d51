/** What a run of system_protection amounts to. Pure: the measurements go in, the criteria come out. */
import type { BackendLogHeader } from '../backend/call-log.ts'
import { arrivalsAt, mostInside, servedLatency, workDoneOf } from '../measure/calls.ts'
import { fullestWindow, peakAgainstPace } from '../measure/peak.ts'
import type { ProcessPoint } from '../processes/sampler.ts'
import type { Comparison, Criterion, Words } from '../report/document.ts'
import { criterion, doubted, shown, skipped, words } from './findings.ts'
import type { Side } from './side.ts'
import { NO_PACE, NO_PROCESSES, NO_RECORD } from './subject.ts'

/** In all of these no more may come than the pace allows; long ones for a small excess, short ones for small loads. */
export const WINDOWS_MS = [1_000, 2_000, 5_000] as const
/** A process that is not scheduled for a moment catches up, and the back end can not have noted when it came. */
const TOLERANCE_MS = 250
/** Short, because an overload is: calm beside it would hide it. Many of the system's 10 ms ticks all the same. */
export const CPU_WINDOW_MS = 2_000
/** A quarter of that window: less does not make 80 % of the half of a core that the pace asks for. */
const STANDSTILL_MS = 500

/** What the two sides had to keep. */
export interface Caps {
  /** Of a stage's own back end; of another one nothing is known. */
  readonly backend?: Pick<BackendLogHeader, 'capacity' | 'limit' | 'burnMs'>
  /** Messages that the service may have in work at once, and per second. */
  readonly slots: number
  readonly ratePerSecond: number | null
  /** Percent of one core. */
  readonly targetCpu: number
}

/** One side as its back end recorded it, and as the operating system saw the processes. */
export interface SideFigures {
  readonly attempted: number
  readonly acknowledged: number
  /** Messages whose work was done. */
  readonly done: number
  readonly calls: number
  readonly mostInside: number
  /** When they came; sorted milliseconds. */
  readonly came: ArrayLike<number>
  /** How much later than they came the back end may have noted them. */
  readonly lateMs: number
  readonly inBusiestSecond: number
  readonly latencyP50: number | null
  readonly latencyP99: number | null
  /** Calls that were refused, failed or never answered. */
  readonly errors: number
  /** Percent of one core in the busiest window; null where the process could not be watched. */
  readonly backendCpu: number | null
  readonly serviceCpu: number | null
  readonly generatorCpu: number | null
}

export function figuresOf({
  load,
  calls,
  processes,
  lateMs,
}: Pick<Side, 'load' | 'calls' | 'processes' | 'lateMs'>): SideFigures {
  const came = arrivalsAt(calls)
  const latency = servedLatency(calls)
  const cpu = (name: string) =>
    busiestCpu(processes.find((one) => one.name === name)?.points ?? [], CPU_WINDOW_MS)
  const good = calls.filter(({ outcome }) => outcome === 'served' || outcome === 'repeated').length
  return {
    attempted: load.accounts.attempted,
    acknowledged: load.accounts.acknowledged,
    done: workDoneOf(calls).size,
    calls: calls.length,
    mostInside: mostInside(calls),
    ...{ came, lateMs },
    inBusiestSecond: fullestWindow(came, 1000).events,
    latencyP50: latency?.p50 ?? null,
    latencyP99: latency?.p99 ?? null,
    errors: calls.length - good,
    backendCpu: cpu('backend'),
    serviceCpu: cpu('service'),
    generatorCpu: cpu('generator'),
  }
}

/** The highest mean over a stretch of at least so long, or over all of a shorter record; percent of one core. */
export function busiestCpu(points: readonly ProcessPoint[], windowMs: number): number | null {
  let most: number | null = null
  let first = 0
  let [spanMs, usedMs] = [0, 0]
  for (const point of points) {
    spanMs += point.spanMs
    usedMs += point.cpu * point.spanMs
    for (let next = points[first]; next && spanMs - next.spanMs >= windowMs; next = points[++first]) {
      spanMs -= next.spanMs
      usedMs -= next.cpu * next.spanMs
    }
    if (spanMs >= windowMs) most = Math.max(most ?? 0, usedMs / spanMs)
  }
  if (most === null && spanMs > 0) most = usedMs / spanMs
  return most === null ? null : most * 100
}

/** `straight`: absent where no comparison was made. `fallen`: how a process ended by itself while it was judged. */
export interface Protection {
  readonly caps: Caps
  /** null: the back end's record is not to be had. */
  readonly queued: SideFigures | null
  readonly straight: SideFigures | undefined
  readonly fallen: string | undefined
}

/**
 * That the generator was late changes none of these: they are bounds that must hold whatever came. What could make them
 * hold for nothing is a load that was none, and that has its own criterion.
 */
export function judgeProtection(measured: Protection): Criterion[] {
  const nothing =
    measured.fallen !== undefined
      ? words(
          `A process ended by itself: ${measured.fallen}.`,
          `프로세스가 스스로 종료되었습니다: ${measured.fallen}.`,
        )
      : measured.queued?.done === 0
        ? words('Nothing came through the service.', '서비스를 통해 나온 것이 없습니다.')
        : undefined
  const found = [pressure(measured), concurrency(measured), rate(measured), cpu(measured)]
  if (nothing === undefined) return found
  // Caps that were kept because nothing happened are not kept.
  return found.map((one) =>
    one.verdict === 'skipped' ? one : { ...one, verdict: 'failed', evidence: nothing },
  )
}

const PRESSURE = {
  id: 'system_protection.pressure',
  title: words(
    'The same arrivals overload the back end without the queue',
    '대기열이 없으면 같은 부하가 백엔드를 넘친다',
  ),
  unit: 'calls',
} as const

function pressure({ caps, straight }: Protection): Criterion {
  const { capacity, limit } = caps.backend ?? { capacity: caps.slots, limit: caps.slots }
  const bound = { kind: 'at-least', value: capacity + 1 } as const
  if (straight === undefined) {
    return skipped(
      { ...PRESSURE, bound },
      words(
        'Not tried: it would overload the back end of a running service. Without --api-url a back ' +
          'end of its own is overloaded.',
        '시도하지 않음: 실행 중인 서비스의 백엔드를 과부하시키게 됩니다. --api-url 없이 실행하면 전용 백엔드로 측정합니다.',
      ),
    )
  }
  const found = criterion({
    ...PRESSURE,
    bound,
    measured: straight.mostInside,
    evidence: words(
      `From the back end's record: at most ${shown(straight.mostInside)} of the calls were inside at ` +
        `once; it bears ${shown(capacity)} and refuses beyond ${shown(limit)}. Of ` +
        `${shown(straight.attempted)} messages the work of ${shown(straight.done)} was done.`,
      `백엔드 자체 기록: 동시에 최대 ${shown(straight.mostInside)}건이 안에 있었습니다. 감당 가능 ${shown(capacity)}건, ` +
        `${shown(limit)}건 초과는 거부합니다. 메시지 ${shown(straight.attempted)}건 중 ${shown(straight.done)}건이 ` +
        '처리되었습니다.',
    ),
  })
  // Too small a load is no fault of the service: protection was only not put to the test.
  return found.verdict === 'failed' ? { ...found, verdict: 'inconclusive' } : found
}

function concurrency({ caps, queued }: Protection): Criterion {
  const { slots, backend } = caps
  const given = {
    id: 'system_protection.concurrency',
    title: words('Calls at once in the back end, with the queue', '대기열이 있을 때 백엔드의 동시 호출'),
    bound: { kind: 'at-most', value: Math.min(slots, backend?.capacity ?? slots) },
    unit: 'calls',
  } as const
  if (queued === null) return skipped(given, NO_RECORD)
  const bears =
    backend &&
    words(` The back end bears ${backend.capacity}.`, ` 백엔드는 ${backend.capacity}건을 감당합니다.`)
  return criterion({
    ...given,
    measured: queued.mostInside,
    evidence: words(
      `From the starts and ends of all ${shown(queued.calls)} calls in the back end's own record; the ` +
        `service has ${shown(slots)} slots.${bears?.en ?? ''}`,
      `백엔드 자체 기록의 호출 ${shown(queued.calls)}건의 시작과 끝에서 계산했습니다. ` +
        `서비스의 슬롯은 ${shown(slots)}개입니다.${bears?.ko ?? ''}`,
    ),
  })
}

function rate({ caps, queued }: Protection): Criterion {
  const { ratePerSecond } = caps
  const given = {
    id: 'system_protection.rate',
    title: words(
      'Calls in the fullest window, of what the pace allows, with the queue',
      '대기열이 있을 때 가장 붐빈 구간의 호출, 속도가 허용하는 양 대비',
    ),
    bound: { kind: 'at-most', value: 100 },
    unit: '%',
  } as const
  if (ratePerSecond === null) return skipped(given, NO_PACE)
  if (queued === null) return skipped(given, NO_RECORD)
  const toleranceMs = TOLERANCE_MS + queued.lateMs
  const peak = peakAgainstPace(queued.came, ratePerSecond, toleranceMs, WINDOWS_MS)
  const seconds = shown((peak?.windowMs ?? 0) / 1000)
  return criterion({
    ...given,
    measured: peak === null ? null : peak.share * 100,
    evidence: words(
      `Every window of 1, 2 and 5 s in the back end's record against a pace of ${shown(ratePerSecond)}/s; the ` +
        `fullest of ${seconds} s had ${shown(peak?.events)} calls, ${shown(peak?.allowed)} are allowed. ` +
        `${shown(toleranceMs)} ms are allowed for processes that had to wait for a processor.`,
      `백엔드 기록의 1, 2, 5초 구간 모두를 초당 ${shown(ratePerSecond)}건의 속도와 비교했습니다. ` +
        `가장 붐빈 ${seconds}초 구간에 ${shown(peak?.events)}건이 왔고 ${shown(peak?.allowed)}건까지 허용됩니다. ` +
        `CPU를 기다린 프로세스를 위해 ${shown(toleranceMs)} ms의 여유를 둡니다.`,
    ),
  })
}

function cpu({ caps, queued, straight }: Protection): Criterion {
  const given = {
    id: 'system_protection.cpu',
    title: words(
      'Processor use of the back end in its busiest two seconds, with the queue',
      '대기열이 있을 때 가장 바쁜 2초의 백엔드 CPU 사용률',
    ),
    bound: { kind: 'at-most', value: caps.targetCpu },
    unit: '%',
  } as const
  if (caps.backend === undefined || queued === null || queued.backendCpu === null)
    return skipped(given, NO_PROCESSES)
  const { burnMs } = caps.backend
  const asked = ((caps.ratePerSecond ?? 0) * burnMs) / 10
  const without = straight === undefined ? '–' : shown(straight.backendCpu)
  const found = criterion({
    ...given,
    measured: queued.backendCpu,
    evidence: words(
      `From the operating system, percent of one core. Each call burns ${shown(burnMs)} ms, so the pace ` +
        `of ${shown(caps.ratePerSecond)}/s asks for ${shown(asked)} %. Without the queue it was ` +
        `${without} %.`,
      `운영체제가 알려 준 값이며 코어 하나 기준입니다. 호출마다 ${shown(burnMs)} ms를 쓰므로 ` +
        `초당 ${shown(caps.ratePerSecond)}건이면 ${shown(asked)} %가 됩니다. ` +
        `대기열이 없을 때는 ${without} %였습니다.`,
    ),
  })
  return found.verdict === 'failed' ? doubted(found, standstillOf(queued)) : found
}

/** A machine that is taken away from all its processes may tell that time as used by the one that ran. */
function standstillOf({ lateMs }: SideFigures): Words | undefined {
  if (lateMs < STANDSTILL_MS) return undefined
  return words(
    `The back end stood still for ${shown(lateMs)} ms, which the system may tell as used, so nothing is concluded.`,
    `백엔드가 ${shown(lateMs)} ms 동안 멈췄고 운영체제가 그 시간을 사용한 것으로 셀 수 있으므로 결론을 내리지 않습니다.`,
  )
}

export function protectionTable(straight: SideFigures, queued: SideFigures): Comparison {
  const row = (en: string, ko: string, unit: string, of: (side: SideFigures) => number | null) => ({
    ...{ title: words(en, ko), unit },
    values: [of(straight), of(queued)],
  })
  return {
    id: 'system_protection.sides',
    title: words('The back end under the same arrivals', '같은 부하를 받은 백엔드'),
    sides: [words('without queue', '대기열 없음'), words('with queue', '대기열 있음')],
    rows: [
      row('messages sent', '보낸 메시지', 'messages', ({ attempted }) => attempted),
      row('work done', '처리된 작업', 'messages', ({ done }) => done),
      row('calls at once, at most', '최대 동시 호출', 'calls', (side) => side.mostInside),
      row('calls in the busiest second', '가장 바쁜 1초의 호출', 'calls', (side) => side.inBusiestSecond),
      row('latency of the back end, median', '백엔드 지연, 중앙값', 'ms', (side) => side.latencyP50),
      row('latency of the back end, p99', '백엔드 지연, p99', 'ms', (side) => side.latencyP99),
      row('refused, failed or never answered', '거부, 실패, 무응답', 'calls', ({ errors }) => errors),
      row('CPU of the back end, busiest 2 s', '백엔드 CPU, 가장 바쁜 2초', '%', (side) => side.backendCpu),
      row('CPU of the service, busiest 2 s', '서비스 CPU, 가장 바쁜 2초', '%', (side) => side.serviceCpu),
      row(
        'CPU of the generator, busiest 2 s',
        '부하 생성기 CPU, 가장 바쁜 2초',
        '%',
        (side) => side.generatorCpu,
      ),
    ],
  }
}
