/**
 * throughput_gain: the same seeded arrivals, once straight to a fragile back end and once through the service. What is
 * compared is work that was done, by the back end's own record, and what senders and messages waited for it.
 *
 *   arrivals/s   BURST ████
 *                TAIL      ▁▁▁▁▁▁▁   goes on after the burst, so that the way back to health can be seen at all
 */
import { countsIn } from '../measure/times.ts'
import type { Chart, Series, Words } from '../report/document.ts'
import type { ExperimentContext, ExperimentFindings, ExperimentKind } from './experiment.ts'
import { generatorFault, shown, skipped, words } from './findings.ts'
import { planOf, runSide, type Side, secondsIn } from './side.ts'
import {
  type GainFigures,
  type GainSetting,
  gainFiguresOf,
  gainTable,
  judgeGain,
  LEAST_GAIN,
} from './throughput-gain-judge.ts'

const TYPE = 'ORDER'
/** 200 a second at best. */
const BACKEND = { capacity: 20, limit: 40, serviceMs: 100, spread: 0.5 }
/** Three quarters of what the back end can do, with slots that are enough also when calls take a little longer. */
const PACE = 150
const SLOTS = 18
/** Twice what the back end can do. */
const BURST_RATE = 400
const TAIL_RATE = 30
const TAIL_SECONDS = 4
const QUICK_MESSAGES = 1_000
const MESSAGES = 6_000
const PATIENCE_MS = 2_000
/** Of the slowest unhindered call: a busy machine stretches it, an overloaded back end quadruples it. */
const NORMAL = 1.5

export const throughputGain: ExperimentKind = {
  name: 'throughput_gain',
  title: words('Throughput against no queue', '대기열이 없을 때 대비 처리량'),
  run,
}

async function run(context: ExperimentContext): Promise<ExperimentFindings> {
  if (context.running !== undefined) return notOfRunning()
  const { flags, quick, seed, progress } = context
  const messages = flags.burstSize ?? (quick ? QUICK_MESSAGES : MESSAGES)
  const burstSeconds = messages / BURST_RATE
  const plan = planOf([
    { seconds: burstSeconds, from: BURST_RATE, to: BURST_RATE },
    { seconds: TAIL_SECONDS, from: TAIL_RATE, to: TAIL_RATE },
  ])
  const backend = { ...BACKEND, seed }
  // Three times what the pace takes: a slow machine is not a fault, and a queue that stands still must end.
  const drainLimitMs = (plan.requests / PACE) * 3_000 + 10_000
  const common = { plan, mix: { [TYPE]: 1 }, patienceMs: PATIENCE_MS, drainLimitMs }
  progress(`${plan.requests} messages straight to the back end`)
  const alone = await context.stage({ backend, types: null })
  const straight = await runSide({ ...common, stage: alone, path: 'straight' }, context)
  await alone.stop()
  progress(`the same ${plan.requests} through the service, ${PACE}/s to the back end`)
  const types = { [TYPE]: { concurrency: SLOTS, ratePerSecond: PACE, maxRetries: 10 } }
  const stage = await context.stage({ backend, types })
  const queued = await runSide({ ...common, stage, path: 'queued' }, context)
  await stage.stop()
  const normalMs = BACKEND.serviceMs * (1 + BACKEND.spread) * NORMAL
  return findings(straight, queued, { burstSeconds, normalMs, slots: SLOTS })
}

function findings(straight: Side, queued: Side, setting: GainSetting): ExperimentFindings {
  const [without, within] = [gainFiguresOf(straight, setting), gainFiguresOf(queued, setting)]
  const unless = generatorFault(straight.load, queued.load)
  const fallen = queued.fallen ?? straight.fallen
  return {
    criteria: judgeGain({ straight: without, queued: within, unless, fallen }),
    figures: [],
    comparisons: [gainTable(without, within)],
    charts: [doneChart(straight, queued), waitingChart(queued)],
    summary: summaryOf(without, within, setting),
    notMeasured: [
      words(
        'Senders that try again when they are refused: their work is counted as not done, and their ' +
          'tries would make the side without the queue worse.',
        '거부당한 뒤 다시 시도하는 송신자: 처리되지 않은 것으로 세며, 재시도는 대기열 없는 쪽을 더 나쁘게 만듭니다.',
      ),
    ],
  }
}

function summaryOf(straight: GainFigures, queued: GainFigures, { burstSeconds }: GainSetting): Words {
  const rates = { burst: shown(BURST_RATE), tail: shown(TAIL_RATE), seconds: shown(burstSeconds, 1) }
  const waited = shown((queued.work?.p99 ?? 0) / 1000, 1)
  return words(
    `${rates.burst} messages a second for ${rates.seconds} s, then ${rates.tail} a second for ` +
      `${TAIL_SECONDS} s, to a back end that does 200 a second at best and less when it is overloaded. ` +
      `Without the queue ${shown(straight.successPercent, 1)} % of the work was done, with it ` +
      `${shown(queued.successPercent, 1)} %; the price is time: 99 in 100 were done within ${waited} s ` +
      'of their arrival.',
    `초당 ${rates.burst}건을 ${rates.seconds}초, 이어서 초당 ${rates.tail}건을 ${TAIL_SECONDS}초 동안, 최대 초당 200건을 ` +
      `처리하고 과부하에서는 더 느려지는 백엔드로 보냈습니다. 대기열 없이 ${shown(straight.successPercent, 1)} %, 대기열로 ` +
      `${shown(queued.successPercent, 1)} %가 처리되었습니다. 대가는 시간입니다. 100건 중 99건이 도착 후 ${waited}초 안에 ` +
      '처리되었습니다.',
  )
}

/** The other side would send its load past the queue, and nobody has allowed that for a back end that is not ours. */
function notOfRunning(): ExperimentFindings {
  const why = words(
    'Half of it is a load straight to the back end, which would overload that of a running service; ' +
      'without --api-url a back end of its own is used.',
    '절반은 백엔드로 직접 보내는 부하여서 실행 중인 서비스의 백엔드를 과부하시키게 됩니다. --api-url 없이 실행하면 전용 백엔드를 씁니다.',
  )
  const given = {
    id: 'throughput_gain.goodput',
    title: words('Goodput with the queue, of that without', '대기열이 없을 때 대비 유효 처리량'),
    bound: { kind: 'at-least', value: LEAST_GAIN },
    unit: '%',
  } as const
  return {
    criteria: [skipped(given, why)],
    figures: [],
    comparisons: [],
    charts: [],
    summary: why,
    notMeasured: [why],
  }
}

function doneChart(straight: Side, queued: Side): Chart {
  const to = (side: Side) => Math.max(side.load.startedAt, ...side.calls.map(({ end }) => end)) + 1000
  const bars = (moments: readonly number[], side: Side) =>
    [...countsIn(moments, { from: side.load.startedAt, to: to(side) }, 1000)].map(
      (n, second) => [second, n] as const,
    )
  const done = (side: Side) =>
    bars(
      side.calls.flatMap(({ outcome, end }) => (outcome === 'served' ? [end] : [])),
      side,
    )
  const series = (id: string, title: Words, side: Side): Series => ({
    id,
    title,
    points: done(side),
    drawn: 'step',
  })
  const sum = (side: Side) => shown(workOf(side))
  return {
    id: 'throughput_gain.done',
    title: words('Work done in each second', '초마다 처리된 작업'),
    unit: 'messages/s',
    series: [
      series('straight', words('without queue', '대기열 없음'), straight),
      series('queued', words('with queue', '대기열 있음'), queued),
    ],
    limits: [{ title: words('pace', '속도'), value: PACE }],
    alternative: words(
      `Without the queue ${sum(straight)} pieces of work were done in all, with it ${sum(queued)}.`,
      `대기열 없이 모두 ${sum(straight)}건, 대기열로 ${sum(queued)}건이 처리되었습니다.`,
    ),
  }
}

const workOf = ({ calls }: Side): number => calls.filter(({ outcome }) => outcome === 'served').length

function waitingChart({ load, waiting }: Side): Chart {
  const points = waiting.map(([ms, messages]) => [secondsIn(load, ms), messages] as const)
  const most = shown(points.reduce((max, [, messages]) => Math.max(max, messages), 0))
  return {
    id: 'throughput_gain.waiting',
    title: words('Messages in the service that are not done', '서비스에서 아직 처리되지 않은 메시지'),
    unit: 'messages',
    series: [
      { id: 'waiting', title: words('waiting or in work', '대기 또는 처리 중'), points, drawn: 'line' },
    ],
    limits: [],
    alternative: words(`At most ${most} messages waited.`, `최대 ${most}건이 기다렸습니다.`),
  }
}
