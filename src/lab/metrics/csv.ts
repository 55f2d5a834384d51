/** A collection as a table: a row for each look, the main figures as columns, then the depth of each type. */

import { COUNTERS, figuresOf, GAUGES } from './figures.ts'
import type { Look } from './look.ts'

/** The types are those of the first look; a file has the columns that its first line names. */
export class CsvTable {
  readonly #types: readonly string[]
  readonly #startedAt: number

  constructor(types: readonly string[], startedAt: number) {
    this.#types = types
    this.#startedAt = startedAt
  }

  header(): string {
    const perType = this.#types.flatMap((type) => [`ready ${type}`, `out_per_s ${type}`])
    return row(['time', 'seconds', 'gap', ...GAUGES, ...COUNTERS, ...perType])
  }

  /** Unknown figures are empty, never 0. */
  line(look: Look): string {
    const figures = figuresOf(look)
    const perType = this.#types.flatMap((name) => {
      const type = look.status?.types[name]
      return [type?.ready, type?.outPerSecond]
    })
    const seconds = Number(((look.at - this.#startedAt) / 1000).toFixed(3))
    const known = [...GAUGES, ...COUNTERS].map((name) => figures[name])
    return row([new Date(look.at).toISOString(), seconds, look.away ?? '', ...known, ...perType])
  }
}

function row(cells: readonly (string | number | undefined)[]): string {
  return `${cells.map(cell).join(',')}\n`
}

/** RFC 4180; a text that a spreadsheet would take for a formula is kept from being one. */
function cell(value: string | number | undefined): string {
  if (value === undefined) return ''
  if (typeof value === 'number') return String(value)
  const text = /^[=+\-@\t\r]/.test(value) ? `'${value}` : value
  return /[",\r\n]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text
}
