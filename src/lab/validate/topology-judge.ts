/** What the sides of topology amount to. Pure: the measurements go in, the criteria come out. */
import { Histogram } from '../histogram.ts'
import { workDoneOf } from '../measure/calls.ts'
import type { Comparison, Criterion, Words } from '../report/document.ts'
import { criterion, doubted, generatorFault, shown, skipped, words } from './findings.ts'
import { type Side, waitsOf } from './side.ts'

/** One log with an index per type; one queue for each type on a broker; one queue for all of them. */
export const LAYOUTS = ['embedded', 'per-type', 'single'] as const
export type Layout = (typeof LAYOUTS)[number]

export const LAYOUT_WORDS: Readonly<Record<Layout, Words>> = {
  embedded: words('embedded: one log', '내장: 로그 하나'),
  'per-type': words('RabbitMQ: a queue per type', 'RabbitMQ: 유형마다 큐'),
  single: words('RabbitMQ: one queue', 'RabbitMQ: 큐 하나'),
}

/** The two types of the load: one whose pace lets it pile up, and one that could go at once. */
export const SLOW = 'SLOW'
export const QUICK = 'QUICK'

export interface LayoutFigures {
  readonly layout: Layout
  readonly attempted: number
  readonly acknowledged: number
  readonly done: number
  /** Until a sender had its 2xx, p99, milliseconds; null when nobody had one. */
  readonly answerP99: number | null
  /** From arrival until the work began, milliseconds; null when none of the type was done. */
  readonly quickP50: number | null
  readonly quickP99: number | null
  readonly slowMax: number | null
  /** From the first arrival until the last work was done, seconds. */
  readonly seconds: number
  readonly fallen: string | undefined
  /** Why waits say more about the generator than about the layout. */
  readonly unless: Words | undefined
}

export function layoutFiguresOf(
  layout: Layout,
  side: Pick<Side, 'load' | 'calls' | 'fallen'>,
): LayoutFigures {
  const { load, calls, fallen } = side
  const [quick, slow] = [new Histogram(), new Histogram()]
  let last = load.startedAt
  for (const { type, intendedAt, startedAt, doneAt } of waitsOf(side)) {
    const waits = type === QUICK ? quick : slow
    waits.record(startedAt - intendedAt)
    last = Math.max(last, doneAt)
  }
  const known = (value: number) => (Number.isFinite(value) ? value : null)
  return {
    ...{ layout, fallen, unless: generatorFault(load) },
    attempted: load.accounts.attempted,
    acknowledged: load.accounts.acknowledged,
    done: workDoneOf(calls).size,
    answerP99: known(load.latencyMs.p99),
    quickP50: known(quick.quantile(0.5)),
    quickP99: known(quick.quantile(0.99)),
    slowMax: slow.count === 0 ? null : slow.summary().max,
    seconds: (last - load.startedAt) / 1000,
  }
}

/**
 * Percent of the longest wait of the slow type that half of the quick ones may exceed, where types have ways of their
 * own. Behind the slow ones they would wait as those do, half of them longer than half of it; a machine that is busy
 * elsewhere holds up some of them, and not half.
 */
const MOST_HELD_UP = 25

/** `missing`: why a layout was not tried. */
export function judgeTopology(
  sides: readonly LayoutFigures[],
  missing: ReadonlyMap<Layout, Words>,
): Criterion[] {
  return LAYOUTS.flatMap((layout) => {
    const side = sides.find((one) => one.layout === layout)
    const why = missing.get(layout)
    if (side === undefined) return why === undefined ? [] : skippedOf(layout, why)
    // In one queue whoever is in front holds up the rest: that is measured, and no promise.
    return layout === 'single' ? [done(side)] : [done(side), independent(side)]
  })
}

const doneGiven = (layout: Layout) =>
  ({
    id: `topology.${layout}.done`,
    title: words(`Work done (${LAYOUT_WORDS[layout].en})`, `처리된 메시지 (${LAYOUT_WORDS[layout].ko})`),
    bound: { kind: 'exactly', value: 100 },
    unit: '%',
  }) as const

function done(side: LayoutFigures): Criterion {
  const { layout, attempted, acknowledged, fallen } = side
  const found = criterion({
    ...doneGiven(layout),
    measured: attempted === 0 ? null : (100 * side.done) / attempted,
    evidence: words(
      `Of ${shown(attempted)} sent ${shown(acknowledged)} were accepted and the work of ` +
        `${shown(side.done)} was done, by the back end's own record.`,
      `보낸 ${shown(attempted)}건 중 ${shown(acknowledged)}건이 접수되고 ${shown(side.done)}건이 처리되었습니다(백엔드 자체 기록).`,
    ),
  })
  if (fallen === undefined) return found
  const why = words(`A process ended by itself: ${fallen}.`, `프로세스가 스스로 종료되었습니다: ${fallen}.`)
  return { ...found, verdict: 'failed', evidence: why }
}

const independentGiven = (layout: Layout) =>
  ({
    id: `topology.${layout}.independent`,
    title: words(
      `Median wait of the quick type, of the slow one's longest (${LAYOUT_WORDS[layout].en})`,
      `느린 유형의 최장 대기 대비 빠른 유형의 대기 중앙값 (${LAYOUT_WORDS[layout].ko})`,
    ),
    bound: { kind: 'at-most', value: MOST_HELD_UP },
    unit: '%',
  }) as const

const skippedOf = (layout: Layout, why: Words): Criterion[] =>
  layout === 'single'
    ? [skipped(doneGiven(layout), why)]
    : [skipped(doneGiven(layout), why), skipped(independentGiven(layout), why)]

function independent({ layout, quickP50, quickP99, slowMax, unless }: LayoutFigures): Criterion {
  const measured = quickP50 === null || slowMax === null ? null : (100 * quickP50) / slowMax
  const found = criterion({
    ...independentGiven(layout),
    measured,
    evidence: words(
      `From arrival until work began: ${QUICK} ${shown(quickP50)} ms in the median and ${shown(quickP99)} ms at p99, ` +
        `${SLOW} up to ${shown(slowMax)} ms behind its pace.`,
      `도착부터 처리 시작까지 ${QUICK}은 중앙값 ${shown(quickP50)} ms, p99 ${shown(quickP99)} ms, ` +
        `속도 제한으로 쌓이는 ${SLOW}는 최대 ${shown(slowMax)} ms.`,
    ),
  })
  // Waits count from the moment of arrival: late ones of a late generator are nobody's.
  return found.verdict === 'failed' ? doubted(found, unless) : found
}

export function topologyTable(sides: readonly LayoutFigures[]): Comparison {
  const row = (en: string, ko: string, unit: string, of: (side: LayoutFigures) => number | null) => ({
    ...{ title: words(en, ko), unit },
    values: sides.map(of),
  })
  return {
    id: 'topology.sides',
    title: words('The same messages of two types', '두 유형의 같은 메시지'),
    sides: sides.map(({ layout }) => LAYOUT_WORDS[layout]),
    rows: [
      row('messages sent', '보낸 메시지', 'messages', ({ attempted }) => attempted),
      row('work done', '처리된 작업', 'messages', (side) => side.done),
      row('until the sender had a 2xx, p99', '2xx 응답까지, p99', 'ms', ({ answerP99 }) => answerP99),
      row('wait of the quick type, median', '빠른 유형의 대기, 중앙값', 'ms', ({ quickP50 }) => quickP50),
      row('wait of the quick type, p99', '빠른 유형의 대기, p99', 'ms', ({ quickP99 }) => quickP99),
      row('longest wait of the slow type', '느린 유형의 가장 긴 대기', 'ms', ({ slowMax }) => slowMax),
      row('until all was done', '모두 처리될 때까지', 's', ({ seconds }) => seconds),
    ],
  }
}
