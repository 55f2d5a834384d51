/** A plan as people read it: figures with where they come from, and the backlog drawn over time. */
import { type BurstPlan, drawCurve, type StoragePlan } from '../lab/index.ts'
import { count, duration } from './terminal.ts'

const CHART_WIDTH = 60
const CHART_HEIGHT = 8

export function planText(plan: BurstPlan, storage: StoragePlan): string {
  const line = (name: string, text: string) => `  ${name.padEnd(13)}  ${text}`
  const { input } = plan
  const over = duration(input.overSeconds * 1000)
  const lines = [
    `${count(input.burst)} messages over ${over}`,
    line('in', `${perSecond(plan.inPerSecond)} during the burst, ${perSecond(input.basePerSecond)} after it`),
    line('out', `${perSecond(plan.outPerSecond)}: ${limitText(plan)}`),
    line('at most', peakText(plan)),
    line('wait', waitText(plan)),
    line('drained', drainText(plan)),
    ...workerLines(plan).map((text) => line('workers', text)),
    line('disk', diskText(storage)),
    line('memory', 'does not grow with the backlog: what waits is on disk'),
  ]
  if (plan.peak >= 1) {
    const labels = { waiting: (messages: number) => count(Math.round(messages)), seconds }
    lines.push(
      '',
      '  waiting',
      ...drawCurve(plan.curve, CHART_WIDTH, CHART_HEIGHT, labels).map((row) => `  ${row}`),
    )
  }
  return lines.join('\n')
}

const seconds = (value: number): string => duration(value * 1000)

function perSecond(rate: number): string {
  const digits = rate >= 100 || Number.isInteger(rate) ? 0 : rate >= 1 ? 1 : 3
  return `${Number(rate.toFixed(digits)).toLocaleString('en-US')}/s`
}

function limitText({ limitedBy, input }: BurstPlan): string {
  const { workers, slots, serviceSeconds, backendCapacity } = input
  const time = seconds(serviceSeconds)
  switch (limitedBy) {
    case 'workers':
      return `${count(workers)} ${workers === 1 ? 'worker' : 'workers'} with ${count(slots)} slots, ${time} a message`
    case 'rate':
      return 'the pace'
    case 'backend':
      return `what the back end bears, ${count(backendCapacity ?? 0)} calls of ${time} at once`
  }
}

function peakText({ peak, peakAtSeconds, growing, input }: BurstPlan): string {
  const waiting = `${count(Math.round(peak))} waiting`
  if (growing) return `no end: ${waiting} when the burst ends, more and more after it`
  if (peak < 1) return 'nothing waits: as much can leave as comes'
  if (peakAtSeconds === 0) return `${waiting}, those of before the burst`
  const before = input.backlog > 0 ? `, with the ${count(input.backlog)} of before` : ''
  return `${waiting}, when the burst ends${before}`
}

function waitText({ growing, longestWaitSeconds, meanWaitSeconds }: BurstPlan): string {
  const mean = `on average ${seconds(meanWaitSeconds)}`
  if (growing)
    return `${mean} during the burst, ${seconds(longestWaitSeconds)} at its end, more and more after it`
  return `at most ${seconds(longestWaitSeconds)}, ${mean}`
}

function drainText({ drainSeconds, input, outPerSecond }: BurstPlan): string {
  if (drainSeconds === 0) return 'by the end of the burst'
  if (drainSeconds !== null) return `${seconds(drainSeconds)} after the burst`
  return `never: ${perSecond(input.basePerSecond)} keep coming and ${perSecond(outPerSecond)} leave`
}

function workerLines({ input, workersNeeded, neededPerSecond, usefulWorkers }: BurstPlan): string[] {
  const lines: string[] = []
  if (input.drainWithinSeconds !== undefined && neededPerSecond !== null) {
    const goal = `to drain within ${seconds(input.drainWithinSeconds)} after the burst`
    const takes = `${perSecond(neededPerSecond)} must leave`
    if (workersNeeded !== null) lines.push(`${count(workersNeeded)} ${goal} (${takes})`)
    else lines.push(`no number is enough ${goal}: ${takes}, and the pace or the back end does not allow it`)
  }
  if (usefulWorkers !== null) {
    lines.push(`more than ${count(usefulWorkers)} add nothing: the pace or the back end is the limit then`)
  } else
    lines.push('more of them help as far as the back end goes; --backend-capacity or --rate tells how far')
  return lines
}

function diskText({ backlogBytes, keptBytes, bytesPerMessage, messageBytes, logBytes }: StoragePlan): string {
  const each = `${Math.round(bytesPerMessage)} bytes for one of ${messageBytes}`
  const kept = `${megabytes(keptBytes)} with the finished ones that are kept`
  return `at most ${megabytes(backlogBytes)} for what waits, ${kept}, ${megabytes(logBytes)} log (${each})`
}

function megabytes(bytes: number): string {
  if (bytes >= 2 ** 30) return `${(bytes / 2 ** 30).toFixed(1)} GB`
  return `${Math.ceil(bytes / 2 ** 20)} MB`
}
