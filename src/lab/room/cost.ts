/**
 * What the generator and the room's process cost. The generator asks its own process. The room is told of only when it
 * is really known: from the operating system when its process id is given, else from its own `/metrics`; never a guess.
 */
import { sampleProcess } from '../processes/sample.ts'
import type { CostReport } from './report.ts'

export interface Used {
  /** When the process began, where it tells. */
  readonly startSeconds?: number
  readonly cpuSeconds: number
  readonly residentBytes: number
}

/** Made of samples; cores over the last interval, or with `total` over all of it. */
export class CostMeter {
  #first: (Used & { at: number }) | undefined
  #before: (Used & { at: number }) | undefined
  #last: (Used & { at: number }) | undefined
  #peak = 0

  /** `at`: milliseconds. */
  add(used: Used, at: number): void {
    this.#first ??= { ...used, at }
    this.#before = this.#last
    this.#last = { ...used, at }
    this.#peak = Math.max(this.#peak, used.residentBytes)
  }

  /** From the last sample on: what was before is of another part of the test. */
  again(): void {
    this.#first = this.#last
  }

  report(total = false): CostReport | undefined {
    const [from, to] = [total ? this.#first : this.#before, this.#last]
    if (!to) return undefined
    return { cores: coresOf(from, to), residentBytes: to.residentBytes, peakResidentBytes: this.#peak }
  }
}

/** Null where a process that came back in between has taken the time of the other one with it. */
function coresOf(from: (Used & { at: number }) | undefined, to: Used & { at: number }): number | null {
  if (!from || to.at <= from.at) return null
  if (from.startSeconds !== to.startSeconds || to.cpuSeconds < from.cpuSeconds) return null
  return ((to.cpuSeconds - from.cpuSeconds) * 1000) / (to.at - from.at)
}

export function ownUse(): Used {
  const { user, system } = process.cpuUsage()
  return { cpuSeconds: (user + system) / 1e6, residentBytes: process.memoryUsage.rss() }
}

const SCRAPE_MS = 2_000
const LONGEST = 4_000_000
const CPU = /^(?:bss_)?process_cpu_seconds_total(?:\{[^}]*\})? ([\d.e+-]+)/m
const START = /^(?:bss_)?process_start_time_seconds(?:\{[^}]*\})? ([\d.e+-]+)/m
const MEMORY =
  /^(?:bss_process_memory_bytes\{[^}]*kind="resident"[^}]*\}|process_resident_memory_bytes) ([\d.e+-]+)/m

/** Never rejects; undefined = it does not say. */
export async function serverUse(pid: number | undefined, metricsUrl: URL): Promise<Used | undefined> {
  if (pid !== undefined) {
    const sample = await sampleProcess(pid)
    return sample && { cpuSeconds: sample.cpuSeconds, residentBytes: sample.rssBytes }
  }
  try {
    const response = await fetch(metricsUrl, { signal: AbortSignal.timeout(SCRAPE_MS) })
    const text = response.ok ? (await response.text()).slice(0, LONGEST) : ''
    return usedIn(text)
  } catch {
    return undefined
  }
}

/** In the text format of Prometheus; processor time and memory both, or nothing. */
export function usedIn(text: string): Used | undefined {
  const [cpuSeconds = Number.NaN, residentBytes = Number.NaN, startSeconds = Number.NaN] = [
    CPU,
    MEMORY,
    START,
  ].map((figure) => Number(figure.exec(text)?.[1]))
  if (!Number.isFinite(cpuSeconds) || !Number.isFinite(residentBytes)) return undefined
  return { cpuSeconds, residentBytes, ...(Number.isFinite(startSeconds) && { startSeconds }) }
}
