/**
 * What the operating system says a process has used. Asked of the system and not of the process, so that one that is
 * too busy to answer, or was written by somebody else, is measured the same.
 */
import { execFile } from 'node:child_process'
import { readFileSync } from 'node:fs'
import { promisify } from 'node:util'

export interface ProcessSample {
  /** User and system processor time since the process began, all threads, seconds; children that ended not included. */
  readonly cpuSeconds: number
  /** Memory that is in use and present, bytes. */
  readonly rssBytes: number
}

const run = promisify(execFile)
const PS_LIMIT_MS = 5_000

/**
 * One look at a process; undefined when it is gone, also when it has ended and its parent has not asked how, and on a
 * system that has neither `/proc` nor `ps`. Linux: to a clock tick (mostly 10 ms); elsewhere to what `ps` tells, 10 ms
 * or a second. Never rejects.
 */
export async function sampleProcess(pid: number): Promise<ProcessSample | undefined> {
  if (!Number.isSafeInteger(pid) || pid < 1) return undefined
  return process.platform === 'linux' ? fromProc(pid, await ticksPerSecond()) : fromPs(pid)
}

let ticks: Promise<number> | undefined

/** What a second of processor time is in `/proc`; a constant of the system, asked once. */
function ticksPerSecond(): Promise<number> {
  ticks ??= run('getconf', ['CLK_TCK']).then(
    ({ stdout }) => Number(stdout) || 100,
    // Images without getconf; the kernel has told user space 100 on every architecture Node runs on.
    () => 100,
  )
  return ticks
}

/** Read at once and not through the thread pool: what is stamped with a moment must be of that moment. */
function fromProc(pid: number, perSecond: number): ProcessSample | undefined {
  try {
    const stat = parseStat(readFileSync(`/proc/${pid}/stat`, 'utf8'))
    if (stat === undefined || stat.ended) return undefined
    const kilobytes = /^VmRSS:\s+(\d+) kB$/m.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))?.[1]
    // No memory of its own: it has ended between the two looks.
    if (kilobytes === undefined) return undefined
    return { cpuSeconds: stat.ticks / perSecond, rssBytes: Number(kilobytes) * 1024 }
  } catch {
    return undefined
  }
}

/** Of proc_pid_stat(5). The name in parentheses may hold blanks and parentheses, so it is cut off at the last one. */
export function parseStat(text: string): { readonly ended: boolean; readonly ticks: number } | undefined {
  const fields = text.slice(text.lastIndexOf(')') + 2).split(' ')
  // The first field after the name is number 3 (state); 14 and 15 are the times in user and in system code.
  const used = Number(fields[11]) + Number(fields[12])
  if (!Number.isFinite(used)) return undefined
  return { ended: fields[0] === 'Z' || fields[0] === 'X', ticks: used }
}

async function fromPs(pid: number): Promise<ProcessSample | undefined> {
  try {
    const { stdout } = await run('ps', ['-o', 'time=,rss=', '-p', String(pid)], { timeout: PS_LIMIT_MS })
    return parsePs(stdout)
  } catch {
    return undefined
  }
}

/** `[[days-]hours:]minutes:seconds[.hundredths]  kilobytes`, as macOS and Linux print them. */
export function parsePs(text: string): ProcessSample | undefined {
  const found = /^\s*(?:(\d+)-)?(?:(\d+):)?(\d+):(\d+(?:\.\d+)?)\s+(\d+)\s*$/.exec(text)
  if (!found) return undefined
  const [days, hours, minutes, seconds, kilobytes] = found.slice(1).map((part) => Number(part ?? 0))
  if (days === undefined || hours === undefined || minutes === undefined) return undefined
  if (seconds === undefined || !kilobytes) return undefined
  return { cpuSeconds: ((days * 24 + hours) * 60 + minutes) * 60 + seconds, rssBytes: kilobytes * 1024 }
}
