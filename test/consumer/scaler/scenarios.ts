/**
 * What is simulated, and the table of docs/guides/scaling.md that comes from it: `node bin/run.mjs
 * test/consumer/scaler/scenarios.ts` prints it, with `--write` puts it into the guide; a test compares.
 */
import { readFileSync, writeFileSync } from 'node:fs'
import type { ScalingRules } from '../../../src/consumer/index.ts'
import { type CurveName, read } from './curves.ts'
import { type Outcome, type Plan, simulate } from './simulation.ts'

/** Processes of ten slots. */
export const RULES: ScalingRules = {
  min: 1,
  max: 10,
  slotsPerWorker: 10,
  targetDrainMs: 60_000,
  ratePerSecond: 0,
}

interface Scenario extends Pick<Plan, 'serviceMs' | 'startMs'> {
  readonly title: string
  readonly curve: CurveName
  readonly ratePerSecond?: number
}

export const SCENARIOS = {
  burst: { title: 'burst', curve: 'burst', serviceMs: [500, 1_500], startMs: 5_000 },
  slowStart: { title: 'burst, 30 s to start', curve: 'burst', serviceMs: [500, 1_500], startMs: 30_000 },
  paced: {
    title: 'burst, pace 36/s',
    curve: 'burst',
    serviceMs: [500, 1_500],
    startMs: 5_000,
    ratePerSecond: 36,
  },
  ramp: { title: 'ramp', curve: 'ramp', serviceMs: [500, 1_500], startMs: 5_000 },
  daily: { title: 'daily', curve: 'daily', serviceMs: [2_000, 6_000], startMs: 5_000 },
} as const satisfies Record<string, Scenario>

export type ScenarioName = keyof typeof SCENARIOS
export type Policy = 'scaler' | 'cpu' | number

/** What a slot in work uses of a core: a full worker of ten 5 %, as one that waits for its back end does. */
const CPU_PER_SLOT = 0.005

const done = new Map<string, Outcome>()

/** Under the scaler, under HPA on CPU alone, or with that many workers all the time. The same in every run. */
export function outcome(name: ScenarioName, policy: Policy): Outcome {
  const key = `${name} ${policy}`
  const known = done.get(key)
  if (known) return known
  const { curve, serviceMs, startMs, ...rest }: Scenario = SCENARIOS[name]
  const fixed = typeof policy === 'number' ? { fixed: policy } : {}
  const made = simulate({
    curve: read(curve),
    rules: { ...RULES, ratePerSecond: rest.ratePerSecond ?? 0, ...fixed },
    serviceMs,
    startMs,
    initial: typeof policy === 'number' ? policy : RULES.min,
    ...(policy === 'cpu' ? { cpuPerSlot: CPU_PER_SLOT } : {}),
  })
  done.set(key, made)
  return made
}

const POLICIES: readonly Policy[] = ['scaler', 'cpu', 1, 3, 5, 10]

/** How long a start takes says nothing about a number that stays. */
function policies(name: ScenarioName): readonly Policy[] {
  return name === 'slowStart' ? ['scaler'] : POLICIES
}

function row(name: ScenarioName, policy: Policy): string {
  const { messages, left, meanWaitMs, p99WaitMs, mostWaitMs, workerSeconds, mostWorkers, turns } = outcome(
    name,
    policy,
  )
  const seconds = (ms: number) => `${(ms / 1000).toFixed(1)} s`
  const who = policy === 'scaler' ? '**scaler**' : policy === 'cpu' ? 'CPU alone' : `${policy} fixed`
  const waits = [meanWaitMs, p99WaitMs, mostWaitMs].map(seconds)
  const cells = [
    SCENARIOS[name].title,
    who,
    ...waits,
    workerSeconds,
    mostWorkers,
    turns,
    `${left} of ${messages + left}`,
  ]
  return `| ${cells.join(' | ')} |`
}

export function table(): string {
  const names = Object.keys(SCENARIOS) as ScenarioName[]
  return [
    '| load | workers | mean wait | p99 | longest | worker-seconds | most | turns | left at the end |',
    '| --- | --- | ---: | ---: | ---: | ---: | ---: | ---: | ---: |',
    ...names.flatMap((name) => policies(name).map((policy) => row(name, policy))),
  ].join('\n')
}

export const GUIDE = new URL('../../../docs/guides/scaling.md', import.meta.url)
const START = '<!-- simulation:start -->'
const END = '<!-- simulation:end -->'

/** The guide with the table of now. */
export function guide(text: string): string {
  const from = text.indexOf(START)
  const to = text.indexOf(END)
  if (from < 0 || to < from) throw new Error('the guide has no place for the table')
  return `${text.slice(0, from + START.length)}\n\n${table()}\n\n${text.slice(to)}`
}

if (import.meta.main) {
  if (process.argv.includes('--write')) writeFileSync(GUIDE, guide(readFileSync(GUIDE, 'utf8')))
  else console.log(table())
}
