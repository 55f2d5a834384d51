/** How a load of people looks while it runs and when it is over. */
import { type CostReport, ROOM_FINDINGS, type RoomLoadReport, type RoomProgress } from '../lab/index.ts'
import { ms } from './load-report.ts'
import { count, duration } from './terminal.ts'

/** On stderr, so that stdout stays the report: one line that is rewritten on a terminal, a line a second otherwise. */
export function roomProgress() {
  const { stderr } = process
  const terminal = stderr.isTTY === true
  return {
    show(progress: RoomProgress) {
      const line = roomProgressLine(progress)
      stderr.write(terminal ? `\r\x1b[K${line.slice(0, (stderr.columns ?? 160) - 1)}` : `${line}\n`)
    },
    clear() {
      if (terminal) stderr.write('\r\x1b[K')
    },
  }
}

export function roomProgressLine(progress: RoomProgress): string {
  const { phase, seconds, users, loggedIn, waiting, inside, admitted, errors, violations } = progress
  const { generator, server } = progress
  const time = duration(Math.floor(seconds) * 1000)
  const costs = `generator ${costText(generator)}${server ? `, server ${costText(server)}` : ''}`
  if (phase === 'accounts')
    return `${time} ${phase}: ${count(loggedIn)} of ${count(users)} logged in | ${costs}`
  const people = `${count(waiting)} waiting, ${count(inside)} inside, ${count(admitted)} admitted`
  const faults = `${count(errors)} errors, ${count(violations)} violations`
  return `${time} ${phase}: ${people}, ${faults} | ${costs}`
}

function costText({ cores, residentBytes }: CostReport, between = ' '): string {
  const memory = residentBytes === null ? '-' : `${(residentBytes / 1e6).toFixed(0)} MB`
  return cores === null ? memory : `${cores.toFixed(2)} cores${between}${memory}`
}

export function roomLoadText(report: RoomLoadReport): string {
  const line = (name: string, text: string) => `  ${name.padEnd(12)}  ${text}`
  const { visitors, accounts, waitMs, checkMs, errors, threshold } = report
  const where = `event ${report.event} at ${report.url}`
  const inside = `${count(visitors.admitted)} let in (${count(visitors.direct)} straight away)`
  const lines = [
    `${report.mode}: ${count(visitors.asked)} visitors in ${duration(report.seconds * 1000)}, ${where}`,
    line('threshold', threshold === null ? 'not told' : count(threshold)),
    line('accounts', accountsText(accounts)),
    line('visitors', `${inside}, ${count(visitors.done)} done`),
    line('at the end', `${count(visitors.inside)} inside, ${count(visitors.waiting)} waiting`),
  ]
  if (visitors.hadPlace > 0) lines.push(line('', `${count(visitors.hadPlace)} had a place from before`))
  if (visitors.abandoned > 0) lines.push(line('', `${count(visitors.abandoned)} went without a word`))
  if (visitors.failed > 0) lines.push(line('', `${count(visitors.failed)} failed`))
  if (waitMs.count > 0) {
    const { p50, p90, p99, max } = waitMs
    lines.push(line('wait', `p50 ${ms(p50)}, p90 ${ms(p90)}, p99 ${ms(p99)}, max ${ms(max)}`))
  }
  if (checkMs.count > 0) lines.push(line('check', `p50 ${ms(checkMs.p50)}, p99 ${ms(checkMs.p99)}`))
  lines.push(...positionLines(report).map((text, i) => line(i === 0 ? 'positions' : '', text)))
  if (report.batches.length > 0) lines.push(line('called', batchesText(report.batches)))
  if (report.reconnect) lines.push(line('reconnect', reconnectText(report.reconnect)))
  lines.push(line('sockets', socketsText(report.sockets)), line('generator', generatorText(report.generator)))
  if (report.server) {
    const { cores, peakResidentBytes } = report.server
    lines.push(line('server', costText({ cores, residentBytes: peakResidentBytes, peakResidentBytes }, ', ')))
  }
  const faults = Object.entries(errors).map(([code, times]) => `${code} ${count(times)}`)
  if (faults.length > 0) lines.push(line('errors', faults.join(', ')))
  if (report.generator.bottleneck)
    lines.push(line('BOTTLENECK', `the generator stood in its own way: ${report.generator.why.join('; ')}`))
  if (report.interrupted)
    lines.push(line('interrupted', 'by a signal; the figures are of what ran until then'))
  for (const text of report.unmet) lines.push(line('NOT MET', text))
  return [...lines, ...verdictLines(report, line)].join('\n')
}

function verdictLines({ verdict }: RoomLoadReport, line: (name: string, text: string) => string): string[] {
  if (!verdict) return [line('invariants', 'not checked')]
  if (verdict.ok) {
    const inside = `at most ${count(verdict.mostInside)} inside at once`
    return [line('invariants', `kept: ${inside}, in order, no place lost, no name leaked`)]
  }
  const kinds = Object.entries(verdict.counts).map(([kind, times]) => `${kind} ${count(times)}`)
  const promises = Object.entries(ROOM_FINDINGS).filter(([kind]) => Object.hasOwn(verdict.counts, kind))
  return [
    line('VIOLATIONS', kinds.join(', ')),
    ...promises.map(([kind, promise]) => line('', `${kind} = ${promise}`)),
    ...verdict.findings.map(({ kind, says }) => line('', `${kind}: ${says}`)),
  ]
}

function accountsText({ loggedIn, registered, seconds, pausedSeconds }: RoomLoadReport['accounts']): string {
  const paused = pausedSeconds >= 1 ? `, ${duration(pausedSeconds * 1000)} of it asked to pause` : ''
  return `${count(loggedIn)} logged in (${count(registered)} registered) in ${duration(seconds * 1000)}${paused}`
}

function positionLines({ positions, visitors }: RoomLoadReport): string[] {
  const lines = positions.map(
    ({ email, ticket, position }) => `${position}. ${email} (ticket ${ticket ?? '-'})`,
  )
  const more = visitors.waiting - positions.length
  return more > 0 ? [...lines, `and ${count(more)} more`] : lines
}

const LISTED_BATCHES = 30

function batchesText(batches: readonly number[]): string {
  const more = batches.length - LISTED_BATCHES
  const shown = batches.slice(0, LISTED_BATCHES).join(', ')
  return `${shown}${more > 0 ? ` and ${count(more)} times more` : ''} at a time`
}

function reconnectText(of: NonNullable<RoomLoadReport['reconnect']>): string {
  const places = `${count(of.same)} the same place, ${count(of.ahead)} further ahead, ${count(of.lost)} lost it`
  return `${count(of.dropped)} dropped, ${count(of.back)} back within ${of.windowSeconds} s: ${places}`
}

function socketsText({ connects, frames, bytes, ...each }: RoomLoadReport['sockets']): string {
  const all = `${count(connects)} connections, ${count(frames)} frames, ${count(bytes)} bytes`
  const { framesPerWaiterSecond: some, bytesPerWaiterSecond: size } = each
  if (some === null || size === null) return all
  return `${all}; each waiter ${some.toFixed(2)} frames and ${size.toFixed(0)} bytes a second`
}

function generatorText({ cores, peakResidentBytes, loopLagMs }: RoomLoadReport['generator']): string {
  const memory = peakResidentBytes === null ? '' : `, ${(peakResidentBytes / 1e6).toFixed(0)} MB`
  return `${cores.toFixed(2)} cores${memory}, its event loop late by ${ms(loopLagMs.p99)} at p99`
}
