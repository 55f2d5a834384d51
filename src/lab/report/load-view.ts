/** What a load's report shows, as figures and charts like those of a validation. Pure. */
import type { Chart, Comparison, Figure, Series, Verdict, Words } from './document.ts'
import { durationText, momentText, numberText } from './format.ts'
import type { LoadDocument } from './load-schema.ts'
import { type Language, say, WORDS } from './words.ts'

type Row = LoadDocument['series'][number]

/** A generator that was in its own way, or was stopped, says little about the service. */
export function loadVerdict({ accounts, generator, interrupted }: LoadDocument): Verdict {
  if (generator.bottleneck || interrupted) return 'inconclusive'
  return accounts.attempted > 0 && accounts.acknowledged === accounts.attempted ? 'passed' : 'failed'
}

export function loadResult(report: LoadDocument, lang: Language): string {
  const { acknowledged, attempted } = report.accounts
  const [some, all] = [numberText(acknowledged), numberText(attempted)]
  return lang === 'ko' ? `메시지 ${all}건 중 ${some}건 승인` : `${some} of ${all} messages acknowledged`
}

/** What to be careful about when reading it. */
export function loadNotices({ generator, interrupted }: LoadDocument, lang: Language): string[] {
  return [
    ...(interrupted ? [say(lang, 'interrupted')] : []),
    ...(generator.bottleneck ? [`${say(lang, 'bottleneck')} ${generator.why.join('; ')}`] : []),
  ]
}

export function loadFigures(report: LoadDocument): Figure[] {
  const { accounts, acknowledgedPerSecond, requests, generator } = report
  const figure = (title: Words, value: number | null, unit: string): Figure => ({
    ...{ id: title.en, title, value, unit },
  })
  return [
    figure(WORDS.attempted, accounts.attempted, 'messages'),
    figure(WORDS.acknowledged, accounts.acknowledged, 'messages'),
    figure(WORDS.refused, accounts.refused, 'messages'),
    figure(WORDS.failedCalls, accounts.failed, 'messages'),
    figure(WORDS.unknownFate, accounts.unknown, 'messages'),
    figure(WORDS.acknowledgedRate, acknowledgedPerSecond, 'messages/s'),
    figure(WORDS.unsent, requests.unsent, 'requests'),
    figure(WORDS.generatorCores, generator.cores, 'cores'),
    figure(WORDS.generatorLag, generator.loopLagMs.p99, 'ms'),
  ]
}

const LATENCIES = ['p50', 'p90', 'p95', 'p99', 'p999', 'max', 'mean'] as const

/** From the intended moment, and from the moment of sending: the difference is what careless measuring leaves out. */
export function loadLatencies({ latencyMs, serviceMs }: LoadDocument): Comparison {
  return {
    id: 'latency',
    title: WORDS.latency,
    sides: [WORDS.fromIntended, WORDS.fromSending],
    rows: LATENCIES.map((name) => ({
      title: name === 'max' ? WORDS.highest : name === 'mean' ? WORDS.mean : same(QUANTILES[name]),
      unit: 'ms',
      values: [latencyMs[name], serviceMs[name]],
    })),
  }
}

const QUANTILES = { p50: 'p50', p90: 'p90', p95: 'p95', p99: 'p99', p999: 'p99.9' } as const
const same = (text: string): Words => ({ en: text, ko: text })

export function loadCharts(report: LoadDocument): Chart[] {
  const { series } = report
  const line = (
    id: string,
    title: Words,
    drawn: Series['drawn'],
    of: (row: Row) => number | null,
  ): Series => ({
    ...{ id, title, drawn, points: series.map((row) => [row.from, of(row)]) },
  })
  const rate = (of: (row: Row) => number) => (row: Row) => of(row) / row.seconds
  const most = (of: (row: Row) => number | null) =>
    numberText(series.reduce((highest, row) => Math.max(highest, of(row) ?? 0), 0))
  const [attempted, acknowledged, notAcknowledged] = [
    rate((row) => row.attempted),
    rate((row) => row.acknowledged),
    rate((row) => row.refused + row.failed + row.unknown),
  ]
  const flow = [attempted, acknowledged, notAcknowledged].map(most)
  const [mean, highest] = [most(({ meanMs }) => meanMs), most(({ maxMs }) => maxMs)]
  return [
    {
      id: 'rates',
      title: WORDS.rates,
      unit: 'messages/s',
      series: [
        line('attempted', WORDS.attempted, 'bars', attempted),
        line('acknowledged', WORDS.acknowledged, 'step', acknowledged),
        line('errors', WORDS.notAcknowledged, 'step', notAcknowledged),
      ],
      limits: [],
      alternative: {
        en: `Highest of a second: ${flow[0]} attempted, ${flow[1]} acknowledged, ${flow[2]} not acknowledged.`,
        ko: `초당 최고: 시도 ${flow[0]}건, 승인 ${flow[1]}건, 미승인 ${flow[2]}건.`,
      },
    },
    {
      id: 'latency',
      title: WORDS.latency,
      unit: 'ms',
      series: [
        line('mean', WORDS.mean, 'line', ({ meanMs }) => meanMs),
        line('max', WORDS.highest, 'line', ({ maxMs }) => maxMs),
      ],
      limits: [],
      alternative: {
        en: `The highest mean of a second is ${mean} ms, the slowest answer ${highest} ms.`,
        ko: `초당 평균의 최고는 ${mean} ms, 가장 느린 응답은 ${highest} ms입니다.`,
      },
    },
  ]
}

export function loadEntries(report: LoadDocument, lang: Language): [string, string][] {
  const { plan, target, url } = report
  const rate = plan.ratePerSecond === undefined ? '' : `, ${numberText(plan.ratePerSecond)}/s`
  return [
    [say(lang, 'startedAt'), momentText(report.startedAt)],
    [say(lang, 'took'), durationText(report.seconds, lang)],
    [say(lang, target === 'api' ? 'service' : 'straightTo'), url],
    [say(lang, 'pattern'), `${plan.testType}${rate}`],
    [say(lang, 'arrivals'), say(lang, plan.mode === 'open' ? 'openLoop' : 'closedLoop')],
    [say(lang, 'connections'), numberText(plan.concurrency)],
    [say(lang, 'seed'), `${report.seed} (${say(lang, 'seedNote')})`],
  ]
}
