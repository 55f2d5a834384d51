/** What a run of auto_scaling amounts to. Pure: looks at the workers go in, changes and criteria come out. */
import type { Criterion, Words } from '../report/document.ts'
import { criterion, doubted, shown, skipped, words } from './findings.ts'

/** The workers of one type as the service told them at one moment. */
export interface WorkerLook {
  /** When it was asked and when the answer was there, milliseconds; what was told was so in between. */
  readonly at: number
  readonly heardAt: number
  readonly wanted: number
  readonly ready: number
  readonly reason: string
  /** Messages that were not finished, and the age of the oldest that was ready. */
  readonly waiting: number
  readonly oldestMs: number
  /** Of all processes that work on the queue, percent of one core; null where they do not tell. */
  readonly cpu: number | null
}

export interface WorkerChange {
  readonly at: number
  /** It came after this, when the look before it was asked, and before that, when this one was heard. */
  readonly between: readonly [after: number, before: number]
  readonly from: number
  readonly to: number
  readonly reason: string
}

/** Every time that another number was wanted, with the reason that was given at the first look that saw it. */
export function changesOf(looks: readonly WorkerLook[]): WorkerChange[] {
  return looks.flatMap(({ at, heardAt, wanted, reason }, index) => {
    const before = looks[index - 1]
    return before === undefined || before.wanted === wanted
      ? []
      : [{ at, between: [before.at, heardAt], from: before.wanted, to: wanted, reason }]
  })
}

/** How often the number turned round: up after down, or down after up. */
export function turnsOf(changes: readonly WorkerChange[]): number {
  const ways = changes.map(({ from, to }) => Math.sign(to - from))
  return ways.filter((way, index) => index > 0 && way !== ways[index - 1]).length
}

/**
 * The shortest time from a rise to the next fall, milliseconds; null when nothing fell after a rise. Each as long as
 * what was seen allows: a service that stood still while it was asked tells late what it did in time. `fullSince`:
 * since when the number with which the looks begin has been wanted, where that is known.
 */
export function shortestStayMs(
  changes: readonly WorkerChange[],
  fullSince: number | null = null,
): number | null {
  let roseAt = fullSince
  let shortest: number | null = null
  for (const { between, from, to } of changes) {
    const [after, before] = between
    if (to > from) roseAt = after
    else if (roseAt !== null) {
      shortest = Math.min(shortest ?? Number.POSITIVE_INFINITY, before - roseAt)
      roseAt = null
    }
  }
  return shortest
}

/** "1→2 drain_target, 2→3 drain_target": the way that the number went, with the reasons given. */
export const wayOf = (changes: readonly WorkerChange[]): string =>
  changes.map(({ from, to, reason }) => `${from}→${to} ${reason}`).join(', ')

export interface Scaling {
  /** Of the criteria: `auto_scaling`, or `auto_scaling.processes`. */
  readonly id: string
  readonly looks: readonly WorkerLook[]
  /** When the load began; the looks before it show the way to the fewest. */
  readonly loadFrom: number
  /** When the process began, for a pool, which begins full; null elsewhere. */
  readonly fullSince: number | null
  /** Workers that the load asks for: the most there may be, when it is more than they can bear. */
  readonly expected: number
  readonly max: number | null
  /** Of scaling down; null where a running service does not tell it. */
  readonly windowMs: number | null
  /** How far down it must have come when the looking ended; null: there was no time to see any of it, and why. */
  readonly downTo: number | Words
  /** Why the generator's state leaves nothing to conclude from workers that did not come. */
  readonly unless: Words | undefined
  readonly fallen: string | undefined
}

/** Two processes' clocks and timers in whole milliseconds. */
const CLOCKS_MS = 50

export function judgeScaling(scaling: Scaling): Criterion[] {
  const found = [up(scaling), cap(scaling), down(scaling), stay(scaling), flapping(scaling)]
  const { fallen } = scaling
  if (fallen === undefined) return found
  const why = words(`A process ended by itself: ${fallen}.`, `프로세스가 스스로 종료되었습니다: ${fallen}.`)
  return found.map((one) => ({ ...one, verdict: 'failed', evidence: why }))
}

function up({ id, looks, loadFrom, expected, unless }: Scaling): Criterion {
  const during = looks.filter(({ at }) => at >= loadFrom)
  const changes = changesOf(looks)
  const found = criterion({
    id: `${id}.up`,
    title: words('Workers at work when the load is highest', '부하가 가장 클 때 일하는 워커'),
    bound: { kind: 'at-least', value: expected },
    measured: mostOf(during, ({ ready }) => ready),
    unit: 'workers',
    evidence: words(
      `As the service told them in ${shown(looks.length)} looks at its status. The way: ` +
        `${wayOf(changes) || 'no change'}.`,
      `상태를 ${shown(looks.length)}번 확인했을 때 서비스가 알려 준 값입니다. 변화: ${wayOf(changes) || '없음'}.`,
    ),
  })
  // Too little load is no fault of the scaler.
  return found.verdict === 'failed' ? doubted(found, unless) : found
}

function cap({ id, looks, max }: Scaling): Criterion {
  const given = {
    id: `${id}.cap`,
    title: words('Most workers that were ever wanted or at work', '원했거나 일한 워커의 최댓값'),
    bound: { kind: 'at-most', value: max ?? 0 },
    unit: 'workers',
  } as const
  if (max === null) {
    return skipped(
      given,
      words('The service does not tell its most workers.', '서비스가 최대 워커 수를 알려 주지 않습니다.'),
    )
  }
  return criterion({
    ...given,
    measured: mostOf(looks, ({ wanted, ready }) => Math.max(wanted, ready)),
    evidence: words(
      `MAX_REPLICAS and the slots of the type allow ${shown(max)}.`,
      `MAX_REPLICAS와 유형의 슬롯은 ${shown(max)}까지 허용합니다.`,
    ),
  })
}

function down({ id, looks, loadFrom, downTo }: Scaling): Criterion {
  const given = {
    id: `${id}.down`,
    title: words('Workers again after the load', '부하가 끝난 뒤의 워커'),
    bound: { kind: 'at-most', value: typeof downTo === 'number' ? downTo : 0 },
    unit: 'workers',
  } as const
  if (typeof downTo !== 'number') return skipped(given, downTo)
  const last = looks.at(-1)
  const seconds = last === undefined ? 0 : (last.at - loadFrom) / 1000
  return criterion({
    ...given,
    measured: last?.wanted ?? null,
    evidence: words(
      `At the last look, ${shown(seconds)} s after the load began. What arrives is remembered for a ` +
        'minute, so the way down takes that and the window.',
      `부하가 시작되고 ${shown(seconds)}초 뒤 마지막 확인에서의 값입니다. 도착량은 1분 동안 기억되므로 줄어드는 데 그 시간과 창만큼 걸립니다.`,
    ),
  })
}

function stay({ id, looks, fullSince, windowMs }: Scaling): Criterion {
  const stayMs = shortestStayMs(changesOf(looks), fullSince)
  const given = {
    id: `${id}.window`,
    title: words(
      'Shortest time from a rise to the next fall',
      '늘어난 뒤 다음에 줄어들 때까지 가장 짧은 시간',
    ),
    bound: { kind: 'at-least', value: Math.max(0, (windowMs ?? 0) - CLOCKS_MS) / 1000 },
    unit: 's',
  } as const
  if (windowMs === null) {
    return skipped(
      given,
      words('The service does not tell its window.', '서비스가 창의 길이를 알려 주지 않습니다.'),
    )
  }
  if (stayMs === null) {
    return skipped(
      given,
      words('Nothing fell after a rise while this looked.', '지켜보는 동안 늘어난 뒤 줄어든 적이 없습니다.'),
    )
  }
  return criterion({
    ...given,
    measured: stayMs / 1000,
    evidence: words(
      `The window of scaling down is ${shown(windowMs / 1000)} s; the time is the longest that the looks before and ` +
        `after both changes allow.${fullSince === null ? '' : ' A pool begins full: its start counts as a rise.'}`,
      `축소 창은 ${shown(windowMs / 1000)}초이며, 두 변화의 앞뒤 관찰 시각으로 가능한 가장 긴 시간을 잽니다.` +
        (fullSince === null ? '' : ' 풀은 가득 찬 채 시작하므로 시작도 늘어난 것으로 칩니다.'),
    ),
  })
}

function flapping({ id, looks, loadFrom }: Scaling): Criterion {
  const changes = changesOf(looks)
  const before = changes.filter(({ at }) => at < loadFrom)
  // Up with the load and down after it is one turn; down to the fewest before it, where it begins full, is another.
  const allowed = before.some(({ from, to }) => to < from) ? 2 : 1
  return criterion({
    id: `${id}.flapping`,
    title: words('Turns of the number of workers', '워커 수의 방향 전환'),
    bound: { kind: 'at-most', value: allowed },
    measured: looks.length === 0 ? null : turnsOf(changes),
    unit: 'changes',
    evidence: words(
      `The load went up once and down once. The way: ${wayOf(changes) || 'no change'}.`,
      `부하는 한 번 오르고 한 번 내렸습니다. 변화: ${wayOf(changes) || '없음'}.`,
    ),
  })
}

function mostOf(looks: readonly WorkerLook[], of: (look: WorkerLook) => number): number | null {
  return looks.length === 0 ? null : Math.max(...looks.map(of))
}
