/** The table on the terminal, and the same for pasting into bench/README.md. */
import type { Bench, BenchResult, Figure, Unit } from './figures.ts'
import { verdict } from './figures.ts'

const DIGITS: Record<Unit, number> = {
  '/s': 0,
  ms: 2,
  s: 2,
  MB: 0,
  x: 2,
  '%': 1,
  µs: 0,
  count: 0,
  cores: 2,
}

export function formatted(value: number, unit: Unit): string {
  if (!Number.isFinite(value)) return 'not measured'
  const digits = unit === 'ms' && value >= 100 ? 0 : DIGITS[unit]
  const number = value.toLocaleString('en-US', {
    minimumFractionDigits: digits,
    maximumFractionDigits: digits,
  })
  if (unit === 'count') return number
  return unit === 'x' || unit === '%' || unit === '/s'
    ? `${number}${unit === 'x' ? ' ×' : unit}`
    : `${number} ${unit}`
}

type Cells = readonly [what: string, value: string, goal: string, verdict: string, note: string]
const HEAD: Cells = ['what', 'measured', 'goal', 'reached', 'rounds and remarks']

function cells(figure: Figure, quick: boolean): Cells {
  const { what, value, unit, goal, note = '' } = figure
  if (!goal) return [what, formatted(value, unit), '', '', note]
  const wanted = `${goal.kind} ${formatted(goal.value, unit)}`
  const judged = quick || !Number.isFinite(value) ? '–' : verdict(figure)
  return [what, formatted(value, unit), wanted, judged, note]
}

export function table(bench: Bench, result: BenchResult, quick: boolean): string {
  const rows = [HEAD, ...result.figures.map((figure) => cells(figure, quick))]
  const widths = HEAD.map((_, column) => Math.max(...rows.map((row) => row[column]?.length ?? 0)))
  const lines = rows.map((row) =>
    row
      .map((cell, i) => (i === 1 ? cell.padStart(widths[i] ?? 0) : cell.padEnd(widths[i] ?? 0)))
      .join('  ')
      .trimEnd(),
  )
  const skips = result.skipped.map(({ what, reason }) => `skipped: ${what} (${reason})`)
  return ['', `${bench.name}: ${bench.about}`, ...lines, ...skips].join('\n')
}

export function markdown(bench: Bench, result: BenchResult, quick: boolean): string {
  const rows = result.figures.map((figure) => `| ${cells(figure, quick).join(' | ')} |`)
  const skips = result.skipped.map(({ what, reason }) => `- skipped: ${what} (${reason})`)
  const head = [`| ${HEAD.join(' | ')} |`, '|---|---:|---|---|---|']
  return [
    `### ${bench.name}`,
    '',
    `${bench.about}.`,
    '',
    ...head,
    ...rows,
    ...(skips.length > 0 ? ['', ...skips] : []),
  ].join('\n')
}
