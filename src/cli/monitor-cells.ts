/** Text that fits: drawings, clipping, colours, and tables that drop columns where there is no room. Pure. */
import { columns } from './terminal.ts'

export type Style = 'plain' | 'bold' | 'dim' | 'good' | 'bad'

export interface Cell {
  readonly text: string
  readonly style?: Style
}

const CODES: Readonly<Record<Style, string>> = { plain: '', bold: '1', dim: '2', good: '36', bad: '1;31' }

export type Paint = (text: string, style?: Style) => string

export const painter =
  (colour: boolean): Paint =>
  (text, style = 'plain') =>
    colour && style !== 'plain' && text !== '' ? `\x1b[${CODES[style]}m${text}\x1b[0m` : text

/** What a service says may hold anything; on a terminal some of it would be commands. */
export function harmless(text: string): string {
  return text.replace(/\p{Cc}/gu, '?')
}

/** At most so many places; what is cut off is marked. */
export function clip(text: string, width: number): string {
  if (columns(text) <= width) return text
  let [kept, taken] = ['', 0]
  for (const char of text) {
    taken += columns(char)
    if (taken > width - 1) break
    kept += char
  }
  return width < 1 ? '' : `${kept}…`
}

const BARS = '▁▂▃▄▅▆▇█'

/** The last `width` values, from 0 to the most of them; a hole where nothing is known. Always as wide. */
export function sparkline(values: readonly (number | undefined)[], width: number): string {
  const shown = width > 0 ? values.slice(-width) : []
  const most = Math.max(0, ...shown.filter((value) => value !== undefined))
  const bar = (value: number) => BARS[most > 0 ? Math.round((Math.max(0, value) / most) * 7) : 0] ?? ''
  const drawn = shown.map((value) => (value === undefined ? ' ' : bar(value))).join('')
  return drawn.padStart(width)
}

export interface Column {
  readonly heading: string
  /** 0 stays; of the others the highest goes first when there is no room. */
  readonly rank: number
  readonly cells: readonly Cell[]
  readonly left?: boolean
}

const GAP = 2

/** Heading and rows, each within the width. Columns without a single known cell are left out. */
export function fitted(all: readonly Column[], width: number, paint: Paint): string[] {
  const kept = all.filter(({ rank, cells }) => rank === 0 || cells.some(({ text }) => !/^-?$/.test(text)))
  while (kept.length > 1 && widthOf(kept) > width) {
    const last = Math.max(...kept.map(({ rank }) => rank))
    if (last === 0) break
    kept.splice(
      kept.findLastIndex(({ rank }) => rank === last),
      1,
    )
  }
  const rows = Math.max(0, ...kept.map(({ cells }) => cells.length))
  const lines: string[] = []
  for (let row = -1; row < rows; row++) lines.push(lineOf(kept, row, width, paint))
  return lines
}

const widthIn = ({ heading, cells }: Column): number =>
  Math.max(columns(heading), ...cells.map(({ text }) => columns(text)))

const widthOf = (kept: readonly Column[]): number =>
  kept.reduce((sum, column) => sum + widthIn(column) + GAP, -GAP)

/** Row -1 is the heading. */
function lineOf(kept: readonly Column[], row: number, width: number, paint: Paint): string {
  let [line, left] = ['', width]
  for (const [index, column] of kept.entries()) {
    const { text, style = 'plain' } =
      row < 0 ? { text: column.heading, style: 'dim' as const } : (column.cells[row] ?? { text: '' })
    const shown = clip(text, left)
    const space = ' '.repeat(Math.max(0, Math.min(left, widthIn(column)) - columns(shown)))
    line += column.left ? paint(shown, style) + space : space + paint(shown, style)
    left -= widthIn(column) + GAP
    if (left <= 0) break
    if (index < kept.length - 1) line += ' '.repeat(GAP)
  }
  return line.trimEnd()
}

/** Pieces one after the other, on as many lines as they need. */
export function flowed(pieces: readonly (readonly Cell[])[], width: number, paint: Paint): string[] {
  const lines: string[] = []
  let [line, taken] = ['', 0]
  for (const piece of pieces) {
    const length = piece.reduce((sum, { text }) => sum + columns(text), 0)
    if (taken > 0 && taken + 3 + length > width) {
      lines.push(line)
      ;[line, taken] = ['', 0]
    }
    if (taken > 0) {
      line += '   '
      taken += 3
    }
    for (const { text, style } of piece) {
      const shown = clip(text, width - taken)
      line += paint(shown, style)
      taken += columns(shown)
    }
  }
  return taken > 0 ? [...lines, line] : lines
}
