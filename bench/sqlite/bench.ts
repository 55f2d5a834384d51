/** sqlite-binding: the evidence for docs/decisions/0002-embedded-store.md. */
import { spawnSync } from 'node:child_process'
import { existsSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import type { Bench, BenchContext, Figure, Skip } from '../harness/figures.ts'
import { hasProgram, installPeers } from '../harness/peers.ts'
import { runScript } from '../harness/processes.ts'
import { alternate } from '../harness/rounds.ts'
import { joined, median, spread } from '../harness/statistics.ts'
import type { Binding } from './store.ts'

interface Measured {
  readonly perSecond: number
  readonly p99Ms: number
  readonly maxMs: number
}

const SLOW_SYNC_MS = 20

export const sqliteBinding: Bench = {
  name: 'sqlite-binding',
  about: `node:sqlite or better-sqlite3, main or worker thread, usual and ${SLOW_SYNC_MS} ms slower syncs`,
  async run(context) {
    const skipped: Skip[] = []
    const bindings: Binding[] = ['node:sqlite']
    if (installPeers(context.say) === undefined) bindings.push('better-sqlite3')
    else skipped.push({ what: 'better-sqlite3', reason: 'not installed' })
    const figures = await compare(context, bindings, 'usual syncs', {})
    const slow = buildShim(context)
    if (typeof slow === 'object') skipped.push(slow)
    else {
      const env = { LD_PRELOAD: slow, SLOW_SYNC_US: String(SLOW_SYNC_MS * 1000) }
      figures.push(...(await compare(context, bindings, 'slow syncs', env)))
    }
    return { figures, skipped }
  },
}

async function compare(
  { quick, newDir, say }: BenchContext,
  bindings: readonly Binding[],
  syncs: string,
  env: Readonly<Record<string, string>>,
): Promise<Figure[]> {
  const variants: Record<string, () => Promise<Measured>> = {}
  for (const binding of bindings) {
    for (const thread of ['main', 'worker'] as const) {
      const config = { binding, thread, seconds: quick ? 1 : 4 }
      variants[`${syncs}, ${binding}, ${thread}`] = () =>
        runScript<Measured>('sqlite/variant.ts', { ...config, dir: newDir(thread) }, { env })
    }
  }
  const results = await alternate(quick ? 1 : 5, variants, say, (one) => {
    const late = `late by ${one.p99Ms.toFixed(1)} ms p99, ${one.maxMs.toFixed(0)} ms max`
    return `${Math.round(one.perSecond)}/s, ${late}`
  })
  return Object.entries(results).map(([what, rounds]): Figure => {
    const rates = rounds.map((one) => one.perSecond)
    const p99 = median(rounds.map((one) => one.p99Ms)).toFixed(1)
    const max = median(rounds.map((one) => one.maxMs)).toFixed(0)
    const late = `event loop late by ${p99} ms p99, ${max} ms at most`
    return { what, value: median(rates), unit: '/s', note: joined(spread(rates, 0), late) }
  })
}

/** The path of the shim, or why there is none. */
function buildShim({ newDir }: BenchContext): string | Skip {
  const what = `syncs that take ${SLOW_SYNC_MS} ms longer`
  if (process.platform !== 'linux') return { what, reason: 'LD_PRELOAD is Linux only' }
  if (!hasProgram('cc')) return { what, reason: 'no C compiler (cc)' }
  const source = fileURLToPath(new URL('slow-sync.c', import.meta.url))
  const library = join(newDir('shim'), 'slow-sync.so')
  spawnSync('cc', ['-shared', '-fPIC', '-O2', '-o', library, source, '-ldl'], { stdio: 'inherit' })
  return existsSync(library) ? library : { what, reason: 'the shim did not compile' }
}
