/** From a journal: for how long a fault was felt, in milliseconds. */
import type { Line } from './journal.ts'

/** Processes may notice the end of a broker before the test does. */
const EARLY_MS = 500

/**
 * `struckAt`: the fault begins; `mendedAt`: what was away serves again. `closedAfterMs`: until new messages were
 * refused at once. `openAfterMs`, `acknowledgedAfterMs`, `handedAfterMs`: from mended to when new ones were let in
 * again, to the first receipt, and to the first hand-out.
 */
export function gaps(lines: readonly Line[], struckAt: number, mendedAt: number): Record<string, number> {
  const first = (from: number, wanted: (line: Line) => boolean) => {
    const found = lines.find((line) => line.at >= from && wanted(line))
    return found && found.at - from
  }
  const senders = new Set(lines.flatMap(({ kind, by }) => (kind === 'attempted' ? [by] : [])))
  const facts = {
    awayMs: mendedAt - struckAt,
    closedAfterMs: first(struckAt - EARLY_MS, (line) => line.kind === 'state' && line.accepting !== 'ok'),
    openAfterMs: first(mendedAt, (line) => {
      return line.kind === 'state' && line.accepting === 'ok' && senders.has(line.by)
    }),
    acknowledgedAfterMs: first(mendedAt, ({ kind }) => kind === 'acknowledged'),
    handedAfterMs: first(mendedAt, ({ kind }) => kind === 'handed'),
  }
  const known = Object.entries(facts).filter((entry): entry is [string, number] => entry[1] !== undefined)
  return Object.fromEntries(
    known.map(([name, ms]) => [name, name === 'closedAfterMs' ? Math.max(0, ms - EARLY_MS) : ms]),
  )
}

/** The longest time that any one process was without a receipt, and without a hand-out, since `from`. */
export function silences(lines: readonly Line[], from: number): Record<string, number> {
  const longest = (kind: Line['kind']) => {
    const last = new Map<string, number>()
    let silence = 0
    for (const line of lines) {
      if (line.kind !== kind) continue
      if (line.at >= from) silence = Math.max(silence, line.at - (last.get(line.by) ?? line.at))
      last.set(line.by, line.at)
    }
    return silence
  }
  return { withoutReceiptMs: longest('acknowledged'), withoutHandOutMs: longest('handed') }
}
