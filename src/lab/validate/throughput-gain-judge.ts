/** What a run of throughput_gain amounts to. Pure: the measurements go in, the criteria come out. */

import { Histogram, type LatencySummary } from '../histogram.ts'
import { servedLatency, wellAgainAt, workDoneOf } from '../measure/calls.ts'
import type { Comparison, Criterion, Words } from '../report/document.ts'
import { criterion, shown, words } from './findings.ts'
import { type Side, waitsOf } from './side.ts'

/** Percent of the goodput without a queue; what the older system promised. */
export const LEAST_GAIN = 150

export interface GainFigures {
  readonly attempted: number
  /** Messages whose work was done. */
  readonly done: number
  /** From the first arrival until the last message was done or given up, seconds. */
  readonly horizonSeconds: number
  /** Work done per second of that. */
  readonly goodput: number
  /** Percent of the messages. */
  readonly successPercent: number
  /** Until senders had a 2xx, from the moment of arrival, milliseconds; null when nobody had one. */
  readonly answer: LatencySummary | null
  /** Until the work was done, from the moment of arrival. */
  readonly work: LatencySummary | null
  /** In the back end itself. */
  readonly backend: LatencySummary | null
  /** From the end of the burst until the back end was as fast as unhindered again, seconds; null = not seen. */
  readonly recoverySeconds: number | null
  /** From the end of the burst until no more was in the service than its slots hold; null = not seen, or no service. */
  readonly backlogSeconds: number | null
}

export interface GainSetting {
  /** Length of the burst, from the start. */
  readonly burstSeconds: number
  /** What the slowest unhindered call takes, with some room. */
  readonly normalMs: number
  /** Messages that the service has in work at once. */
  readonly slots: number
}

export function gainFiguresOf(
  { load, calls, waiting }: Pick<Side, 'load' | 'calls' | 'waiting'>,
  { burstSeconds, normalMs, slots }: GainSetting,
): GainFigures {
  const done = workDoneOf(calls).size
  const attempted = load.accounts.attempted
  const lastDone = calls.reduce(
    (last, { outcome, end }) => (outcome === 'served' ? Math.max(last, end) : last),
    0,
  )
  // The last answer is when the last sender knows, or has given up; the last work may come later, with a queue.
  const over = Math.max(load.startedAt + load.seconds * 1000, lastDone)
  const horizonSeconds = (over - load.startedAt) / 1000
  const work = new Histogram()
  for (const { intendedAt, doneAt } of waitsOf({ load, calls })) work.record(doneAt - intendedAt)
  const burstEnd = load.startedAt + burstSeconds * 1000
  const well = wellAgainAt(calls, burstEnd, normalMs)
  const cleared = waiting.find(([ms, messages]) => ms >= burstEnd && messages <= slots)
  return {
    attempted,
    done,
    horizonSeconds,
    goodput: horizonSeconds > 0 ? done / horizonSeconds : 0,
    successPercent: attempted === 0 ? 0 : (100 * done) / attempted,
    answer: load.latencyMs.count === 0 ? null : load.latencyMs,
    work: work.count === 0 ? null : work.summary(),
    backend: servedLatency(calls),
    backlogSeconds: cleared === undefined ? null : (cleared[0] - burstEnd) / 1000,
    recoverySeconds: well === null ? null : (well - burstEnd) / 1000,
  }
}

export interface Gain {
  readonly straight: GainFigures
  readonly queued: GainFigures
  /** Why the generators' state leaves nothing to conclude. */
  readonly unless: Words | undefined
  readonly fallen: string | undefined
}

export function judgeGain({ straight, queued, unless, fallen }: Gain): Criterion[] {
  const found = [gain(straight, queued, unless), success(queued)]
  if (fallen === undefined) return found
  const why = words(`A process ended by itself: ${fallen}.`, `프로세스가 스스로 종료되었습니다: ${fallen}.`)
  return found.map((one) => ({ ...one, verdict: 'failed', evidence: why }))
}

function gain(straight: GainFigures, queued: GainFigures, unless: Words | undefined): Criterion {
  // A side that got nothing done at all is taken to have done one message: a number, and too small a gain.
  const without = Math.max(straight.goodput, 1 / Math.max(straight.horizonSeconds, 1))
  return criterion(
    {
      id: 'throughput_gain.goodput',
      title: words('Goodput with the queue, of that without', '대기열이 없을 때 대비 유효 처리량'),
      bound: { kind: 'at-least', value: LEAST_GAIN },
      measured: (100 * queued.goodput) / without,
      unit: '%',
      evidence: words(
        `Work done once per message, by the back end's own record, per second from the first arrival ` +
          `until the last message was done or given up: without the queue ${shown(straight.done)} in ` +
          `${shown(straight.horizonSeconds, 1)} s, with it ${shown(queued.done)} in ` +
          `${shown(queued.horizonSeconds, 1)} s.`,
        '백엔드 자체 기록에서 메시지마다 한 번만 센 작업을, 첫 도착부터 마지막 메시지가 처리되거나 포기될 때까지의 초로 나눈 값입니다. 대기열 없이 ' +
          `${shown(straight.horizonSeconds, 1)}초에 ${shown(straight.done)}건, 대기열로 ` +
          `${shown(queued.horizonSeconds, 1)}초에 ${shown(queued.done)}건.`,
      ),
    },
    unless,
  )
}

function success(queued: GainFigures): Criterion {
  return criterion({
    id: 'throughput_gain.success',
    title: words('Messages whose work was done, with the queue', '대기열이 있을 때 처리된 메시지'),
    bound: { kind: 'exactly', value: 100 },
    measured: queued.successPercent,
    unit: '%',
    evidence: words(
      `${shown(queued.done)} of ${shown(queued.attempted)} that were sent, by the back end's own record.`,
      `보낸 ${shown(queued.attempted)}건 중 ${shown(queued.done)}건, 백엔드 자체 기록.`,
    ),
  })
}

export function gainTable(straight: GainFigures, queued: GainFigures): Comparison {
  const row = (
    en: string,
    ko: string,
    unit: string,
    of: (side: GainFigures) => number | null | undefined,
  ) => ({
    ...{ title: words(en, ko), unit },
    values: [of(straight) ?? null, of(queued) ?? null],
  })
  return {
    id: 'throughput_gain.sides',
    title: words('The same arrivals, without and with the queue', '같은 부하, 대기열이 없을 때와 있을 때'),
    sides: [words('without queue', '대기열 없음'), words('with queue', '대기열 있음')],
    rows: [
      row('messages sent', '보낸 메시지', 'messages', ({ attempted }) => attempted),
      row('work done', '처리된 작업', 'messages', ({ done }) => done),
      row('success', '성공률', '%', ({ successPercent }) => successPercent),
      row(
        'until the last was done or given up',
        '마지막이 처리되거나 포기될 때까지',
        's',
        (side) => side.horizonSeconds,
      ),
      row('goodput', '유효 처리량', 'messages/s', ({ goodput }) => goodput),
      row('until the sender had a 2xx, median', '2xx 응답까지, 중앙값', 'ms', ({ answer }) => answer?.p50),
      row('until the sender had a 2xx, p99', '2xx 응답까지, p99', 'ms', ({ answer }) => answer?.p99),
      row(
        'from arrival until the work was done, median',
        '도착부터 처리 완료까지, 중앙값',
        'ms',
        ({ work }) => work?.p50,
      ),
      row(
        'from arrival until the work was done, p99',
        '도착부터 처리 완료까지, p99',
        'ms',
        ({ work }) => work?.p99,
      ),
      row('latency of the back end, median', '백엔드 지연, 중앙값', 'ms', ({ backend }) => backend?.p50),
      row('latency of the back end, p99', '백엔드 지연, p99', 'ms', ({ backend }) => backend?.p99),
      row(
        'back end well again after the burst (to half a second)',
        '폭주 후 백엔드가 회복되기까지 (0.5초 단위)',
        's',
        (side) => side.recoverySeconds,
      ),
      row(
        'backlog gone after the burst',
        '폭주 후 밀린 메시지가 없어질 때까지',
        's',
        (side) => side.backlogSeconds,
      ),
    ],
  }
}
