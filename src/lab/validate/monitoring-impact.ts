/**
 * monitoring_impact: what monitoring costs. One service under one steady load; monitoring is switched between blocks of
 * that run, in pairs whose order alternates, so that a machine that gets slower or a process that warms up falls on
 * both sides alike. Cost is the processor time of the service for each message, as the operating system tells it.
 */
import { type Clock, pause } from '../../core/index.ts'
import { planLoad } from '../load/plan.ts'
import { type Estimate, pairedChange } from '../measure/estimate.ts'
import { countBefore } from '../measure/times.ts'
import { sampleProcess } from '../processes/sample.ts'
import type { Chart, Criterion } from '../report/document.ts'
import { acceptedCriterion, auditCriteria, auditFigures } from './audit-criteria.ts'
import { type Driven, drive } from './drive.ts'
import type { ExperimentContext, ExperimentFindings, ExperimentKind } from './experiment.ts'
import { doubted, shown, skipped, words } from './findings.ts'
import { judgedByInterval } from './interval.ts'
import { NO_PROCESSES, subjectOf } from './subject.ts'

const CALL_MS = 5
const SLOTS = 20
/** After a switch, before measuring: what began under the other state is finished. */
const SETTLE_MS = 200
/** The older system allowed 15. */
const MOST_PERCENT = 2

export const monitoringImpact: ExperimentKind = {
  name: 'monitoring_impact',
  title: words('Cost of monitoring', '모니터링 비용'),
  run,
}

/** One stretch of the run in one state; processor time in seconds. */
export interface Block {
  readonly on: boolean
  readonly from: number
  readonly to: number
  readonly cpuSeconds: number
}

const OF = {
  id: 'monitoring_impact.cost',
  title: words(
    'Processor time per message with monitoring, beyond that without',
    '모니터링으로 늘어난 메시지당 CPU 시간',
  ),
  bound: { kind: 'at-most', value: MOST_PERCENT },
  unit: '%',
} as const

async function run(context: ExperimentContext): Promise<ExperimentFindings> {
  if (context.running) return notSwitched()
  const { quick, flags, clock, seed, signal } = context
  const [usual, blockMs] = quick ? [5, 800] : [20, 2_500]
  const pairs = pairsWithin(flags.durationSeconds, blockMs) ?? usual
  const rate = flags.sustainedLoad ?? 200
  const durationMs = (pairs * 2 + 0.5) * (blockMs + SETTLE_MS) + 500
  const subject = await subjectOf(context, {
    backend: { capacity: SLOTS * 4, serviceMs: CALL_MS, seed },
    types: { ORDER: { concurrency: SLOTS, timeoutSeconds: 30 } },
  })
  const client = context.client(subject.url)
  let blocks: readonly Block[] = []
  context.progress(`monitoring on and off in ${pairs * 2} blocks of ${blockMs} ms`)
  const driven = await drive(context, subject, {
    plan: planLoad({ testType: 'sustained', ratePerSecond: rate, durationMs, arrivals: 'constant' }),
    drainLimitMs: 30_000,
    warmUp: rate,
    async meanwhile() {
      const pid = subject.stage?.pids.service ?? 0
      const turn = (on: boolean) => client.setMonitoring(on)
      blocks = await inTurns({ pairs, blockMs, pid, turn, clock, signal })
    },
  })
  return findingsOf(driven, blocks)
}

interface Turns {
  readonly pairs: number
  readonly blockMs: number
  readonly pid: number
  readonly turn: (on: boolean) => Promise<unknown>
  readonly clock: Clock
  readonly signal: AbortSignal
}

/** on off, off on, on off … A block whose process could not be looked at is left out, and its pair with it. */
async function inTurns({ pairs, blockMs, pid, turn, clock, signal }: Turns): Promise<Block[]> {
  const blocks: Block[] = []
  for (let index = 0; index < pairs * 2 && !signal.aborted; index++) {
    const on = index % 4 === 0 || index % 4 === 3
    await turn(on)
    await pause(clock, SETTLE_MS, signal)
    const [from, before] = [clock.now(), await sampleProcess(pid)]
    await pause(clock, blockMs, signal)
    const [to, after] = [clock.now(), await sampleProcess(pid)]
    if (!before || !after) break
    blocks.push({ on, from, to, cpuSeconds: after.cpuSeconds - before.cpuSeconds })
  }
  await turn(true)
  return blocks
}

/** Milliseconds of processor time for each message that came in the block; null when none came. */
function costOf(
  { acknowledged }: Pick<Driven, 'acknowledged'>,
  { from, to, cpuSeconds }: Block,
): number | null {
  const messages = countBefore(acknowledged, to) - countBefore(acknowledged, from)
  return messages === 0 || cpuSeconds <= 0 ? null : (cpuSeconds * 1000) / messages
}

/** As many as the time that was asked for holds; fewer than three have no interval worth the name. */
const pairsWithin = (seconds: number | undefined, blockMs: number): number | undefined =>
  seconds === undefined ? undefined : Math.max(3, Math.floor((seconds * 1000) / (2 * (blockMs + SETTLE_MS))))

/** What the blocks amount to. Pure. */
export function findingsOf(driven: Driven, blocks: readonly Block[]): ExperimentFindings {
  const { verdict } = driven
  const costs = blocks.map((block) => costOf(driven, block))
  const pairs: [on: number, off: number][] = []
  for (let index = 0; index + 1 < blocks.length; index += 2) {
    const [first, second] = [costs[index], costs[index + 1]]
    if (first == null || second == null) continue
    pairs.push(blocks[index]?.on ? [first, second] : [second, first])
  }
  const change = pairedChange(pairs)
  const middle = (side: 0 | 1) =>
    pairs.length === 0 ? null : pairs.reduce((sum, pair) => sum + pair[side], 0) / pairs.length
  return {
    criteria: [
      costCriterion(change, pairs.length),
      acceptedCriterion('monitoring_impact', verdict),
      ...auditCriteria('monitoring_impact', verdict, driven.calls !== null),
    ],
    figures: [...intervalFigures(change), ...auditFigures('monitoring_impact', verdict)],
    comparisons: [
      {
        id: 'monitoring_impact.sides',
        title: words('On and off', '켬과 끔'),
        sides: [words('on', '켬'), words('off', '끔')],
        rows: [
          {
            title: words('Processor time per message', '메시지당 CPU 시간'),
            unit: 'ms',
            values: [middle(0), middle(1)],
          },
        ],
      },
    ],
    charts: costs.length > 0 ? [blocksChart(driven, blocks, costs)] : [],
    summary: words(
      `${pairs.length} pairs of neighbouring blocks of one run were compared, each with its own neighbour.`,
      `한 실행에서 이웃한 구간 ${pairs.length}쌍을 서로 비교했습니다.`,
    ),
    notMeasured: [],
  }
}

const percent = (found: Estimate): Estimate => ({
  ...{ value: found.value * 100, low: found.low * 100, high: found.high * 100, samples: found.samples },
})

/** Measuring more costs nothing less. So much of a gain is other work on the machine, and as much may hide a loss. */
const LARGEST_GAIN_PERCENT = 10
const TOO_NOISY = words(
  'Monitoring cannot save so much: other work on the machine changed between the blocks, so nothing is concluded.',
  '모니터링이 이만큼 절약할 수는 없습니다. 구간 사이에 다른 작업의 부하가 달라졌으므로 결론을 내리지 않습니다.',
)

function costCriterion(change: Estimate | null, pairs: number): Criterion {
  const found = change && percent(change)
  const evidence = words(
    `${pairs} pairs; 95 % interval ${shown(found?.low, 1)} to ${shown(found?.high, 1)} %.`,
    `${pairs}쌍; 95 % 구간 ${shown(found?.low, 1)} ~ ${shown(found?.high, 1)} %.`,
  )
  const judged = judgedByInterval({ ...OF, evidence }, found)
  if (found === null || judged.verdict !== 'passed' || found.low >= -LARGEST_GAIN_PERCENT) return judged
  return doubted(judged, TOO_NOISY)
}

function intervalFigures(change: Estimate | null) {
  const found = change && percent(change)
  return [
    {
      id: 'monitoring_impact.cost_low',
      title: words('Lower end of the 95 % interval', '95 % 구간 하한'),
      value: found?.low ?? null,
      unit: '%',
    },
    {
      id: 'monitoring_impact.cost_high',
      title: words('Upper end of the 95 % interval', '95 % 구간 상한'),
      value: found?.high ?? null,
      unit: '%',
    },
  ]
}

function blocksChart({ load }: Driven, blocks: readonly Block[], costs: readonly (number | null)[]): Chart {
  const side = (on: boolean) =>
    blocks.flatMap((block, index) =>
      block.on === on ? [[(block.from - load.startedAt) / 1000, costs[index] ?? null] as const] : [],
    )
  return {
    ...{
      id: 'monitoring_impact.blocks',
      title: words('Cost in each block', '구간별 비용'),
      unit: 'ms',
      limits: [],
    },
    series: [
      { id: 'on', title: words('on', '켬'), points: side(true), drawn: 'line' },
      { id: 'off', title: words('off', '끔'), points: side(false), drawn: 'line' },
    ],
    alternative: words(
      `Processor time per message in ${blocks.length} blocks, on and off in turn.`,
      `켬과 끔을 번갈아 한 ${blocks.length}개 구간의 메시지당 CPU 시간.`,
    ),
  }
}

/** Switching somebody else's monitoring would be a change of his service. */
function notSwitched(): ExperimentFindings {
  return {
    ...{ criteria: [skipped(OF, NO_PROCESSES)], figures: [], comparisons: [], charts: [] },
    summary: words(
      'A running service is left as it is: its monitoring is not switched.',
      '실행 중인 서비스는 그대로 둡니다. 모니터링을 켜거나 끄지 않습니다.',
    ),
    notMeasured: [NO_PROCESSES],
  }
}
