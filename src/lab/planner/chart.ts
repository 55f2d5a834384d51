/** The backlog over time, drawn with characters; for terminals, and for reports as a text alternative. */
import type { CurvePoint } from './plan.ts'

const BLOCKS = ['', '▁', '▂', '▃', '▄', '▅', '▆', '▇', '█']

export interface ChartLabels {
  readonly waiting: (messages: number) => string
  readonly seconds: (seconds: number) => string
}

/** Lines of a chart so many characters wide and high, labels beside it not counted. */
export function drawCurve(
  curve: readonly CurvePoint[],
  width: number,
  height: number,
  labels: ChartLabels,
): string[] {
  const end = curve.at(-1)?.seconds ?? 0
  const peak = Math.max(...curve.map(({ waiting }) => waiting))
  const columns = Array.from({ length: width }, (_, column) =>
    waitingAt(curve, (end * (column + 0.5)) / width),
  )
  const scale = peak > 0 ? (height * 8) / peak : 0
  const top = labels.waiting(peak)
  const margin = Math.max(top.length, 1)
  const lines: string[] = []
  for (let row = height - 1; row >= 0; row--) {
    const label = row === height - 1 ? top : ''
    const bars = columns.map((value) => {
      const eighths = Math.min(8, Math.max(0, Math.round(value * scale) - row * 8))
      return BLOCKS[eighths] || ' '
    })
    lines.push(`${label.padStart(margin)} ┤${bars.join('').trimEnd()}`)
  }
  lines.push(`${'0'.padStart(margin)} └${'─'.repeat(width)}`)
  const last = labels.seconds(end)
  lines.push(`${' '.repeat(margin + 2)}0${last.padStart(width - 1)}`)
  return lines
}

/** Straight between the points. */
export function waitingAt(curve: readonly CurvePoint[], seconds: number): number {
  for (let index = 1; index < curve.length; index++) {
    const [from, to] = [curve[index - 1], curve[index]]
    if (!from || !to || seconds > to.seconds) continue
    const share = to.seconds === from.seconds ? 1 : (seconds - from.seconds) / (to.seconds - from.seconds)
    return from.waiting + (to.waiting - from.waiting) * share
  }
  return curve.at(-1)?.waiting ?? 0
}
