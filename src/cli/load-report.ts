/** How a load looks while it runs and when it is over. */
import type { LatencySummary, LoadProgress, LoadReport } from '../lab/index.ts'
import { count, duration } from './terminal.ts'

/** Without a terminal, a line now and then; a log must not fill with them. */
const PLAIN_EVERY_SECONDS = 5
/** Of the one core that a generator has: with less it was not its own work that made it late. */
const BUSY_CORES = 0.5

/** On stderr, so that stdout stays the report: one line that is rewritten on a terminal, plain lines otherwise. */
export function loadProgress() {
  const { stderr } = process
  const terminal = stderr.isTTY === true
  let next = PLAIN_EVERY_SECONDS
  return {
    show(progress: LoadProgress) {
      if (terminal) stderr.write(`\r\x1b[K${progressLine(progress).slice(0, (stderr.columns ?? 120) - 1)}`)
      else if (progress.seconds >= next) {
        next += PLAIN_EVERY_SECONDS
        stderr.write(`${progressLine(progress)}\n`)
      }
    },
    clear() {
      if (terminal) stderr.write('\r\x1b[K')
    },
  }
}

export function progressLine({ seconds, sent, requests, accounts, interval }: LoadProgress): string {
  const share =
    requests === undefined ? '' : ` of ${count(requests)} (${Math.floor((sent / requests) * 100)} %)`
  const rate = count(Math.round(interval.acknowledged / Math.max(interval.seconds, 0.001)))
  const { attempted, acknowledged, refused, failed, unknown } = accounts
  // Otherwise a load that waits for its last answers looks as if it hung.
  const open = attempted - acknowledged - refused - failed - unknown
  const waits = open > 0 ? `, ${count(open)} without an answer yet` : ''
  const { p50, p99, max } = interval.latencyMs
  const latency = interval.acknowledged > 0 ? `, p50 ${ms(p50)}, p99 ${ms(p99)}, max ${ms(max)}` : ''
  const errors = `${count(refused)} refused, ${count(failed)} failed, ${count(unknown)} unknown`
  return `${duration(seconds * 1000)}: ${count(sent)}${share} sent, ${rate}/s${latency}, ${errors}${waits}`
}

/** 0.42 ms, 12.3 ms, 1.5 s: a digit more than `duration` has, because milliseconds are what is measured here. */
export function ms(value: number): string {
  if (Number.isNaN(value)) return '-'
  if (value >= 1000) return duration(value)
  return `${value.toFixed(value < 10 ? 2 : 1)} ms`
}

export function loadText(report: LoadReport): string {
  const { accounts, acknowledgedPerSecond, requests, codes, generator } = report
  const share = (messages: number) => `${((messages / Math.max(accounts.attempted, 1)) * 100).toFixed(2)} %`
  const line = (name: string, text: string) => `  ${name.padEnd(13)}  ${text}`
  const fate = (name: 'acknowledged' | 'refused' | 'failed' | 'unknown') =>
    line(name, `${count(accounts[name]).padStart(11)}  ${share(accounts[name]).padStart(8)}`)
  const lines = [
    headline(report),
    line('attempted', count(accounts.attempted).padStart(11)),
    `${fate('acknowledged')}  ${count(Math.round(acknowledgedPerSecond))}/s`,
    fate('refused'),
    fate('failed'),
    fate('unknown'),
  ]
  const reasons = Object.entries(codes).map(([code, times]) => `${code} ${count(times)}`)
  if (reasons.length > 0) lines.push(line('why', reasons.join(', ')))
  if (requests.unsent > 0) lines.push(line('unsent', `${count(requests.unsent)} requests that were planned`))
  if (report.latencyMs.count > 0) lines.push(line('latency', latencyText(report.latencyMs)))
  if (report.plan.mode === 'open' && report.serviceMs.count > 0) {
    lines.push(line('once sent', latencyText(report.serviceMs)))
  }
  if (report.otherAnswersMs.count > 0) lines.push(line('other answers', latencyText(report.otherAnswersMs)))
  const lag = `${generator.cores.toFixed(2)} cores, its event loop late by ${ms(generator.loopLagMs.p99)} at p99`
  lines.push(line('generator', lag))
  if (generator.waitedForConnection > 0) {
    const waited = `${count(generator.waitedForConnection)} requests waited for one of`
    lines.push(line('connections', `${waited} ${report.plan.concurrency} connections (--concurrency)`))
  }
  if (generator.bottleneck)
    lines.push(line('BOTTLENECK', `${culprit(generator)}: ${generator.why.join('; ')}`))
  if (report.interrupted)
    lines.push(line('interrupted', 'by a signal; the figures are of what ran until then'))
  return lines.join('\n')
}

/** Late with a core to spare is not the generator's own doing; the run is as doubtful all the same. */
function culprit({ cores }: LoadReport['generator']): string {
  if (cores > BUSY_CORES) return 'the generator stood in its own way'
  return 'the generator was held up, as by other work on this machine'
}

function headline({ plan, url, batch, seed, seconds, requests }: LoadReport): string {
  const many = batch > 1 ? ` of ${batch} messages` : ''
  const what = `${plan.testType}: ${count(requests.sent)} requests${many} in ${duration(seconds * 1000)}`
  if (plan.mode === 'closed') return `${what} over ${plan.concurrency} connections to ${url} (closed loop)`
  const rate = `up to ${Number(plan.ratePerSecond.toFixed(2))}/s`
  return `${what}, ${rate}, to ${url} (open loop, ${plan.arrivals}, seed ${seed})`
}

function latencyText({ p50, p90, p99, p999, max, mean }: LatencySummary): string {
  const figures = { p50, p90, p99, 'p99.9': p999, max, mean }
  return Object.entries(figures)
    .map(([name, value]) => `${name} ${ms(value)}`)
    .join(', ')
}
