/** What a bench hands back: figures with their goals, and what it had to skip. */
import { interval95, joined, median, spread } from './statistics.ts'

export interface Goal {
  readonly kind: 'at least' | 'at most'
  readonly value: number
}

export interface Figure {
  readonly what: string
  readonly value: number
  readonly unit: Unit
  readonly goal?: Goal
  /** The end of the interval that the goal is held against; without it, the value itself. */
  readonly atWorst?: number
  /** How the rounds spread, or what the figure rests on. */
  readonly note?: string
}

export type Unit = '/s' | 'ms' | 's' | 'MB' | 'x' | '%' | 'µs' | 'count' | 'cores'

export interface Skip {
  readonly what: string
  readonly reason: string
}

export interface BenchResult {
  readonly figures: readonly Figure[]
  readonly skipped: readonly Skip[]
}

export interface BenchContext {
  /** Short rounds that show that everything runs; its figures are no verdict. */
  readonly quick: boolean
  /** A directory of this run on the disk to be measured; emptied afterwards. */
  readonly newDir: (name: string) => string
  readonly say: (line: string) => void
}

export interface Bench {
  readonly name: string
  /** One line: what it measures. */
  readonly about: string
  run(context: BenchContext): Promise<BenchResult>
}

export const atLeast = (value: number): Goal => ({ kind: 'at least', value })
export const atMost = (value: number): Goal => ({ kind: 'at most', value })

/** The median of the rounds, held against the goal by the worse end of their 95 % interval. */
export function overRounds(
  what: string,
  rounds: readonly number[],
  unit: Unit,
  goal: Goal,
  note = '',
): Figure {
  const value = median(rounds)
  const { low, high } = interval95(rounds)
  const worst = goal.kind === 'at least' ? Math.min(low, value) : Math.max(high, value)
  const remark = joined(spread(rounds, unit === '/s' ? 0 : 2), note)
  return { what, value, unit, goal, atWorst: Number.isNaN(worst) ? value : worst, note: remark }
}

export function verdict({ goal, value, atWorst = value }: Figure): 'yes' | 'NO' | 'undecided' | '' {
  if (!goal) return ''
  if (reached(goal, atWorst)) return 'yes'
  return reached(goal, value) ? 'undecided' : 'NO'
}

function reached(goal: Goal, value: number): boolean {
  return goal.kind === 'at least' ? value >= goal.value : value <= goal.value
}
