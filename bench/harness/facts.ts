/** The machine, as far as it explains the figures. */
import { closeSync, fdatasyncSync, openSync, readFileSync, rmSync, writeSync } from 'node:fs'
import { availableParallelism, cpus, loadavg, platform, release, totalmem } from 'node:os'
import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { median, quantile } from './statistics.ts'

export interface Facts {
  readonly cores: number
  readonly model: string
  readonly memoryGb: number
  readonly system: string
  readonly node: string
  readonly sqlite: string
  readonly fileSystem: string
  readonly fdatasyncMedianMs: number
  readonly fdatasyncP99Ms: number
  readonly loadAverage: number
  readonly quick: boolean
}

export function machineFacts(dir: string, quick: boolean): Facts {
  const syncs = timeSyncs(dir, quick ? 50 : 300)
  const row = new DatabaseSync(':memory:').prepare('SELECT sqlite_version() AS v').get() as { v: string }
  return {
    cores: availableParallelism(),
    model: cpus()[0]?.model ?? 'unknown',
    memoryGb: Math.round(totalmem() / 2 ** 30),
    system: `${platform()} ${release()}`,
    node: process.version,
    sqlite: row.v,
    fileSystem: fileSystemOf(dir),
    fdatasyncMedianMs: median(syncs),
    fdatasyncP99Ms: quantile(syncs, 0.99),
    loadAverage: loadavg()[0] ?? 0,
    quick,
  }
}

export function factLines(facts: Facts): string[] {
  const { cores, model, memoryGb, system, node, sqlite, fileSystem } = facts
  const sync = `${facts.fdatasyncMedianMs.toFixed(2)} ms median, ${facts.fdatasyncP99Ms.toFixed(2)} ms p99`
  return [
    `${cores} cores (${model}), ${memoryGb} GB, ${system}, Node ${node}, SQLite ${sqlite}`,
    `disk: ${fileSystem}, fdatasync of 4 KiB: ${sync}; load average before: ${facts.loadAverage.toFixed(1)}`,
    ...(facts.quick ? ['quick run: shows that everything works; its figures are no verdict'] : []),
  ]
}

/** Milliseconds of each append of 4 KiB with its sync. */
function timeSyncs(dir: string, count: number): number[] {
  const file = join(dir, 'sync-probe')
  const fd = openSync(file, 'w')
  const page = Buffer.alloc(4096, 1)
  const times: number[] = []
  for (let i = 0; i < count; i++) {
    const began = performance.now()
    writeSync(fd, page)
    fdatasyncSync(fd)
    times.push(performance.now() - began)
  }
  closeSync(fd)
  rmSync(file)
  return times
}

/**
 * The type of the mount that holds `dir`; on a file system in memory a sync costs nothing and the figures
 * mislead.
 */
function fileSystemOf(dir: string): string {
  try {
    const mounts = readFileSync('/proc/mounts', 'utf8').trim().split('\n')
    const fitting = mounts.map((line) => line.split(' ')).filter(([, at = '']) => dir.startsWith(at))
    fitting.sort(([, a = ''], [, b = '']) => b.length - a.length)
    return fitting[0]?.[2] ?? 'unknown'
  } catch {
    return 'unknown'
  }
}
