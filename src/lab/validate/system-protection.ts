/**
 * system_protection: what hits a fragile back end, by its own record and by the operating system, when the same seeded
 * arrivals come straight to it and when they come through the service.
 */
import { insideOverTime } from '../measure/calls.ts'
import { countsIn } from '../measure/times.ts'
import type { Chart, Series } from '../report/document.ts'
import { drive } from './drive.ts'
import type { ExperimentContext, ExperimentFindings, ExperimentKind } from './experiment.ts'
import { shown, words } from './findings.ts'
import { cpuPoints, planOf, runSide, type Side, secondsIn } from './side.ts'
import type { FragileSetup } from './stage.ts'
import { NO_PROCESSES, subjectOf } from './subject.ts'
import { type Caps, figuresOf, judgeProtection, protectionTable } from './system-protection-judge.ts'

const TYPE = 'ORDER'
const TARGET_CPU = 80
/** Bears 200 calls a second at best; each also burns 8 ms, so 125 a second would fill a core. */
const BACKEND = { capacity: 20, limit: 40, serviceMs: 100, spread: 0.5, burnMs: 8 }
const SLOTS = 15
/** 60 × 8 ms: about half of a core, and some more for answering. */
const PACE = 60
/** Twelve times what the pace lets out, and more than the back end bears. */
const BURST_RATE = 240
const QUICK_MESSAGES = 600
const MESSAGES = 3_000
const PATIENCE_MS = 2_000

/** What the service was set to, and the back end made with. */
interface OwnCaps extends Caps {
  readonly backend: NonNullable<Caps['backend']>
  readonly ratePerSecond: number
}

export const systemProtection: ExperimentKind = {
  name: 'system_protection',
  title: words('Protection of the back end', '백엔드 보호'),
  run,
}

function run(context: ExperimentContext): Promise<ExperimentFindings> {
  return context.running === undefined ? onStages(context) : onRunning(context)
}

async function onStages(context: ExperimentContext): Promise<ExperimentFindings> {
  const { flags, quick, seed, progress } = context
  const messages = flags.burstSize ?? (quick ? QUICK_MESSAGES : MESSAGES)
  const plan = planOf([{ seconds: messages / BURST_RATE, from: BURST_RATE, to: BURST_RATE }])
  const backend: FragileSetup = { ...BACKEND, seed }
  const caps: OwnCaps = {
    ...{ backend: BACKEND, slots: SLOTS, ratePerSecond: PACE },
    targetCpu: flags.targetCpu ?? TARGET_CPU,
  }
  const common = {
    ...{ plan, mix: { [TYPE]: 1 }, warmUp: SLOTS },
    ...{ patienceMs: PATIENCE_MS, drainLimitMs: drainLimitMs(messages) },
  }
  progress(`${messages} messages straight to the back end`)
  const alone = await context.stage({ backend, types: null })
  const straight = await runSide({ ...common, stage: alone, path: 'straight' }, context)
  await alone.stop()
  progress(`the same ${messages} through the service, ${PACE}/s to the back end`)
  const stage = await context.stage({
    backend,
    types: { [TYPE]: { concurrency: SLOTS, ratePerSecond: PACE, maxRetries: 10 } },
  })
  const queued = await runSide({ ...common, stage, path: 'queued' }, context)
  await stage.stop()
  return findings(caps, straight, queued)
}

/** Of a service that was running before: what its back end wrote down, and nothing sent past it. */
async function onRunning(context: ExperimentContext): Promise<ExperimentFindings> {
  const { flags, quick } = context
  const subject = await subjectOf(context, { backend: { ...BACKEND, seed: 0 }, types: null })
  const messages = flags.burstSize ?? (quick ? QUICK_MESSAGES : MESSAGES)
  const rate = 4 * (subject.pacePerSecond ?? PACE)
  const driven = await drive(context, subject, {
    plan: planOf([{ seconds: messages / rate, from: rate, to: rate }]),
    drainLimitMs: drainLimitMs(messages, subject.pacePerSecond ?? PACE),
  })
  const { load, calls, lateMs } = driven
  const queued = calls === null ? null : figuresOf({ load, calls, lateMs, processes: [] })
  const caps: Caps = {
    ...{ slots: subject.slots, ratePerSecond: subject.pacePerSecond },
    targetCpu: flags.targetCpu ?? TARGET_CPU,
  }
  return {
    criteria: judgeProtection({ caps, queued, straight: undefined, fallen: undefined }),
    ...{ figures: [], comparisons: [], charts: [] },
    summary: words(
      `${shown(messages)} messages of the type ${subject.type} went through the running service, and its back ` +
        "end's record was held against the pace and the slots of that type.",
      `실행 중인 서비스로 ${subject.type} 유형의 메시지 ${shown(messages)}건을 보내고, 백엔드의 기록을 ` +
        '그 유형의 속도와 슬롯에 비교했습니다.',
    ),
    notMeasured: [NO_PROCESSES],
  }
}

/** Three times what the pace takes: a slow machine is not a fault, and a queue that stands still must end. */
const drainLimitMs = (messages: number, pace = PACE): number => (messages / pace) * 3_000 + 10_000

function findings(caps: OwnCaps, straight: Side, queued: Side): ExperimentFindings {
  const [without, within] = [figuresOf(straight), figuresOf(queued)]
  const fallen = queued.fallen ?? straight.fallen
  return {
    criteria: judgeProtection({ caps, queued: within, straight: without, fallen }),
    figures: [],
    comparisons: [protectionTable(without, within)],
    charts: [
      concurrencyChart(caps, straight, queued),
      rateChart(caps, straight, queued),
      cpuChart(caps, straight, queued),
    ],
    summary: words(
      `The same ${shown(within.attempted)} arrivals came twice: straight to a back end that bears ` +
        `${shown(caps.backend.capacity)} calls at once, and through the service, which lets ` +
        `${shown(caps.ratePerSecond)} a second and ${shown(caps.slots)} at once out to it. Everything ` +
        `but the processor use is from the back end's own record.`,
      `같은 ${shown(within.attempted)}건의 부하를 두 번 보냈습니다. 한 번은 동시에 ${shown(caps.backend.capacity)}건을 ` +
        `감당하는 백엔드로 직접, 한 번은 초당 ${shown(caps.ratePerSecond)}건, 동시 ${shown(caps.slots)}건으로 내보내는 서비스를 거쳐 ` +
        '보냈습니다. CPU 외의 모든 값은 백엔드 자체 기록입니다.',
    ),
    notMeasured: [
      words(
        'Senders that try again when they are refused: they would make the side without the queue worse.',
        '거부당한 뒤 다시 시도하는 송신자: 대기열 없는 쪽이 더 나빠집니다.',
      ),
    ],
  }
}

const STRAIGHT = words('without queue', '대기열 없음')
const QUEUED = words('with queue', '대기열 있음')

function concurrencyChart({ backend, slots }: OwnCaps, straight: Side, queued: Side): Chart {
  const of = ({ load, calls }: Side) =>
    insideOverTime(calls).map(([ms, inside]) => [secondsIn(load, ms), inside] as const)
  const [without, within] = [of(straight), of(queued)]
  const most = (points: readonly (readonly [number, number])[]) =>
    shown(points.reduce((max, [, value]) => Math.max(max, value), 0))
  return {
    id: 'system_protection.concurrency',
    title: words('Calls at once in the back end', '백엔드의 동시 호출'),
    unit: 'calls',
    series: [
      { id: 'straight', title: STRAIGHT, points: without, drawn: 'step' },
      { id: 'queued', title: QUEUED, points: within, drawn: 'step' },
    ],
    limits: [
      { title: words('capacity', '감당 가능'), value: backend.capacity },
      { title: words('slots of the service', '서비스의 슬롯'), value: slots },
    ],
    alternative: words(
      `Without the queue at most ${most(without)} calls at once, with it ${most(within)}; the back ` +
        `end bears ${backend.capacity}.`,
      `대기열이 없으면 최대 ${most(without)}건, 있으면 최대 ${most(within)}건이 동시에 있었습니다. 백엔드는 ${backend.capacity}건을 ` +
        '감당합니다.',
    ),
  }
}

function rateChart({ ratePerSecond }: OwnCaps, straight: Side, queued: Side): Chart {
  const of = ({ load, calls }: Side) => {
    const starts = calls.map(({ start }) => start)
    const to = Math.max(load.startedAt, ...calls.map(({ end }) => end)) + 1000
    return [...countsIn(starts, { from: load.startedAt, to }, 1000)].map(
      (count, second) => [second, count] as const,
    )
  }
  const series = (id: string, title: Series['title'], side: Side): Series => ({
    ...{ id, title, points: of(side), drawn: 'bars' },
  })
  const most = (side: Side) => shown(of(side).reduce((max, [, count]) => Math.max(max, count), 0))
  return {
    id: 'system_protection.rate',
    title: words('Calls that came to the back end in each second', '초마다 백엔드에 도착한 호출'),
    unit: 'calls/s',
    series: [series('straight', STRAIGHT, straight), series('queued', QUEUED, queued)],
    limits: [{ title: words('pace', '속도'), value: ratePerSecond }],
    alternative: words(
      `Without the queue up to ${most(straight)} calls in a second, with it up to ${most(queued)}; ` +
        `the pace is ${ratePerSecond}.`,
      `대기열이 없으면 초당 최대 ${most(straight)}건, 있으면 최대 ${most(queued)}건이 왔습니다. 속도는 ${ratePerSecond}건입니다.`,
    ),
  }
}

function cpuChart({ targetCpu }: OwnCaps, straight: Side, queued: Side): Chart {
  const line = (id: string, title: Series['title'], side: Side, name: string): Series => ({
    ...{ id, title, points: cpuPoints(side, name), drawn: 'line' },
  })
  const most = (side: Side) => shown(figuresOf(side).backendCpu)
  return {
    id: 'system_protection.cpu',
    title: words(
      'Processor use of each process, percent of one core',
      '프로세스별 CPU 사용률, 코어 하나 기준',
    ),
    unit: '%',
    series: [
      line('backend-straight', words('back end without queue', '백엔드, 대기열 없음'), straight, 'backend'),
      line('backend', words('back end with queue', '백엔드, 대기열 있음'), queued, 'backend'),
      line('service', words('service', '서비스'), queued, 'service'),
      line('generator', words('generator', '부하 생성기'), queued, 'generator'),
    ],
    limits: [{ title: words('target', '목표'), value: targetCpu }],
    alternative: words(
      `In its busiest two seconds the back end used ${most(straight)} % without the queue and ` +
        `${most(queued)} % with it.`,
      `가장 바쁜 2초에 백엔드는 대기열 없이 ${most(straight)} %, 대기열이 있을 때 ${most(queued)} %를 썼습니다.`,
    ),
  }
}
