/**
 * Puts a run's figures into bench/README.md, each bench between its own pair of marks, so that none is typed
 * by hand.
 */
import { readFileSync, writeFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { type Facts, factLines } from './facts.ts'
import type { Bench, BenchResult } from './figures.ts'
import { markdown } from './report.ts'

const README = fileURLToPath(new URL('../README.md', import.meta.url))

export function writeReadme(bench: Bench, result: BenchResult, facts: Facts): void {
  const text = readFileSync(README, 'utf8')
  const [open, close] = [`<!-- ${bench.name} -->`, `<!-- /${bench.name} -->`]
  const [from, to] = [text.indexOf(open), text.indexOf(close)]
  if (from < 0 || to < from) throw new Error(`bench/README.md has no place for ${bench.name}`)
  const day = new Date().toISOString().slice(0, 10)
  const machine = [`Run of ${day}: `, factLines(facts).join('; '), '.'].join('')
  const figures = `${open}\n${markdown(bench, result, facts.quick)}\n\n${machine}\n`
  writeFileSync(README, text.slice(0, from) + figures + text.slice(to))
}
