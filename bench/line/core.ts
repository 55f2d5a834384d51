/** line-core: the embedded line in memory, on the disk, and with a million waiting. */
import { cpSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import {
  atLeast,
  atMost,
  type Bench,
  type BenchContext,
  type Figure,
  overRounds,
} from '../harness/figures.ts'
import { runScript } from '../harness/processes.ts'
import { alternate } from '../harness/rounds.ts'
import { joined, median, ratios, spread } from '../harness/statistics.ts'

interface InMemory {
  readonly enters: number
  readonly positions: number
  readonly residentMb?: number
}

interface Opened {
  readonly waiting: number
  readonly openSeconds: number
  readonly bareMb: number
  readonly openMb: number
  readonly workingMb: number
  readonly admitMs: number
}

const CALLERS = 100
const WAVE = 1_000

export const lineCore: Bench = {
  name: 'line-core',
  about: 'the embedded line: entering and exact places in memory, entering durably, a million waiting',
  async run(context) {
    const figures = [...(await inMemory(context)), ...(await durable(context)), ...(await million(context))]
    return { figures, skipped: [] }
  },
}

async function inMemory({ quick, say }: BenchContext): Promise<Figure[]> {
  const visitors = quick ? 50_000 : 400_000
  const variants = {
    line: () => runScript<InMemory>('line/in-memory.ts', { visitors, wave: WAVE }),
    plain: () => runScript<InMemory>('line/plain.ts', { visitors, looks: quick ? 100 : 500 }),
  }
  const { line, plain } = await alternate(quick ? 1 : 5, variants, say, ({ enters, positions }) => {
    return `${Math.round(enters)} enters/s, ${Math.round(positions)} places/s`
  })
  const of = (results: readonly InMemory[], what: 'enters' | 'positions'): number[] =>
    results.map((one) => one[what])
  const bare = (what: string, values: number[]): Figure => ({
    what,
    value: median(values),
    unit: '/s',
    note: spread(values, 0),
  })
  const among = `among ${visitors.toLocaleString('en-US')}`
  return [
    overRounds('enters, in process without the disk', of(line, 'enters'), '/s', atLeast(200_000), among),
    overRounds('exact places, in process', of(line, 'positions'), '/s', atLeast(200_000), among),
    bare('a Map of objects and a list: enters', of(plain, 'enters')),
    bare('the same: places by counting', of(plain, 'positions')),
  ]
}

async function durable({ quick, newDir, say }: BenchContext): Promise<Figure[]> {
  const seconds = quick ? 1.5 : 5
  const variants = {
    line: () =>
      runScript<{ perSecond: number }>('line/durable.ts', {
        dataDir: newDir('line'),
        callers: CALLERS,
        seconds,
      }),
    log: () => {
      const file = join(newDir('log'), 'log')
      const load = { file, batch: 1, loops: CALLERS, records: 1, seconds }
      return runScript<{ perSecond: number }>('core/log-file.ts', load)
    },
  }
  const results = await alternate(quick ? 1 : 5, variants, say, (one) => `${Math.round(one.perSecond)}/s`)
  const line = results.line.map(({ perSecond }) => perSecond)
  const log = results.log.map(({ perSecond }) => perSecond)
  return [
    overRounds(`durable enters, ${CALLERS} callers`, line, '/s', atLeast(10_000)),
    {
      what: `bare log file, group commit, one record an entry, ${CALLERS} callers`,
      value: median(log),
      unit: '/s',
      note: spread(log, 0),
    },
    {
      what: 'line ÷ bare log file',
      value: median(ratios(line, log)),
      unit: 'x',
      note: spread(ratios(line, log)),
    },
  ]
}

async function million({ quick, newDir, say }: BenchContext): Promise<Figure[]> {
  const visitors = quick ? 50_000 : 1_000_000
  const full = newDir('full')
  say(`filling with ${visitors} visitors`)
  const filled = await runScript<{ perSecond: number; filledMb: number }>('line/fill.ts', {
    dataDir: full,
    visitors,
  })
  // Each round on a copy, because it lets people in.
  const line = async () => {
    const dataDir = newDir('copy')
    cpSync(full, dataDir, { recursive: true })
    const opened = await runScript<Opened>('line/open.ts', { dataDir, visitors })
    rmSync(dataDir, { recursive: true })
    return opened
  }
  const plain = () => runScript<InMemory>('line/plain.ts', { visitors, looks: 10 })
  const { line: rounds } = await alternate(quick ? 1 : 5, { line }, say, (one) => {
    return `opened in ${one.openSeconds.toFixed(2)} s, ${one.openMb.toFixed(0)} MB`
  })
  const { plain: objects } = await alternate(quick ? 1 : 3, { plain }, say, ({ residentMb = Number.NaN }) => {
    return `${residentMb.toFixed(0)} MB`
  })
  const series = (key: keyof Opened): number[] => rounds.map((one) => one[key])
  const bare = median(series('bareMb')).toFixed(0)
  const added = rounds.map(({ openMb, bareMb }) => openMb - bareMb)
  const plainMb = objects.map(({ residentMb = Number.NaN }) => residentMb)
  return [
    {
      what: 'visitors waiting',
      value: median(series('waiting')),
      unit: 'count',
      note: `filled at ${filled.perSecond.toFixed(0)}/s; that process had ${filled.filledMb.toFixed(0)} MB then`,
    },
    overRounds('opens in', series('openSeconds'), 's', atMost(5)),
    overRounds(
      'resident memory of the whole process, open',
      series('openMb'),
      'MB',
      atMost(300),
      `the process before the engine: ${bare} MB`,
    ),
    { what: 'of it for the engine and the line', value: median(added), unit: 'MB', note: spread(added, 0) },
    {
      what: 'resident memory, at most while letting in, asking and entering',
      value: median(series('workingMb')),
      unit: 'MB',
      note: spread(series('workingMb'), 0),
    },
    {
      what: 'a Map of objects and a list for as many',
      value: median(plainMb),
      unit: 'MB',
      note: spread(plainMb, 0),
    },
    {
      what: 'calling 500 of them, durable',
      value: median(series('admitMs')),
      unit: 'ms',
      note: joined(spread(series('admitMs'))),
    },
  ]
}
